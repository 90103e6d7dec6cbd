# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where an image puts what it holds, and what cannot be put anywhere."""

from __future__ import annotations

import struct
from dataclasses import replace

import pytest
from ansible_collections.netboot.diskless.plugins.module_utils._boot_stub import stub
from ansible_collections.netboot.diskless.plugins.module_utils._bzimage import ImageError, read_bzimage
from ansible_collections.netboot.diskless.plugins.module_utils._tagged_layout import Segment, lay_out

from tests.unit.boot_kernel import LINE, kernel

# Addresses of boot.rst's sample, with the real-mode segment at 0x10000.
KERNEL = read_bzimage(kernel())


def test_a_kernel_alone() -> None:
    setup, line, entry, code = lay_out(KERNEL, LINE)
    assert (setup.address, len(setup.data), setup.memory) == (0x10000, 0xA00, 0xE000)
    assert line == Segment(0x1E000, LINE.encode() + b"\0", len(LINE) + 1)
    assert entry == Segment(0x20000, stub(0x20000, 0x10000, 0xE000), 0x200)
    assert code == Segment(0x100000, KERNEL.kernel, 0x400)


def test_only_the_loaders_fields_of_the_setup_change() -> None:
    setup = bytearray(KERNEL.setup)
    setup[0x210] = 0xFF
    setup[0x211] = 0x81
    setup[0x224:0x226] = b"\x00\xde"
    setup[0x228:0x22C] = b"\x00\xe0\x01\x00"
    assert lay_out(KERNEL, LINE)[0].data == bytes(setup)


def test_segments_ascend_and_do_not_overlap() -> None:
    segments = lay_out(KERNEL, LINE, b"initrd")
    assert all(first.end <= second.address for first, second in zip(segments, segments[1:], strict=False))


@pytest.mark.parametrize(
    ("fields", "address"),
    [
        # Behind what the kernel needs to unpack itself, on a whole page.
        ({}, 0x225B000),
        ({"needs": 0x1000}, 0x1001000),
        # Behind the kernel itself.
        ({"preferred": 0x100000, "needs": 0x10}, 0x101000),
    ],
)
def test_a_ram_disk_lies_where_the_kernel_does_not_write(fields: dict[str, int], address: int) -> None:
    setup, *_others, initrd = lay_out(read_bzimage(kernel(**fields)), LINE, b"initrd")  # type: ignore[arg-type]
    assert initrd == Segment(address, b"initrd", 6)
    assert struct.unpack_from("<II", setup.data, 0x218) == (address, 6)


@pytest.mark.parametrize(
    ("words", "mode"),
    [
        ("", 0),
        (" vga=normal", 0xFFFF),
        (" vga=ext", 0xFFFE),
        (" vga=ask", 0xFFFD),
        (" vga=791", 791),
        (" vga=0x317", 0x317),
        (" vga=1 vga=2", 2),
        (" xvga=1", 0),
    ],
)
def test_the_video_mode_is_the_setups(words: str, mode: int) -> None:
    assert struct.unpack_from("<H", lay_out(KERNEL, LINE + words)[0].data, 0x1FA) == (mode,)


def test_what_just_fits() -> None:
    assert len(lay_out(KERNEL, "x" * 2047)[1].data) == 2048
    assert len(lay_out(read_bzimage(kernel(command_line_max=0xFFFF)), "x" * 8191)[1].data) == 8192
    last = lay_out(read_bzimage(kernel(initrd_last=0x225B005)), LINE, b"initrd")[-1]
    assert last.end == 0x225B006


class Large(bytes):
    """Bytes that say that there are more of them."""

    size = 0

    def __len__(self) -> int:
        return self.size


def large(size: int) -> Large:
    data = Large(b"x")
    data.size = size
    return data


@pytest.mark.parametrize(
    ("fields", "line", "initrd", "reason"),
    [
        ({}, "x" * 2048, None, "has 2048 characters; this kernel takes 2047"),
        ({"protocol": 0x205}, "x" * 256, None, "this kernel takes 255"),
        ({"command_line_max": 0xFFFF}, "x" * 8192, None, "this kernel takes 8191"),
        ({}, "quiet\nrw", None, "not of printable ASCII"),
        ({}, "na\u00efve", None, "not of printable ASCII"),
        ({}, "vga=big", None, "vga=big is no video mode"),
        ({}, "vga=0x10000", None, "vga=0x10000 is no video mode"),
        ({}, LINE, b"", "the initial RAM disk is empty"),
        ({"protocol": 0x209}, LINE, b"i", r"boot protocol 2\.09 does not tell what memory .* 2\.10 "),
        ({"initrd_last": 0x225B004}, LINE, b"initrd", "from 0x225b000 to 0x225b005; .* allow 0x225b004"),
        ({}, LINE, large(0x36000000), "to 0x3825afff; .* allow 0x37ffffff"),
        ({"preferred": 0x40000000}, LINE, b"i", "would lie from 0x4125b000"),
    ],
)
def test_what_is_refused(fields: dict[str, int], line: str, initrd: bytes | None, reason: str) -> None:
    with pytest.raises(ImageError, match=reason):
        lay_out(read_bzimage(kernel(**fields)), line, initrd)  # type: ignore[arg-type]


def test_a_kernel_that_is_too_large() -> None:
    limit = 0x38000000 - 0x100000
    assert lay_out(replace(KERNEL, kernel=large(limit)), LINE)[3].end == 0x38000000
    with pytest.raises(ImageError, match="the kernel is too large: it would end at 0x38000001"):
        lay_out(replace(KERNEL, kernel=large(limit + 1)), LINE)
