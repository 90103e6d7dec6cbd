# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a tagged image puts a kernel, its command line and its initial RAM disk in a slave's memory.

The places of the real-mode segment are those that Documentation/arch/x86/boot.rst of Linux gives as its sample.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from ansible_collections.netboot.diskless.plugins.module_utils._boot_stub import stub
from ansible_collections.netboot.diskless.plugins.module_utils._bzimage import (
    CAN_USE_HEAP,
    TELLS_MEMORY,
    BzImage,
    ImageError,
    version_name,
)

SETUP = 0x10000
# The setup's segment: its code, then stack and heap up to here, then the command line.
HEAP_END = 0xE000
COMMAND_LINE = SETUP + HEAP_END
STUB = 0x20000
# Where NBI's header is kept.
HEADER = 0x20200
KERNEL = 0x100000
PAGE = 0x1000
# boot.rst gives this as the end of what every kernel for x86 can use: 896 MiB.
LAST = 0x37FFFFFF
# boot.rst, type_of_loader: one without a number of its own; vid_mode: what vga= means.
_UNDEFINED_LOADER = 0xFF
_VIDEO_MODES = {"normal": 0xFFFF, "ext": 0xFFFE, "ask": 0xFFFD}


@dataclass(frozen=True)
class Segment:
    """A piece of memory that a loader fills.

    Attributes:
        address: linear address of its first byte.
        data: what it begins with.
        memory: its length in bytes; what data leaves of it is zero.
    """

    address: int
    data: bytes
    memory: int

    @property
    def end(self) -> int:
        """The address behind it."""
        return self.address + self.memory


def lay_out(kernel: BzImage, command_line: str, initrd: bytes | None = None) -> list[Segment]:
    """The segments of an image, in the order of their addresses; the loader has to begin at STUB.

    Args:
        kernel: the kernel.
        command_line: its command line, of printable ASCII.
        initrd: its initial RAM disk.

    Raises:
        ImageError: it cannot work, with the reason.
    """
    line = _command_line(command_line, kernel)
    end = KERNEL + len(kernel.kernel)
    if end > LAST + 1:
        raise ImageError(f"the kernel is too large: it would end at {end:#x}, and the last address is {LAST:#x}")
    segments = [
        Segment(SETUP, b"", HEAP_END),
        Segment(COMMAND_LINE, line, len(line)),
        Segment(STUB, stub(STUB, SETUP, HEAP_END), HEADER - STUB),
        Segment(KERNEL, kernel.kernel, len(kernel.kernel)),
    ]
    if initrd is not None:
        segments.append(_initrd(kernel, initrd))
    header = _setup(kernel, _video_mode(command_line), segments[4] if initrd is not None else None)
    return [Segment(SETUP, header, HEAP_END), *segments[1:]]


def _command_line(text: str, kernel: BzImage) -> bytes:
    if not (text.isascii() and text.isprintable()):
        raise ImageError("the command line is not of printable ASCII on one line")
    longest = min(kernel.command_line_max, STUB - COMMAND_LINE - 1)
    if len(text) > longest:
        raise ImageError(f"the command line has {len(text)} characters; this kernel takes {longest}")
    return text.encode("ascii") + b"\0"


def _video_mode(command_line: str) -> int | None:
    """What vga= asks for, which the setup does before it reads the command line; None without it."""
    mode = None
    for word in command_line.split():
        name, _equals, value = word.partition("=")
        if name != "vga":
            continue
        try:
            mode = _VIDEO_MODES.get(value)
            mode = int(value, 0) if mode is None else mode
        except ValueError:
            mode = -1
        if not 0 <= mode <= 0xFFFF:
            raise ImageError(f"{word} is no video mode; boot.rst allows normal, ext, ask and numbers up to 0xffff")
    return mode


def _initrd(kernel: BzImage, initrd: bytes) -> Segment:
    """The RAM disk, behind all that the kernel uses before it has seen where its RAM disk is."""
    if not initrd:
        raise ImageError("the initial RAM disk is empty")
    if kernel.protocol < TELLS_MEMORY:
        raise ImageError(
            f"its boot protocol {kernel.protocol_name} does not tell what memory the kernel takes while it unpacks "
            f"itself, so that there is no safe place for an initial RAM disk; {version_name(TELLS_MEMORY)} "
            "(Linux 2.6.31) does"
        )
    behind = max(KERNEL + len(kernel.kernel), kernel.unpacked_end)
    start = (behind + PAGE - 1) // PAGE * PAGE
    last = min(kernel.initrd_last, LAST)
    if start + len(initrd) - 1 > last:
        raise ImageError(
            f"the initial RAM disk of {len(initrd)} bytes would lie from {start:#x} to {start + len(initrd) - 1:#x}; "
            f"this kernel and this layout allow {last:#x} as its last address"
        )
    return Segment(start, initrd, len(initrd))


def _setup(kernel: BzImage, video_mode: int | None, initrd: Segment | None) -> bytes:
    """The kernel's real-mode code with the fields that a loader has to fill in."""
    data = bytearray(kernel.setup)
    if video_mode is not None:
        struct.pack_into("<H", data, 0x1FA, video_mode)
    data[0x210] = _UNDEFINED_LOADER
    data[0x211] |= CAN_USE_HEAP
    if initrd:
        struct.pack_into("<II", data, 0x218, initrd.address, initrd.memory)
    struct.pack_into("<H", data, 0x224, HEAP_END - 0x200)
    struct.pack_into("<I", data, 0x228, COMMAND_LINE)
    return bytes(data)
