#!/bin/sh
# Managed by netboot.diskless: what udhcpc runs. The address stays for good, because the root hangs on it.
# All of its variables are udhcpc's.
# shellcheck disable=SC2154

[ "$1" = bound ] || exit 0
busybox ip address add "${ip}/${mask}" broadcast + dev "${interface}"
for gateway in ${router}; do
    busybox ip route add default via "${gateway}" dev "${interface}"
    break
done
# What nfsroot= may leave to DHCP.
echo "${rootpath}" > /tmp/netboot-root
exit 0
