# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What symbols a kernel's source defines, and of which type, read from its Kconfig files without evaluating them.

Enough to tell an unknown name, and to write a value as its type wants it. What comes of a value is for the tree's own
conf to say.
"""

from __future__ import annotations

import glob
import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass

# The top of a tree's Makefile maps these; every other architecture's directory has its name.
SOURCE_ARCHES = {
    "i386": "x86",
    "x86_64": "x86",
    "sparc32": "sparc",
    "sparc64": "sparc",
    "parisc64": "parisc",
    "sh64": "sh",
}
TYPES = {
    "bool": "bool",
    "def_bool": "bool",
    "tristate": "tristate",
    "def_tristate": "tristate",
    "string": "string",
    "int": "int",
    "hex": "hex",
}
_ENTRY = re.compile(r"\s*(?:menu)?config\s+(\w+)\s*(?:#.*)?")
_SOURCE = re.compile(r'\s*source\s+"?([^"\s]+)"?')
# What ends the attributes of a config entry.
_OTHER = re.compile(r"\s*(?:choice|endchoice|menu|endmenu|if|endif|comment|mainmenu|source)\b")
_TYPE = re.compile(r"\s*(" + "|".join(TYPES) + r")\b")
_HELP = re.compile(r"\s*(?:help|---help---)\s*")


@dataclass(frozen=True)
class Definitions:
    """What the Kconfig files of a tree define for one architecture.

    Args:
        types: each symbol's type: bool, tristate, string, int or hex; empty when no definition gives one.
        digest: changes with the text of any of the files.
    """

    types: dict[str, str]
    digest: str


def source_arch(arch: str) -> str:
    """The directory below arch/ that an architecture's files lie in."""
    return SOURCE_ARCHES.get(arch, arch)


def without_help(text: str) -> Iterator[str]:
    """The lines of a Kconfig file but those of help texts, which may look like anything.

    Source: Documentation/kbuild/kconfig-language.rst: a help text ends with the first line that is indented less.
    """
    depth = -1  # of the help text: -1 outside of one, 0 before its first line
    for line in text.splitlines():
        bare = line.expandtabs()
        indent = len(bare) - len(bare.lstrip())
        if depth >= 0:
            if not bare.strip():
                continue
            if depth == 0 and indent > 0:
                depth = indent
            if depth and indent >= depth:
                continue
            depth = -1
        if _HELP.fullmatch(line):
            depth = 0
            continue
        yield line


def _read_file(text: str, types: dict[str, str]) -> list[str]:
    """Adds the symbols of one file to types; returns the names of the files that it includes."""
    sources = []
    symbol = ""
    for line in without_help(text):
        entry = _ENTRY.fullmatch(line)
        if entry:
            symbol = entry[1]
            types.setdefault(symbol, "")
            continue
        if _OTHER.match(line):
            symbol = ""
            source = _SOURCE.match(line)
            if source:
                sources.append(source[1])
            continue
        given = _TYPE.match(line)
        # A symbol may be defined again without a type; the type of the first definition that has one holds.
        if given and symbol and not types[symbol]:
            types[symbol] = TYPES[given[1]]
    return sources


def read_definitions(tree: str, arch: str) -> Definitions:
    """Reads all Kconfig files that belong to an architecture; Linux has some 1,400 of them, which takes half a second.

    Args:
        tree: kernel source.
        arch: as make's ARCH.

    Raises:
        FileNotFoundError: the tree is no kernel source, or has no such architecture.
    """
    types: dict[str, str] = {}
    digest = hashlib.sha256()
    waiting = ["Kconfig"]
    done = set()
    while waiting:
        name = waiting.pop()
        if name in done:
            continue
        done.add(name)
        path = os.path.join(tree, name)
        if "$" in name or (name != "Kconfig" and not os.path.exists(path) and not name.startswith("arch/")):
            continue  # A file of an architecture inside an architecture (um), or one for which conf has an error.
        with open(path, encoding="utf-8", errors="replace") as stream:
            text = stream.read()
        digest.update(f"{name}\0{text}\0".encode())
        for source in _read_file(text, types):
            waiting.append(re.sub(r"\$\(?(?:SRCARCH)\)?", source_arch(arch), source))
    return Definitions(types, digest.hexdigest())


def architectures_with(tree: str, symbol: str) -> list[str]:
    """The directories below arch/ whose own Kconfig files define a symbol."""
    found = set()
    for path in glob.glob(os.path.join(glob.escape(tree), "arch/*/Kconfig*")):
        types: dict[str, str] = {}
        with open(path, encoding="utf-8", errors="replace") as stream:
            _read_file(stream.read(), types)
        if symbol in types:
            found.add(os.path.basename(os.path.dirname(path)))
    return sorted(found)
