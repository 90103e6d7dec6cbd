# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which modules drive a PCI device, by the aliases that a kernel's modules declare.

Sources: modules.alias as depmod(8) writes it, `alias PATTERN MODULE`; modules.builtin.modinfo of the kernel's build,
which has module.alias=PATTERN between NULs (Documentation/kbuild/kbuild.rst); the pattern of a PCI device is
pci:vVENDORdDEVICEsv..sd..bcCLASSscSUBCLASSi.. with eight and two upper-case hexadecimal digits or wildcards
(scripts/mod/file2alias.c), and matches as fnmatch(3) does.
"""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

PCI_ID = re.compile(r"[0-9a-f]{4}:[0-9a-f]{4}")
# PCI ids that a bus's driver claims, and the driver that finds the adapter behind it (Virtual I/O Device 1.2, section
# 4.1.2.1). What else the vendor has is no adapter.
BEHIND: dict[str, str] = {
    "1af4:1000": "virtio_net",
    "1af4:1041": "virtio_net",
}
# The buses' drivers, by the adapter's.
BUSES: dict[str, str] = {"virtio_net": "virtio_pci"}
# The class of network controllers (linux/pci_ids.h: PCI_BASE_CLASS_NETWORK).
_NETWORK = "02"
_PATTERN = r"pci:v([^\sa-z]+)d([^\sa-z]+)sv[^\sa-z]+sd[^\sa-z]+bc([^\sa-z]+)sc[^\sa-z]+i[^\sa-z\0]+"
_ALIAS = re.compile(rf"^alias[ \t]+{_PATTERN}[ \t]+(\S+)[ \t]*$", re.MULTILINE)
_BUILTIN = re.compile(rf"(?:^|(?<=\0))([^\s.=\0]+)\.alias={_PATTERN}(?=\0|$)")


@dataclass(frozen=True)
class Alias:
    """A module's claim of PCI devices: patterns of the vendor, the device and the class, and the module's name."""

    vendor: str
    device: str
    pci_class: str
    module: str


@dataclass(frozen=True)
class Match:
    """A module that claims a device.

    Args:
        module: its name.
        rank: how closely: 0 by vendor and device, 1 by vendor and class, 2 by its class alone.
    """

    module: str
    rank: int


def parse_aliases(text: str) -> Iterator[Alias]:
    """The PCI aliases of a modules.alias file or, by their shape, of a modules.builtin.modinfo file."""
    for vendor, device, pci_class, module in _ALIAS.findall(text):
        yield Alias(vendor, device, pci_class, module)
    for module, vendor, device, pci_class in _BUILTIN.findall(text):
        yield Alias(vendor, device, pci_class, module)


def matches(aliases: Iterable[Alias], ids: Iterable[str]) -> dict[str, set[Match]]:
    """The modules that claim devices, as a network controller, of whatever subsystem.

    Args:
        aliases: what the modules claim.
        ids: vendor:device, each four hexadecimal digits in lower case.
    """
    found: dict[str, set[Match]] = {name: set() for name in ids}
    wanted = [(name, *(f"0000{part.upper()}" for part in name.split(":"))) for name in found]
    for alias in aliases:
        by_vendor, by_device = _is_plain(alias.vendor), _is_plain(alias.device)
        rank = 0 if by_vendor and by_device else 1 if by_vendor else 2
        if rank and not fnmatchcase(_NETWORK, alias.pci_class):
            continue
        for name, vendor, device in wanted:
            if fnmatchcase(vendor, alias.vendor) and fnmatchcase(device, alias.device):
                found[name].add(Match(alias.module, rank))
    return found


def _is_plain(pattern: str) -> bool:
    return pattern.isalnum()


def alias_files(systems: Iterable[str]) -> list[str]:
    """The files with aliases of all kernels that are installed in some systems, each file once.

    Args:
        systems: the root directories of systems, / for this machine's.
    """
    found: dict[str, str] = {}
    for system in systems:
        for name in ("modules.alias", "modules.builtin.modinfo"):
            for path in sorted(glob.glob(os.path.join(glob.escape(system), "lib/modules/*", name))):
                if os.path.isfile(path):
                    found.setdefault(os.path.realpath(path), path)
    return list(found.values())


def read_aliases(paths: Iterable[str]) -> Iterator[Alias]:
    """The PCI aliases of files.

    Raises:
        OSError: a file cannot be read.
    """
    for path in paths:
        with open(path, encoding="utf-8", errors="replace") as stream:
            yield from parse_aliases(stream.read())
