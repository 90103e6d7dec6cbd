# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One holder of a lock at a time."""

from __future__ import annotations

import os
import signal
import stat
import time
from pathlib import Path

import pytest
from ansible_collections.netboot.diskless.plugins.module_utils._lock import locked


def test_another_process_is_waited_for(tmp_path: Path) -> None:
    path, reading = str(tmp_path / "deep/down/lock"), os.pipe()
    child = os.fork()
    if child == 0:
        with locked(path):
            os.write(reading[1], b"locked")
            time.sleep(0.2)
            (tmp_path / "done").touch()
            # It ends as a killed run ends: the kernel gives the lock back.
            os.kill(os.getpid(), signal.SIGKILL)
    assert os.read(reading[0], 6) == b"locked"
    assert not (tmp_path / "done").exists()
    with locked(path):
        assert (tmp_path / "done").exists()
    os.waitpid(child, 0)
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600


def test_is_given_back_after_an_error(tmp_path: Path) -> None:
    path = str(tmp_path / "lock")
    with pytest.raises(RuntimeError), locked(path):
        raise RuntimeError
    with locked(path), locked(f"{path}-other"):
        pass


def test_does_not_follow_a_link(tmp_path: Path) -> None:
    (tmp_path / "lock").symlink_to("elsewhere")
    with pytest.raises(OSError), locked(str(tmp_path / "lock")):
        pass
    assert not (tmp_path / "elsewhere").exists()
