# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kernel configuration symbols by purpose, with the names that each version of Linux has for them.

Checked against the Kconfig of Linux 6.1, 6.12 and 7.2; what the article of 2004 called them is in docs/kernel.md. A
purpose is a map of symbol (without CONFIG_) to value: y, n, a number as text, or a string in double quotes, as in a
.config file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

Symbols = dict[str, str]
Version = tuple[int, int]

# What a kernel's version is taken for as long as nobody knows it: one with today's names.
NEWEST: Version = (9999, 0)


def _on(names: str) -> Symbols:
    return dict.fromkeys(names.split(), "y")


def _off(names: str) -> Symbols:
    return dict.fromkeys(names.split(), "n")


@dataclass(frozen=True)
class Part:
    """Symbols that belong together.

    Args:
        symbols: values by symbol.
        since: first version of Linux that they are for.
        until: first version of Linux that they are not for any more.
    """

    symbols: Symbols
    since: Version = (0, 0)
    until: Version = (10000, 0)


# Documentation/admin-guide/nfs/nfsroot.rst: what a root over NFS needs, all of it built in.
NFS_ROOT = (
    Part(_on("NET PACKET UNIX INET IP_MULTICAST IP_PNP IP_PNP_DHCP IP_PNP_BOOTP")),
    Part(_on("NETWORK_FILESYSTEMS FILE_LOCKING NFS_FS NFS_V3 NFS_V3_ACL NFS_V4 NFS_V4_2 ROOT_NFS")),
    # 7537db24806f "NFS: Merge CONFIG_NFS_V4_1 with CONFIG_NFS_V4".
    Part(_on("NFS_V4_1"), until=(7, 0)),
    # With NFS_V2 the kernel would try version 2 first when no vers= is given.
    Part(_off("NFS_V2")),
)

# A master serves roots from its own kernel; NFSD may be a module there.
NFS_SERVER = (
    Part(_on("PROC_FS NET PACKET UNIX INET IP_MULTICAST NFSD NFSD_V4")),
    # "NFSD: Remove CONFIG_NFSD_V3": it is part of NFSD since.
    Part(_on("NFSD_V3"), until=(5, 18)),
)

# What filtering what slaves send takes, by nftables. From 6.17 on iptables' own symbols hide behind
# NETFILTER_XTABLES_LEGACY.
FIREWALL = (
    Part(_on("NETFILTER NF_CONNTRACK NF_TABLES NF_TABLES_IPV4 NF_TABLES_INET NFT_CT NFT_REJECT NFT_LIMIT NFT_LOG")),
)

# What masquerading for the slaves takes, by nftables.
NAT = (Part(_on("NETFILTER NF_CONNTRACK NF_TABLES NF_TABLES_IPV4 NFT_CT NF_NAT NFT_NAT NFT_MASQ")),)

# What every init wants of a kernel without modules and without an initramfs.
USERLAND = (
    Part(_on("MULTIUSER SYSVIPC PRINTK PRINTK_TIME BUG FUTEX EPOLL EVENTFD SHMEM AIO ADVISE_SYSCALLS MEMBARRIER")),
    Part(_on("KALLSYMS POSIX_TIMERS BINFMT_ELF BINFMT_SCRIPT BLOCK OVERLAY_FS")),
    Part(_on("DEVTMPFS DEVTMPFS_MOUNT PROC_FS PROC_SYSCTL SYSFS TMPFS TMPFS_XATTR TMPFS_POSIX_ACL")),
    Part(_on("POSIX_MQUEUE INOTIFY_USER DNOTIFY FANOTIFY SIGNALFD TIMERFD")),
    Part(_off("ELF_CORE IPV6 WLAN WIRELESS")),
    # tinyconfig has the small tables, with room for 4096 processes, and the allocator for the smallest machines. Until
    # 6.10 BASE_FULL said it the other way round; until 6.2 the choice was between SLUB and SLOB.
    Part(_on("BASE_FULL"), until=(6, 10)),
    Part(_off("BASE_SMALL"), since=(6, 10)),
    Part(_on("SLUB")),
    Part(_off("SLUB_TINY"), since=(6, 2)),
)

# By init. README of systemd, "REQUIREMENTS"; OpenRC's cgroups service mounts the hierarchy that it finds.
INITS = {
    "openrc": (Part(_on("CGROUPS CGROUP_PIDS CGROUP_FREEZER")),),
    "systemd": (
        Part(_on("CGROUPS CGROUP_SCHED FAIR_GROUP_SCHED CGROUP_PIDS CGROUP_FREEZER CGROUP_BPF BPF_SYSCALL MEMCG")),
        Part(_on("NAMESPACES FHANDLE AUTOFS_FS SECCOMP SECCOMP_FILTER")),
        Part(_on("CRYPTO CRYPTO_SHA256 CRYPTO_HMAC CRYPTO_USER_API_HASH")),
    ),
}

