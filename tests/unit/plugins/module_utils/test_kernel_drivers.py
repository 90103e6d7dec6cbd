# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What network adapters need, by a source of a few files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from ansible_collections.netboot.diskless.plugins.module_utils import _kernel_drivers as drivers
from ansible_collections.netboot.diskless.plugins.module_utils._kernel_drivers import (
    Finder,
    Found,
    UnknownAdapters,
    merged,
    some,
)

from tests.unit.driver_tree import DriverTree

INTEL = "ETHERNET NET_VENDOR_INTEL NETDEVICES PCI NET"
REALTEK = "ETHERNET NET_VENDOR_REALTEK NETDEVICES PCI NET"


@pytest.fixture
def tree(tmp_path: Path) -> DriverTree:
    return DriverTree(tmp_path)


def find(tree: DriverTree, *nics: str, systems: Sequence[str] | None = None) -> dict[str, Found]:
    finder = Finder(str(tree.source), "x86_64", [str(tree.system)] if systems is None else systems)
    return finder.find({nic: ["slave21"] for nic in nics})


@pytest.mark.parametrize(
    ("nic", "names", "symbols"),
    [
        ("e1000e", "e1000e", f"E1000E {INTEL}"),
        ("8139too", "8139too", f"8139TOO {REALTEK}"),
        # Its vendor is the condition of a Makefile only.
        ("r8169", "r8169", "R8169 ETHERNET NET_VENDOR_REALTEK NETDEVICES NET"),
        ("ne2k-pci", "ne2k-pci", "NE2K_PCI ETHERNET NETDEVICES PCI NET"),
        ("ne2k_pci", "ne2k-pci", "NE2K_PCI ETHERNET NETDEVICES PCI NET"),
        ("vmxnet3", "vmxnet3", "VMXNET3 NETDEVICES PCI INET NET"),
        # What goes with them by the table of exceptions, of what this source has.
        ("virtio_net", "virtio_net", "VIRTIO_NET VIRTIO_PCI VIRTIO_MENU NETDEVICES PCI NET"),
        ("r8152", "r8152", "USB_RTL8152 USB USB_XHCI_HCD NETDEVICES PCI NET"),
        # A part without a prompt stands for what selects it.
        ("iavf", "iavf", f"I40EVF {INTEL}"),
        ("8086:10d3", "e1000e", f"E1000E {INTEL}"),
        ("8086:1889", "iavf", f"I40EVF {INTEL}"),
        ("10ec:8029", "ne2k-pci", "NE2K_PCI ETHERNET NETDEVICES PCI NET"),
        # All that claim it as closely as each other, not the one that claims any card of the vendor.
        ("10ec:8139", "8139cp 8139too", f"8139CP 8139TOO {REALTEK}"),
        # By its class alone, as a last resort.
        ("8086:9999", "vmxnet3", "VMXNET3 NETDEVICES PCI INET NET"),
        # virtio_pci claims these.
        ("1af4:1000", "virtio_net", "VIRTIO_NET VIRTIO_PCI VIRTIO_MENU NETDEVICES PCI NET"),
        ("1af4:1041", "virtio_net", "VIRTIO_NET VIRTIO_PCI VIRTIO_MENU NETDEVICES PCI NET"),
    ],
)
def test_adapters(tree: DriverTree, nic: str, names: str, symbols: str) -> None:
    found = find(tree, nic)[nic]
    assert found.drivers == tuple(names.split())
    assert set(found.symbols) == set(symbols.split()) and len(found.symbols) == len(set(found.symbols))


def test_an_empty_name_stands_for_the_common_ones(tree: DriverTree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drivers, "COMMON_NICS", ("e1000e", "virtio_net"))
    found = find(tree, "")[""]
    assert found.drivers == ("e1000e", "virtio_net") and {"E1000E", "VIRTIO_NET"} <= set(found.symbols)


def test_a_common_one_that_is_missing_is_told(tree: DriverTree) -> None:
    with pytest.raises(
        UnknownAdapters, match='slave_nic "" of slave21: no driver of a wired .* has the name e1000; closest: e1000e'
    ):
        find(tree, "")


