# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which modules claim a PCI device."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.netboot.diskless.plugins.module_utils._module_aliases import (
    Alias,
    Match,
    alias_files,
    matches,
    parse_aliases,
    read_aliases,
)

from tests.unit.driver_tree import MODULES_ALIAS, MODULES_BUILTIN, DriverTree


@pytest.mark.parametrize(
    ("text", "aliases"),
    [
        (
            "alias pci:v00008086d000010D3sv*sd*bc*sc*i* e1000e\n",
            [Alias("00008086", "000010D3", "*", "e1000e")],
        ),
        (
            "alias pci:v*d*sv00001043sd*bc02sc00i0[01] x-y",
            [Alias("*", "*", "02", "x-y")],
        ),
        (MODULES_BUILTIN, [Alias("000010EC", "00008029", "*", "ne2k_pci")]),
        ("a.alias=pci:v00000001d00000002sv*sd*bc*sc*i*", [Alias("00000001", "00000002", "*", "a")]),
        ("alias pcix:v00008086d000010D3sv*sd*bc*sc*i* a\n# alias pci:v*d*sv*sd*bc*sc*i* b\n", []),
        ("alias usb:v0BDAp8152d*dc*dsc*dp*ic*isc*ip*in* r8152\n", []),
        ("", []),
    ],
)
def test_aliases(text: str, aliases: list[Alias]) -> None:
    assert list(parse_aliases(text)) == aliases


@pytest.mark.parametrize(
    ("pci_id", "found"),
    [
        ("10ec:8139", {Match("8139cp", 0), Match("8139too", 0), Match("8139too", 2)}),
        ("1234:8139", {Match("8139too", 2)}),
        ("8086:10d3", {Match("e1000e", 0), Match("vmxnet3", 1)}),
        ("8086:2668", {Match("snd_hda_intel", 0), Match("vmxnet3", 1)}),
        # A class that is no network controller's is no match, whatever the vendor.
        ("1b36:0010", set()),
        ("1af4:1041", {Match("virtio_pci", 1)}),
    ],
)
def test_matches(pci_id: str, found: set[Match]) -> None:
    assert matches(parse_aliases(MODULES_ALIAS), [pci_id]) == {pci_id: found}


def test_several_ids_at_once() -> None:
    found = matches(parse_aliases(MODULES_ALIAS), ["8086:1889", "10ec:8168"])
    assert found == {"8086:1889": {Match("iavf", 0), Match("vmxnet3", 1)}, "10ec:8168": set()}


def test_wildcards_of_fnmatch() -> None:
    vendor, device = "0000808[6-7]", "000010?3"
    aliases = [Alias(vendor, device, "0[12]", "a"), Alias(vendor, device, "0[13]", "b"), Alias(vendor, "?", "*", "c")]
    assert matches(aliases, ["8086:10d3"]) == {"8086:10d3": {Match("a", 2)}}


def test_each_file_of_all_systems_is_read_once(tmp_path: Path) -> None:
    tree = DriverTree(tmp_path)
    (tmp_path / "merged/usr").mkdir(parents=True)
    (tmp_path / "merged/usr/lib").symlink_to(tree.system / "lib")
    (tmp_path / "merged/lib").symlink_to("usr/lib")
    (tmp_path / "with * in it").mkdir()
    systems = [str(tree.system), str(tmp_path / "merged"), f"{tree.system}/", str(tmp_path / "nothing")]
    assert alias_files(systems) == [str(tree.alias), str(tree.builtin)]
    assert alias_files([str(tmp_path / "with * in it"), str(tmp_path / "*")]) == []
    assert {alias.module for alias in read_aliases(alias_files(systems))} >= {"e1000e", "ne2k_pci"}
