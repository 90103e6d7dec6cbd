# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The symbols that slaves' network adapters need, found in a kernel's source by the driver's name or the PCI id."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ansible_collections.netboot.diskless.plugins.module_utils._kconfig_needs import Kconfig
from ansible_collections.netboot.diskless.plugins.module_utils._kernel_makefiles import (
    TOP,
    Driver,
    read_drivers,
    spelling,
)
from ansible_collections.netboot.diskless.plugins.module_utils._kernel_symbols import COMMON_NICS
from ansible_collections.netboot.diskless.plugins.module_utils._module_aliases import (
    BEHIND,
    PCI_ID,
    Match,
    alias_files,
    matches,
    read_aliases,
)

# What a symbol is no good without for a slave's root, though Kconfig does not say so.
ALSO: dict[str, tuple[str, ...]] = {
    # The virtual machine's adapters are PCI devices; the first versions of QEMU's show the legacy face only.
    # HW_RANDOM_VIRTIO: a virtual machine has little else to seed its random numbers from.
    "VIRTIO_NET": ("VIRTIO_PCI", "VIRTIO_PCI_LEGACY", "HW_RANDOM_VIRTIO"),
    # It refuses the PHY of the 5785 and the 57780 without its own driver (tg3_mdio_init()).
    "TIGON3": ("BROADCOM_PHY",),
    # Ethernet is an option of its own in this driver.
    "MLX5_CORE": ("MLX5_CORE_EN",),
    # An adapter at USB is found by a host controller's driver; these two are those of all boards since 2002.
    "USB": ("USB_XHCI_HCD", "USB_EHCI_HCD"),
}

_CANDIDATES = 5
_NAMED_SLAVES = 3


@dataclass(frozen=True)
class Found:
    """What one adapter takes.

    Args:
        drivers: names of its drivers.
        symbols: what has to be y for them.
    """

    drivers: tuple[str, ...]
    symbols: tuple[str, ...]


class UnknownAdapters(Exception):
    """Adapters for which there is no driver; the text tells all of them, and nothing was changed."""

    def __init__(self, problems: Sequence[str], tree: str, arch: str) -> None:
        head = f"{tree} has no driver for {len(problems)} of the {arch} slaves' network adapters; nothing was changed:"
        super().__init__("\n".join([head, *problems]))
        self.problems = list(problems)


class _Unknown(Exception):
    """One adapter for which there is no driver; the text says why."""


def some(names: Sequence[str]) -> str:
    """Some names in words: all of a few, the first of many."""
    if len(names) <= _NAMED_SLAVES:
        return ", ".join(names)
    return f"{', '.join(names[:_NAMED_SLAVES])} and {len(names) - _NAMED_SLAVES} more"


