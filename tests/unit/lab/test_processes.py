# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes by pid file: started detached, recognised, ended; and nobody else's."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lab import processes

SLEEP = "import sys, time; time.sleep(60)"
STUBBORN = (
    "import signal, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('on', flush=True); time.sleep(60)"
)


def start(folder: Path, program: str = SLEEP) -> Path:
    pid_file = folder / "one.pid"
    processes.spawn([sys.executable, "-c", program, str(folder / "one.socket")], pid_file, folder / "one.log")
    return pid_file


def wait_for(file: Path) -> None:
    deadline = time.monotonic() + 10
    while not file.read_text() and time.monotonic() < deadline:
        time.sleep(0.01)


def test_a_process_is_found_and_ended(tmp_path: Path) -> None:
    pid_file = start(tmp_path)
    pid = processes.running(pid_file)
    assert pid is not None
    assert os.getsid(pid) == pid, "it has a session of its own"
    assert processes.stop(pid_file)
    assert processes.running(pid_file) is None
    assert not pid_file.exists()


def test_it_holds_nothing_of_the_caller(tmp_path: Path) -> None:
    pid_file = start(tmp_path)
    pid = processes.running(pid_file)
    held = {os.readlink(f"/proc/{pid}/fd/{number}") for number in (0, 1, 2)}
    processes.stop(pid_file)
    assert held == {"/dev/null", str(tmp_path / "one.log")}


def test_a_process_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    pid_file = start(tmp_path, STUBBORN)
    wait_for(tmp_path / "one.log")
    assert processes.stop(pid_file, grace=0.2)
    assert processes.running(pid_file) is None


def test_another_process_with_the_same_pid_is_left_alone(tmp_path: Path) -> None:
    other = subprocess.Popen([sys.executable, "-c", SLEEP])
    pid_file = tmp_path / "one.pid"
    pid_file.write_text(f"{other.pid}\n")
    try:
        assert processes.running(pid_file) is None
        assert processes.stop(pid_file)
        assert other.poll() is None
    finally:
        other.send_signal(signal.SIGKILL)
        other.wait()


@pytest.mark.parametrize("content", [None, "", "what\n"])
def test_no_pid(tmp_path: Path, content: str | None) -> None:
    pid_file = tmp_path / "one.pid"
    if content is not None:
        pid_file.write_text(content)
    assert processes.running(pid_file) is None
    assert processes.stop(pid_file)


def test_a_command_that_could_not_be_recognised_is_not_started(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="could not be recognised"):
        processes.spawn(["true"], tmp_path / "one.pid", tmp_path / "one.log")
