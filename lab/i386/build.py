# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds the userland of i386 slaves once per state of its inputs: `python -m lab.i386.build`.

A 64-bit PC runs the packages' 32-bit scripts and programs itself.
"""

import tomllib
from pathlib import Path

from lab import settings as lab_settings
from lab.debian.build import remove_leftovers
from lab.images import bootstrap, store
from lab.report import say
from lab.settings import Settings

HERE = Path(__file__).resolve().parent
SUITE = "bookworm"  # the last release for machines without SSE2, and the last with a kernel for any of them
IMAGE = store.Image("debian-i386", (HERE,))
PACKAGES: list[str] = tomllib.loads((HERE / "packages.toml").read_text(encoding="utf-8"))["packages"]


def tree(settings: Settings) -> Path:
    """The image unpacked, for masters that make a slave's root of it; built when it is missing."""
    return IMAGE.tree(settings, _build)


def _build(work: Path) -> Path:
    root = work / "root"
    say(f"debian-i386: unpacking packages of Debian {SUITE} (about a minute)")
    bootstrap.debian(root, work, PACKAGES, suite=SUITE, architecture="i386")
    remove_leftovers(root)
    return root


if __name__ == "__main__":
    print(tree(lab_settings.from_environment()))
