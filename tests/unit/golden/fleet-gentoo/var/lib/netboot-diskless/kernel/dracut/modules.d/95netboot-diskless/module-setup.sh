#!/usr/bin/env bash
# Managed by netboot.diskless: dracut's module that takes a slave to its root by NFS. dracut's own network modules want
# systemd, or a DHCP client that not every release of dracut still knows; busybox has one, and Gentoo's base has busybox.
# dracut's functions find their variables set.
# shellcheck disable=SC2154

check() {
    require_binaries busybox mount.nfs || return 1
    return 0
}

depends() {
    echo base kernel-network-modules
}

installkernel() {
    # A virtual card's driver is on its bus.
    instmods af_packet nfs nfsv3 nfsv4 virtio_net virtio_pci
}

install() {
    inst_multiple busybox mount.nfs
    # With NFS 3, mount.nfs(8) asks the server's rpcbind, and looks there for the transports and their numbers (IANA's).
    inst_simple /etc/netconfig
    printf 'tcp 6 TCP\nudp 17 UDP\n' > "${initdir}/etc/protocols"
    inst_script "${moddir}/lease.sh" /sbin/netboot-lease
    inst_hook cmdline 90 "${moddir}/parse-root.sh"
    inst_hook mount 50 "${moddir}/mount-root.sh"
}
