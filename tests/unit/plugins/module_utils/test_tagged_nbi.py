# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A net boot image, byte by byte, and as a loader reads it."""

from __future__ import annotations

import struct

import pytest
from ansible_collections.netboot.diskless.plugins.module_utils._tagged_layout import Segment
from ansible_collections.netboot.diskless.plugins.module_utils._tagged_nbi import read_nbi, write_nbi

SEGMENTS = [Segment(0x10000, b"setup", 0xE000), Segment(0x20000, b"stub!!", 0x200), Segment(0x100000, b"kernel", 6)]
IMAGE = write_nbi(SEGMENTS, 0x20000)


def test_every_byte() -> None:
    header = (
        "36 13 03 1b"  # magic
        " 04 00 00 80"  # flags: four words of header, nothing of a vendor; a linear entry; the program does not return
        " 00 00 20 20"  # offset and segment of the place where the loader keeps this block
        " 00 00 02 00"  # the entry
        # words of the record, tag, reserved, flags; load address, length in the file, length in memory
        " 04 00 00 00 00 00 01 00 05 00 00 00 00 e0 00 00"
        " 04 00 00 00 00 00 02 00 06 00 00 00 00 02 00 00"
        " 04 00 00 04 00 00 10 00 06 00 00 00 06 00 00 00"
    )
    assert IMAGE == bytes.fromhex(header).ljust(512, b"\0") + b"setupstub!!kernel"


def load(image: bytes) -> tuple[dict[int, bytes], int]:
    """What a loader does with an image: memory by address, and where it jumps. It knows what the format knows."""
    magic, flags, offset, segment, entry = struct.unpack_from("<IIHHI", image)
    assert magic == 0x1B031336 and flags & 1 << 31
    memory = {segment * 16 + offset: image[:512]}
    record, data, last = ((flags & 0xF) + (flags >> 4 & 0xF)) * 4, 512, False
    while not last:
        assert record < 512
        length, _tag, _reserved, kind, address, size, room = struct.unpack_from("<BBBBIII", image, record)
        assert kind & 3 == 0, "an absolute address"
        memory[address] = image[data : data + size].ljust(room, b"\0")
        record, data, last = record + ((length & 0xF) + (length >> 4)) * 4, data + size, bool(kind & 4)
    assert data == len(image), "a loader of gPXE refuses anything behind the last segment"
    return memory, entry


def test_a_loader_fills_memory_with_the_segments() -> None:
    memory, entry = load(IMAGE)
    assert entry == 0x20000
    # Behind the stub, where no segment overwrites it: a loader reads its records there.
    assert memory.pop(0x20200) == IMAGE[:512]
    assert memory == {segment.address: segment.data.ljust(segment.memory, b"\0") for segment in SEGMENTS}


def test_what_was_written_is_read() -> None:
    assert read_nbi(IMAGE) == SEGMENTS


@pytest.mark.parametrize("data", [b"", IMAGE[:511], b"\0" * 600, IMAGE[:4].ljust(600, b"\0")])
def test_other_files_are_not(data: bytes) -> None:
    assert read_nbi(data) is None