REFUSED: list[tuple[str, str]] = [
    ("e10000e", "no driver of a wired network adapter below drivers/net has the name e10000e; closest: e1000e"),
    ("E1000E", "no driver of a wired network adapter below drivers/net has the name E1000E; closest: e1000e"),
    (
        "CONFIG_8139TOO",
        "no driver of a wired network adapter below drivers/net has the name CONFIG_8139TOO; closest: 8139too",
    ),
    (
        "realtek",
        "no driver of a wired network adapter below drivers/net has the name realtek; closest: 8139cp, 8139too, r8169",
    ),
    # What cannot be built is no candidate.
    ("declanc", "no driver of a wired network adapter below drivers/net has the name declanc, nor one like it"),
    ("xyz", "no driver of a wired network adapter below drivers/net has the name xyz, nor one like it"),
    # No adapters, though they lie below drivers/net.
    ("bonding", "no driver of a wired network adapter below drivers/net has the name bonding, nor one like it"),
    ("tun", "no driver of a wired network adapter below drivers/net has the name tun, nor one like it"),
    ("8390", "8390 is a part that other drivers bring (NE2K_PCI, ULTRA); closest: 8139cp, 8139too"),
    ("declance", "declance cannot be built: DECLANCE depends on MACH_DECSTATION, which does not exist for x86_64"),
    ("gone", "gone cannot be built: GONE does not exist for x86_64"),
    (
        "1af4:1001",
        "it belongs to virtio_pci, no driver of a wired network adapter below drivers/net; name the driver instead of "
        "the id",
    ),
    ("ffff:ffff", "no module that these files know claims it: {alias}, {builtin}; name the driver instead of the id"),
]


@pytest.mark.parametrize(("nic", "reason"), REFUSED)
def test_refusals(tree: DriverTree, nic: str, reason: str) -> None:
    with pytest.raises(UnknownAdapters) as caught:
        find(tree, nic)
    text = reason.format(alias=tree.alias, builtin=tree.builtin)
    assert caught.value.problems == [f'slave_nic "{nic}" of slave21: {text}']
    assert str(caught.value).splitlines() == [
        f"{tree.source} has no driver for 1 of the x86_64 slaves' network adapters; nothing was changed:",
        *caught.value.problems,
    ]


def test_all_refusals_are_told_at_once(tree: DriverTree) -> None:
    finder = Finder(str(tree.source), "x86_64", [str(tree.system)])
    with pytest.raises(UnknownAdapters) as caught:
        finder.find({**{nic: [f"s{number}" for number in range(5)] for nic, _reason in REFUSED}, "e1000e": ["fine"]})
    assert len(caught.value.problems) == len(REFUSED)
    assert all(" of s0, s1, s2 and 2 more: " in problem for problem in caught.value.problems)


@pytest.mark.parametrize("systems", [["/nothing"], ["/nothing", "/other/"]])
def test_without_a_kernel_at_hand_an_id_is_refused(tree: DriverTree, systems: list[str]) -> None:
    with pytest.raises(UnknownAdapters) as caught:
        find(tree, "8086:10d3", systems=systems)
    where = " or ".join(f"{system.rstrip('/')}/lib/modules" for system in systems)
    assert caught.value.problems[0].endswith(
        f"no kernel with modules is at hand in {where}; name the driver instead of the id, or install a kernel's "
        "package there"
    )
    assert find(tree, "e1000e", "1af4:1000", systems=systems)


def test_aliases_are_read_only_for_ids(tree: DriverTree, monkeypatch: pytest.MonkeyPatch) -> None:
    def read(_paths: object) -> None:
        raise AssertionError("nobody asked")

    monkeypatch.setattr(drivers, "read_aliases", read)
    assert find(tree, "e1000e", "1af4:1000")
    with pytest.raises(AssertionError, match="nobody asked"):
        find(tree, "8086:10d3")


def test_of_several_that_claim_an_id_those_that_can_be_built_have_to_do(tree: DriverTree) -> None:
    claims = "".join(f"alias pci:v00001011d00000002sv*sd*bc*sc*i* {name}\n" for name in ("declance", "e1000e"))
    tree.write(tree.alias, claims)
    assert find(tree, "1011:0002")["1011:0002"].drivers == ("e1000e",)
    tree.write(tree.alias, claims.replace("e1000e", "gone"))
    with pytest.raises(UnknownAdapters, match="declance cannot be built: DECLANCE depends on MACH_DECSTATION"):
        find(tree, "1011:0002")


@pytest.mark.parametrize(
    ("names", "text"), [(["a"], "a"), (["a", "b", "c"], "a, b, c"), (["a", "b", "c", "d"], "a, b, c and 1 more")]
)
def test_some_names(names: list[str], text: str) -> None:
    assert some(names) == text


def test_all_adapters_symbols_are_y_once() -> None:
    found = [Found(("a",), ("B", "A")), Found(("b",), ("C", "A"))]
    assert merged(found) == {"A": "y", "B": "y", "C": "y"}
    assert list(merged(found)) == list(merged(reversed(found)))


def test_nobody_writes(tree: DriverTree) -> None:
    picture: Callable[[], dict[str, int]] = lambda: {  # noqa: E731 - both times the same
        str(path): path.stat().st_mtime_ns for path in tree.source.parent.rglob("*")
    }
    before = picture()
    find(tree, "8086:10d3", "e1000e")
    assert picture() == before
