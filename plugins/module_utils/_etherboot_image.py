# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Images for Etherboot's ROMs: a kernel, its command line and its initial RAM disk in one file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from ansible_collections.netboot.diskless.plugins.module_utils._bzimage import read_bzimage
from ansible_collections.netboot.diskless.plugins.module_utils._kernel_image import release
from ansible_collections.netboot.diskless.plugins.module_utils._tagged_elf import read_elf, write_elf
from ansible_collections.netboot.diskless.plugins.module_utils._tagged_layout import (
    COMMAND_LINE,
    KERNEL,
    SETUP,
    STUB,
    Segment,
    lay_out,
)
from ansible_collections.netboot.diskless.plugins.module_utils._tagged_nbi import read_nbi, write_nbi

_WRITERS: dict[str, Callable[[Sequence[Segment], int], bytes]] = {"elf": write_elf, "nbi": write_nbi}
_READERS: dict[str, Callable[[bytes], list[Segment] | None]] = {"elf": read_elf, "nbi": read_nbi}
FORMATS = tuple(_WRITERS)


class Told(NamedTuple):
    """What an image is, for people.

    Attributes:
        format: elf or nbi.
        release: of the kernel.
        command_line: of the kernel.
        kernel_bytes: the kernel's length without its real-mode code.
        initrd_bytes: the RAM disk's length, 0 without one.
        initrd_address: the RAM disk's place, 0 without one.
        memory_end: the address behind all that the loader fills; a slave needs more memory than that.
    """

    format: str
    release: str
    command_line: str
    kernel_bytes: int
    initrd_bytes: int
    initrd_address: int
    memory_end: int


def make(form: str, kernel: bytes, command_line: str, initrd: bytes | None = None) -> bytes:
    """The bytes of an image.

    Args:
        form: one of FORMATS.
        kernel: a bzImage.
        command_line: of printable ASCII.
        initrd: the initial RAM disk.

    Raises:
        ImageError: of these no image can be made.
    """
    return _WRITERS[form](lay_out(read_bzimage(kernel), command_line, initrd), STUB)


def tell(data: bytes) -> Told | None:
    """What an image of ours is; None of any other file."""
    return next((told for form, read in _READERS.items() if (told := _told(form, read(data)))), None)


def _told(form: str, segments: list[Segment] | None) -> Told | None:
    found = {segment.address: segment for segment in segments or ()}
    if not {SETUP, COMMAND_LINE, STUB, KERNEL} <= found.keys():
        return None
    behind = [segment for segment in found.values() if segment.address > KERNEL]
    return Told(
        format=form,
        release=release(found[SETUP].data),
        command_line=found[COMMAND_LINE].data.split(b"\0", 1)[0].decode("ascii", errors="replace"),
        kernel_bytes=len(found[KERNEL].data),
        initrd_bytes=behind[0].memory if behind else 0,
        initrd_address=behind[0].address if behind else 0,
        memory_end=max(segment.end for segment in found.values()),
    )
