# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An image as a net boot image: "Draft Net Boot Image Proposal 0.3" by Jamie Honan, Gero Kuhlmann and Ken Yap.

Its addition by Etherboot is used, a 32-bit entry (bit 31 of the flags), so that no loader needs to go to real mode.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from ansible_collections.netboot.diskless.plugins.module_utils._tagged_layout import HEADER, Segment

_HEADER = struct.Struct("<IIHHI")
_RECORD = struct.Struct("<BBBBIII")
MAGIC = 0x1B031336
# Lengths are in words of 4 bytes: of the header and of a record, without anything of a vendor.
_WORDS = 4
_LINEAR_ENTRY = 1 << 31
_LAST = 1 << 2
_BLOCK = 512


def write_nbi(segments: Sequence[Segment], entry: int) -> bytes:
    """The bytes of the file.

    Args:
        segments: at most 31, in the order of their addresses.
        entry: linear address of the first instruction.
    """
    # A loader keeps the first block at this place and reads the records there.
    header = _HEADER.pack(MAGIC, _LINEAR_ENTRY | _WORDS, HEADER & 0xF, HEADER >> 4, entry)
    for index, segment in enumerate(segments):
        flags = _LAST if index == len(segments) - 1 else 0
        header += _RECORD.pack(_WORDS, 0, 0, flags, segment.address, len(segment.data), segment.memory)
    return header.ljust(_BLOCK, b"\0") + b"".join(segment.data for segment in segments)


def read_nbi(data: bytes) -> list[Segment] | None:
    """The segments of a file that write_nbi has made; None of any other."""
    if len(data) < _BLOCK or _HEADER.unpack_from(data)[0] != MAGIC:
        return None
    segments = []
    offset = _BLOCK
    for place in range(_HEADER.size, _BLOCK, _RECORD.size):
        _length, _tag, _reserved, flags, address, size, memory = _RECORD.unpack_from(data, place)
        segments.append(Segment(address, data[offset : offset + size], memory))
        offset += size
        if flags & _LAST:
            return segments
    return None
