# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One at a time: a job on the master goes on when the run that started it is interrupted, and must not meet itself."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator


@contextlib.contextmanager
def locked(path: str) -> Iterator[None]:
    """Holds an exclusive lock (flock(2)) on the file at path, and waits for it as long as another process has it.

    The kernel gives it back when the process ends, however it ends. The file stays: whoever removed it would let two
    in. It is made when it is missing, with the directories above it.

    Raises:
        OSError: the file cannot be made.
    """
    os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
