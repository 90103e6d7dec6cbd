# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands in the way of roots, by what a survey says of them and of what they are made from."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.netboot.diskless.plugins.plugin_utils._judgement_roots import root_needs, root_problems

DEBIAN = "/srv/roots/debian"
SYSTEM: dict[str, Any] = {
    "exists": True,
    "missing": [],
    "inits": ["openrc"],
    "init": "openrc",
    "machine": "x86_64",
    "bytes": 100,
    "inodes": 10,
}
SYSTEMD = {**SYSTEM, "inits": ["systemd"], "init": "systemd", "bytes": 3000, "inodes": 500}


def slave(number: int, **changes: str) -> dict[str, str]:
    return {
        "name": f"slave{number}",
        "root": f"/diskless/{number}",
        "source": "/",
        "init": "auto",
        "architecture": "x86_64",
        **changes,
    }


def survey(**changes: Any) -> dict[str, Any]:
    sources = {"/": SYSTEM, DEBIAN: SYSTEMD}
    return {"unknown_roots": [], "other_roots": [], "missing_roots": [], "sources": sources, **changes}


FLEET = [slave(21), slave(22, source=DEBIAN), slave(23, init="openrc"), slave(24, source=DEBIAN, init="systemd")]


def test_a_good_fleet_has_no_problems() -> None:
    assert root_problems(FLEET, survey()) == []


@pytest.mark.parametrize(
    ("changes", "who", "told", "advice"),
    [
        (
            {"sources": {"/": SYSTEM, DEBIAN: {**SYSTEM, "exists": False}}},
            "slave22, slave24: ",
            "slave_rootfs_source is '/srv/roots/debian', which the master does not have",
            "put a complete system there",
        ),
        (
            {"sources": {"/": SYSTEM, DEBIAN: {**SYSTEMD, "missing": ["/etc", "/sbin/init"]}}},
            "slave22, slave24: ",
            "slave_rootfs_source is '/srv/roots/debian', which holds no complete system",
            "it has no /etc, /sbin/init",
        ),
        (
            {"sources": {"/": {**SYSTEM, "inits": ["systemd"]}, DEBIAN: SYSTEMD}},
            "slave23: ",
            "slave_init is 'openrc', but the master itself has no /sbin/openrc-init",
            "choose what it has (systemd)",
        ),
        (
            {"sources": {"/": SYSTEM, DEBIAN: {**SYSTEMD, "inits": []}}},
            "slave24: ",
            "slave_init is 'systemd', but '/srv/roots/debian' has no /lib/systemd/systemd",
            "choose what it has (none of openrc, systemd)",
        ),
        (
            {"sources": {"/": SYSTEM, DEBIAN: {**SYSTEMD, "init": ""}}},
            "slave22: ",
            "slave_init is 'auto', but /sbin/init of '/srv/roots/debian' is neither systemd nor OpenRC",
            "set slave_init to an init that it has (systemd)",
        ),
        (
            {"sources": {"/": SYSTEM, DEBIAN: {**SYSTEMD, "machine": "i386"}}},
            "slave22, slave24: ",
            "slave_architecture is 'x86_64', but the programs of '/srv/roots/debian', of which the root is made, are",
            "name a slave_rootfs_source of x86_64",
        ),
        (
            {"unknown_roots": ["/diskless/21"]},
            "",
            "/diskless/21 is there, but netboot.diskless did not make it",
            "Move it away",
        ),
        (
            {"other_roots": [{"root": "/diskless/22", "was": "/"}]},
            "slave22: ",
            "slave_rootfs_source is now '/srv/roots/debian', but /diskless/22 was made from the master itself",
            "Move it away",
        ),
    ],
)
def test_a_problem_is_told_once_with_whose_it_is_and_what_to_do(
    changes: dict[str, Any], who: str, told: str, advice: str
) -> None:
    (found,) = root_problems(FLEET, survey(**changes))
    assert found.startswith(f"{who}{told}") and advice in found


def test_programs_that_a_slave_cannot_run_are_the_sources() -> None:
    fleet = [slave(21), slave(22, architecture="i386"), slave(23, architecture="i386", source=DEBIAN)]
    sources = {"/": SYSTEM, DEBIAN: {**SYSTEMD, "machine": "i386"}}
    (found,) = root_problems(fleet, survey(sources=sources))
    assert found.startswith("slave22: slave_architecture is 'i386', but the programs of the master itself")
    unknown = {**SYSTEM, "machine": ""}
    assert root_problems(fleet, survey(sources={"/": unknown, DEBIAN: unknown})) == []


def test_a_problem_of_many_slaves_names_some() -> None:
    (found,) = root_problems([slave(number) for number in range(2, 250)], survey(sources={"/": {**SYSTEM, "init": ""}}))
    assert found.startswith("slave2, slave3, slave4 and 245 more: slave_init is 'auto'")


def test_all_problems_of_all_sources_are_told_at_once() -> None:
    sources = {"/": {**SYSTEM, "inits": [], "init": "", "machine": "aarch64"}, DEBIAN: {**SYSTEM, "exists": False}}
    assert len(root_problems(FLEET, survey(sources=sources, unknown_roots=["/diskless/23"]))) == 5


@pytest.mark.parametrize(
    ("missing", "needs"),
    [([], (0, 0)), (["/diskless/21", "/diskless/23"], (200, 20)), (["/diskless/22", "/diskless/23"], (3100, 510))],
)
def test_each_root_takes_the_space_of_its_source(missing: list[str], needs: tuple[int, int]) -> None:
    assert root_needs(FLEET, survey(missing_roots=missing)) == {"bytes": needs[0], "inodes": needs[1]}
