# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Measuring file trees: how much they hold, and a stamp that changes when they do."""

from __future__ import annotations

import fnmatch
import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Measure:
    """What a set of trees holds.

    Args:
        stamp: digest over every entry's path, size, mode and time of change.
        bytes: sum of the space that the files occupy.
        inodes: number of entries.
    """

    stamp: str
    bytes: int
    inodes: int


def _excluded(path: str, name: str, exclude: list[str]) -> bool:
    return any(fnmatch.fnmatch(path if "/" in pattern else name, pattern) for pattern in exclude)


def _entries(directory: str, exclude: list[str]) -> Iterator[os.DirEntry[str]]:
    try:
        listing = os.scandir(directory)
    except OSError:
        return
    with listing:
        for entry in listing:
            if _excluded(entry.path, entry.name, exclude):
                continue
            yield entry
            if entry.is_dir(follow_symlinks=False):
                yield from _entries(entry.path, exclude)


def measure(roots: list[str], exclude: list[str]) -> Measure:
    """Measures trees by their metadata alone; Linux's 80 000 source files take about a second.

    Directories' own times are left out: they change when a file that is excluded comes and goes.

    Args:
        roots: directories to walk; a symbolic link or a missing one is passed over.
        exclude: names, or absolute paths when they hold a slash, with shell wildcards.
    """
    combined = size = inodes = 0
    for root in roots:
        if os.path.islink(root):
            continue
        for entry in _entries(root, exclude):
            try:
                status = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue  # It went away meanwhile.
            directory = stat.S_ISDIR(status.st_mode)
            line = f"{entry.path} {status.st_mode:o}"
            if not directory:
                line += f" {status.st_size} {status.st_mtime_ns}"
            # Added up, so that the order in which a directory lists its entries does not matter.
            combined += int.from_bytes(
                hashlib.blake2b(line.encode(errors="surrogateescape"), digest_size=16).digest(), "big"
            )
            size += status.st_blocks * 512
            inodes += 1
    return Measure(f"{combined % (1 << 128):032x}", size, inodes)
