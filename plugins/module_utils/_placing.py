# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Placing a part's files as one change: plan, refuse, stage, validate, swap by rename, restore when a step fails.

Nothing here knows Ansible. The order of the steps is what makes a kill at any moment harmless: the ledger claims new
paths before they appear, every file is complete and validated under a temporary name before any is swapped in, and
what is replaced or removed is kept below the state directory.
"""

from __future__ import annotations

import errno
import grp
import os
import pwd
import shlex
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass, field

from ansible_collections.netboot.diskless.plugins.module_utils._ledger import FOREIGN, Ledger, ownership, sha256


class PlacingError(Exception):
    """Nothing was changed, or all changes were taken back; the text says why, one problem a line."""


@dataclass(frozen=True)
class WantedFile:
    """A file as it shall be.

    content is None for a copy of source whose source does not exist yet (a package not installed in check mode).
    """

    path: str
    content: bytes | None
    mode: int = 0o644
    owner: str = "root"
    group: str = "root"
    validate: str = ""


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


def _ids(owner: str, group: str) -> tuple[int, int] | None:
    """Numeric owner and group, or None when one of them does not exist here (yet)."""
    try:
        return pwd.getpwnam(owner).pw_uid, grp.getgrnam(group).gr_gid
    except KeyError:
        return None


def _attributes_differ(path: str, wanted: WantedFile | WantedDirectory) -> bool:
    status = os.lstat(path)
    ids = _ids(wanted.owner, wanted.group)
    return stat.S_IMODE(status.st_mode) != wanted.mode or (ids is not None and (status.st_uid, status.st_gid) != ids)


def read_file(path: str) -> bytes | None:
    """The bytes of a file, or None when there is none."""
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except FileNotFoundError:
        return None


def make_plan(
    files: list[WantedFile], directories: list[WantedDirectory], recorded: dict[str, str], package_root: str = "/"
) -> Plan:
    """Compares what is wanted with what is there.

    Raises:
        PlacingError: a file is somebody else's, or something that is no file or directory is in the way.
    """
    plan = Plan()
    problems: list[str] = []
    for directory in directories:
        if os.path.lexists(directory.path) and not os.path.isdir(directory.path):
            problems.append(f"{directory.path} is in the way: a directory is wanted there")
        elif not os.path.isdir(directory.path) or _attributes_differ(directory.path, directory):
            plan.directories.append(directory)
    for wanted in files:
        if os.path.isdir(wanted.path):
            problems.append(f"{wanted.path} is a directory: a file is wanted there")
            continue
        current = read_file(wanted.path)
        if wanted.content is None or current != wanted.content:
            if ownership(wanted.path, recorded, wanted.content, package_root) == FOREIGN:
                problems.append(
                    f"{wanted.path} was neither written by netboot.diskless nor left as its package shipped it; "
                    "move it away (or its settings into the inventory) and run again"
                )
            plan.write.append(wanted)
        elif _attributes_differ(wanted.path, wanted):
            plan.mend.append(wanted)
    if problems:
        raise PlacingError("\n".join(problems))
    kept = {wanted.path for wanted in files}
    plan.remove = sorted(path for path in recorded if path not in kept and os.path.lexists(path))
    return plan


def _validate(staged: str, wanted: WantedFile) -> str:
    """The complaint of the daemon's own checker about a staged file, or an empty string."""
    command = [part.replace("%s", staged) for part in shlex.split(wanted.validate)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    except OSError as error:
        return f"{wanted.path}: its checker {command[0]} cannot be run: {error.strerror}"
    if done.returncode == 0:
        return ""
    return f"{wanted.path} is refused by its checker ({wanted.validate}):\n{(done.stdout + done.stderr).strip()}"


def check(files: list[WantedFile]) -> None:
    """Lets each file's checker judge it from a scratch folder, for check mode.

    Files whose checker is not installed yet are passed over: in check mode its package may be a change still to come.

    Raises:
        PlacingError: a checker refuses its file.
    """
    problems = []
    with tempfile.TemporaryDirectory(prefix="netboot-check-") as scratch:
        for number, wanted in enumerate(files):
            if not wanted.validate or wanted.content is None or not shutil.which(shlex.split(wanted.validate)[0]):
                continue
            staged = os.path.join(scratch, f"{number}-{os.path.basename(wanted.path)}")
            with open(staged, "wb") as stream:
                stream.write(wanted.content)
            complaint = _validate(staged, wanted)
            if complaint:
                problems.append(complaint)
    if problems:
        raise PlacingError("\n".join(problems))


def _stage(wanted: WantedFile, content: bytes) -> str:
    """Writes a complete file beside its target and returns its temporary path."""
    directory, name = os.path.split(wanted.path)
    descriptor, staged = tempfile.mkstemp(prefix=f".{name}.", suffix=".netboot", dir=directory)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        _set_attributes(staged, wanted)
    except BaseException:
        os.unlink(staged)
        raise
    return staged


def _set_attributes(path: str, wanted: WantedFile | WantedDirectory) -> None:
    ids = _ids(wanted.owner, wanted.group)
    if ids is None:
        raise PlacingError(f"{wanted.path}: there is no user {wanted.owner} or no group {wanted.group} here")
    os.chown(path, *ids)
    os.chmod(path, wanted.mode)


def _write_whole(path: str, content: bytes, mode: int = 0o644) -> None:
    """Writes one of our own records by rename."""
    os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
    os.replace(_stage(WantedFile(path, content, mode), content), path)


def _copy_whole(source: str, target: str) -> None:
    """Copies a file with mode, owner and times, by rename."""
    os.makedirs(os.path.dirname(target), mode=0o755, exist_ok=True)
    descriptor, staged = tempfile.mkstemp(dir=os.path.dirname(target))
    os.close(descriptor)
    status = os.lstat(source)
    shutil.copy2(source, staged, follow_symlinks=False)
    os.chown(staged, status.st_uid, status.st_gid)
    os.replace(staged, target)


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
        _write_whole(self.ledger.path, self.ledger.content(entries), 0o600)
        return True

    def apply(self, plan: Plan) -> None:
        """Carries the plan out, or takes back what it did.

        Raises:
            PlacingError: a checker refused a file (nothing was swapped), or a swap failed (all were taken back).
        """
        for directory in plan.directories:
            os.makedirs(directory.path, mode=0o755, exist_ok=True)
            _set_attributes(directory.path, directory)
        staged: dict[str, str] = {}
        try:
            self._stage_all(plan.write, staged)
            self._claim(plan.write)
            self._swap_all(plan, staged)
        finally:
            for leftover in staged.values():
                if os.path.exists(leftover):
                    os.unlink(leftover)

    def _stage_all(self, files: list[WantedFile], staged: dict[str, str]) -> None:
        problems = []
        for wanted in files:
            if wanted.content is None:
                raise PlacingError(f"{wanted.path}: the file that it is a copy of does not exist")
            os.makedirs(os.path.dirname(wanted.path), mode=0o755, exist_ok=True)
            staged[wanted.path] = _stage(wanted, wanted.content)
            complaint = _validate(staged[wanted.path], wanted) if wanted.validate else ""
            if complaint:
                problems.append(complaint)
        if problems:
            raise PlacingError("\n".join(problems))

    def _claim(self, files: list[WantedFile]) -> None:
        """Enters new paths before they appear, so that a run that is killed leaves no file that nobody owns."""
        recorded = self.ledger.read()
        claimed = {wanted.path: sha256(wanted.content) for wanted in files if wanted.content is not None}
        if claimed:
            _write_whole(self.ledger.path, self.ledger.content(recorded | claimed), 0o600)

    def _keep(self, path: str) -> None:
        """Keeps the present version of a file with its mode and owner, in a folder that only root can enter."""
        if os.path.lexists(path):
            os.makedirs(self.backups, mode=0o700, exist_ok=True)
            _copy_whole(path, os.path.join(self.backups, path.lstrip("/")))

    def _swap_all(self, plan: Plan, staged: dict[str, str]) -> None:
        done: list[str] = []
        fresh = {wanted.path for wanted in plan.write if not os.path.lexists(wanted.path)}
        try:
            for wanted in plan.write:
                self._keep(wanted.path)
                os.replace(staged[wanted.path], wanted.path)
                done.append(wanted.path)
            for wanted in plan.mend:
                _set_attributes(wanted.path, wanted)
            for path in plan.remove:
                self._keep(path)
                os.unlink(path)
                done.append(path)
        except OSError as error:
            for path in reversed(done):
                self._restore(path, path in fresh)
            name = errno.errorcode.get(error.errno or 0, "")
            raise PlacingError(f"{error.filename}: {error.strerror} {name}; all files are as they were") from error

    def _restore(self, path: str, was_absent: bool) -> None:
        if was_absent:
            os.unlink(path)
        else:
            _copy_whole(os.path.join(self.backups, path.lstrip("/")), path)
