# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Disks for emulated machines."""

import subprocess
from pathlib import Path


def make(disk: Path, content: Path, size: str) -> None:
    """Make a sparse ext4 disk without partitions that holds a copy of *content*, and nothing else.

    :param size: as mkfs.ext4(8) takes it; what is not written takes no space
    """
    disk.parent.mkdir(parents=True, exist_ok=True)
    disk.unlink(missing_ok=True)
    options = ["-q", "-F", "-m", "0", "-i", "8192", "-E", "lazy_itable_init=1,nodiscard"]
    command = ["/sbin/mkfs.ext4", *options, "-d", str(content), str(disk), size]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    # a tree with one directory more is another tree to those who compare
    command = ["/sbin/debugfs", "-w", "-R", "rmdir /lost+found", str(disk)]
    subprocess.run(command, check=True, capture_output=True)
