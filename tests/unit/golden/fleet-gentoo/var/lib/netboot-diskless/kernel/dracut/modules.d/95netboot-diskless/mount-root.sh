#!/bin/sh
# Managed by netboot.diskless: brings an interface up by DHCP and mounts the root. dracut comes here several times.

for device in /sys/class/net/*; do
    device=${device##*/}
    [ -e /tmp/netboot-lease ] && break
    [ -e "/sys/class/net/${device}/device" ] || continue
    busybox ip link set "${device}" up
    busybox udhcpc -i "${device}" -s /sbin/netboot-lease -O rootpath -n -q -t 5 -T 2 && : > /tmp/netboot-lease
done

if [ -e /tmp/netboot-lease ]; then
    # SERVER:PATH,OPTIONS; or ,OPTIONS where DHCP tells SERVER:PATH (nfsroot.rst of Linux).
    nfsroot=$(getarg nfsroot=)
    device=${nfsroot%%,*}
    [ -n "${device}" ] || device=$(cat /tmp/netboot-root)
    # NEWROOT is dracut's.
    # shellcheck disable=SC2154
    mount.nfs "${device}" "${NEWROOT}" -n -o "nolock,${nfsroot#*,}" && echo "nfsmount: mounted ${device}"
else
    # An adapter may still be coming up.
    sleep 2
fi
