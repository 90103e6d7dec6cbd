# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A kernel taken apart as boot.rst says."""

from __future__ import annotations

import pytest
from ansible_collections.netboot.diskless.plugins.module_utils._bzimage import ImageError, read_bzimage

from tests.unit.boot_kernel import kernel

GOOD = kernel()


def test_a_kernel_of_today() -> None:
    found = read_bzimage(GOOD)
    assert found.setup == GOOD[:0xA00]
    assert found.kernel == b"K" * 0x400
    assert (found.protocol_name, found.release) == ("2.15", "6.1.9-slave")
    assert (found.command_line_max, found.initrd_last) == (2047, 0x7FFFFFFF)
    assert found.unpacked_end == 0x1000000 + 0x125A800


@pytest.mark.parametrize(
    ("protocol", "command_line_max", "initrd_last", "unpacked_end"),
    [
        (0x202, 255, 0x37FFFFFF, 0),
        (0x203, 255, 0x7FFFFFFF, 0),
        (0x205, 255, 0x7FFFFFFF, 0),
        (0x206, 2047, 0x7FFFFFFF, 0),
        (0x209, 2047, 0x7FFFFFFF, 0),
        (0x20A, 2047, 0x7FFFFFFF, 0x225A800),
    ],
)
def test_what_an_older_protocol_does_not_say(
    protocol: int, command_line_max: int, initrd_last: int, unpacked_end: int
) -> None:
    found = read_bzimage(kernel(protocol))
    assert (found.command_line_max, found.initrd_last, found.unpacked_end) == (
        command_line_max,
        initrd_last,
        unpacked_end,
    )


def test_no_sectors_stand_for_four() -> None:
    assert len(read_bzimage(kernel(sectors=0)).setup) == 5 * 512


def test_what_is_signed_has_more_than_the_header_tells() -> None:
    assert read_bzimage(GOOD + b"signature").kernel.endswith(b"Ksignature")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no Linux kernel for x86"),
        (b"\x7fELF" + bytes(0x1000), "no Linux kernel for x86"),
        (GOOD[:0x280], "no Linux kernel for x86"),
        (kernel(0x201), r"boot protocol is 2\.01; 2\.02 "),
        (kernel(flags=0x80), "zImage"),
        (kernel(sectors=64), "real-mode code has 33280 bytes; the boot protocol allows 32768"),
        (GOOD[:-1], "cut off: of 3584 bytes there are 3583"),
        (kernel(0x203)[:0xA00], "cut off"),
    ],
)
def test_what_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(ImageError, match=reason):
        read_bzimage(data)


def test_the_largest_setup_is_taken() -> None:
    assert len(read_bzimage(kernel(sectors=63)).setup) == 0x8000
