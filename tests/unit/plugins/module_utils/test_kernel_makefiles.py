# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which symbol builds which driver."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.netboot.diskless.plugins.module_utils._kernel_makefiles import Driver, read_drivers, rules

from tests.unit.driver_tree import DriverTree


@pytest.mark.parametrize(
    ("text", "built"),
    [
        ("obj-$(CONFIG_E100) += e100.o\n", [("E100", "e100.o")]),
        ("obj-${CONFIG_E100}:=e100.o\n", [("E100", "e100.o")]),
        ("\tobj-$(CONFIG_8139TOO)\t?= a.o\n", [("8139TOO", "a.o")]),
        ("obj-y += base/ block/\n", [("", "base/"), ("", "block/")]),
        ("obj-$(CONFIG_A) += a.o \\\n\tb.o # c.o\n", [("A", "a.o"), ("A", "b.o")]),
        ("obj-$(subst m,y,$(CONFIG_HYPERV)) += hv/\n", [("HYPERV", "hv/")]),
        ("obj-$(CONFIG_A) += $(b) a/$(c).o a.o\n", [("A", "a.o")]),
        ("# obj-y += a.o\na-y := b.o\nsubdir-y += d/\nobj-$(x) += e.o\nobj- += f.o\n", []),
        ("ifdef CONFIG_A\nobj-m += a.o\nendif\n", [("", "a.o")]),
    ],
)
def test_what_a_makefile_builds(text: str, built: list[tuple[str, str]]) -> None:
    assert list(rules(text)) == built


def test_the_drivers_of_a_tree(tmp_path: Path) -> None:
    found = read_drivers(str(DriverTree(tmp_path).source))
    assert sorted(found) == sorted(
        ["8139cp", "8139too", "8390", "declance", "e1000e", "gone", "iavf", "ne2k_pci", "r8152", "r8169"]
        + ["smc_ultra", "virtio_net", "vmxnet3"]
    )
    assert found["e1000e"] == [Driver("e1000e", "E1000E", ("ETHERNET", "NET_VENDOR_INTEL", "E1000E"))]
    assert found["ne2k_pci"] == [Driver("ne2k-pci", "NE2K_PCI", ("ETHERNET",))]
    assert [driver.symbol for driver in found["8390"]] == ["NE2K_PCI", "ULTRA"]


def test_what_is_always_built_in_a_directory_has_the_directorys_symbol(tmp_path: Path) -> None:
    tree = DriverTree(tmp_path)
    tree.write(tree.source / "drivers/net/ethernet/realtek/Makefile", "obj-y += always.o\n")
    assert read_drivers(str(tree.source))["always"] == [Driver("always", "NET_VENDOR_REALTEK", ("ETHERNET",))]


def test_a_driver_that_is_named_twice_is_one(tmp_path: Path) -> None:
    tree = DriverTree(tmp_path)
    with (tree.source / "drivers/net/ethernet/Makefile").open("a") as stream:
        stream.write("obj-$(CONFIG_R8169) += realtek/\nobj-$(CONFIG_DECLANCE) += declance.o\n")
    assert [len(read_drivers(str(tree.source))[name]) for name in ("8139cp", "declance")] == [1, 1]


def test_a_tree_without_drivers(tmp_path: Path) -> None:
    assert read_drivers(str(tmp_path)) == {}
