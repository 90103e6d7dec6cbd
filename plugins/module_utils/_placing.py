# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Placing a part's files as one change: plan, refuse, stage, validate, swap by rename, restore when a step fails.

Nothing here knows Ansible. The order of the steps is what makes a kill at any moment harmless: the ledger claims new
paths before they appear, every file is complete and validated under a temporary name before any is swapped in, and
what is replaced or removed is kept below the state directory.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shlex
import shutil
import stat
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from ansible_collections.netboot.diskless.plugins.module_utils import _files
from ansible_collections.netboot.diskless.plugins.module_utils._files import read_file
from ansible_collections.netboot.diskless.plugins.module_utils._ledger import FOREIGN, Ledger, ownership, sha256


class PlacingError(Exception):
    """Nothing was changed, or all changes were taken back; the text says why, one problem a line."""


@dataclass(frozen=True)
class WantedFile:
    """A file as it shall be.

    content is None for a copy of source whose source does not exist yet (a package not installed in check mode).
    validate_as is the user that the checker runs as; "" for the one who runs this.
    validate_within is somebody else's file that includes this one: the checker judges a copy of that one, with this
    file's new version in it.
    """

    path: str
    content: bytes | None
    mode: int = 0o644
    owner: str = "root"
    group: str = "root"
    validate: str = ""
    validate_as: str = ""
    validate_within: str = ""


@dataclass(frozen=True)
class WantedDirectory:
    """A directory as it shall be; its content is not looked at."""

    path: str
    mode: int = 0o755
    owner: str = "root"
    group: str = "root"


@dataclass
class Plan:
    """What would change: directories to make or mend, files to write, files to mend (mode, owner), files to remove."""

    directories: list[WantedDirectory] = field(default_factory=list)
    write: list[WantedFile] = field(default_factory=list)
    mend: list[WantedFile] = field(default_factory=list)
    remove: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.directories or self.write or self.mend or self.remove)


def _attributes(wanted: WantedFile | WantedDirectory) -> tuple[int, int, int]:
    ids = _files.ids(wanted.owner, wanted.group)
    if ids is None:
        raise PlacingError(f"{wanted.path}: there is no user {wanted.owner} or no group {wanted.group} here")
    return (*ids, wanted.mode)


def _attributes_differ(path: str, wanted: WantedFile | WantedDirectory) -> bool:
    owner, group, mode = _files.attributes_of(path)
    ids = _files.ids(wanted.owner, wanted.group)
    differ = mode != wanted.mode or (ids is not None and (owner, group) != ids)
    return differ and _files.keeps_attributes(os.path.realpath(path))


def _obstacle(path: str) -> str:
    """What is in the way of a file: something else in its place, or no directory to put it in."""
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return ""
    except NotADirectoryError:
        return f"{path} cannot be written: a part of its path is no directory"
    if stat.S_ISREG(mode):
        return ""
    kinds = {stat.S_IFDIR: "a directory", stat.S_IFLNK: "a symbolic link"}
    return f"{path} is {kinds.get(stat.S_IFMT(mode), 'no file')}; a file is wanted there, move it away and run again"


def _directory_problems(directories: list[WantedDirectory]) -> list[str]:
    """A symbolic link to a directory is as good as one: where a site keeps its files is its own affair."""
    return [
        f"{directory.path} is in the way: a directory is wanted there"
        for directory in directories
        if os.path.lexists(directory.path) and not os.path.isdir(directory.path)
    ]


def _compare(
    wanted: WantedFile, plan: Plan, recorded: dict[str, str], package_root: str, shipped: dict[str, list[str]] | None
) -> str:
    """Enters in the plan what a file takes; returns what is in its way, or an empty string."""
    obstacle = _obstacle(wanted.path)
    if obstacle:
        return obstacle
    if wanted.content is not None and read_file(wanted.path) == wanted.content:
        if _attributes_differ(wanted.path, wanted):
            plan.mend.append(wanted)
        return ""
    plan.write.append(wanted)
    if ownership(wanted.path, recorded, wanted.content, package_root, shipped) != FOREIGN:
        return ""
    return (
        f"{wanted.path} was neither written by netboot.diskless nor left as its package shipped it; "
        "move it away (or its settings into the inventory) and run again"
    )


