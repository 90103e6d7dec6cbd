# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What make is told for a kernel of each architecture, and where it leaves the image."""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Architecture:
    """An architecture that kernels are built for; its name here is make's ARCH, too.

    Args:
        target: make's target that leaves the image a boot loader takes.
        image: the image's path below the O= directory; the article's arch/i386 is gone since Linux 2.6.24.
        prefix: what the names of its tools begin with on a machine of another kind, as distributions call them.
        natives: machines (uname -m) whose own tools build it.
    """

    target: str
    image: str
    prefix: str
    natives: tuple[str, ...]


_PC = ("x86_64", "i386", "i486", "i586", "i686")
ARCHITECTURES = {
    "x86_64": Architecture("bzImage", "arch/x86/boot/bzImage", "x86_64-linux-gnu-", _PC),
    "i386": Architecture("bzImage", "arch/x86/boot/bzImage", "i686-linux-gnu-", _PC),
    "arm64": Architecture("Image", "arch/arm64/boot/Image", "aarch64-linux-gnu-", ("aarch64",)),
}


def cross_prefix(name: str, machine: str = "") -> str:
    """What the names of the tools begin with that build for an architecture on a machine; empty for its own tools.

    The user's CROSS_COMPILE wins (Documentation/kbuild/kbuild.rst). An architecture that is not known here is left to
    it alone.

    Args:
        name: the architecture.
        machine: as uname -m has it; empty asks this one.
    """
    known = ARCHITECTURES.get(name)
    default = known.prefix if known and (machine or os.uname().machine) not in known.natives else ""
    return os.environ.get("CROSS_COMPILE", default)


def make_words(name: str) -> list[str]:
    """The words that tell make for which architecture, and by which tools."""
    prefix = cross_prefix(name)
    return [f"ARCH={name}", *([f"CROSS_COMPILE={prefix}"] if prefix else [])]
