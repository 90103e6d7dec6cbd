# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The kernel modules in a slave's root: those of the kernel that the slave boots, whatever the root is made from.

A kernel that is built brings none. Of a distribution's kernel a root holds the release that is placed for booting, and
the one before it, which the slave may still be running. Older ones go when a newer one comes, and not before: a slave
that is to boot a built kernel runs the other one until then.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from ansible_collections.netboot.diskless.plugins.module_utils import _beneath as beneath
from ansible_collections.netboot.diskless.plugins.module_utils._packaged_kernel import NoKernel, find_kernel, release_of
from ansible_collections.netboot.diskless.plugins.module_utils._tree import measure

# Of a system, what is never copied with its programs.
EXCLUDE = ("/lib/modules", "/usr/lib/modules")
MASTERS = "/lib/modules"
# How many releases a root keeps.
KEPT = 2


@dataclass(frozen=True)
class Modules:
    """Modules that roots get.

    Args:
        release: the kernel's release.
        directory: where the master has them.
        stamp: their state, as _tree.measure gives it.
    """

    release: str
    directory: str
    stamp: str

    @property
    def record(self) -> dict[str, str]:
        """What a root's record says of them."""
        return {"release": self.release, "stamp": self.stamp}


def modules_of(image: str, masters: str = MASTERS) -> Modules:
    """The modules of a kernel that is placed for slaves to boot.

    Args:
        image: path of the kernel.
        masters: the master's modules, a directory for each release.

    Raises:
        NoKernel: there is no such kernel, or the master has no modules of its release.
    """
    release = release_of(image)
    directory = os.path.join(masters, release)
    if not os.path.isfile(os.path.join(directory, "modules.dep")):
        raise NoKernel(
            f"slaves boot {image}, of release {release}, but the master has no modules of it in {directory}; "
            "run without --tags, so that the kernel is placed anew"
        )
    return _measured(release, directory)


def modules_to_come(package: str) -> Modules | None:
    """The modules of the kernel that a run would place; None when its package is still to be installed.

    Args:
        package: the package of the distribution's kernel.
    """
    try:
        kernel = find_kernel(package)
    except NoKernel:
        return None
    return _measured(kernel.release, kernel.modules)


def _measured(release: str, directory: str) -> Modules:
    return Modules(release, directory, measure([os.path.realpath(directory)], []).stamp)


def place(tree: beneath.Beneath) -> str:
    """Where a root has its modules: /lib may be a link into /usr."""
    return "usr/lib/modules" if tree.kind("lib") in (beneath.LINK, beneath.ABSENT) else "lib/modules"


def following(known: list[dict[str, Any]], wanted: Modules | None) -> list[dict[str, Any]]:
    """What a root's record shall say: the wanted release first, then those before it that stay.

    Args:
        known: what it says.
        wanted: the modules of the kernel that the slave boots; None when that has none, or is still to come.
    """
    if wanted is None:
        return known
    others = [entry for entry in known if entry.get("release") != wanted.release]
    return [wanted.record, *others][:KEPT]
