# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A root for arm64 of which no program has to run here: Debian's static busybox, as init, getty, login and shell."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from lab.images import mirror

SUITE = "bookworm"
DIRECTORIES = ("bin", "dev", "etc", "proc", "root", "run", "sbin", "sys", "tmp")
LINKS = {"bin/sh": "busybox", "bin/login": "busybox", "sbin/init": "../bin/busybox", "sbin/getty": "../bin/busybox"}
CONSOLE = "ttyAMA0"
INITTAB = f"""\
::sysinit:/bin/busybox mount -t proc proc /proc
::sysinit:/bin/busybox mount -t sysfs sysfs /sys
::sysinit:/bin/busybox hostname -F /etc/hostname
{CONSOLE}::respawn:/sbin/getty -L 115200 {CONSOLE} vt100
"""
PASSWD = "root::0:0:root:/root:/bin/sh\n"  # nobody but the test's own machine sees it


def fetch(work: Path) -> Path:
    """Unpack the package, by apt with the host's own sources and their signatures; returns the program.

    :raises subprocess.CalledProcessError: mmdebstrap failed; its log is in *work*.
    """
    settings, log, root = work / "apt.conf", work / "mmdebstrap.log", work / "package"
    settings.write_text(mirror.apt_settings() + 'APT::Install-Recommends "false";\n', encoding="utf-8")
    source = f"deb [signed-by={mirror.KEYRING}] {mirror.debian_uri()} {SUITE} main"
    what = ["--variant=extract", "--architectures=arm64", "--include=busybox-static", f"--aptopt={settings}"]
    with log.open("w", encoding="utf-8") as output:
        command = ["mmdebstrap", "--mode=root", *what, SUITE, str(root), source]
        subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, check=True)
    return root / "bin/busybox"


def make(root: Path, busybox: Path, hostname: str) -> None:
    """Make the root of the program."""
    for name in DIRECTORIES:
        (root / name).mkdir(parents=True)
    shutil.copy(busybox, root / "bin/busybox")
    for name, target in LINKS.items():
        (root / name).symlink_to(target)
    for name, text in (("hostname", f"{hostname}\n"), ("inittab", INITTAB), ("passwd", PASSWD)):
        (root / "etc" / name).write_text(text, encoding="ascii")
