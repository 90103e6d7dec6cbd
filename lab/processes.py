# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's long-running processes: started detached, remembered by pid file, ended by pid.

A pid alone may have been given to another process since; each check therefore also looks for the pid file's path,
without its suffix, in the arguments in /proc/PID/cmdline: the process of DIR/slave21.pid names DIR/slave21.console
or the like.
"""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

POLL = 0.02
"""Seconds between two looks at a process that should end."""


def spawn(command: Sequence[str], pid_file: Path, log: Path) -> int:
    """Start `command` in a session of its own, without a descriptor of the caller's, and return its pid.

    The command must name a file beside the pid file, of the same stem, in its arguments: `running` looks for it.
    """
    if not _ours(command, pid_file):
        raise ValueError(f"no argument of {command[0]} names a {pid_file.stem}.*: the process could not be recognised")
    pid_file.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True, cwd="/"
        )
    pid_file.write_text(f"{process.pid}\n")
    # The child outlives this command on purpose; telling Popen so keeps the interpreter from warning about it.
    process.returncode = 0
    return process.pid


def _reap(pid: int) -> None:
    """Collect a child of this very command that has ended: as a zombie it would still look alive."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def _born(pid: int) -> str:
    """When a process started, which tells it from a later one of the same pid; empty when it has ended.

    From proc(5): after the name's bracket come the state (Z: ended, but not collected by its parent) and, as the 20th
    word, the start time.
    """
    _reap(pid)
    try:
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return ""
    return "" if words[0] in "ZX" else words[19]


def arguments(pid: int) -> list[str]:
    """Argument vector of a process; empty when it has ended."""
    for _look in range(20):
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")[:-1]
        except (FileNotFoundError, ProcessLookupError):
            return []
        if words or not _born(pid):
            return words
        time.sleep(POLL / 10)  # a process that is just becoming another program has no arguments for a moment
    return []


def _ours(command: Sequence[str], pid_file: Path) -> bool:
    mark = f"{pid_file.with_suffix('')}."
    return any(mark in argument for argument in command)


def running(pid_file: Path) -> int | None:
    """Pid of the live process that `pid_file` tells of, or None."""
    try:
        pid = int(pid_file.read_text())
    except (FileNotFoundError, ValueError):
        return None
    return pid if _ours(arguments(pid), pid_file) else None


def _wait_gone(pid: int, born: str, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if _born(pid) != born:
            return True
        time.sleep(POLL)
    return False


def end(pid: int, grace: float = 3.0) -> bool:
    """Send SIGTERM, after `grace` seconds SIGKILL; True when the process is gone."""
    born = _born(pid)
    if not born:
        return True
    for number, seconds in ((signal.SIGTERM, grace), (signal.SIGKILL, 5.0)):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return True
        if _wait_gone(pid, born, seconds):
            return True
    return False


def stop(pid_file: Path, grace: float = 3.0) -> bool:
    """End the process of a pid file, if it runs, and remove the file; True when nothing is left of it."""
    pid = running(pid_file)
    gone = pid is None or end(pid, grace)
    if gone:
        pid_file.unlink(missing_ok=True)
    return gone
