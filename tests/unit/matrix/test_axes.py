# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file of axes, and what is wrong with one that names what is not there."""

import tomllib
from typing import Any

import pytest

from matrix.axes import AxesError, Plan, load, parse

BASE = """
[axes]
master = { scope = "lab", contract = { LAB_MASTER = "contract" }, debian = { LAB_MASTER = "debian" } }
backend = { scope = "site", isc = { dhcp_backend = "isc" }, dnsmasq = { dhcp_backend = "dnsmasq" } }
mode = { scope = "site", full = {}, proxy = { dhcp_mode = "proxy" } }
nfs = { scope = "slave", "4.2" = { slave_nfs_version = "4.2" }, "3" = { slave_nfs_version = "3" } }
init = { scope = "slave", openrc = { "master=debian" = { slave_rootfs_source = "/a" } }, systemd = { slave_b = 1 } }
nic = { scope = "hardware", e1000 = { nic = "e1000" } }
[constraints]
rules = [{ when = { mode = "proxy" }, only = { backend = ["dnsmasq"] } }]
"""


def plan(text: str = BASE) -> Plan:
    return parse(tomllib.loads(text))


VALUES = {"master": "debian", "backend": "isc", "mode": "full", "nfs": "3", "init": "openrc", "nic": "e1000"}


@pytest.mark.parametrize(
    ("scope", "change", "settings"),
    [
        ("lab", {}, {"LAB_MASTER": "debian"}),
        ("site", {}, {"dhcp_backend": "isc"}),
        ("site", {"backend": "dnsmasq", "mode": "proxy"}, {"dhcp_backend": "dnsmasq", "dhcp_mode": "proxy"}),
        ("slave", {}, {"slave_nfs_version": "3", "slave_rootfs_source": "/a"}),
        ("slave", {"master": "contract"}, {"slave_nfs_version": "3"}),
        ("slave", {"init": "systemd"}, {"slave_nfs_version": "3", "slave_b": 1}),
        ("hardware", {}, {"nic": "e1000"}),
    ],
)
def test_what_values_set(scope: str, change: dict[str, str], settings: dict[str, Any]) -> None:
    assert plan().settings(scope, VALUES | change) == settings


def test_the_group_is_what_a_master_shares_with_its_slaves() -> None:
    assert plan().group(VALUES) == {"master": "debian", "backend": "isc", "mode": "full"}


@pytest.mark.parametrize(
    ("values", "allowed"),
    [
        ({}, True),
        ({"mode": "proxy"}, True),
        ({"mode": "proxy", "backend": "dnsmasq"}, True),
        ({"mode": "proxy", "backend": "isc"}, False),
        ({"mode": "full", "backend": "isc"}, True),
        ({"backend": "isc"}, True),
    ],
)
def test_rules(values: dict[str, str], allowed: bool) -> None:
    assert plan().allows(values) is allowed


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('scope = "lab"', 'scope = "rack"', r"axes\.master: scope 'rack' is none of lab, site, slave, hardware"),
        ('nic = "e1000"', 'disk = "none"', r"axes\.nic\.e1000: hardware has no disk"),
        ('e1000 = { nic = "e1000" }', 'e1000 = "e1000"', r"axes\.nic\.e1000: not a table"),
        (', e1000 = { nic = "e1000" }', "", r"axes\.nic: no values"),
        ('"master=debian"', '"master=dragonfly"', r"axes\.init\.openrc: there is no master=dragonfly"),
        ('when = { mode = "proxy" }', 'when = { mood = "proxy" }', r"constraints\.rules\[0\]: there is no mood=proxy"),
        ('["dnsmasq"]', '["dnsmask"]', r"constraints\.rules\[0\]: there is no backend=dnsmask"),
        ("full = {}", 'full = { "nfs=3" = { x = 1 } }', r"axes\.mode: what a master's slaves share cannot depend"),
        ("[constraints]", '[core]\ncells = [{ nfs = "2" }]\n[constraints]', r"core\.cells\[0\]: there is no nfs=2"),
        (
            "[constraints]",
            '[core]\ncells = [{ mode = "proxy", backend = "isc" }]\n[constraints]',
            r"core\.cells: a rule forbids",
        ),
        (
            "[constraints]",
            '[core]\nwithout = { nfs = ["2"] }\n[constraints]',
            r"core\.without: there is no nfs=2",
        ),
        (
            "[constraints]",
            '[core]\nwithout = { nfs = ["3"] }\ncells = [{ nfs = "3" }]\n[constraints]',
            r"core\.cells: core\.without forbids \{'nfs': '3'\}",
        ),
        (
            "[constraints]",
            '[together]\nslaves = 4\nvalues = { nfs = "3" }\n[constraints]',
            r"together\.values: only axes of the scopes",
        ),
    ],
)
def test_what_is_wrong_is_named(old: str, new: str, words: str) -> None:
    assert old in BASE
    with pytest.raises(AxesError, match=words):
        plan(BASE.replace(old, new, 1))


def test_each_axis_of_the_file_is_one_line() -> None:
    assert {axis.name for axis in load().axes} >= {"master", "firmware", "nfs", "init", "architecture"}
    assert {"contract", "debian"} <= set(load().axes[0].values)
