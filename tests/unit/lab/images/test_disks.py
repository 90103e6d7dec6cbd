# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A disk has the files of a directory, with their modes and times."""

import os
import subprocess
from pathlib import Path

from lab.images import disks


def ask(disk: Path, question: str) -> str:
    command = ["/sbin/debugfs", "-R", question, str(disk)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_a_disk_of_a_directory(tmp_path: Path) -> None:
    content = tmp_path / "content"
    content.mkdir()
    (content / "tool").write_text("text")
    (content / "tool").chmod(0o750)
    os.utime(content / "tool", (1_000_000_000, 1_000_000_000))
    disk = tmp_path / "some.disk"
    disks.make(disk, content, "64M")
    assert disk.stat().st_size == 64 << 20
    assert disk.stat().st_blocks * 512 < 32 << 20
    said = ask(disk, "stat tool")
    assert "Mode:  0750" in said
    assert "mtime: 0x3b9aca00" in said
    names = [line.split("/")[5] for line in ask(disk, "ls -p").splitlines() if line]
    assert sorted(names) == [".", "..", "tool"]
    subprocess.run(["/sbin/e2fsck", "-f", "-n", str(disk)], check=True, capture_output=True)
