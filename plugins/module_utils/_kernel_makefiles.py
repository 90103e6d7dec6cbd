# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which symbol builds which driver of a wired network adapter, read from the Makefiles of a kernel's source.

Source: Documentation/kbuild/makefiles.rst: obj-$(CONFIG_X) += name.o builds the module name when X is m, and into the
kernel when it is y; obj-$(CONFIG_X) += directory/ goes on in that directory.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass

# Where a slave can have got its root through. What else lies below drivers/net is no adapter (bonding, phy, tun), or
# one that no firmware boots from (can, wireless, wwan).
TOP = "drivers/net"
DIRECTORIES = ("ethernet", "fddi", "hyperv", "usb", "vmxnet3")
# Adapters that lie among the interfaces without hardware.
FILES = ("virtio_net", "xen-netfront")

_RULE = re.compile(r"^[ \t]*obj-(y|m|\$.*?)[ \t]*[:+?]?=[ \t]*(.*)$", re.MULTILINE)
_SYMBOL = re.compile(r"CONFIG_(\w+)")


@dataclass(frozen=True)
class Driver:
    """A module, and what builds it.

    Args:
        name: the module's, as the source spells it.
        symbol: what has to be y for it to be built in.
        guards: what else has to be, for make to come to its directory; from the outermost.
    """

    name: str
    symbol: str
    guards: tuple[str, ...] = ()


def spelling(name: str) -> str:
    """A module's name in one spelling: modprobe takes a dash for an underscore (modprobe(8))."""
    return name.replace("-", "_")


def rules(text: str) -> Iterator[tuple[str, str]]:
    """What a Makefile builds, as pairs of a symbol, or "" for what is always built, and name.o or directory/."""
    for condition, built in _RULE.findall(re.sub(r"\\\n", " ", text)):
        symbol = _SYMBOL.search(condition)
        if condition.startswith("$") and not symbol:
            continue
        for word in built.partition("#")[0].split():
            if word.endswith((".o", "/")) and "$" not in word:
                yield symbol[1] if symbol else "", word


def _read(directory: str) -> str:
    """A directory's Kbuild file or Makefile: the first wins (Documentation/kbuild/makefiles.rst)."""
    for name in ("Kbuild", "Makefile"):
        path = os.path.join(directory, name)
        if os.path.isfile(path):
            with open(path, encoding="utf-8", errors="replace") as stream:
                return stream.read()
    return ""


def read_drivers(tree: str) -> dict[str, list[Driver]]:
    """The drivers of wired adapters by spelling(name); several symbols may build the same module.

    Args:
        tree: kernel source.
    """
    found: dict[str, list[Driver]] = {}
    waiting: list[tuple[str, tuple[str, ...]]] = [(TOP, ())]
    done = set()
    while waiting:
        directory, guards = waiting.pop()
        if (directory, guards) in done:
            continue
        done.add((directory, guards))
        for symbol, word in rules(_read(os.path.join(tree, directory))):
            name = word[:-2] if word.endswith(".o") else word.rstrip("/")
            if directory == TOP and name not in (FILES if word.endswith(".o") else DIRECTORIES):
                continue
            if word.endswith("/"):
                inner = (*guards, symbol) if symbol and symbol not in guards else guards
                waiting.append((f"{directory}/{name}", inner))
                continue
            path = [*guards, symbol] if symbol else list(guards)
            if path:
                driver = Driver(os.path.basename(name), path[-1], tuple(path[:-1]))
                known = found.setdefault(spelling(driver.name), [])
                if driver.symbol not in {one.symbol for one in known}:
                    known.append(driver)
    return found
