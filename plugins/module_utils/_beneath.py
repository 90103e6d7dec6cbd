# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Working as root in a directory tree that somebody else may change at any time.

A slave is root on its own root file system. A symbolic link that it puts there, such as etc -> /etc, would lead a
program on the master out of that tree. Here each component of a path is opened by itself, relative to the one before
it, and none may be a symbolic link (open(2), O_NOFOLLOW); what was checked is also what is used, because the next step
starts at the file descriptor and not at the name. It is openat2(2)'s RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS, for which
Python has no function.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from types import TracebackType

ABSENT = "absent"
FILE = "file"
DIRECTORY = "directory"
LINK = "link"
OTHER = "other"
# Far more than a file of ours ever holds; a file of the slave's may be of any size.
LARGEST = 1 << 20


class BeneathError(Exception):
    """A path would lead out of the tree, or something that we do not touch is in its way; the text says which."""


def kind_of(mode: int) -> str:
    """What a file of this st_mode is: file, directory, link or other (a device, a pipe, a socket)."""
    kinds = {stat.S_IFREG: FILE, stat.S_IFDIR: DIRECTORY, stat.S_IFLNK: LINK}
    return kinds.get(stat.S_IFMT(mode), OTHER)


class Beneath:
    """The tree below one directory. Paths are relative to it, without a leading slash.

    Every method raises BeneathError when a directory on the way is a symbolic link or no directory at all.

    Args:
        root: an existing directory whose own path is not under somebody else's control.
    """

    def __init__(self, root: str) -> None:
        self.root = root
        self._descriptor = os.open(root, os.O_PATH | os.O_DIRECTORY)

    def __enter__(self) -> Beneath:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._descriptor)

    def status(self, relative: str) -> os.stat_result | None:
        """The state of a file, or of a symbolic link itself; None when there is none."""
        try:
            with self._parent(relative) as (parent, name):
                return os.stat(name, dir_fd=parent, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def kind(self, relative: str) -> str:
        """What is at a path: absent, file, directory, link or other."""
        status = self.status(relative)
        return kind_of(status.st_mode) if status else ABSENT

    def read(self, relative: str) -> bytes | None:
        """The bytes of a file, or None when there is no file, or something else in its place.

        Raises:
            BeneathError: it is larger than any file that is read here.
        """
        try:
            with self._parent(relative) as (parent, name):
                # O_PATH opens a device or a pipe without waking what is behind it.
                handle = os.open(name, os.O_PATH | os.O_NOFOLLOW, dir_fd=parent)
        except FileNotFoundError:
            return None
        try:
            if kind_of(os.fstat(handle).st_mode) != FILE:
                return None
            with open(f"/proc/self/fd/{handle}", "rb") as stream:
                data = stream.read(LARGEST + 1)
        finally:
            os.close(handle)
        if len(data) > LARGEST:
            raise BeneathError(f"{self.root}/{relative} is larger than {LARGEST} bytes; move it away and run again")
        return data

    def target(self, relative: str) -> str | None:
        """What a symbolic link says, or None when there is none."""
        try:
            with self._parent(relative) as (parent, name):
                return os.readlink(name, dir_fd=parent)
        except FileNotFoundError:
            return None
        except OSError as error:
            if error.errno == errno.EINVAL:
                return None
            raise

    def names(self, relative: str) -> list[str]:
        """The entries of a directory; none when there is no directory."""
        if self.kind(relative) == ABSENT:
            return []
        with self._directory(relative.split("/")) as descriptor:
            return sorted(os.listdir(f"/proc/self/fd/{descriptor}"))

    def make_directory(self, relative: str, mode: int) -> None:
        """Makes a directory of this mode, and those above it that are missing with 0755."""
        above, _slash, _name = relative.rpartition("/")
        if above and self.kind(above) == ABSENT:
            self.make_directory(above, 0o755)
        with self._parent(relative) as (parent, name):
            os.mkdir(name, 0o700, dir_fd=parent)
        # The mode is set afterwards, because mkdir(2) takes the umask's bits from it.
        with self._directory(relative.split("/")) as descriptor:
            os.chmod(f"/proc/self/fd/{descriptor}", mode)

    def write(self, relative: str, data: bytes, mode: int, group: int = 0) -> None:
        """Writes a file of root's by rename; a file or a symbolic link of that name is replaced, not followed."""
        with self._replacing(relative) as (parent, staged):
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
            with open(os.open(staged, flags, 0o600, dir_fd=parent), "wb") as stream:
                stream.write(data)
                stream.flush()
                os.fchown(stream.fileno(), 0, group)
                os.fchmod(stream.fileno(), mode)

    def link(self, relative: str, target: str) -> None:
        """Makes a symbolic link by rename; a file or a link of that name is replaced."""
        with self._replacing(relative) as (parent, staged):
            os.symlink(target, staged, dir_fd=parent)

    def make_device(self, relative: str, major: int, minor: int, mode: int) -> None:
        """Makes a character device of this mode, where there is nothing yet."""
        umask = os.umask(0)
        try:
            with self._parent(relative) as (parent, name):
                os.mknod(name, stat.S_IFCHR | mode, os.makedev(major, minor), dir_fd=parent)
        finally:
            os.umask(umask)

    def remove(self, relative: str) -> None:
        """Removes a file or a symbolic link, but no directory."""
        with self._no_directory(relative), self._parent(relative) as (parent, name):
            os.unlink(name, dir_fd=parent)

    @contextlib.contextmanager
    def _no_directory(self, relative: str) -> Iterator[None]:
        try:
            yield
        except IsADirectoryError as error:
            raise BeneathError(
                f"{self.root}/{relative} is a directory where none is wanted; move it away and run again"
            ) from error

    @contextlib.contextmanager
    def _replacing(self, relative: str) -> Iterator[tuple[int, str]]:
        """Gives the parent and a free name in it, and moves what was made there to its place."""
        with self._no_directory(relative), self._parent(relative) as (parent, name):
            staged = f".{name}.netboot"
            with contextlib.suppress(FileNotFoundError):
                os.unlink(staged, dir_fd=parent)
            yield parent, staged
            os.replace(staged, name, src_dir_fd=parent, dst_dir_fd=parent)

    @contextlib.contextmanager
    def _parent(self, relative: str) -> Iterator[tuple[int, str]]:
        *above, name = relative.split("/")
        if name in ("", ".", ".."):
            raise BeneathError(f"{relative!r} names no file below {self.root}")
        with self._directory(above) as descriptor:
            yield descriptor, name

    @contextlib.contextmanager
    def _directory(self, components: list[str]) -> Iterator[int]:
        current = os.dup(self._descriptor)
        try:
            for number, name in enumerate(components, 1):
                below = self._open_directory(current, name, "/".join([self.root, *components[:number]]))
                os.close(current)
                current = below
            yield current
        finally:
            os.close(current)

    def _open_directory(self, parent: int, name: str, shown: str) -> int:
        if name in ("", ".", ".."):
            raise BeneathError(f"{shown} is not a plain path below {self.root}")
        try:
            return os.open(name, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=parent)
        except OSError as error:
            if error.errno in (errno.ENOTDIR, errno.ELOOP):
                raise BeneathError(
                    f"{shown} is a symbolic link or a file where a directory is wanted; it is not followed, "
                    "because it could lead out of the slave's root. Make it a directory and run again"
                ) from error
            raise
