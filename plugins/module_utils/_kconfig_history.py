# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Symbols that once existed: what became of them, for the trees that do not know them any more.

Only what is certain stands here; a version is left out where it is not. A tree's own Kconfig is asked first, so an
entry is told only of a symbol that the tree lacks.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass


@dataclass(frozen=True)
class Gone:
    """What became of a symbol.

    Args:
        story: what happened, to be read after the symbol's name.
        since: first version of Linux without it; empty when not known for certain.
        now: symbols that do its work today.
    """

    story: str
    since: str = ""
    now: tuple[str, ...] = ()


# Sources: the kernel's history, by the commits' titles; for those without one, docs/kernel.md's table of the article.
GONE: dict[str, Gone] = {
    # "NFSD: Remove CONFIG_NFSD_V3", 2022-03-11
    "NFSD_V3": Gone("is part of NFSD for good", "5.18", ("NFSD",)),
    "NFSD_TCP": Gone("is part of NFSD for good", now=("NFSD",)),
    "NFS_DIRECTIO": Gone("is part of NFS_FS for good", now=("NFS_FS",)),
    # 7537db24806f "NFS: Merge CONFIG_NFS_V4_1 with CONFIG_NFS_V4"
    "NFS_V4_1": Gone("is part of NFS_V4", "7.0", ("NFS_V4",)),
    # b9b01a5625b5 "random: use random.trust_{bootloader,cpu} command line option only"
    "RANDOM_TRUST_CPU": Gone("is so for good, unless the command line says random.trust_cpu=off", "6.2"),
    "RANDOM_TRUST_BOOTLOADER": Gone("is so for good, unless the command line says random.trust_bootloader=off", "6.2"),
    # "printk: Change type of CONFIG_BASE_SMALL to bool", 2024-05-06
    "BASE_FULL": Gone("is said by BASE_SMALL=n", "6.10", ("BASE_SMALL",)),
    "PACKET_MMAP": Gone("is part of PACKET for good", now=("PACKET",)),
    "IP_NF_CONNTRACK": Gone("became NF_CONNTRACK", now=("NF_CONNTRACK",)),
    # a0ae2562c6c4 "netfilter: conntrack: remove l3proto abstraction"
    "NF_CONNTRACK_IPV4": Gone("is part of NF_CONNTRACK", "4.19", ("NF_CONNTRACK",)),
    # "netfilter: nat: merge nf_nat_ipv4,6 into nat core"
    "NF_NAT_IPV4": Gone("is part of NF_NAT", "5.1", ("NF_NAT",)),
    "DEVFS_FS": Gone("was replaced by DEVTMPFS", now=("DEVTMPFS", "DEVTMPFS_MOUNT")),
    "EXPERIMENTAL": Gone("hides nothing any more: leave it out"),
    "NET_ETHERNET": Gone("became ETHERNET, with one NET_VENDOR_ symbol for each maker", now=("ETHERNET",)),
    # b7fb14d3ac63 "ide: remove the legacy ide driver"
    "IDE": Gone("was replaced by ATA", "5.14", ("ATA",)),
    # "block: remove legacy IO schedulers"
    "IOSCHED_CFQ": Gone("was replaced by IOSCHED_BFQ", "5.0", ("IOSCHED_BFQ",)),
    "IOSCHED_DEADLINE": Gone("was replaced by MQ_IOSCHED_DEADLINE", "5.0", ("MQ_IOSCHED_DEADLINE",)),
    # Merge tag 'slab-for-6.8': "SLAB removal and SLUB cleanups"
    "SLAB": Gone("was replaced by SLUB, which is always there", "6.8", ("SLUB",)),
    # 149b6fa228ed "mm, slob: rename CONFIG_SLOB to CONFIG_SLOB_DEPRECATED", then removed
    "SLOB": Gone("was replaced by SLUB with SLUB_TINY", "6.4", ("SLUB", "SLUB_TINY")),
    "REISERFS_FS": Gone("was removed with its file system", "6.13"),
    # aefb2f2e619b "x86/bugs: Rename CONFIG_RETPOLINE => CONFIG_MITIGATION_RETPOLINE" and its parent
    "RETPOLINE": Gone("became MITIGATION_RETPOLINE", "6.9", ("MITIGATION_RETPOLINE",)),
    "PAGE_TABLE_ISOLATION": Gone("became MITIGATION_PAGE_TABLE_ISOLATION", "6.9", ("MITIGATION_PAGE_TABLE_ISOLATION",)),
    # f9afce4f32e9 "kconfig: Add transitional symbol attribute" names this migration.
    "CFI_CLANG": Gone("became CFI", now=("CFI",)),
}


def what_became_of(symbol: str, known: Container[str]) -> str:
    """What is known of a symbol that a tree lacks, as a clause; empty when nothing is.

    Args:
        symbol: the name that was asked.
        known: the symbols that the tree has: what replaced it is named only when it is among them.
    """
    gone = GONE.get(symbol)
    if gone is None:
        return ""
    since = f"since Linux {gone.since} it" if gone.since else "it"
    now = [name for name in gone.now if name in known]
    return f"{since} {gone.story}" + (f"; ask {' and '.join(now)}" if now else "")