def make_plan(
    files: list[WantedFile],
    directories: list[WantedDirectory],
    recorded: dict[str, str],
    package_root: str = "/",
    shipped: dict[str, list[str]] | None = None,
) -> Plan:
    """Compares what is wanted with what is there.

    Args:
        files: every file of the part.
        directories: every directory of the part.
        recorded: the part's ledger.
        package_root: where the package databases are looked for.
        shipped: by path, what files say that packages' scripts make.

    Raises:
        PlacingError: a file is somebody else's, or something that is no file or directory is in the way.
    """
    plan = Plan()
    paths = Counter(wanted.path for wanted in files)
    problems = [f"{path} is wanted twice, by two entries of one part" for path, count in paths.items() if count > 1]
    problems += _directory_problems(directories)
    problems += [_compare(wanted, plan, recorded, package_root, shipped) for wanted in files]
    if any(problems):
        raise PlacingError("\n".join(problem for problem in problems if problem))
    for directory in directories:
        if not os.path.isdir(directory.path) or _attributes_differ(directory.path, directory):
            plan.directories.append(directory)
    # What is no file any more is not what we wrote there.
    plan.remove = sorted(
        path for path in recorded if path not in paths and os.path.lexists(path) and not _obstacle(path)
    )
    return plan


@contextlib.contextmanager
def _judged(staged: str, wanted: WantedFile) -> Iterator[str]:
    """The file that a checker shall read: the staged one, or for a moment a copy of the file that includes it."""
    outer = read_file(wanted.validate_within) if wanted.validate_within else None
    if not outer or wanted.path.encode() not in outer:
        yield staged
        return
    judged = f"{staged}.within"
    # That file may hold keys, and its folder is open to everybody.
    with open(os.open(judged, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as stream:
        stream.write(outer.replace(wanted.path.encode(), staged.encode()))
    try:
        yield judged
    finally:
        os.unlink(judged)


def _validate(staged: str, wanted: WantedFile) -> str:
    """The complaint of the daemon's own checker about a staged file, or an empty string."""
    with _judged(staged, wanted) as judged:
        command = [part.replace("%s", judged) for part in shlex.split(wanted.validate)]
        if wanted.validate_as:
            command = ["runuser", "-u", wanted.validate_as, "--", *command]
        try:
            done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
        except OSError as error:
            return f"{wanted.path}: its checker {command[0]} cannot be run: {error.strerror}"
    if done.returncode == 0:
        return ""
    return f"{wanted.path} is refused by its checker ({wanted.validate}):\n{(done.stdout + done.stderr).strip()}"


@contextlib.contextmanager
def _scratch(directory: str) -> Iterator[str]:
    """A folder for a moment: in directory, which keeps its times, or where temporary files go if that cannot be.

    A checker that the system confines, as Debian's AppArmor does dhcpd, reads files of its own folder only.
    """
    try:
        before = os.stat(directory)
        scratch = tempfile.mkdtemp(prefix=".netboot-check-", dir=directory)
    except OSError:
        with tempfile.TemporaryDirectory(prefix="netboot-check-") as elsewhere:
            yield elsewhere
        return
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch)
        os.utime(directory, ns=(before.st_atime_ns, before.st_mtime_ns))


def _let_read(scratch: str, staged: str, wanted: WantedFile) -> None:
    """Gives a file to judge the owner that it shall have, so that a checker of another user reads it in its folder."""
    ids = _files.ids(wanted.owner, wanted.group)
    if wanted.validate_as and ids is not None:
        os.chown(scratch, *ids)
        os.chmod(scratch, 0o750)
        _files.set_attributes(staged, (*ids, wanted.mode))


def check(files: list[WantedFile]) -> None:
    """Lets each file's checker judge it from a scratch folder, for check mode.

    Files whose checker is not installed yet are passed over: in check mode its package may be a change still to come.

    Raises:
        PlacingError: a checker refuses its file.
    """
    problems = []
    for wanted in files:
        if not wanted.validate or wanted.content is None or not shutil.which(shlex.split(wanted.validate)[0]):
            continue
        directory, name = os.path.split(wanted.path)
        with _scratch(directory) as scratch:
            staged = os.path.join(scratch, name)
            with open(staged, "wb") as stream:
                stream.write(wanted.content)
            _let_read(scratch, staged, wanted)
            complaint = _validate(staged, wanted)
        if complaint:
            problems.append(complaint)
    if problems:
        raise PlacingError("\n".join(problems))


class Placer:
    """Carries a plan out below one state directory.

    Args:
        state_directory: where ledgers and former versions are kept.
        part: name of the part whose files these are.
    """

    def __init__(self, state_directory: str, part: str) -> None:
        self.ledger = Ledger(state_directory, part)
        self.backups = os.path.join(state_directory, "former")

    def settle(self, files: list[WantedFile]) -> bool:
        """Brings the ledger to exactly these files; says whether it had to change."""
        entries = {wanted.path: sha256(wanted.content) for wanted in files if wanted.content is not None}
        if entries == self.ledger.read():
            return False
        self._write_ledger(entries)
        return True

    def apply(self, plan: Plan) -> None:
        """Carries the plan out, or takes back what it did: directories, files, their modes and owners, the ledger.

        Raises:
            PlacingError: a checker refused a file, or a step failed; everything is as it was, unless the text says
                what could not be taken back.
        """
        try:
            # What is called back here happens in the reverse order, and only when a step fails.
            with contextlib.ExitStack() as undo:
                try:
                    self._carry_out(plan, undo)
                except OSError as error:
                    raise PlacingError(f"{_told(error)}; all files are as they were") from error
                undo.pop_all()
        except OSError as error:
            raise PlacingError(
                f"{error.__context__}, but not all: {_told(error)}. Former versions are in {self.backups}"
            ) from error

    def _carry_out(self, plan: Plan, undo: contextlib.ExitStack) -> None:
        for directory in plan.directories:
            self._make_directories(directory.path, undo)
            self._mend(directory, undo)
        for wanted in plan.write:
            self._stage(wanted, undo)
        complaints = [_validate(_files.staged_name(wanted.path), wanted) for wanted in plan.write if wanted.validate]
        if any(complaints):
            raise PlacingError("\n".join(complaint for complaint in complaints if complaint))
        self._claim(plan.write, undo)
        for wanted in plan.write:
            self._keep(wanted.path, undo)
            os.replace(_files.staged_name(wanted.path), wanted.path)
        for wanted in plan.mend:
            self._mend(wanted, undo)
        for path in plan.remove:
            self._keep(path, undo)
            os.unlink(path)

    def _make_directories(self, path: str, undo: contextlib.ExitStack) -> None:
        _files.make_directories(path, lambda made: undo.callback(os.rmdir, made))

    def _mend(self, wanted: WantedFile | WantedDirectory, undo: contextlib.ExitStack) -> None:
        undo.callback(_files.set_attributes, wanted.path, _files.attributes_of(wanted.path))
        _files.set_attributes(wanted.path, _attributes(wanted))

    def _stage(self, wanted: WantedFile, undo: contextlib.ExitStack) -> None:
        if wanted.content is None:
            raise PlacingError(f"{wanted.path}: the file that it is a copy of does not exist")
        self._make_directories(os.path.dirname(wanted.path), undo)
        undo.callback(_unlink_if_there, _files.stage(wanted.path, wanted.content, _attributes(wanted)))

    def _claim(self, files: list[WantedFile], undo: contextlib.ExitStack) -> None:
        """Enters new paths before they appear, so that a run that is killed leaves no file that nobody owns."""
        recorded = self.ledger.read()
        claimed = {wanted.path: sha256(wanted.content) for wanted in files if wanted.content is not None}
        if claimed:
            if os.path.exists(self.ledger.path):
                undo.callback(self._write_ledger, recorded)
            else:
                undo.callback(_unlink_if_there, self.ledger.path)
            self._write_ledger({**recorded, **claimed})

    def _write_ledger(self, entries: dict[str, str]) -> None:
        _files.write_whole(self.ledger.path, self.ledger.content(entries), 0o600)

    def _keep(self, path: str, undo: contextlib.ExitStack) -> None:
        """Keeps the present version of a file with its mode and owner, in a folder that only root can enter."""
        if not os.path.lexists(path):
            undo.callback(_unlink_if_there, path)
            return
        _files.make_directories(self.backups)
        os.chmod(self.backups, 0o700)
        kept = os.path.join(self.backups, path.lstrip("/"))
        _files.make_directories(os.path.dirname(kept))
        _files.copy_whole(path, kept)
        undo.callback(_files.copy_whole, kept, path)


def _told(error: OSError) -> str:
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror} {errno.errorcode.get(error.errno or 0, '')}".rstrip()


def _unlink_if_there(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
