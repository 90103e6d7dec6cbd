# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kernel configuration symbols by purpose, with today's names.

Checked against Linux 6.1's Kconfig; what the article of 2004 called them is in docs/kernel.md. A purpose is a map of
symbol (without CONFIG_) to value: y, n, a number as text, or a string in double quotes, as in a .config file.
"""

from __future__ import annotations

Symbols = dict[str, str]


def _on(names: str) -> Symbols:
    return dict.fromkeys(names.split(), "y")


def _off(names: str) -> Symbols:
    return dict.fromkeys(names.split(), "n")


# Documentation/admin-guide/nfs/nfsroot.rst: what a root over NFS needs, all of it built in.
NFS_ROOT: Symbols = {
    **_on("NET PACKET UNIX INET IP_MULTICAST IP_PNP IP_PNP_DHCP IP_PNP_BOOTP"),
    **_on("NETWORK_FILESYSTEMS FILE_LOCKING NFS_FS NFS_V3 NFS_V3_ACL NFS_V4 NFS_V4_1 NFS_V4_2 ROOT_NFS"),
    # With NFS_V2 the kernel would try version 2 first when no vers= is given.
    **_off("NFS_V2"),
}

# A master serves roots from its own kernel; NFSD may be a module there.
NFS_SERVER: Symbols = _on("PROC_FS NET PACKET UNIX INET IP_MULTICAST NFSD NFSD_V4")

# What masquerading for the slaves takes, by nftables.
NAT: Symbols = _on("NETFILTER NF_CONNTRACK NF_TABLES NF_TABLES_IPV4 NFT_CT NF_NAT NFT_NAT NFT_MASQ")

# What OpenRC and systemd want of a kernel without modules and without an initramfs.
USERLAND: Symbols = {
    **_on("MULTIUSER SYSVIPC POSIX_MQUEUE PRINTK PRINTK_TIME BUG FUTEX EPOLL SIGNALFD TIMERFD EVENTFD SHMEM AIO"),
    **_on("ADVISE_SYSCALLS MEMBARRIER KALLSYMS BPF_SYSCALL POSIX_TIMERS FHANDLE BINFMT_ELF BINFMT_SCRIPT BLOCK"),
    **_on("DEVTMPFS DEVTMPFS_MOUNT PROC_FS PROC_SYSCTL SYSFS TMPFS TMPFS_XATTR TMPFS_POSIX_ACL"),
    **_on("INOTIFY_USER DNOTIFY FANOTIFY AUTOFS_FS OVERLAY_FS"),
    **_on("CGROUPS CGROUP_SCHED FAIR_GROUP_SCHED CGROUP_PIDS CGROUP_FREEZER CGROUP_BPF MEMCG NAMESPACES"),
    **_on("SECCOMP SECCOMP_FILTER CRYPTO CRYPTO_SHA256 CRYPTO_HMAC CRYPTO_USER_API_HASH"),
    **_off("ELF_CORE IPV6 WLAN WIRELESS"),
}

# A PC of any age, on metal or in a virtual machine; started by a boot loader or as an EFI program.
PC: Symbols = {
    "LOCALVERSION": '"-slave"',
    **_on("KERNEL_GZIP CC_OPTIMIZE_FOR_PERFORMANCE NO_HZ_IDLE HIGH_RES_TIMERS PREEMPT_NONE SLUB SMP X86_TSC"),
    **_on("HYPERVISOR_GUEST PARAVIRT KVM_GUEST RELOCATABLE ACPI PCI PCI_MSI EFI EFI_STUB DMI"),
    **_on("BLK_DEV_INITRD RD_GZIP RTC_CLASS RTC_DRV_CMOS HW_RANDOM RANDOM_TRUST_CPU RANDOM_TRUST_BOOTLOADER"),
    **_off("LOCALVERSION_AUTO MODULES RANDOMIZE_BASE MTRR MICROCODE"),
}

CONSOLE: Symbols = _on(
    "TTY VT VT_CONSOLE UNIX98_PTYS VGA_CONSOLE INPUT INPUT_KEYBOARD SERIAL_8250 SERIAL_8250_CONSOLE SERIAL_8250_PNP"
)

# The frame pointer unwinder spares the build machine objtool's libelf.
BITS: dict[str, Symbols] = {
    "x86_64": {"NR_CPUS": "64", **_on("64BIT UNWINDER_FRAME_POINTER")},
    "i386": {"NR_CPUS": "8", **_off("64BIT"), **_on("M686")},
}

_ETHERNET = _on("NETDEVICES NET_CORE ETHERNET")


def _driver(vendor: str, symbols: str) -> Symbols:
    return {**_ETHERNET, **_on(vendor), **_on(symbols)}


# Network adapters by the name of their driver.
NICS: dict[str, Symbols] = {
    "e1000": _driver("NET_VENDOR_INTEL", "E1000"),
    "e1000e": _driver("NET_VENDOR_INTEL", "E1000E"),
    "igb": _driver("NET_VENDOR_INTEL", "IGB"),
    "igc": _driver("NET_VENDOR_INTEL", "IGC"),
    "e100": _driver("NET_VENDOR_INTEL", "E100"),
    "r8169": _driver("NET_VENDOR_REALTEK", "R8169"),
    "8139too": _driver("NET_VENDOR_REALTEK", "8139TOO"),
    "8139cp": _driver("NET_VENDOR_REALTEK", "8139CP"),
    "tg3": _driver("NET_VENDOR_BROADCOM", "TIGON3"),
    "bnx2": _driver("NET_VENDOR_BROADCOM", "BNX2"),
    "pcnet32": _driver("NET_VENDOR_AMD", "PCNET32"),
    "forcedeth": _driver("NET_VENDOR_NVIDIA", "FORCEDETH"),
    "via-rhine": _driver("NET_VENDOR_VIA", "VIA_RHINE"),
    "virtio_net": {**_ETHERNET, **_on("VIRTIO_MENU VIRTIO_PCI VIRTIO_PCI_LEGACY VIRTIO_NET HW_RANDOM_VIRTIO")},
}

# What a slave gets that names no adapter: the common ones of virtual machines and of the last fifteen years' boards.
COMMON_NICS = ("e1000", "e1000e", "r8169", "virtio_net")


def slave_symbols(architecture: str, nics: list[str]) -> Symbols:
    """Everything that the kernel of a slave must have, for one architecture and all its slaves' adapters.

    Args:
        architecture: x86_64 or i386.
        nics: driver names; an empty name stands for the common set.

    Raises:
        ValueError: an architecture or driver that is not known here; the text lists the known ones.
    """
    if architecture not in BITS:
        raise ValueError(f"{architecture!r} is no known architecture; known: {', '.join(sorted(BITS))}")
    symbols: Symbols = {**BITS[architecture], **PC, **CONSOLE, **USERLAND, **NFS_ROOT}
    drivers = sorted({driver for nic in nics for driver in ((nic,) if nic else COMMON_NICS)})
    for driver in drivers:
        if driver not in NICS:
            raise ValueError(f"{driver!r} is no known network adapter; known: {', '.join(sorted(NICS))}")
        symbols.update(NICS[driver])
    return symbols


def master_symbols(nat: bool) -> Symbols:
    """Everything that the kernel of a master must have; with nat also what masquerading for the slaves takes."""
    return {**NFS_SERVER, **(NAT if nat else {})}
