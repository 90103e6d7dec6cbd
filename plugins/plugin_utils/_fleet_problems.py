# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a fleet: one problem, and the error that carries all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypedDict, TypeVar

SITE = "site"
"""Stands where a host's name would, for a variable of the whole site."""


class _Unset:
    """The value of a variable that is not set, so that None, which YAML can write, stays a value."""

    def __repr__(self) -> str:
        return "not set"


UNSET = _Unset()


@dataclass(frozen=True)
class Unreadable:
    """Stands for a value that could not be read: what was written, and why it gave no value."""

    source: object
    reason: str


class ProblemRecord(TypedDict):
    """A problem as plain JSON data."""

    host: str
    variable: str
    value: str | None
    allowed: str


@dataclass(frozen=True)
class Problem:
    """One refused value: whose it is, which variable, what it is, and what is allowed."""

    host: str
    variable: str
    value: object
    allowed: str

    def __str__(self) -> str:
        return f"{self.host}: {self.variable} is {shown(self.value)}; allowed: {self.allowed}"

    def record(self) -> ProblemRecord:
        """Return the problem as plain JSON data. A value that is not set is null."""
        value = None if self.value is UNSET else shown(self.value)
        return {"host": self.host, "variable": self.variable, "value": value, "allowed": self.allowed}


class FleetError(Exception):
    """The inventory does not describe a fleet that can be built. Carries every problem at once."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class Refused(ValueError):
    """A check does not accept a value. The message says what is allowed."""


def shown(value: object) -> str:
    """Return a value on one line for a person: as Python writes it, cut after 200 characters."""
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:200]}... ({len(text)} characters)"


Checked = TypeVar("Checked")


class Problems:
    """Collects problems, so that a person sees all of them at once."""

    def __init__(self) -> None:
        self.found: list[Problem] = []

    def add(self, host: str, variable: str, value: object, allowed: str) -> None:
        """Note one problem."""
        self.found.append(Problem(host, variable, value, allowed))

    def check(self, host: str, variable: str, value: object, function: Callable[[object], Checked]) -> Checked | None:
        """Return what the check makes of the value, or None after noting what is allowed."""
        if isinstance(value, Unreadable):
            self.add(host, variable, value.source, f"a value that can be read ({value.reason})")
            return None
        try:
            return function(value)
        except Refused as error:
            self.add(host, variable, value, str(error))
            return None

    def fail_if_any(self) -> None:
        """Raise FleetError when a problem was noted."""
        if self.found:
            raise FleetError(self.found)
