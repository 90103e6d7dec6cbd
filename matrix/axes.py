# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The axes of the matrix as matrix/axes.toml describes them, checked."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("axes.toml")

SCOPES = ("lab", "site", "slave", "hardware")
GROUP_SCOPES = ("lab", "site")
"""What one master has in common with all of its slaves."""

HARDWARE = ("firmware", "nic")
"""Fields of lab.slave.Hardware that an axis may set."""

Values = dict[str, str]
"""One value for each axis, in the axes' order."""


class AxesError(ValueError):
    """The file does not describe a matrix; the message says where."""


@dataclass(frozen=True)
class Axis:
    """One thing that differs. `values`: what each value sets, by name; `OTHER=VALUE` holds what it sets then."""

    name: str
    scope: str
    values: Mapping[str, Mapping[str, Any]]

    def sets(self, values: Values) -> dict[str, Any]:
        """What this axis sets in a cell of these values."""
        found: dict[str, Any] = {}
        for name, what in self.values[values[self.name]].items():
            other, conditional, value = name.partition("=")
            if not conditional:
                found[name] = what
            elif values[other] == value:
                found.update(what)
        return found


@dataclass(frozen=True)
class Rule:
    """Where all of `when` holds, each axis of `only` has one of its values."""

    when: Mapping[str, str]
    only: Mapping[str, tuple[str, ...]]

    def allows(self, values: Mapping[str, str]) -> bool:
        """Whether values, perhaps not of every axis yet, keep the rule so far."""
        if any(values.get(axis) != value for axis, value in self.when.items()):
            return True
        return all(values[axis] in allowed for axis, allowed in self.only.items() if axis in values)


@dataclass(frozen=True)
class Plan:
    """The whole file. `core` and `together_values` may leave axes out; the core has no value of `core_without`."""

    axes: tuple[Axis, ...]
    rules: tuple[Rule, ...]
    core: tuple[Mapping[str, str], ...]
    together: int
    together_values: Mapping[str, str]
    core_without: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def allows(self, values: Mapping[str, str]) -> bool:
        """Whether values, perhaps not of every axis yet, keep every rule so far."""
        return all(rule.allows(values) for rule in self.rules)

    def core_allows(self, values: Mapping[str, str]) -> bool:
        """Whether a cell of these values may be in the core."""
        return not any(values.get(axis) in without for axis, without in self.core_without.items())

    def settings(self, scope: str, values: Values) -> dict[str, Any]:
        """What all axes of a scope set in a cell of these values."""
        found: dict[str, Any] = {}
        for axis in self.axes:
            if axis.scope == scope:
                found.update(axis.sets(values))
        return found

    def group(self, values: Values) -> Values:
        """The values that a master has in common with its slaves."""
        return {axis.name: values[axis.name] for axis in self.axes if axis.scope in GROUP_SCOPES}


def _axis(name: str, line: Mapping[str, Any]) -> Axis:
    scope, values = line.get("scope"), {key: sets for key, sets in line.items() if key != "scope"}
    if scope not in SCOPES:
        raise AxesError(f"axes.{name}: scope {scope!r} is none of {', '.join(SCOPES)}")
    if not values:
        raise AxesError(f"axes.{name}: no values")
    for value, sets in values.items():
        if not isinstance(sets, Mapping):
            raise AxesError(f"axes.{name}.{value}: not a table of what the value sets")
        unknown = [key for key in sets if scope == "hardware" and "=" not in key and key not in HARDWARE]
        if unknown:
            raise AxesError(f"axes.{name}.{value}: hardware has no {unknown[0]}")
    return Axis(name, scope, values)


def _named(plan: Plan) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every place of the file that names values of axes."""
    for at, rule in enumerate(plan.rules):
        yield f"constraints.rules[{at}]", {**rule.when, **rule.only}
    yield "core.without", plan.core_without
    for at, cell in enumerate(plan.core):
        yield f"core.cells[{at}]", cell
    yield "together.values", plan.together_values
    for axis in plan.axes:
        for value, sets in axis.values.items():
            for key in sets:
                other, conditional, wanted = key.partition("=")
                if conditional:
                    yield f"axes.{axis.name}.{value}", {other: wanted}


def _check(plan: Plan) -> None:
    axes = {axis.name: axis for axis in plan.axes}
    for place, named in _named(plan):
        for name, wanted in named.items():
            for value in (wanted,) if isinstance(wanted, str) else wanted:
                if name not in axes or value not in axes[name].values:
                    raise AxesError(f"{place}: there is no {name}={value}")
    for axis in plan.axes:
        others = {key.partition("=")[0] for sets in axis.values.values() for key in sets if "=" in key}
        if axis.scope in GROUP_SCOPES and any(axes[other].scope not in GROUP_SCOPES for other in others):
            raise AxesError(f"axes.{axis.name}: what a master's slaves share cannot depend on one slave's values")
    if any(axes[name].scope not in GROUP_SCOPES for name in plan.together_values):
        raise AxesError("together.values: only axes of the scopes lab and site")
    _check_core(plan)


def _check_core(plan: Plan) -> None:
    for cell in plan.core:
        if not plan.allows(cell):
            raise AxesError(f"core.cells: a rule forbids {dict(cell)}")
        if not plan.core_allows(cell):
            raise AxesError(f"core.cells: core.without forbids {dict(cell)}")


def parse(data: Mapping[str, Any]) -> Plan:
    """The plan that a file's data describes.

    :raises AxesError: it names what is not there.
    """
    rules = tuple(
        Rule(rule["when"], {axis: tuple(allowed) for axis, allowed in rule["only"].items()})
        for rule in data.get("constraints", {}).get("rules", ())
    )
    core, together = data.get("core", {}), data.get("together", {})
    plan = Plan(
        axes=tuple(_axis(name, line) for name, line in data["axes"].items()),
        rules=rules,
        core=tuple(core.get("cells", ())),
        together=together.get("slaves", 0),
        together_values=together.get("values", {}),
        core_without={axis: tuple(values) for axis, values in core.get("without", {}).items()},
    )
    _check(plan)
    return plan


def load(file: Path = FILE) -> Plan:
    """Read the file.

    :raises AxesError: it names what is not there.
    """
    return parse(tomllib.loads(file.read_text(encoding="utf-8")))
