# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands in the way on a master, by what its survey says."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.netboot.diskless.plugins.plugin_utils._judgement import (
    BOOT_FILES,
    MIB,
    MODULES,
    PACKAGED_KERNEL,
    judge,
)

SITE = {
    "interface": "eth0",
    "master_address": "192.168.1.1",
    "root": "/diskless",
    "tftp_root": "/srv/tftp",
    "kernels": {"build": {"x86_64": {"": ["slave21"]}}, "package": {}},
}
PACKAGED = {**SITE, "kernels": {"build": {}, "package": {"x86_64": {"": ["slave21"]}}}}
PORTS = [{"port": 69, "protocol": "udp", "service": "TFTP", "programs": ["in.tftpd"]}]
PACKAGES = {"x86_64": "linux-image-amd64"}
GOOD: dict[str, Any] = {
    "interface": {
        "exists": True,
        "up": True,
        "multicast": True,
        "addresses": ["10.0.0.1", "192.168.1.1"],
        "present": ["eth0", "lo"],
    },
    "default_route_interfaces": ["wlan0"],
    "space": {
        "/diskless": {"bytes": 4000 * MIB, "inodes": 100_000, "device": 1},
        "/srv/tftp": {"bytes": 4000 * MIB, "inodes": 100_000, "device": 2},
    },
    "missing_roots": ["/diskless/192.168.1.21", "/diskless/192.168.1.22"],
    "roots_without_modules": ["/diskless/192.168.1.21", "/diskless/192.168.1.22"],
    "sources": {
        "/": {
            "exists": True,
            "missing": [],
            "inits": ["openrc"],
            "init": "openrc",
            "machine": "x86_64",
            "bytes": 1000 * MIB,
            "inodes": 10_000,
        }
    },
    "kernel_tree": "clean",
    "wire": {"hindrance": "", "servers": [], "same_address": []},
    "listeners": [],
    "root": True,
    "unknown_roots": [],
    "other_roots": [],
    "owners": {"/etc/dhcp/dhcpd.conf": "pristine", "/etc/conf.d/nfs": "ours", "/etc/conf.d/dhcpd": "absent"},
}


SLAVES = [
    {
        "name": f"slave{number}",
        "root": f"/diskless/192.168.1.{number}",
        "source": "/",
        "init": "auto",
        "architecture": "x86_64",
        "kernel_source": "build",
    }
    for number in (21, 22)
]


def problems(
    change: Callable[[dict[str, Any]], object],
    allow_uplink: bool = False,
    slaves: list[dict[str, str]] | None = None,
    site: dict[str, Any] = SITE,
) -> list[str]:
    survey = copy.deepcopy(GOOD)
    change(survey)
    fleet = {"site": site, "slaves": slaves or SLAVES}
    return judge(fleet, survey, allow_uplink, "/usr/src/linux", PACKAGES, PORTS)


def test_a_good_master_is_in_nobodys_way() -> None:
    assert problems(lambda survey: None) == []


PROBLEMS: dict[str, tuple[Callable[[dict[str, Any]], object], str, str]] = {
    "no interface": (
        lambda survey: survey["interface"].update(exists=False),
        "fleet_interface is 'eth0', which the master does not have",
        "it has eth0, lo",
    ),
    "down": (
        lambda survey: survey["interface"].update(up=False),
        "fleet_interface 'eth0' is down",
        "ip link set eth0 up",
    ),
    "no multicast": (
        lambda survey: survey["interface"].update(multicast=False),
        "fleet_interface 'eth0' lacks MULTICAST",
        "ip link set eth0 multicast on",
    ),
    "another address": (
        lambda survey: survey["interface"].update(addresses=["10.0.0.1"]),
        "fleet_master_address 192.168.1.1 is not an address of 'eth0' (it has 10.0.0.1)",
        "correct the inventory",
    ),
    "no address": (
        lambda survey: survey["interface"].update(addresses=[]),
        "fleet_master_address 192.168.1.1 is not an address of 'eth0' (it has none)",
        "correct the inventory",
    ),
    "the way to the internet": (
        lambda survey: survey.update(default_route_interfaces=["eth0", "wlan0"]),
        "fleet_interface 'eth0' is the master's way to the internet",
        "fleet_allow_uplink: true",
    ),
    "the address of another machine": (
        lambda survey: survey["wire"].update(same_address=["52:54:00:00:00:09"]),
        "fleet_master_address 192.168.1.1 is also the address of another machine on 'eth0'",
        "MAC address 52:54:00:00:00:09",
    ),
    "a port that is taken": (
        lambda survey: survey.update(
            listeners=[
                {
                    "protocol": "udp",
                    "port": 69,
                    "address": "0.0.0.0",
                    "device": "",
                    "programs": [],
                    "unit": "tftp.socket",
                }
            ]
        ),
        "UDP port 69, where TFTP needs in.tftpd, is taken by systemd for tftp.socket",
        "systemctl disable --now tftp.socket",
    ),
    "no space for roots": (
        lambda survey: survey["space"]["/diskless"].update(bytes=2199 * MIB),
        "/diskless need 2200 MiB more, but 2199 MiB are free",
        "",
    ),
    "no inodes for roots": (
        lambda survey: survey["space"]["/diskless"].update(inodes=21_999),
        "/diskless need 22000 inodes more, but 21999 are free",
        "",
    ),
    "no space for boot files": (
        lambda survey: survey["space"]["/srv/tftp"].update(bytes=BOOT_FILES["bytes"] - 1),
        "/srv/tftp need 128 MiB more, but 127 MiB are free",
        "",
    ),
    "no space for both on one file system": (
        lambda survey: survey["space"].update(
            {path: {"bytes": 2300 * MIB, "inodes": 100_000, "device": 1} for path in ("/diskless", "/srv/tftp")}
        ),
        "/diskless and /srv/tftp need 2328 MiB more, but 2300 MiB are free",
        "",
    ),
    "somebody's file": (
        lambda survey: survey["owners"].update({"/etc/conf.d/nfs": "foreign"}),
        "/etc/conf.d/nfs was neither written by netboot.diskless nor left as its package shipped it",
        "settings into the inventory",
    ),
    "a kernel source that was built in": (
        lambda survey: survey.update(kernel_tree="used"),
        "fleet_kernel_tree is '/usr/src/linux', which has been built in",
        "make mrproper",
    ),
    "somebody's root": (
        lambda survey: survey.update(unknown_roots=["/diskless/192.168.1.21"]),
        "/diskless/192.168.1.21 is there, but netboot.diskless did not make it",
        "Move it away",
    ),
    "no root": (
        lambda survey: survey.update(root=False),
        "the master is not reached as root",
        "ansible_become: true",
    ),
    "no kernel source": (
        lambda survey: survey.update(kernel_tree="missing"),
        "fleet_kernel_tree is '/usr/src/linux', which holds no Linux source",
        "name its place",
    ),
}


