# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading and writing .config files, and comparing what was asked of Kconfig with what it gave."""

from __future__ import annotations

import gzip
import re

SETTING = re.compile(r"CONFIG_(\w+)=(.*)")
NOT_SET = re.compile(r"# CONFIG_(\w+) is not set")
NAME = re.compile(r"\w+")
VALUE = re.compile(r'[ymn]|-?\d+|0x[0-9a-fA-F]+|"(?:[^"\\\n]|\\.)*"')


def parse(text: str) -> dict[str, str]:
    """Symbols (without CONFIG_) and values of a .config file; a symbol that is not set is n.

    Source: Documentation/kbuild/kconfig.rst and what conf writes.
    """
    values = {}
    for line in text.splitlines():
        match = SETTING.fullmatch(line)
        if match:
            values[match[1]] = match[2]
            continue
        match = NOT_SET.fullmatch(line)
        if match:
            values[match[1]] = "n"
    return values


def read(path: str) -> dict[str, str]:
    """The symbols of a .config file, plain or compressed as /proc/config.gz is.

    Raises:
        OSError: it cannot be read.
    """
    with open(path, "rb") as stream:
        data = stream.read()
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    return parse(data.decode(errors="replace"))


def fragment(symbols: dict[str, str]) -> str:
    """The text of a configuration fragment, one symbol a line, sorted so that it is the same for the same symbols.

    Raises:
        ValueError: a name or a value that no .config line can hold.
    """
    lines = []
    for name, value in sorted(symbols.items()):
        if not NAME.fullmatch(name) or not VALUE.fullmatch(value):
            raise ValueError(f"{name}={value!r}: allowed is a symbol with y, m, n, a number or a string in quotes")
        lines.append(f"# CONFIG_{name} is not set" if value == "n" else f"CONFIG_{name}={value}")
    return "\n".join(lines) + "\n"
