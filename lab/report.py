# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Progress for the person who waits, with the seconds since the command began."""

import sys
import time

_BEGAN = time.monotonic()


def say(message: str) -> None:
    """Print one line such as `[ 12 s] contract master: unpacking packages`."""
    print(f"[{time.monotonic() - _BEGAN:3.0f} s] {message}", file=sys.stderr, flush=True)
