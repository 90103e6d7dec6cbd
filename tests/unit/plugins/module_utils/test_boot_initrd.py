# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a RAM disk is packed with, and whether a kernel can unpack it."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from ansible_collections.netboot.diskless.plugins.module_utils._boot_entry import BootError
from ansible_collections.netboot.diskless.plugins.module_utils._boot_initrd import packer, problem, tool


def archive(*files: tuple[str, bytes]) -> bytes:
    """A cpio archive of format newc, padded to 512 bytes as GNU cpio does."""
    data = b""
    for name, content in (*files, ("TRAILER!!!", b"")):
        fields = [0, 0o100644, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0]
        data += b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0"
        data += b"\0" * (-len(data) % 4)
        data += content + b"\0" * (-len(content) % 4)
    return data + b"\0" * (-len(data) % 512)


MICROCODE = archive(("kernel/x86/microcode/GenuineIntel.bin", b"\x1f\x8b not packed"))


@pytest.mark.parametrize(
    ("data", "symbol"),
    [
        (gzip.compress(b"x"), "RD_GZIP"),
        (b"\x28\xb5\x2f\xfd....", "RD_ZSTD"),
        (b"\xfd7zXZ\0", "RD_XZ"),
        (b"BZh9", "RD_BZIP2"),
        (b"\x02\x21\x4c\x18", "RD_LZ4"),
        (archive(("init", b"#!/bin/sh\n")), ""),
        (MICROCODE + gzip.compress(b"x"), "RD_GZIP"),
        (MICROCODE + archive(("init", b"abc")) + b"\x28\xb5\x2f\xfd", "RD_ZSTD"),
        (MICROCODE + archive(("init", b"abc")), ""),
        (b"nothing", "an unknown packer"),
    ],
)
def test_a_packer(data: bytes, symbol: str) -> None:
    assert packer(data) == symbol


@pytest.mark.parametrize(
    ("symbols", "told"),
    [
        ({"BLK_DEV_INITRD": "y", "RD_GZIP": "y"}, ""),
        ({"BLK_DEV_INITRD": "y", "RD_GZIP": "n"}, "RD_GZIP of it"),
        ({"RD_GZIP": "y"}, "BLK_DEV_INITRD of it"),
        ({}, "BLK_DEV_INITRD, RD_GZIP of it"),
    ],
)
def test_a_kernel_that_unpacks_it(symbols: dict[str, str], told: str) -> None:
    found = problem(gzip.compress(b"x"), symbols)
    assert told in found and bool(told) == bool(found)


@pytest.mark.parametrize(
    ("names", "found"), [("dracut", "dracut"), ("mkinitramfs", "mkinitramfs"), ("dracut mkinitramfs", "dracut")]
)
def test_a_tool(tmp_path: Path, names: str, found: str) -> None:
    for name in names.split():
        (tmp_path / name).write_text("")
        (tmp_path / name).chmod(0o755)
    assert tool(str(tmp_path)) == found


def test_no_tool(tmp_path: Path) -> None:
    with pytest.raises(BootError, match="neither dracut nor mkinitramfs"):
        tool(str(tmp_path))