@pytest.mark.parametrize("case", PROBLEMS)
def test_a_problem_is_told_with_what_to_do(case: str) -> None:
    change, told, advice = PROBLEMS[case]
    found = problems(change)
    assert len(found) == 1 and found[0].startswith(told) and advice in found[0]


def test_all_problems_are_told_at_once() -> None:
    def everything(survey: dict[str, Any]) -> None:
        for name in ("down", "no multicast", "no address", "the way to the internet", "somebody's file"):
            PROBLEMS[name][0](survey)
        for name in ("no space for roots", "no inodes for roots", "no space for boot files", "no kernel source"):
            PROBLEMS[name][0](survey)
        for name in ("the address of another machine", "a port that is taken"):
            PROBLEMS[name][0](survey)

    assert len(problems(everything)) == 11


@pytest.mark.parametrize(
    "change",
    [
        lambda survey: survey["space"]["/diskless"].update(bytes=2200 * MIB + 1, inodes=22_000),
        lambda survey: survey["space"]["/srv/tftp"].update(bytes=BOOT_FILES["bytes"], inodes=BOOT_FILES["inodes"]),
        # A file system that has no fixed number of inodes.
        lambda survey: survey["space"]["/diskless"].update(inodes=-1),
        lambda survey: (
            survey.update(missing_roots=[]),
            survey["space"]["/diskless"].update(bytes=0, inodes=0),
        ),
        lambda survey: survey.update(default_route_interfaces=[]),
    ],
)
def test_just_enough_is_enough(change: Callable[[dict[str, Any]], object]) -> None:
    assert problems(change) == []


def test_the_way_to_the_internet_can_be_allowed() -> None:
    assert problems(lambda survey: survey.update(default_route_interfaces=["eth0"]), allow_uplink=True) == []


def packaged(**changes: str) -> list[dict[str, str]]:
    return [{**slave, "kernel_source": "package", **changes} for slave in SLAVES]


@pytest.mark.parametrize("tree", ["missing", "used"])
def test_a_fleet_that_builds_no_kernel_needs_no_source(tree: str) -> None:
    assert len(problems(lambda survey: survey.update(kernel_tree=tree))) == 1
    assert problems(lambda survey: survey.update(kernel_tree=tree), slaves=packaged(), site=PACKAGED) == []


def test_a_kernel_that_the_distribution_does_not_have_is_refused() -> None:
    def machine(survey: dict[str, Any]) -> None:
        survey["sources"]["/"]["machine"] = "i386"

    found = problems(machine, slaves=packaged(architecture="i386"), site=PACKAGED)
    assert len(found) == 2
    assert found[0] == (
        "slave21: slave_kernel_source is 'package', but this master's distribution has no kernel for "
        "slave_architecture 'i386', only for x86_64; set it to build"
    )


@pytest.mark.parametrize("key", ["bytes", "inodes"])
@pytest.mark.parametrize("short", [0, 1])
def test_a_packaged_kernel_and_its_modules_take_room(key: str, short: int) -> None:
    boot = BOOT_FILES[key] + PACKAGED_KERNEL[key]
    sources = {"bytes": 2200 * MIB + 1, "inodes": 22_000}
    roots = sources[key] + 2 * MODULES[key]

    def room(place: str, number: int) -> list[str]:
        return problems(lambda survey: survey["space"][place].update({key: number}), slaves=packaged(), site=PACKAGED)

    assert len(room("/srv/tftp", boot - short)) == short
    assert len(room("/diskless", roots - 2 * short)) == short


@pytest.mark.parametrize("key", ["bytes", "inodes"])
@pytest.mark.parametrize(("without", "count"), [((21, 22), 2), ((22,), 1), ((), 0)])
def test_a_root_that_is_there_gets_its_first_modules(key: str, without: tuple[int, ...], count: int) -> None:
    def room(number: int, slaves: list[dict[str, str]], site: dict[str, Any]) -> list[str]:
        def change(survey: dict[str, Any]) -> None:
            survey.update(missing_roots=[], roots_without_modules=[f"/diskless/192.168.1.{last}" for last in without])
            survey["space"]["/diskless"][key] = number

        return problems(change, slaves=slaves, site=site)

    needed = count * MODULES[key]
    assert room(needed, packaged(), PACKAGED) == []
    if needed:
        assert len(room(needed - 1, packaged(), PACKAGED)) == 1
    # A kernel that is built brings none.
    assert room(0, SLAVES, SITE) == []
