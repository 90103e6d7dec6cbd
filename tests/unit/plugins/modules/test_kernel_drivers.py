# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module kernel_drivers, below its AnsibleModule."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.netboot.diskless.plugins.module_utils._kernel_drivers import UnknownAdapters
from ansible_collections.netboot.diskless.plugins.modules.kernel_drivers import run

from tests.unit.driver_tree import DriverTree


def ran(drivers: DriverTree, nics: Any, **changes: Any) -> dict[str, Any]:
    params = {"tree": str(drivers.source), "arch": "x86_64", "nics": nics, "systems": [str(drivers.system)]}
    return run({**params, **changes})


def test_symbols_of_all_adapters_and_of_each(tmp_path: Path) -> None:
    found = ran(DriverTree(tmp_path), {"e1000e": ["slave21"], "10ec:8139": ["slave22", "slave23"]})
    names = "8139CP 8139TOO E1000E ETHERNET NET NETDEVICES NET_VENDOR_INTEL NET_VENDOR_REALTEK PCI"
    assert found["symbols"] == dict.fromkeys(names.split(), "y") and found["changed"] is False
    assert found["nics"]["10ec:8139"]["drivers"] == ("8139cp", "8139too")
    assert "E1000E" in found["nics"]["e1000e"]["symbols"] and "E1000E" not in found["nics"]["10ec:8139"]["symbols"]


def test_an_id_may_be_in_capitals(tmp_path: Path) -> None:
    found = ran(DriverTree(tmp_path), {"8086:10D3": ["slave21"], "8086:10d3": ["slave22"]})
    assert list(found["nics"]) == ["8086:10d3"]
    with pytest.raises(UnknownAdapters, match='"ffff:ffff" of slave21, slave22: '):
        ran(DriverTree(tmp_path), {"FFFF:ffff": ["slave22"], "ffff:FFFF": ["slave21"]})


def test_no_adapters_need_nothing(tmp_path: Path) -> None:
    assert ran(DriverTree(tmp_path), {}) == {"changed": False, "symbols": {}, "nics": {}}


def test_a_tree_may_be_a_link(tmp_path: Path) -> None:
    tree = DriverTree(tmp_path)
    (tmp_path / "linux-link").symlink_to("linux")
    assert ran(tree, {"e1000e": []}, tree=str(tmp_path / "linux-link"))["symbols"]["E1000E"] == "y"


@pytest.mark.parametrize(
    ("changes", "nics", "error", "text"),
    [
        ({"tree": "/nothing"}, {}, ValueError, "/nothing holds no Linux source"),
        ({}, {"e1000e": "slave21"}, ValueError, "nics has 'slave21' for 'e1000e'; allowed: a list of slaves' names"),
        ({}, {"e1001e": ["slave21"]}, UnknownAdapters, 'slave_nic "e1001e" of slave21: .*; closest: e1000e'),
        ({"arch": "mips"}, {"e1000e": ["slave21"]}, UnknownAdapters, "which does not exist for mips"),
    ],
)
def test_refusals(tmp_path: Path, changes: dict[str, Any], nics: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        ran(DriverTree(tmp_path), nics, **changes)
