# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Copying the master's programs and its /etc into a slave's root, so that nothing is written outside of that root.

The receiving rsync runs in chroot(2) of the slave's root (rsyncd.conf(5), use chroot): whatever symbolic links the
slave makes there, before the copy or while it runs, end in its own root. rsync's plain local copy follows names, and
with --delete it could be led to remove what is not ours.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile

from ansible_collections.netboot.diskless.plugins.module_utils._root_secrets import hidden_programs, passing

# The receiver's only module. It logs nowhere: what goes wrong reaches the sender, and so our user.
SETTINGS = """use chroot = yes
uid = 0
gid = 0
munge symlinks = no
numeric ids = yes
reverse lookup = no
log file = /dev/null

[root]
path = {root}
read only = no
"""
# The sender starts the receiver with this in place of a remote shell; the name of the settings is in the environment,
# where no quoting is needed.
RECEIVER = """sh -c 'exec rsync --server --daemon --config="$NETBOOT_RSYNC_SETTINGS" .' --"""
# A file went away while it was copied, which is no fault on a machine that is in use (rsync(1)).
VANISHED = 24


class CopyError(Exception):
    """rsync cannot be run or fails; the text says why."""


def copy_programs(root: str, programs: list[str], exclude: list[str], progress: int) -> None:
    """Makes the directories of programs in root what they are on the master, without what is hidden among them.

    Args:
        root: path of the slave's root.
        programs: absolute paths of directories of the master.
        exclude: absolute paths that are not copied, with shell wildcards.
        progress: file descriptor to which rsync writes how far it is.

    Raises:
        CopyError: rsync fails.
    """
    hidden = "".join(f"{_literal(path)}\0" for directory in programs for path in hidden_programs(directory))
    options = ["-aHR", "--delete", "--no-inc-recursive", "--info=progress2", *(f"--exclude={path}" for path in exclude)]
    _rsync(root, [*options, "--from0", "--exclude-from=-"], programs, "", progress, hidden)


def _literal(path: str) -> str:
    """The pattern that means just this path; what is before /./ is no part of it (rsync(1), --relative).

    In a pattern with a wildcard a backslash takes a character's meaning away, and only there.
    """
    pattern = "/" + path.rpartition("/./")[2].lstrip("/")
    return re.sub(r"([*?\[\\])", r"\\\1", pattern) if re.search(r"[*?\[]", pattern) else pattern


def copy_etc(root: str, etc: str, extra: list[str]) -> None:
    """Copies what may leave the master of its /etc. What is there already stays.

    The files are named one by one and by their plain names: one that appears while the copy runs is not copied, and
    none is missed because a pattern reads its name differently.

    Args:
        root: path of the slave's root.
        etc: the master's /etc.
        extra: patterns of what stays on the master besides, as in _root_secrets.

    Raises:
        CopyError: rsync fails.
    """
    # Without the dot, rsync takes a name that begins with # or ; for a comment.
    names = "".join(f"./{path}\0" for path in passing(etc, extra))
    options = ["-aH", "--from0", "--files-from=-", "--ignore-missing-args"]
    _rsync(root, options, [f"{etc}/"], "etc/", subprocess.DEVNULL, names)


def copy_tree(root: str, source: str, target: str, progress: int) -> None:
    """Makes a directory of the root what a directory of the master is.

    Args:
        root: path of the slave's root.
        source: path of the master's directory.
        target: the directory in the root, without a leading slash; the one above it is there.
        progress: file descriptor to which rsync writes how far it is.

    Raises:
        CopyError: rsync fails.
    """
    options = ["-aH", "--delete", "--no-inc-recursive", "--info=progress2"]
    _rsync(root, options, [f"{source}/"], f"{target}/", progress, "")


def remove_trees(root: str, above: str, names: list[str]) -> None:
    """Removes directories of the root with all that they hold.

    Args:
        root: path of the slave's root.
        above: the directory that they are in, without a leading slash.
        names: their names; one that is not there is passed over.

    Raises:
        CopyError: rsync fails.
    """
    # To the receiver, what is chosen and does not come has gone; what is not chosen it leaves alone.
    chosen = [f"--include={_literal(name)}{ending}" for name in names for ending in ("/", "/**")]
    with tempfile.TemporaryDirectory(prefix="netboot-empty-") as empty:
        _rsync(root, ["-r", "--delete", *chosen, "--exclude=*"], [f"{empty}/"], f"{above}/", subprocess.DEVNULL, "")


def _rsync(root: str, options: list[str], sources: list[str], target: str, output: int, stdin: str) -> None:
    with tempfile.NamedTemporaryFile("w", prefix="netboot-rsync-", suffix=".conf", encoding="utf-8") as settings:
        settings.write(SETTINGS.format(root=root))
        settings.flush()
        command = ["rsync", "-W", "--numeric-ids", *options, "-e", RECEIVER, *sources, f"master::root/{target}"]
        try:
            done = subprocess.run(
                command,
                input=stdin.encode(errors="surrogateescape"),
                stdout=output,
                stderr=subprocess.PIPE,
                env={**os.environ, "NETBOOT_RSYNC_SETTINGS": settings.name},
                check=False,
            )
        except OSError as error:
            raise CopyError(f"rsync cannot be run: {error.strerror}") from error
    if done.returncode not in (0, VANISHED):
        text = done.stderr.decode(errors="replace").strip()[-2000:]
        raise CopyError(f"rsync ends with {done.returncode}: {text}")
