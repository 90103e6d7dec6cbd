# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Judging a survey of the master: what stands in the way, and what to do about it."""

from __future__ import annotations

from typing import Any

from ansible_collections.netboot.diskless.plugins.plugin_utils._judgement_network import (
    address_problems,
    interface_problems,
    port_problems,
)
from ansible_collections.netboot.diskless.plugins.plugin_utils._judgement_roots import root_needs, root_problems

MIB = 1 << 20
# Beyond the roots: boot loaders and a few kernels, with their former versions.
BOOT_FILES = {"bytes": 128 * MIB, "inodes": 200}
# A distribution's kernel with its initial RAM disk, and their next version beside them.
PACKAGED_KERNEL = {"bytes": 200 * MIB, "inodes": 8}
# The modules of such a kernel in a root, estimated by what Debian 12 has, whose modules are not compressed; Debian 13's
# take a quarter of that. A root that has some already is not counted: whether a newer release is to come, which it
# holds beside the last one for a while, nobody knows before the package manager was asked.
MODULES = {"bytes": 400 * MIB, "inodes": 7000}
# A root is measured before its packages are installed; it grows a little.
MARGIN = 1.1
# What to do about a kernel's source, by what the survey calls it. The role master_kernel says the same of the master's.
TREE_ADVICE = {
    "missing": "holds no Linux source; install one there or name its place",
    "used": "has been built in, and Linux builds nothing outside of such a tree; save its .config and clean it "
    "(make mrproper), or name a second tree",
}


def _needs(fleet: dict[str, Any], survey: dict[str, Any]) -> dict[str, dict[str, int]]:
    """Bytes and inodes that are still to come, by directory."""
    site, slaves = fleet["site"], fleet["slaves"]
    without = set(survey["roots_without_modules"])
    with_modules = sum(slave["kernel_source"] == "package" and slave["root"] in without for slave in slaves)
    packaged = len(site["kernels"]["package"])
    roots = root_needs(slaves, survey)
    return {
        site["root"]: {key: int(roots[key] * MARGIN) + with_modules * MODULES[key] for key in roots},
        site["tftp_root"]: {key: size + packaged * PACKAGED_KERNEL[key] for key, size in BOOT_FILES.items()},
    }


def _space_problems(fleet: dict[str, Any], survey: dict[str, Any]) -> list[str]:
    """Directories on one file system share what it has."""
    wanted: dict[int, dict[str, Any]] = {}
    for directory, need in _needs(fleet, survey).items():
        free = survey["space"][directory]
        total = wanted.setdefault(free["device"], {"directories": [], "bytes": 0, "inodes": 0, "free": free})
        total["directories"].append(directory)
        total["bytes"] += need["bytes"]
        total["inodes"] += need["inodes"]
    problems = []
    for total in wanted.values():
        where, free = " and ".join(total["directories"]), total["free"]
        if total["bytes"] > free["bytes"]:
            problems.append(f"{where} need {total['bytes'] // MIB} MiB more, but {free['bytes'] // MIB} MiB are free")
        if free["inodes"] >= 0 and total["inodes"] > free["inodes"]:
            problems.append(f"{where} need {total['inodes']} inodes more, but {free['inodes']} are free")
    return problems


def _file_problems(survey: dict[str, Any]) -> list[str]:
    return [
        f"{path} was neither written by netboot.diskless nor left as its package shipped it; it is not replaced. "
        "Move it away, with its settings into the inventory, and run again"
        for path, owner in sorted(survey["owners"].items())
        if owner == "foreign"
    ]


def _tree_problems(fleet: dict[str, Any], survey: dict[str, Any], kernel_tree: str) -> list[str]:
    if not fleet["site"]["kernels"]["build"]:
        return []
    advice = TREE_ADVICE.get(survey["kernel_tree"])
    return [f"fleet_kernel_tree is {kernel_tree!r}, which {advice}"] if advice else []


def _package_problems(fleet: dict[str, Any], packages: dict[str, str]) -> list[str]:
    """A distribution has kernels of its own architecture, and others may be served by one that is built."""
    wanted = [slave for slave in fleet["slaves"] if slave["kernel_source"] == "package"]
    return [
        f"{slave['name']}: slave_kernel_source is 'package', but this master's distribution has no kernel for "
        f"slave_architecture {slave['architecture']!r}, only for {', '.join(sorted(packages)) or 'none'}; set it to "
        "build"
        for slave in wanted
        if slave["architecture"] not in packages
    ]


def judge(
    fleet: dict[str, Any],
    survey: dict[str, Any],
    allow_uplink: bool,
    kernel_tree: str,
    kernel_packages: dict[str, str],
    ports: list[dict[str, Any]],
) -> list[str]:
    """All problems of a master, or none.

    Args:
        fleet: the fleet's model.
        survey: what the module preflight saw.
        allow_uplink: whether the slaves' interface may be the way to the internet.
        kernel_tree: where the survey looked for the kernel's source.
        kernel_packages: the package of the distribution's kernel by architecture.
        ports: the ports that the roles' services need.
    """
    if not survey["root"]:
        return ["the master is not reached as root: connect as root, or set ansible_become: true for it"]
    site = fleet["site"]
    return [
        *root_problems(fleet["slaves"], survey),
        *interface_problems(site, survey, allow_uplink),
        *address_problems(site, survey),
        *port_problems(site, survey, ports),
        *_space_problems(fleet, survey),
        *_file_problems(survey),
        *_tree_problems(fleet, survey, kernel_tree),
        *_package_problems(fleet, kernel_packages),
    ]
