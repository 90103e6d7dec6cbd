# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Looking into an initial RAM disk: what it holds, what it lacks, and what should not be in it.

It is archives of cpio(5)'s new format, one after the other, each plain or compressed, with zeros between them
(Documentation/driver-api/early-userspace/buffer-format.rst of Linux).
"""

from __future__ import annotations

import fnmatch
import os
import re
import stat
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

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
# modules.alias has "alias PATTERN MODULE" on a line, modules.builtin.modinfo MODULE.alias=PATTERN before a NUL.
_ALIAS = re.compile(r"^alias (\S+) \S+$", re.MULTILINE)
_BUILTIN_ALIAS = re.compile(r"\w\.alias=([^\0]+)")
# pci:v00008086d000010D3sv*sd*bc*sc*i* (file2alias.c of Linux), as modules.alias has it for a device.
_PCI_ID = re.compile(r"([0-9a-f]{4}):([0-9a-f]{4})", re.IGNORECASE)

# All virtual cards of this vendor look alike on the PCI bus, and no alias tells which driver goes on behind it.
_VIRTIO = "1af4:"
_VIRTIO_DRIVERS = {"virtio_net", "virtio_pci"}


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


def _normal(driver: str) -> str:
    """A module's name is the same with a hyphen and an underscore (modprobe(8))."""
    return driver.replace("-", "_")


def _has_device(aliases: list[str], pci_id: str) -> bool:
    vendor, device = pci_id.upper().split(":")
    name = f"pci:v0000{vendor}d0000{device}sv00000000sd00000000bc02sc00i00"
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in aliases if pattern.startswith("pci:"))


def _modules(found: list[Entry]) -> tuple[set[str], list[str]]:
    """The names of the modules that a RAM disk or its kernel has, and the aliases of the devices that they drive."""
    present = {_normal(match[1]) for match in (_MODULE.search(f"/{entry.path}") for entry in found) if match}
    aliases: list[str] = []
    for entry in found:
        text = entry.data.decode(errors="replace")
        name = os.path.basename(entry.path)
        if name == "modules.builtin":
            present |= {
                _normal(match[1]) for match in (_MODULE.search(f"/{line}") for line in text.split("\n")) if match
            }
        elif name == "modules.builtin.modinfo":
            aliases += _BUILTIN_ALIAS.findall(text)
        elif name == "modules.alias":
            aliases += _ALIAS.findall(text)
    return present, aliases


def missing(found: list[Entry], drivers: list[str], modules: list[str], programs: list[str]) -> list[str]:
    """What a RAM disk lacks of what is wanted, a text each.

    Args:
        found: its entries.
        drivers: network adapters, by a driver's name or a PCI id (VENDOR:DEVICE, hexadecimal); "" wants none.
        modules: names of modules.
        programs: paths of programs, without a leading slash; /bin and /sbin may be links into /usr.
    """
    present, aliases = _modules(found)
    lacking = [f"the module {name}" for name in modules if _normal(name) not in present]
    for driver in drivers:
        if _PCI_ID.fullmatch(driver):
            virtual = driver.lower().startswith(_VIRTIO)
            if not (present >= _VIRTIO_DRIVERS if virtual else _has_device(aliases, driver)):
                lacking.append(f"a driver of the network adapter {driver}")
        elif driver and _normal(driver) not in present:
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
