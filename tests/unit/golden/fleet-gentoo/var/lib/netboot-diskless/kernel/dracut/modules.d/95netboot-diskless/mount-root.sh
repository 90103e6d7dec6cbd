#!/bin/sh
# Managed by netboot.diskless: brings an interface up and mounts the root. dracut comes here several times.

# dhcp, or ADDRESS:SERVER:GATEWAY:NETMASK:HOST::off (nfsroot.rst of Linux).
wanted=$(getarg ip=)

give_address() {
    case "${wanted}" in
        *:*)
            [ "$(cat "/sys/class/net/$1/carrier" 2> /dev/null)" = 1 ] || return 1
            address=${wanted%%:*} rest=${wanted#*:*:}
            gateway=${rest%%:*} rest=${rest#*:}
            busybox ifconfig "$1" "${address}" netmask "${rest%%:*}"
            [ -z "${gateway}" ] || busybox ip route add default via "${gateway}" dev "$1"
            ;;
        *) busybox udhcpc -i "$1" -s /sbin/netboot-lease -O rootpath -n -q -t 5 -T 2 ;;
    esac
}

for device in /sys/class/net/*; do
    device=${device##*/}
    [ -e /tmp/netboot-lease ] && break
    [ -e "/sys/class/net/${device}/device" ] || continue
    busybox ip link set "${device}" up
    give_address "${device}" && : > /tmp/netboot-lease
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
