# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A bzImage taken apart, as a boot loader has to do it: Documentation/arch/x86/boot.rst of Linux."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from ansible_collections.netboot.diskless.plugins.module_utils._kernel_image import (
    MAGIC,
    SECTOR,
    SETUP_SECTORS,
    release,
)

# The boot sector and the setup header end here at the latest: the header's jump is of one byte (0x202 + 0x7f).
HEADER_END = 0x281
LOADED_HIGH = 0x01
CAN_USE_HEAP = 0x80
# What an older protocol does not say, boot.rst does: of initrd_addr_max and of cmdline_size.
OLD_INITRD_LAST = 0x37FFFFFF
OLD_COMMAND_LINE_MAX = 255
# The first protocol with cmd_line_ptr (2.4.0-test3), with the size of the kernel (2.6.14), and with the memory that it
# needs while it unpacks itself (2.6.31).
OLDEST = 0x0202
TELLS_SIZE = 0x0204
TELLS_MEMORY = 0x020A
# boot.rst: the real-mode code can total up to 32 KiB.
SETUP_MAX = 0x8000


class ImageError(Exception):
    """Of these files no image can be made; the message says why."""


@dataclass(frozen=True)
class BzImage:
    """A kernel for x86.

    Attributes:
        setup: the boot sector and the real-mode code, in bytes.
        kernel: the protected-mode code, in bytes.
        protocol: version of the boot protocol, the major number in the upper byte.
        release: as uname -r will say it; "" where the kernel does not tell.
        command_line_max: characters of the command line, without the final NUL.
        initrd_last: the highest address that an initial RAM disk may have.
        unpacked_end: the address behind the memory that the kernel uses while it unpacks itself; 0 where it does not
            tell.
    """

    setup: bytes
    kernel: bytes
    protocol: int
    release: str
    command_line_max: int
    initrd_last: int
    unpacked_end: int

    @property
    def protocol_name(self) -> str:
        """The version of the boot protocol as people write it."""
        return version_name(self.protocol)


def version_name(protocol: int) -> str:
    """A version of the boot protocol as people write it, such as 2.15."""
    return f"{protocol >> 8}.{protocol & 0xFF:02d}"


def _number(data: bytes, offset: int, form: str) -> int:
    number: int = struct.unpack_from(f"<{form}", data, offset)[0]
    return number


def read_bzimage(data: bytes) -> BzImage:
    """Takes a kernel apart.

    Raises:
        ImageError: it is no bzImage, is cut off, or its boot protocol is older than 2.02.
    """
    if len(data) < HEADER_END or data[MAGIC] != b"HdrS":
        raise ImageError("it is no Linux kernel for x86: there is no HdrS at byte 0x202")
    protocol = _number(data, 0x206, "H")
    if protocol < OLDEST:
        raise ImageError(
            f"its boot protocol is {version_name(protocol)}; {version_name(OLDEST)} (Linux 2.4) is the first that "
            "takes a command line from anywhere"
        )
    if not data[0x211] & LOADED_HIGH:
        raise ImageError("it is a zImage, which is loaded below 640 KiB; make a bzImage")
    # Four sectors stand for none; the boot sector is not counted.
    setup_bytes = SECTOR * ((data[SETUP_SECTORS] or 4) + 1)
    if setup_bytes > SETUP_MAX:
        raise ImageError(f"its real-mode code has {setup_bytes} bytes; the boot protocol allows {SETUP_MAX}")
    told = _number(data, 0x1F4, "I") * 16 if protocol >= TELLS_SIZE else 1
    if len(data) < setup_bytes + told:
        raise ImageError(f"it is cut off: of {setup_bytes + told} bytes there are {len(data)}")
    return BzImage(
        setup=data[:setup_bytes],
        kernel=data[setup_bytes:],
        protocol=protocol,
        release=release(data),
        command_line_max=_number(data, 0x238, "I") if protocol >= 0x0206 else OLD_COMMAND_LINE_MAX,
        initrd_last=_number(data, 0x22C, "I") if protocol >= 0x0203 else OLD_INITRD_LAST,
        unpacked_end=_number(data, 0x258, "Q") + _number(data, 0x260, "I") if protocol >= TELLS_MEMORY else 0,
    )
