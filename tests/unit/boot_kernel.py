# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A bzImage with the fields that Documentation/arch/x86/boot.rst of Linux describes."""

from __future__ import annotations

import struct

LINE = "ip=dhcp root=/dev/nfs nfsroot=,vers=4.2,tcp rw"


def kernel(
    protocol: int = 0x20F,
    sectors: int = 4,
    body: bytes = b"K" * 0x400,
    flags: int = 1,
    command_line_max: int = 2047,
    initrd_last: int = 0x7FFFFFFF,
    preferred: int = 0x1000000,
    needs: int = 0x125A800,
) -> bytes:
    """A kernel whose code is body; sectors is setup_sects as it stands in the header."""
    setup = bytearray(512 * ((sectors or 4) + 1))
    setup[0x1F1] = sectors
    struct.pack_into("<I", setup, 0x1F4, len(body) // 16)
    setup[0x202:0x206] = b"HdrS"
    struct.pack_into("<H", setup, 0x206, protocol)
    struct.pack_into("<H", setup, 0x20E, 0x180)
    setup[0x211] = flags
    struct.pack_into("<I", setup, 0x22C, initrd_last)
    struct.pack_into("<I", setup, 0x238, command_line_max)
    struct.pack_into("<QI", setup, 0x258, preferred, needs)
    text = b"6.1.9-slave (someone@host) #1 SMP\0"
    setup[0x380 : 0x380 + len(text)] = text
    return bytes(setup) + body
