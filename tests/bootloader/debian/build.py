# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Debian that starts by itself: the lab's packages of a server, with Debian's usual kernel, GRUB 2, their settings.

The same image is the container that the kernel is built in and the machine that installs it, so that both have one
compiler. What the role would install is there: nothing has to be fetched by either.
"""

from __future__ import annotations

from pathlib import Path

from lab.debian import build as server
from lab.images import bootstrap, chroot, store
from lab.report import say
from lab.settings import Settings

HERE = Path(__file__).resolve().parent
FILES = HERE / "root"
PACKAGES = ("e2fsprogs", "grub-pc", "initramfs-tools", "linux-image-amd64")
IMAGE = store.Image("debian-grub-master", (server.HERE, HERE))


def image(settings: Settings) -> Path:
    """The image; built when it is missing."""
    return IMAGE.ensure(settings, _build)


def _build(work: Path) -> Path:
    root = work / "root"
    say(f"debian with GRUB: unpacking packages of Debian {bootstrap.SUITE} (about a minute)")
    bootstrap.debian(root, work, [*server.LISTS["base"], *PACKAGES])
    server.remove_leftovers(root)
    store.copy_tree(FILES, root)
    chroot.run(root, "chpasswd", stdin=f"root:{server.PASSWORD}\n")
    return root
