# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What several tests of this tree share: who runs them, and a picture of a directory tree."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="makes devices and files of other owners: run it as root")


def picture(directory: Path) -> dict[str, str]:
    """Every entry below a directory by its relative path: kind and mode, owner, and content, target or device."""
    found = {}
    for path in sorted(directory.rglob("*")):
        status = path.lstat()
        if stat.S_ISREG(status.st_mode):
            content = path.read_bytes().hex()
        elif stat.S_ISLNK(status.st_mode):
            content = os.readlink(path)
        else:
            content = str(status.st_rdev)
        relative = str(path.relative_to(directory))
        found[relative] = f"{status.st_mode:o} {status.st_uid}:{status.st_gid} {content}"
    return found
