# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Looking into an initial RAM disk: what it holds, what it lacks, and what should not be in it.

It is archives of cpio(5)'s new format, one after the other, each plain or compressed, with zeros between them
(Documentation/driver-api/early-userspace/buffer-format.rst of Linux).
"""

from __future__ import annotations

import os
import re
import stat
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from ansible_collections.netboot.diskless.plugins.module_utils._kernel_makefiles import TOP, spelling
from ansible_collections.netboot.diskless.plugins.module_utils._module_aliases import (
    BEHIND,
    BUSES,
    PCI_ID,
    Alias,
    matches,
    parse_aliases,
)
from ansible_collections.netboot.diskless.plugins.module_utils._root_secrets import (
    PRIVATE_KEY,
    SEARCHED,
    is_hidden_below,
)

_HEADER = 110
_MAGICS = (b"070701", b"070702")
_GZIP = b"\x1f\x8b"
_END = "TRAILER!!!"
# Of a module's file, what follows its name.
_MODULE = re.compile(r"/([^/]+)\.ko(?:\.(?:gz|xz|zst))?\Z")


class BadRamDisk(Exception):
    """An initial RAM disk cannot be read, or must not be used; the text says why."""


@dataclass(frozen=True)
class Entry:
    """A file of a RAM disk: its path without a leading slash, its st_mode and its bytes."""

    path: str
    mode: int
    data: bytes


def _padded(number: int) -> int:
    """The next multiple of four."""
    return (number + 3) & ~3


def _archive(data: bytes, start: int) -> Iterator[tuple[Entry | None, int]]:
    """The entries of the archive at a place, and at last None with the place behind it."""
    place = start
    while True:
        header = data[place : place + _HEADER]
        if len(header) < _HEADER or header[:6] not in _MAGICS:
            raise BadRamDisk(f"its archive is broken at byte {place}")
        fields = [int(header[at : at + 8], 16) for at in range(6, _HEADER, 8)]
        mode, size, name_size = fields[1], fields[6], fields[11]
        name_at = place + _HEADER
        data_at = start + _padded(name_at + name_size - start)
        name = data[name_at : name_at + name_size - 1].decode(errors="surrogateescape")
        place = start + _padded(data_at + size - start)
        if name == _END:
            yield None, place
            return
        yield Entry(name.removeprefix("./").lstrip("/"), mode, data[data_at : data_at + size]), place


def entries(data: bytes) -> Iterator[Entry]:
    """Every entry of a RAM disk, in order; a directory may come several times.

    Raises:
        BadRamDisk: it is broken, or compressed in another way than by gzip.
    """
    place = 0
    while place < len(data):
        if data[place] == 0:
            place += 1
        elif data[place : place + 6] in _MAGICS:
            for entry, end in _archive(data, place):
                if entry:
                    yield entry
                place = end
        elif data[place : place + 2] == _GZIP:
            packed = zlib.decompressobj(wbits=31)
            try:
                inside = packed.decompress(data[place:])
            except zlib.error as error:
                raise BadRamDisk(f"its compressed part is broken: {error}") from error
            if not packed.eof:
                raise BadRamDisk("its compressed part ends too early")
            yield from entries(inside)
            place = len(data) - len(packed.unused_data)
        else:
            raise BadRamDisk(f"what it holds at byte {place} is neither cpio nor gzip")


@dataclass(frozen=True)
class _Modules:
    """What modules a RAM disk or its kernel has.

    Args:
        present: the names of all.
        adapters: of those that can be a network adapter's.
        aliases: the PCI devices that they claim.
    """

    present: set[str]
    adapters: set[str]
    aliases: list[Alias]

    def drive(self, pci_id: str) -> bool:
        """Whether a network adapter has its driver here, and the bus that it may lie behind."""
        if pci_id in BEHIND:
            # By their names: what is built into Debian 13's kernel, as the bus is there, declares no aliases.
            driver = BEHIND[pci_id]
            return {driver, BUSES[driver]} <= self.present
        return any(spelling(match.module) in self.adapters for match in matches(self.aliases, [pci_id])[pci_id])


def _modules(found: list[Entry]) -> _Modules:
    aliases: list[Alias] = []
    paths = [entry.path for entry in found]
    for entry in found:
        name = os.path.basename(entry.path)
        if name in ("modules.alias", "modules.builtin.modinfo"):
            aliases += parse_aliases(entry.data.decode(errors="replace"))
        elif name == "modules.builtin":
            paths += entry.data.decode(errors="replace").split("\n")
    names = [(spelling(match[1]), path) for path in paths for match in _MODULE.finditer(f"/{path}")]
    # What lies outside of kernel/ was added by others, who put adapters' drivers anywhere.
    adapters = {name for name, path in names if f"/{TOP}/" in path or "/kernel/" not in f"/{path}"}
    return _Modules({name for name, _path in names}, adapters, aliases)


def missing(found: list[Entry], drivers: list[str], modules: list[str], programs: list[str]) -> list[str]:
    """What a RAM disk lacks of what is wanted, a text each.

    Args:
        found: its entries.
        drivers: network adapters, by a driver's name or a PCI id (VENDOR:DEVICE, hexadecimal); "" wants none.
        modules: names of modules.
        programs: paths of programs, without a leading slash; /bin and /sbin may be links into /usr.
    """
    known = _modules(found)
    lacking = [f"the module {name}" for name in modules if spelling(name) not in known.present]
    for driver in drivers:
        if PCI_ID.fullmatch(driver.lower()):
            if not known.drive(driver.lower()):
                lacking.append(f"a driver of the network adapter {driver}")
        elif driver and spelling(driver) not in known.present:
            lacking.append(f"the network driver {driver}")
    paths = {entry.path for entry in found}
    lacking += [f"the program /{path}" for path in programs if path not in paths and f"usr/{path}" not in paths]
    return lacking


def secrets(found: list[Entry], root: str = "/") -> list[str]:
    """Paths in a RAM disk of what must not be where everybody can fetch it.

    A private key, and what others cannot read on the master under the same path below /etc: the file that a link leads
    to is what counts, and the directories that it lies in.

    Args:
        found: its entries.
        root: where the master's files are.
    """
    etc, told = os.path.join(root, "etc"), []
    for entry in found:
        if not stat.S_ISREG(entry.mode):
            continue
        is_key = PRIVATE_KEY.search(entry.data[:SEARCHED]) and not _is_program(entry)
        if is_key or (entry.path.startswith("etc/") and is_hidden_below(etc, entry.path[len("etc/") :])):
            told.append(entry.path)
    return sorted(told)


def _is_program(entry: Entry) -> bool:
    """Whether it is an ELF file: a library that reads keys has their first line among its texts."""
    return entry.data[:4] == b"\x7fELF"
