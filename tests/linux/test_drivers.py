# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What network adapters need of Linux 6.1, whose own conf has to grant it.

modules.alias beside this file is what depmod made for Debian's kernel 6.1.0-56-amd64, of it the lines that match an id
of this table: those of the adapters, and those of any device of their vendors or of any vendor.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.netboot.diskless.plugins.module_utils._kconfig_configure import (
    Attempt,
    Request,
    attempt,
    prepare,
)
from ansible_collections.netboot.diskless.plugins.module_utils._kernel_drivers import (
    ALSO,
    Finder,
    UnknownAdapters,
    merged,
)
from ansible_collections.netboot.diskless.plugins.module_utils._kernel_symbols import COMMON_NICS, slave_symbols
from ansible_collections.netboot.diskless.plugins.module_utils._module_aliases import BEHIND

from lab import kernel_source, settings

# Driver, the symbols that it cannot be without, PCI ids that have it.
DRIVERS: list[tuple[str, str, str]] = [
    ("e1000", "ETHERNET NETDEVICES NET_VENDOR_INTEL E1000", "8086:100e"),
    ("e1000e", "ETHERNET NETDEVICES NET_VENDOR_INTEL E1000E", "8086:10d3"),
    ("igb", "NET_VENDOR_INTEL IGB", "8086:1521"),
    ("igc", "NET_VENDOR_INTEL IGC", "8086:15f3"),
    ("e100", "NET_VENDOR_INTEL E100", "8086:1229"),
    ("r8169", "NET_VENDOR_REALTEK R8169", "10ec:8168"),
    ("8139too", "NET_VENDOR_REALTEK 8139TOO", "10ec:8139"),
    ("8139cp", "NET_VENDOR_REALTEK 8139CP", "10ec:8139"),
    ("tg3", "NET_VENDOR_BROADCOM TIGON3 BROADCOM_PHY", "14e4:1657"),
    ("bnx2", "NET_VENDOR_BROADCOM BNX2", "14e4:1639"),
    ("pcnet32", "NET_VENDOR_AMD PCNET32", "1022:2000"),
    ("forcedeth", "NET_VENDOR_NVIDIA FORCEDETH", "10de:0057"),
    ("via-rhine", "NET_VENDOR_VIA VIA_RHINE", "1106:3065"),
    ("virtio_net", "VIRTIO_MENU VIRTIO_PCI VIRTIO_PCI_LEGACY VIRTIO_NET HW_RANDOM_VIRTIO", "1af4:1000 1af4:1041"),
    ("ixgbe", "NET_VENDOR_INTEL IXGBE", "8086:10fb"),
    ("iavf", "NET_VENDOR_INTEL I40EVF", "8086:1889"),
    ("atlantic", "NET_VENDOR_AQUANTIA AQTION", "1d6a:d107"),
    ("mlx4_core", "NET_VENDOR_MELLANOX MLX4_EN", "15b3:1003"),
    ("mlx5_core", "NET_VENDOR_MELLANOX MLX5_CORE MLX5_CORE_EN", "15b3:1013"),
    ("vmxnet3", "VMXNET3", "15ad:07b0"),
    ("ne2k-pci", "NET_VENDOR_NATSEMI NE2K_PCI", "10ec:8029"),
    ("3c59x", "NET_VENDOR_3COM VORTEX", ""),
    ("hv_netvsc", "HYPERV HYPERV_NET", ""),
    ("r8152", "USB_NET_DRIVERS USB_RTL8152 USB USB_XHCI_HCD USB_EHCI_HCD", ""),
]


@pytest.fixture(scope="session")
def source() -> str:
    return str(kernel_source.ensure(settings.from_environment()))


@pytest.fixture(scope="session")
def finder(source: str, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Finder]:
    system = tmp_path_factory.mktemp("system")
    modules = system / "lib/modules/6.1.0-56-amd64"
    modules.mkdir(parents=True)
    (modules / "modules.alias").symlink_to(Path(__file__).with_name("modules.alias"))
    return lambda arch: Finder(source, arch, [str(system)])


@pytest.mark.parametrize("arch", ["x86_64", "i386"])
def test_drivers_have_their_symbols(finder: Callable[[str], Finder], arch: str) -> None:
    found = finder(arch).find({name: ["slave21"] for name, _symbols, _ids in DRIVERS})
    for name, symbols, _ids in DRIVERS:
        assert set(symbols.split()) <= set(found[name].symbols), name
        assert found[name].drivers == (name,)
        # No other driver comes with it.
        others = {one.split()[-1] for other, one, _ids in DRIVERS if other != name}
        assert (others & set(found[name].symbols)) <= set(symbols.split()), name