class Finder:
    """Finds what adapters need in one source, for one architecture.

    Args:
        tree: kernel source.
        arch: as make's ARCH.
        systems: root directories of the systems whose kernels' aliases tell the driver of a PCI id.
    """

    def __init__(self, tree: str, arch: str, systems: Sequence[str]) -> None:
        self._tree = tree
        self._arch = arch
        self._systems = systems
        self.kconfig = Kconfig(tree, arch)
        self._drivers = read_drivers(tree)
        self._files: list[str] = []
        self._matches: dict[str, set[Match]] = {}

    def find(self, nics: Mapping[str, Sequence[str]]) -> dict[str, Found]:
        """What each adapter takes.

        Args:
            nics: by adapter (a driver's name, a PCI id, or "" for the common ones) the slaves that have it.

        Raises:
            UnknownAdapters: there is no driver for some of them.
            OSError: a file cannot be read.
        """
        self._read_aliases([nic for nic in nics if PCI_ID.fullmatch(nic) and nic not in BEHIND])
        found: dict[str, Found] = {}
        problems = []
        for nic, slaves in sorted(nics.items()):
            try:
                found[nic] = self._one(nic)
            except _Unknown as reason:
                problems.append(f'slave_nic "{nic}" of {some(sorted(slaves))}: {reason}')
        if problems:
            raise UnknownAdapters(problems, self._tree, self._arch)
        return found

    def _one(self, nic: str) -> Found:
        if not nic:
            names: tuple[str, ...] = COMMON_NICS
        elif nic in BEHIND:
            names = (BEHIND[nic],)
        elif PCI_ID.fullmatch(nic):
            names = self._claimed(nic)
        else:
            names = (nic,)
        drivers: list[str] = []
        symbols: dict[str, None] = {}
        reasons = []
        for name in names:
            try:
                driver = self._driver(name)
                symbols.update(dict.fromkeys(self._needed(driver)))
                drivers.append(driver.name)
            except _Unknown as reason:
                reasons.append(reason)
        # Of several that claim an id, those that can be built have to do.
        if reasons and not (drivers and nic):
            raise reasons[0]
        return Found(tuple(drivers), tuple(symbols))

    def _needed(self, driver: Driver) -> tuple[str, ...]:
        """The symbols that a driver needs.

        Raises:
            _Unknown: it cannot be built for this architecture.
        """
        asked = [driver.symbol, *driver.guards]
        # Each of what goes with a symbol may bring more.
        while True:
            needs = self.kconfig.needs(*asked)
            also = (other for symbol in needs.symbols for other in ALSO.get(symbol, ()))
            # A symbol that this version of Linux has not is none that it needs.
            more = [symbol for symbol in also if symbol not in asked and self.kconfig.entries(symbol)]
            if needs.missing:
                lacking, by = needs.missing[0]
                reason = f"{by} depends on {lacking}, which" if by else lacking
                raise _Unknown(f"{driver.name} cannot be built: {reason} does not exist for {self._arch}")
            if not more:
                return needs.symbols
            asked += dict.fromkeys(more)

    def _driver(self, name: str) -> Driver:
        """The driver of a name, with a symbol that can be set.

        Raises:
            _Unknown: there is none.
        """
        known = self._drivers.get(spelling(name), [])
        if len(known) == 1:
            if not self.kconfig.entries(known[0].symbol):
                raise _Unknown(f"{name} cannot be built: {known[0].symbol} does not exist for {self._arch}")
            driver = known[0]
            if self.kconfig.can_be_set(driver.symbol):
                return driver
            # The part of a driver that claims the device may be one that its other part selects (mlx4, iavf).
            selecting = self.kconfig.selected_by(driver.symbol)
            if len(selecting) == 1:
                return Driver(driver.name, selecting[0], driver.guards)
        reason = f"no driver of a wired network adapter below {TOP} has the name {name}"
        if known:
            reason = f"{name} is a part that other drivers bring ({', '.join(one.symbol for one in known)})"
        candidates = self.candidates(name)
        raise _Unknown(f"{reason}; closest: {', '.join(candidates)}" if candidates else f"{reason}, nor one like it")

    def candidates(self, name: str) -> list[str]:
        """The drivers that a name may have been meant to be: of that symbol or vendor, or with the closest names."""
        single = {drivers[0].name: drivers[0] for drivers in self._drivers.values() if len(drivers) == 1}
        text = name.upper().replace("-", "_")
        symbol = text[len("CONFIG_") :] if text.startswith("CONFIG_") else text
        meant = [one for one, driver in single.items() if driver.symbol == symbol]
        meant += [one for one, driver in single.items() if f"NET_VENDOR_{symbol}" in driver.guards]
        found = [one for one in sorted(meant) if self._is_possible(single[one])]
        if found:
            return found
        close = difflib.get_close_matches(name.lower(), sorted(single), 3 * _CANDIDATES, 0.5)
        return [one for one in close if self._is_possible(single[one])][:_CANDIDATES]

    def _is_possible(self, driver: Driver) -> bool:
        return self.kconfig.can_be_set(driver.symbol) and not self.kconfig.needs(driver.symbol).missing

    def _read_aliases(self, ids: Sequence[str]) -> None:
        if ids:
            self._files = alias_files(self._systems)
            self._matches = matches(read_aliases(self._files), ids)

    def _claimed(self, pci_id: str) -> tuple[str, ...]:
        """The drivers that claim a PCI id, all of the most closely matching ones as modprobe would load them.

        Raises:
            _Unknown: there is none, or no network adapter's.
        """
        found = self._matches[pci_id]
        drivers = [match for match in found if spelling(match.module) in self._drivers]
        closest = min((match.rank for match in drivers), default=0)
        names = sorted({spelling(match.module) for match in drivers if match.rank == closest})
        if names:
            return tuple(names)
        advice = "name the driver instead of the id"
        if not self._files:
            where = " or ".join(f"{system.rstrip('/')}/lib/modules" for system in dict.fromkeys(self._systems))
            raise _Unknown(
                f"no kernel with modules is at hand in {where}; {advice}, or install a kernel's package there"
            )
        if found:
            others = sorted({match.module for match in found})
            raise _Unknown(
                f"it belongs to {', '.join(others)}, no driver of a wired network adapter below {TOP}; {advice}"
            )
        raise _Unknown(f"no module that these files know claims it: {', '.join(self._files)}; {advice}")


def merged(found: Iterable[Found]) -> dict[str, str]:
    """The symbols of all adapters with their value, as kernel_config takes them."""
    return dict.fromkeys(sorted({symbol for one in found for symbol in one.symbols}), "y")
