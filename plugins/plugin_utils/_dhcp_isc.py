# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Boot answers in the words of ISC dhcpd: dhcpd.conf(5), dhcp-eval(5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def _condition(entry: Mapping[str, Any]) -> str:
    """Return the expression that is true for one kind of client."""
    if entry["user_class"]:
        return f'option user-class = "{entry["user_class"]}"'
    if entry["vendor_class"]:
        beginning = entry["vendor_class"]
        return f'substring(option vendor-class-identifier, 0, {len(beginning)}) = "{beginning}"'
    tests = [f"option client-architecture = {number >> 8:02x}:{number & 255:02x}" for number in entry["architectures"]]
    if entry["without_architecture"]:
        tests.append("not exists client-architecture")
    return " or ".join(tests)


def isc_files(group: Mapping[str, Any], indent: str) -> str:
    """Return the statements that give a boot group's members their files: one chain, of which the first match counts.

    group: a boot group.
    indent: what each line begins with.
    """
    lines = []
    word = "if"
    for entry in group["files"]:
        lines.append(f"{word} {_condition(entry)} {{")
        if entry["reply_vendor_class"]:
            lines.append(f'  option vendor-class-identifier "{entry["reply_vendor_class"]}";')
        lines.append(f'  filename "{entry["file"]}";')
        word = "} elsif"
    return "\n".join(f"{indent}{line}" for line in [*lines, "}"])
