# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an image of Linux for x86 says of itself."""

from __future__ import annotations

# Documentation/arch/x86/boot.rst: the setup header.
SETUP_SECTORS = 0x1F1
MAGIC = slice(0x202, 0x206)
VERSION_POINTER = slice(0x20E, 0x210)
SECTOR = 0x200


def release(data: bytes) -> str:
    """The release of a bzImage, as uname -r will say it, or an empty text when these bytes are none.

    Args:
        data: the image, or at least its first 32 KiB.
    """
    if data[MAGIC] != b"HdrS":
        return ""
    start = int.from_bytes(data[VERSION_POINTER], "little")
    # Four sectors stand for none (boot.rst on setup_sects); the pointer must lie in the setup.
    if not 0 < start < SECTOR * (data[SETUP_SECTORS] or 4):
        return ""
    text = data[start + SECTOR :].split(b"\0", 1)[0]
    words = text.decode("ascii", errors="replace").split()
    return words[0] if words else ""
