# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Judging what a survey of the master says of the slaves' roots and of the systems that they are made from."""

from __future__ import annotations

from typing import Any

from ansible_collections.netboot.diskless.plugins.module_utils._root_source import AUTO, INIT_PROGRAMS, MASTERS_ROOT

Slaves = list[dict[str, Any]]
# Of slaves that share a problem, this many are named.
_NAMED = 3


def _named(slaves: Slaves) -> str:
    names = [slave["name"] for slave in slaves]
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def _shown(source: str) -> str:
    return "the master itself" if source == MASTERS_ROOT else repr(source)


def root_problems(slaves: Slaves, survey: dict[str, Any]) -> list[str]:
    """What is wrong with roots that are there, and with the sources of all roots.

    Args:
        slaves: the fleet's slaves.
        survey: what the module preflight saw.
    """
    by_source: dict[str, Slaves] = {}
    for slave in slaves:
        by_source.setdefault(slave["source"], []).append(slave)
    return [
        *(
            f"{root} is there, but netboot.diskless did not make it; it is not replaced. Move it away, and carry over "
            "what you want to keep when the new root is made"
            for root in survey["unknown_roots"]
        ),
        *_other_problems(slaves, survey),
        *(problem for source, some in by_source.items() for problem in _source_problems(source, some, survey)),
    ]


def _other_problems(slaves: Slaves, survey: dict[str, Any]) -> list[str]:
    """Two systems in one root would break it, so its source stays what it was."""
    by_root = {slave["root"]: slave for slave in slaves}
    return [
        f"{by_root[other['root']]['name']}: slave_rootfs_source is now {_shown(by_root[other['root']]['source'])}, but "
        f"{other['root']} was made from {_shown(other['was'])}, and one root cannot hold two systems. Move it away, "
        "and carry over what you want to keep when the new root is made, or name its former source"
        for other in survey["other_roots"]
    ]


def _source_problems(source: str, slaves: Slaves, survey: dict[str, Any]) -> list[str]:
    system, who = survey["sources"][source], _named(slaves)
    if not system["exists"]:
        return [
            f"{who}: slave_rootfs_source is {_shown(source)}, which the master does not have; put a complete system "
            "there, or name its place"
        ]
    if system["missing"]:
        return [
            f"{who}: slave_rootfs_source is {_shown(source)}, which holds no complete system: it has no "
            f"{', '.join(system['missing'])}"
        ]
    return [*_init_problems(source, slaves, system), *_machine_problems(source, slaves, system)]


def _init_problems(source: str, slaves: Slaves, system: dict[str, Any]) -> list[str]:
    by_init: dict[str, Slaves] = {}
    for slave in slaves:
        by_init.setdefault(slave["init"], []).append(slave)
    has = ", ".join(system["inits"]) or "none of " + ", ".join(INIT_PROGRAMS)
    problems = []
    for init, some in by_init.items():
        if init == AUTO and not system["init"]:
            problems.append(
                f"{_named(some)}: slave_init is {init!r}, but /sbin/init of {_shown(source)} is neither systemd nor "
                f"OpenRC; set slave_init to an init that it has ({has})"
            )
        elif init != AUTO and init not in system["inits"]:
            problems.append(
                f"{_named(some)}: slave_init is {init!r}, but {_shown(source)} has no {INIT_PROGRAMS[init]}; install "
                f"it there, or choose what it has ({has})"
            )
    return problems


def _machine_problems(source: str, slaves: Slaves, system: dict[str, Any]) -> list[str]:
    machine = system["machine"]
    by_architecture: dict[str, Slaves] = {}
    for slave in slaves:
        by_architecture.setdefault(slave["architecture"], []).append(slave)
    return [
        f"{_named(some)}: slave_architecture is {architecture!r}, but the programs of {_shown(source)}, of which the "
        f"root is made, are {machine}'s; name a slave_rootfs_source of {architecture}, or correct the architecture"
        for architecture, some in by_architecture.items()
        if machine and architecture != machine
    ]


def root_needs(slaves: Slaves, survey: dict[str, Any]) -> dict[str, int]:
    """Bytes and inodes of all roots that are still to be made, each as large as what it is made from."""
    missing = set(survey["missing_roots"])
    sources = [survey["sources"][slave["source"]] for slave in slaves if slave["root"] in missing]
    return {key: sum(source[key] for source in sources) for key in ("bytes", "inodes")}
