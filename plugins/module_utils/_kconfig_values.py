# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values of kernel symbols: as a user gives them, as a .config file holds them, and what a refused one looks like."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

# What .config says of a symbol that is not there: n to a bool or tristate, nothing to the others.
UNSET = {"bool": "n", "tristate": "n"}
_QUOTED = re.compile(r'"(?:[^"\\\n]|\\.)*"')
_INT = re.compile(r"-?\d+")
_HEX = re.compile(r"0[xX][0-9a-fA-F]+")


@dataclass(frozen=True)
class Refusal:
    """A wanted symbol that Kconfig did not grant.

    Args:
        symbol: its name without CONFIG_.
        wanted: the value that was asked, without quotes.
        actual: the value that it has instead; empty when it has none.
        kind: unknown, type, range, dependency, module, modules, choice, selected, hidden or other; empty when nobody
            has found out yet.
        reason: why, as a sentence; empty like kind.
        advice: symbols that one can set for it to come out as asked, in order.
    """

    symbol: str
    wanted: str
    actual: str
    kind: str = ""
    reason: str = ""
    advice: dict[str, str] = field(default_factory=dict)

    def line(self) -> str:
        """The refusal as one line for a user."""
        came = f" came out as {self.actual or 'not set'}" if self.kind not in ("unknown", "type") else ""
        reason = f": {self.reason}" if self.reason else ""
        advice = ", ".join(f"{name}={value}" for name, value in self.advice.items())
        return f"{self.symbol}={self.wanted}{came}{reason}" + (f". Set {advice}" if advice else "")


def canonical(value: Any, kind: str) -> str:
    """A user's value as a .config file writes it.

    Args:
        value: what YAML gave, or the text of a .config line; a string may have its quotes already.
        kind: the symbol's type: bool, tristate, string, int or hex.

    Raises:
        ValueError: the type has no such value; the text says what it takes.
    """
    if kind in ("bool", "tristate"):
        text = {True: "y", False: "n"}[value] if isinstance(value, bool) else value
        allowed = ("y", "n") if kind == "bool" else ("y", "m", "n")
        if text in allowed:
            return str(text)
        raise ValueError(f"it is a {kind}, which takes {', '.join(allowed[:-1])} or n")
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise ValueError(f"it takes {_TAKES[kind]}, which YAML has read as {type(value).__name__}: put it in quotes")
    if kind == "int" and _INT.fullmatch(str(value)):
        return str(value)
    if kind == "hex" and isinstance(value, int) and value >= 0:
        return hex(value)
    if kind == "hex" and _HEX.fullmatch(str(value)):
        return str(value).replace("X", "x")
    if kind == "string":
        return _string(str(value))
    raise ValueError(f"it takes {_TAKES[kind]}")


_TAKES = {"string": "a text", "int": "a whole number", "hex": "a hexadecimal number such as 0x1000"}


def _string(text: str) -> str:
    if "\n" in text or "\0" in text:
        raise ValueError("it takes a text of one line")
    if _QUOTED.fullmatch(text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def plain(value: str) -> str:
    """A value of a .config file as a user reads it: a string without quotes."""
    return re.sub(r"\\(.)", r"\1", value[1:-1]) if _QUOTED.fullmatch(value) else value


def shown(value: Any) -> str:
    """A user's value for a message, whatever it is."""
    if isinstance(value, bool):
        return "y" if value else "n"
    return plain(value) if isinstance(value, str) else str(value)


def granted(wanted: str, actual: str | None, kind: str) -> bool:
    """Whether a symbol has the value that was asked; numbers may be written in several ways.

    Args:
        wanted: as canonical() gives it.
        actual: as .config has it; None when it is not there.
        kind: the symbol's type.
    """
    if actual is None:
        actual = UNSET.get(kind, "")
    try:
        return int(wanted, _BASES[kind]) == int(actual, _BASES[kind])
    except (KeyError, ValueError):
        return wanted == actual


_BASES = {"int": 10, "hex": 16}
