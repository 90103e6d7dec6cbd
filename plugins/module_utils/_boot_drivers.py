# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What / and the network need of a kernel, by the drivers that serve them now, and whether a new kernel has them."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from ansible_collections.netboot.diskless.plugins.module_utils._kernel_makefiles import spelling


@dataclass(frozen=True)
class Drivers:
    """The modules that a kernel knows: built in, or as files below /lib/modules."""

    built_in: frozenset[str]
    files: frozenset[str]


def _name(path: str) -> str:
    """A module's name of its file's path, as sysfs has it."""
    return spelling(re.sub(r"\.ko(\.\w+)?$", "", os.path.basename(path)))


def _lines(path: str) -> list[str]:
    with open(path, encoding="utf-8", errors="replace") as stream:
        return stream.read().splitlines()


def of_release(release: str, root: str = "/") -> Drivers | None:
    """What a kernel knows (modules.builtin and modules.dep, kbuild.rst), or None when its modules are not installed.

    Args:
        release: the kernel's.
        root: where /lib/modules is looked for.
    """
    directory = os.path.join(root, "lib/modules", release)
    try:
        built_in = _lines(os.path.join(directory, "modules.builtin"))
        files = [line.split(":")[0] for line in _lines(os.path.join(directory, "modules.dep"))]
    except OSError:
        return None
    return Drivers(frozenset(map(_name, built_in)), frozenset(map(_name, files)))


def root_file_system(root: str = "/") -> tuple[str, str]:
    """Type and device of what is mounted at / (proc(5), mountinfo); the device is "" unless it is one of /dev."""
    found = ("", "")
    for line in _lines(os.path.join(root, "proc/self/mountinfo")):
        before, _dash, after = line.partition(" - ")
        fields = after.split()
        if len(fields) > 1 and before.split()[4] == "/":
            found = (fields[0], fields[1] if fields[1].startswith("/dev/") else "")
    return found


def _of_device(block: str) -> set[str]:
    """The drivers from a block device in sysfs up to its bus, and those of the devices that it is made of."""
    names = set()
    parent = block
    while os.path.basename(parent) not in ("devices", "sys", ""):
        module = os.path.join(parent, "driver/module")
        if os.path.exists(module):
            names.add(os.path.basename(os.path.realpath(module)))
        slaves = os.path.join(parent, "slaves")
        for below in sorted(os.listdir(slaves)) if os.path.isdir(slaves) else []:
            names |= _of_device(os.path.realpath(os.path.join(slaves, below)))
        parent = os.path.dirname(parent)
    if os.path.isdir(os.path.join(block, "dm")):
        names.add("dm_mod")
    if os.path.isdir(os.path.join(block, "md")):
        names.add("md_mod")
    return names


def needed(root: str = "/") -> set[str]:
    """The modules that / is mounted by now, as far as sysfs tells: its file system's, and its disk's up to the bus.

    Args:
        root: where /proc, /sys and /dev are looked for.
    """
    kind, device = root_file_system(root)
    names = {{"ext2": "ext4", "ext3": "ext4"}.get(kind, kind)} if device else set()
    if device:
        name = os.path.basename(os.path.realpath(os.path.join(root, device.lstrip("/"))))
        block = os.path.join(root, "sys/class/block", name)
        if os.path.exists(block):
            names |= _of_device(os.path.realpath(block))
    return names


def adapters(root: str = "/") -> set[str]:
    """The modules of the network adapters that are up, of which one is the way to this machine (sysfs-class-net).

    Args:
        root: where /sys is looked for.
    """
    place = os.path.join(root, "sys/class/net")
    names = set()
    for name in sorted(os.listdir(place)) if os.path.isdir(place) else []:
        state = os.path.join(place, name, "operstate")
        if os.path.isfile(state) and _lines(state)[:1] == ["up"]:
            module = os.path.join(place, name, "device/driver/module")
            names |= {os.path.basename(os.path.realpath(module))} if os.path.exists(module) else set()
    return names


def problem(needs: set[str], network: set[str], running: Drivers | None, new: Drivers | None, ramdisk: bool) -> str:
    """Why the new kernel would not find its root, or would not be reached, or an empty text.

    A name that the running kernel does not list is of no driver that could be left out, such as a bus.

    Args:
        needs: what / is mounted by now.
        network: what serves the network adapters now. As modules they do, which / has.
        running: what the running kernel knows; None when that cannot be told.
        new: what the new kernel knows; None when it has no modules.
        ramdisk: whether it gets an initial RAM disk, which holds modules.
    """
    if running is None or new is None:
        return ""
    wanted = needs & (running.built_in | running.files)
    absent = sorted(wanted - new.built_in - new.files)
    if absent:
        return f"it does not have {', '.join(absent)}, by which / is mounted now"
    outside = sorted(wanted - new.built_in)
    if outside and not ramdisk:
        return f"it has {', '.join(outside)}, by which / is mounted now, only as modules, and gets no initial RAM disk"
    unserved = sorted((network & (running.built_in | running.files)) - new.built_in - new.files)
    if unserved:
        return f"it does not have {', '.join(unserved)}, by which the network is reached now"
    return ""