# Any machine that has a network to boot from, on metal or a virtual one; started by a boot loader or as an EFI program.
MACHINE = (
    Part({"LOCALVERSION": '"-slave"'}),
    Part(_on("CC_OPTIMIZE_FOR_PERFORMANCE NO_HZ_IDLE HIGH_RES_TIMERS SMP 64BIT ACPI PCI PCI_MSI EFI EFI_STUB DMI")),
    Part(_on("BLK_DEV_INITRD RD_GZIP RTC_CLASS HW_RANDOM")),
    # Without them services wait half a minute for random numbers; b9b01a5625b5 made it so for good.
    Part(_on("RANDOM_TRUST_CPU RANDOM_TRUST_BOOTLOADER"), until=(6, 2)),
    Part(_off("LOCALVERSION_AUTO MODULES RANDOMIZE_BASE")),
    # From 7.0 on these architectures have the preemptible models alone.
    Part(_on("PREEMPT_NONE"), until=(7, 0)),
    Part(_on("TTY VT VT_CONSOLE UNIX98_PTYS INPUT INPUT_KEYBOARD SERIAL_8250 SERIAL_8250_CONSOLE")),
)

# A PC of any age.
PC = (
    Part(_on("KERNEL_GZIP X86_TSC RELOCATABLE HYPERVISOR_GUEST PARAVIRT KVM_GUEST RTC_DRV_CMOS")),
    Part(_on("VGA_CONSOLE SERIAL_8250_PNP")),
    Part(_off("MTRR")),
    # From 6.6 on it follows the processors' makers and has no prompt.
    Part(_off("MICROCODE"), until=(6, 6)),
)

# A machine of Arm's Base System Architecture: ACPI or a device tree, PCI by the generic host bridge, Arm's own UART.
ARM = (
    Part(_on("PCI_HOST_GENERIC SERIAL_AMBA_PL011 SERIAL_AMBA_PL011_CONSOLE")),
    Part(_on("RTC_DRV_PL031 RTC_DRV_EFI")),
)

# By architecture, what it has of its own; laid over MACHINE. The frame pointer unwinder spares the build machine
# objtool's libelf.
ARCHITECTURES = {
    "x86_64": (*PC, Part({"NR_CPUS": "64", **_on("UNWINDER_FRAME_POINTER")})),
    # glibc aborts without COMPAT_32BIT_TIME: programs of 32 bits still call futex(2) and others with a time of 32.
    "i386": (*PC, Part({"NR_CPUS": "8", **_off("64BIT"), **_on("M686 COMPAT_32BIT_TIME")})),
    "arm64": (*ARM, Part({"NR_CPUS": "64"})),
}


def parse_version(text: str) -> Version:
    """The first two numbers of a version of Linux, such as 6.12.117; of an empty text, NEWEST.

    Raises:
        ValueError: the text does not begin with two numbers.
    """
    if not text:
        return NEWEST
    found = re.match(r"(\d+)\.(\d+)(?!\d)", text)
    if not found:
        raise ValueError(f"{text!r} is no version of Linux; allowed is one such as 6.12 or 6.12.117")
    return int(found[1]), int(found[2])


def compose(parts: Iterable[Part], version: Version) -> Symbols:
    """The symbols of all parts that are for a version; a later part wins over an earlier one."""
    symbols: Symbols = {}
    for part in parts:
        if part.since <= version < part.until:
            symbols.update(part.symbols)
    return symbols


# What a slave gets that names no adapter: the common ones of virtual machines and of the last fifteen years' boards.
COMMON_NICS = ("e1000", "e1000e", "r8169", "virtio_net")


def slave_symbols(architecture: str, version: str = "", inits: Iterable[str] = tuple(INITS)) -> Symbols:
    """Everything that the kernel of a slave must have, for one architecture; its adapters' drivers come to it.

    Args:
        architecture: one of ARCHITECTURES.
        version: of the kernel's source, such as 6.12; empty for today's names.
        inits: what the slaves start, of INITS.

    Raises:
        ValueError: an architecture or init that is not known here, or no version; the text lists the known ones.
    """
    if architecture not in ARCHITECTURES:
        known = ", ".join(sorted(ARCHITECTURES))
        raise ValueError(f"{architecture!r} is no known architecture; known: {known}")
    parts = [*MACHINE, *ARCHITECTURES[architecture], *USERLAND, *NFS_ROOT]
    for init in inits:
        if init not in INITS:
            raise ValueError(f"{init!r} is no known init; known: {', '.join(sorted(INITS))}")
        parts += INITS[init]
    return compose(parts, parse_version(version))


def master_symbols(nat: bool, firewall: bool = False, version: str = "") -> Symbols:
    """Everything that the kernel of a master must have.

    Args:
        nat: whether it masquerades for the slaves.
        firewall: whether it filters what they send.
        version: of the kernel, such as 6.12; empty for today's names.

    Raises:
        ValueError: the version is none.
    """
    parts = [*NFS_SERVER, *(FIREWALL if firewall else ()), *(NAT if nat else ())]
    return compose(parts, parse_version(version))
