# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An image as an ELF program for the 80386: System V Application Binary Interface, chapters 4 and 5.

Loaders of Etherboot want more than the standard: the program headers in the first block that they receive, and the
segments in the order of their places in the file, because a file that comes by TFTP cannot be wound back.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from ansible_collections.netboot.diskless.plugins.module_utils._tagged_layout import Segment

_HEADER = struct.Struct("<16sHHIIIIIHHHHHH")
_PROGRAM_HEADER = struct.Struct("<8I")
# 32 bits, least significant byte first, version 1.
IDENTITY = b"\x7fELF\1\1\1" + bytes(9)
_EXECUTABLE, _80386, _VERSION = 2, 3, 1
_LOAD = 1
_READ_WRITE_EXECUTE = 7
# The segments' bytes begin here; one block of TFTP holds the headers (RFC 1350).
_DATA = 512


def write_elf(segments: Sequence[Segment], entry: int) -> bytes:
    """The bytes of the file.

    Args:
        segments: at most 14, in the order of their addresses.
        entry: linear address of the first instruction.
    """
    header = _HEADER.pack(
        IDENTITY,
        _EXECUTABLE,
        _80386,
        _VERSION,
        entry,
        _HEADER.size,  # where the program headers are
        0,  # no section headers
        0,  # no flags
        _HEADER.size,
        _PROGRAM_HEADER.size,
        len(segments),
        0,
        0,
        0,
    )
    offset = _DATA
    table = []
    for segment in segments:
        size = len(segment.data)
        place = segment.address
        table.append(_PROGRAM_HEADER.pack(_LOAD, offset, place, place, size, segment.memory, _READ_WRITE_EXECUTE, 1))
        offset += size
    return (header + b"".join(table)).ljust(_DATA, b"\0") + b"".join(segment.data for segment in segments)


def read_elf(data: bytes) -> list[Segment] | None:
    """The segments of a file that write_elf has made; None of any other."""
    try:
        fields = _HEADER.unpack_from(data)
        table = [_PROGRAM_HEADER.unpack_from(data, fields[5] + index * fields[9]) for index in range(fields[10])]
    except struct.error:
        return None
    if fields[0] != IDENTITY:
        return None
    return [Segment(entry[3], data[entry[1] : entry[1] + entry[4]], entry[5]) for entry in table]
