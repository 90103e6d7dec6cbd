# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Linux source that the master sees at /usr/src/linux, unpacked from the host's package linux-source-6.1."""

import shutil
import subprocess
from pathlib import Path

from lab.images import disks
from lab.report import say
from lab.settings import Settings

ARCHIVE = Path("/usr/src/linux-source-6.1.tar.xz")


def _version() -> str:
    """Version of the installed package, so that an updated package is unpacked anew."""
    command = ["dpkg-query", "--show", "--showformat=${Version}", "linux-source-6.1"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def ensure(settings: Settings) -> Path:
    """Unpack the source into the cache unless that version is there already; return its directory.

    :raises FileNotFoundError: linux-source-6.1 is not installed on the host.
    """
    target = settings.kernel_source
    mark = target.parent / (target.name + ".version")
    if not ARCHIVE.exists():
        raise FileNotFoundError(f"{ARCHIVE}: install Debian's linux-source-6.1")
    version = _version()
    if target.is_dir() and mark.exists() and mark.read_text(encoding="ascii") == version:
        return target
    say(f"kernel source: unpacking {ARCHIVE.name} ({version})")
    part = target.parent / (target.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    subprocess.run(["tar", "-xf", str(ARCHIVE), "-C", str(part), "--strip-components=1"], check=True)
    shutil.rmtree(target, ignore_errors=True)
    part.rename(target)
    mark.write_text(version, encoding="ascii")
    return target


def disk(settings: Settings) -> Path:
    """The source as a read-only disk for an emulated machine, made once per version; a network of files would be slow.

    The times and modes of its files are those of the directory: a kernel that was built of it is known again.
    """
    version = _version()
    target = settings.cache / f"linux-source-6.1-{version}.disk"
    if not target.exists():
        say("kernel source: making a disk of it")
        source = ensure(settings)
        part = target.with_suffix(".part")
        disks.make(part, source, "3G")
        part.rename(target)
        for old in settings.cache.glob("linux-source-6.1-*.disk"):
            if old != target:
                old.unlink()
    return target