def test_ids_have_their_drivers(finder: Callable[[str], Finder]) -> None:
    ids: dict[str, set[str]] = {}
    for name, _symbols, claimed in DRIVERS:
        for pci_id in claimed.split():
            ids.setdefault(pci_id, set()).add(name)
    found = finder("x86_64").find({pci_id: ["slave21"] for pci_id in ids})
    assert {pci_id: set(one.drivers) for pci_id, one in found.items()} == ids


Configure = Callable[[str, dict[str, str]], Attempt]


@pytest.fixture(scope="session")
def configure(source: str, tmp_path_factory: pytest.TempPathFactory) -> Configure:
    """Lays symbols over what every slave needs; conf itself is built only for the first configuration."""
    directory = tmp_path_factory.mktemp("objects")

    def configure(arch: str, symbols: dict[str, str]) -> Attempt:
        wanted = {**slave_symbols(arch), **symbols}
        request = Request(source, str(directory / "output"), arch, "tinyconfig", wanted)
        return attempt(prepare(request), str(directory))

    return configure


@pytest.mark.parametrize("arch", ["x86_64", "i386"])
def test_conf_grants_all_of_them_at_once(finder: Callable[[str], Finder], configure: Configure, arch: str) -> None:
    found = finder(arch).find({"": ["slave21"], **{name: ["slave22"] for name, _symbols, _ids in DRIVERS}})
    symbols = merged(found.values())
    made = configure(arch, symbols)
    assert [refusal.line() for refusal in made.refusals if refusal.symbol in symbols] == []
    wanted = {symbol for _name, names, _ids in DRIVERS for symbol in names.split()}
    assert wanted <= set(symbols) and {made.values[symbol] for symbol in wanted} == {"y"}
    # What has no symbol to ask for came with them.
    assert {made.values[symbol] for symbol in ("MLX4_CORE", "IAVF", "REALTEK_PHY", "USB_XHCI_PCI")} == {"y"}


@pytest.mark.parametrize("name", ["virtio_net", "r8152", "ne2k-pci"])
def test_one_alone_has_what_it_depends_on(finder: Callable[[str], Finder], configure: Configure, name: str) -> None:
    """For one of each kind: what another one brings must not be what makes it work."""
    symbols = merged(finder("x86_64").find({name: ["slave21"]}).values())
    made = configure("x86_64", symbols)
    assert [refusal.line() for refusal in made.refusals if refusal.symbol in symbols] == []
    (wanted,) = (names for driver, names, _ids in DRIVERS if driver == name)
    assert {made.values[symbol] for symbol in wanted.split()} == {"y"}


def test_the_exceptions_are_of_this_source(finder: Callable[[str], Finder]) -> None:
    kconfig = finder("x86_64").kconfig
    for symbol, others in ALSO.items():
        assert all(kconfig.can_be_set(name) for name in (symbol, *others))
        assert not set(others) <= set(kconfig.needs(symbol).symbols), f"Kconfig says it by itself: {symbol}"
    assert set(BEHIND.values()) <= {name for name, _symbols, _ids in DRIVERS}
    assert set(COMMON_NICS) <= {name for name, _symbols, _ids in DRIVERS}


@pytest.mark.parametrize(
    ("nic", "reason"),
    [
        ("rtl8139", "has the name rtl8139; closest: rtl8150, r8169, 8139cp, 8139too, atl1"),
        ("CONFIG_TIGON3", "has the name CONFIG_TIGON3; closest: tg3"),
        ("iwlwifi", "no driver of a wired network adapter below drivers/net has the name iwlwifi"),
        ("bonding", "no driver of a wired network adapter below drivers/net has the name bonding"),
        ("declance", "declance cannot be built: DECLANCE depends on MACH_DECSTATION, which does not exist for x86_64"),
        ("1af4:1001", "it belongs to virtio_pci, no driver of a wired network adapter below drivers/net"),
    ],
)
def test_refusals(finder: Callable[[str], Finder], nic: str, reason: str) -> None:
    with pytest.raises(UnknownAdapters) as caught:
        finder("x86_64").find({nic: ["slave21"]})
    assert reason in caught.value.problems[0]


def test_it_is_quick(finder: Callable[[str], Finder]) -> None:
    began = os.times()
    finder("x86_64").find({"": ["slave21"], "8086:10d3": ["slave22"], "r8152": ["slave23"]})
    ended = os.times()
    # Of the processor, for the machine may be busy; the wall's clock says hardly more.
    assert ended.user + ended.system - began.user - began.system < 1.0
