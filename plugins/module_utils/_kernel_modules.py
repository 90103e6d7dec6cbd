# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kernel modules: which symbols stand for which, and whether the running kernel can have them."""

from __future__ import annotations

import os
import subprocess

# The module of each tristate symbol that a master needs (the obj-$(CONFIG_...) lines of Linux 6.1's Makefiles).
MODULES = {
    "NFSD": "nfsd",
    "NFT_CT": "nft_ct",
    "NFT_LIMIT": "nft_limit",
    "NFT_LOG": "nft_log",
    "NFT_MASQ": "nft_masq",
    "NFT_NAT": "nft_nat",
    "NFT_REJECT": "nft_reject",
    "NF_CONNTRACK": "nf_conntrack",
    "NF_NAT": "nf_nat",
    "NF_TABLES": "nf_tables",
    "PACKET": "af_packet",
    "UNIX": "unix",
}

# What is loaded by hand. The kernel loads the others itself when a program first asks for them: af_packet and unix by
# their protocol family (net-pf-17, net-pf-1), nf_tables by its netlink subsystem (nfnetlink-subsys-10), the rest by the
# rules that use them (nft-expr-ct, nft-expr-masq, ...) or as what these depend on. nfsd has an alias too (fs-nfsd), but
# nothing asks by it before an init script has mounted it, and not every script does.
BY_HAND = ("NFSD",)

LOADED = "loaded"
LOADABLE = "loadable"
MISSING = "missing"
FORBIDDEN = "forbidden"

# linux/capability.h
CAP_SYS_MODULE = 16


def may_load(root: str = "/") -> bool:
    """Whether this process may load modules at all: a container may not, nor anybody after kernel.modules_disabled.

    Source: capabilities(7), proc(5) on CapEff, Documentation/admin-guide/sysctl/kernel.rst.

    Args:
        root: where /proc is looked for.
    """
    try:
        with open(os.path.join(root, "proc/self/status"), encoding="ascii", errors="replace") as stream:
            masks = [line.split()[1] for line in stream if line.startswith("CapEff:")]
        with open(os.path.join(root, "proc/sys/kernel/modules_disabled"), encoding="ascii") as stream:
            disabled = stream.read().strip()
    except OSError:
        # A kernel without loadable modules has no modules_disabled.
        return False
    return disabled == "0" and bool(masks) and bool(int(masks[0], 16) >> CAP_SYS_MODULE & 1)


def _found(module: str) -> bool:
    """Whether modprobe finds the module's file for the running kernel (modprobe(8), --dry-run)."""
    try:
        done = subprocess.run(["modprobe", "--dry-run", "--quiet", module], capture_output=True, check=False)
    except OSError:
        return False
    return done.returncode == 0


def state(module: str, root: str = "/") -> str:
    """What has become of a module of the running kernel: loaded, loadable, missing or forbidden.

    missing says that /lib/modules has no such file for this kernel, forbidden that this machine may not load any.

    Args:
        module: its name.
        root: where /proc and /sys are looked for.
    """
    if os.path.isdir(os.path.join(root, "sys/module", module)):
        return LOADED
    if not may_load(root):
        return FORBIDDEN
    return LOADABLE if _found(module) else MISSING


def states(symbols: dict[str, str], root: str = "/") -> dict[str, str]:
    """The state of each symbol's module, for the symbols that are m.

    Args:
        symbols: values by symbol.
        root: where /proc and /sys are looked for.
    """
    return {name: state(MODULES[name], root) for name, value in symbols.items() if value == "m" and name in MODULES}
