# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writing and copying whole files: each is complete under a temporary name before it takes its place by rename.

The temporary name follows from the file's own, so that what a killed run leaves behind is used up by the next.
"""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import shutil
import stat
from collections.abc import Callable


def read_file(path: str) -> bytes | None:
    """The bytes of a file, or None when there is none."""
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except FileNotFoundError:
        return None


def ids(owner: str, group: str) -> tuple[int, int] | None:
    """Numeric owner and group, or None when one of them does not exist here (yet)."""
    try:
        return pwd.getpwnam(owner).pw_uid, grp.getgrnam(group).gr_gid
    except KeyError:
        return None


def make_directories(path: str, made: Callable[[str], object] = lambda path: None) -> None:
    """Makes a directory and those above it that are missing, all of mode 0755 whatever the umask is.

    Args:
        path: absolute path.
        made: is called with each directory that was made, the uppermost first.
    """
    if os.path.isdir(path):
        return
    make_directories(os.path.dirname(path), made)
    os.mkdir(path)
    made(path)
    os.chmod(path, 0o755)


def set_attributes(path: str, attributes: tuple[int, int, int]) -> None:
    """Gives a file or directory its owner, group and mode; the mode comes last, because chown(2) clears bits of it."""
    owner, group, mode = attributes
    os.chown(path, owner, group)
    os.chmod(path, mode)


def attributes_of(path: str) -> tuple[int, int, int]:
    """Owner, group and mode of a file or directory; a symbolic link stands for what it points to."""
    status = os.stat(path)
    return status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)


def keeps_attributes(path: str, mounts: str = "/proc/self/mountinfo") -> bool:
    """Whether the file system at path keeps the owner and mode of files; FAT, as on an EFI system partition, does not.

    Args:
        path: absolute path, which need not exist.
        mounts: the mounts of this process, in their order (proc(5)).
    """
    best, kind = "", ""
    with open(mounts, encoding="utf-8", errors="replace") as stream:
        for line in stream:
            before, _dash, after = line.partition(" - ")
            place = before.split()[4]
            if len(place) >= len(best) and (place == "/" or path == place or path.startswith(f"{place}/")):
                best, kind = place, after.split()[0]
    return kind not in ("vfat", "msdos", "exfat")


def staged_name(path: str) -> str:
    """The temporary name beside a file, under which its next version is made."""
    directory, name = os.path.split(path)
    return os.path.join(directory, f".{name}.netboot")


def stage(path: str, content: bytes, attributes: tuple[int, int, int]) -> str:
    """Writes a complete file beside its target, where only root can read it until it has its attributes.

    Returns:
        Its temporary name.
    """
    staged = staged_name(path)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(staged)
    descriptor = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with open(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        set_attributes(staged, attributes)
    except BaseException:
        os.unlink(staged)
        raise
    return staged


def write_whole(path: str, content: bytes, mode: int = 0o644) -> None:
    """Writes one of our own records by rename."""
    make_directories(os.path.dirname(path))
    os.replace(stage(path, content, (os.geteuid(), os.getegid(), mode)), path)


def copy_whole(source: str, target: str) -> None:
    """Copies a file with mode, owner and times, by rename. The directory of the target exists."""
    staged = staged_name(target)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(staged)
    # Made by us and closed to others before it holds anything.
    os.close(os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600))
    try:
        shutil.copyfile(source, staged)
        set_attributes(staged, attributes_of(source))
        status = os.stat(source)
        os.utime(staged, ns=(status.st_atime_ns, status.st_mtime_ns))
        os.replace(staged, target)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(staged)
        raise
