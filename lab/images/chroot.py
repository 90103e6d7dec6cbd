# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs programs inside the root that is being built."""

import subprocess
from pathlib import Path

_ENVIRONMENT = {
    "HOME": "/root",
    "LC_ALL": "C.UTF-8",
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
    "TERM": "dumb",
}
# The mounts live in a namespace of their own, so that nothing is left of them however the program ends.
_SETUP = """
mount -t proc proc "$1/proc" && mount --rbind /dev "$1/dev" && shift && exec chroot "$0" "$@"
"""


def run(root: Path, *command: str, stdin: str = "") -> str:
    """Run *command* in *root* with /proc and /dev; return what it prints.

    :raises RuntimeError: it failed; the text has the end of its output.
    """
    spaces = ["unshare", "--mount", "--pid", "--fork", "--kill-child"]
    done = subprocess.run(
        [*spaces, "sh", "-c", _SETUP, str(root), str(root), *command],
        env=_ENVIRONMENT,
        input=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        end = "\n".join(done.stdout.splitlines()[-40:])
        raise RuntimeError(f"in the image: {' '.join(command)} ended with {done.returncode}:\n{end}")
    return done.stdout
