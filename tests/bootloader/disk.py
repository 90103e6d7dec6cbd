# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A disk that a PC's BIOS can boot from."""

from __future__ import annotations

import subprocess
from pathlib import Path

START = 1 << 20
"""Where the partition begins, in bytes. All partitioning programs leave so much: a boot loader's place."""


def make(disk: Path, content: Path, mib: int, identity: str) -> None:
    """Make a sparse disk with a partition table as of MBR, whose one partition is ext4 and holds *content*.

    :param mib: size of the disk
    :param identity: UUID of the file system
    """
    disk.parent.mkdir(parents=True, exist_ok=True)
    with disk.open("wb") as stream:
        stream.truncate(mib << 20)
    table = f"label: dos\nunit: sectors\nstart={START // 512}, type=83, bootable\n"
    subprocess.run(["/sbin/sfdisk", "--quiet", str(disk)], input=table, text=True, check=True)
    options = ["-q", "-F", "-m", "0", "-i", "8192", "-U", identity, "-E", f"lazy_itable_init=1,offset={START}"]
    command = ["/sbin/mkfs.ext4", *options, "-d", str(content), str(disk), f"{mib - 2}M"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def copy(source: Path, target: Path) -> None:
    """Copy a disk whole, or not at all; its holes stay holes."""
    part = target.with_suffix(".part")
    subprocess.run(["cp", "--sparse=always", str(source), str(part)], check=True)
    part.rename(target)
