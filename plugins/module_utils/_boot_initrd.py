# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The initial RAM disk of a kernel of ours: made by the distribution's own tool, and checked against the kernel."""

from __future__ import annotations

import os
import shutil
import subprocess

from ansible_collections.netboot.diskless.plugins.module_utils import _files
from ansible_collections.netboot.diskless.plugins.module_utils._boot_entry import BootError

# dracut(8); initramfs-tools' mkinitramfs(8). Both take the modules of the release that they are told.
TOOLS = {
    "dracut": ["dracut", "--force", "{target}", "{release}"],
    "mkinitramfs": ["mkinitramfs", "-o", "{target}", "{release}"],
}
# What an archive begins with, and the symbol of a kernel that can unpack it (init/initramfs.c, lib/decompress.c).
PACKERS = {
    b"\x1f\x8b": "RD_GZIP",
    b"\x28\xb5\x2f\xfd": "RD_ZSTD",
    b"\xfd7zXZ": "RD_XZ",
    b"\x02\x21\x4c\x18": "RD_LZ4",
    b"BZh": "RD_BZIP2",
    b"\x5d\x00\x00": "RD_LZMA",
    b"\x89LZO": "RD_LZO",
}
NEWC = (b"070701", b"070702")


def tool(path: str | None = None) -> str:
    """The tool that there is.

    Raises:
        BootError: there is none.
    """
    found = next((name for name in TOOLS if shutil.which(name, path=path)), "")
    if not found:
        raise BootError(
            "the running kernel was started with an initial RAM disk, so the new one may not find its root without; "
            "but there is neither dracut nor mkinitramfs to make one. Install dracut (Gentoo: sys-kernel/dracut) or "
            "initramfs-tools, or, if all that the root needs is built in, set master_kernel_initramfs: never"
        )
    return found


def _after_archive(data: bytes) -> int:
    """Where an uncompressed cpio archive ends, its padding included (Documentation/driver-api/early-userspace)."""
    position = 0
    while data[position : position + 6] in NEWC:
        size, name_size = (int(data[position + start : position + start + 8], 16) for start in (54, 94))
        name = data[position + 110 : position + 110 + name_size - 1]
        position += 110 + name_size
        position += -position % 4 + size
        position += -position % 4
        if name == b"TRAILER!!!":
            while data[position : position + 1] == b"\0":
                position += 1
            break
    return position


def packer(data: bytes) -> str:
    """The symbol that a kernel needs to unpack a RAM disk, of its last part when microcode comes first; "" for none."""
    while data[:6] in NEWC:
        rest = data[_after_archive(data) :]
        if not rest:
            return ""
        data = rest
    return next((symbol for magic, symbol in PACKERS.items() if data.startswith(magic)), "an unknown packer")


def problem(data: bytes, symbols: dict[str, str]) -> str:
    """Why a kernel with these symbols could not use this RAM disk, or an empty text."""
    wanted = ["BLK_DEV_INITRD", *filter(None, [packer(data)])]
    lacking = [symbol for symbol in wanted if symbols.get(symbol, "n") != "y"]
    return f"its initial RAM disk needs {', '.join(lacking)} of it, which are not y" if lacking else ""


def make(release: str, target: str, symbols: dict[str, str]) -> None:
    """Makes the RAM disk of a release, whole or not at all.

    Args:
        release: the kernel's, whose modules are installed.
        target: where it goes.
        symbols: the kernel's configuration.

    Raises:
        BootError: there is no tool, it fails, or the kernel could not use what it made.
    """
    staged = _files.staged_name(target)
    command = [word.format(target=staged, release=release) for word in TOOLS[tool()]]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    try:
        if done.returncode:
            end = "\n".join((done.stdout + done.stderr).strip().splitlines()[-10:])
            raise BootError(f"{' '.join(command)} failed with {done.returncode}:\n{end}")
        told = problem(_files.read_file(staged) or b"", symbols)
        if told:
            raise BootError(f"the new kernel would not come up: {told}; set them to y in master_kernel_symbols")
        os.chmod(staged, 0o600)
        os.replace(staged, target)
    finally:
        if os.path.lexists(staged):
            os.unlink(staged)
