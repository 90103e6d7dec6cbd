# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which cells the matrix has: a set in which every two values of different axes meet, the core, and a crowd."""

import functools
import itertools
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from matrix.axes import AxesError, Plan, Values


@dataclass(frozen=True)
class Cell:
    """Machines that boot at the same time, most often one; each with its values."""

    name: str
    machines: tuple[Values, ...]

    def value(self, axis: str) -> str:
        """Its value of an axis, or all that its machines have."""
        return ", ".join(dict.fromkeys(values[axis] for values in self.machines))


@dataclass(frozen=True)
class Group:
    """Cells that one master serves, and the machines that they have, each once."""

    values: Values
    cells: tuple[Cell, ...]

    @property
    def name(self) -> str:
        """The values, joined."""
        return "-".join(self.values.values())

    @property
    def machines(self) -> list[Values]:
        """Different machines of the cells, and as many of a kind as one cell boots at once."""
        found: list[Values] = []
        for cell in self.cells:
            for values in cell.machines:
                found += [values] * (cell.machines.count(values) - found.count(values))
        return found


def all_values(plan: Plan) -> Iterable[Values]:
    """Every combination that the rules allow."""
    for combination in itertools.product(*(axis.values for axis in plan.axes)):
        values = dict(zip((axis.name for axis in plan.axes), combination, strict=True))
        if plan.allows(values):
            yield values


def pairs(values: Values) -> set[frozenset[tuple[str, str]]]:
    """The pairs of values of two axes that meet in a cell, and each value by itself."""
    return set(_pairs(tuple(values.items())))


@functools.cache
def _pairs(items: tuple[tuple[str, str], ...]) -> frozenset[frozenset[tuple[str, str]]]:
    """The same. A plan's thousands of combinations are looked at again for every cell."""
    return frozenset(frozenset(pair) for pair in itertools.combinations_with_replacement(items, 2))


def _completed(plan: Plan, given: Values, counts: Counter[tuple[str, str]]) -> Values:
    """Given values, with the rarest value of each axis that is not given, of those that the core may have."""

    def rarity(values: Values) -> list[int]:
        return [counts[item] for item in values.items()]

    fitting = [values for values in all_values(plan) if given.items() <= values.items() and plan.core_allows(values)]
    if not fitting:
        raise AxesError(f"no cell that the rules allow has {given}")
    return min(fitting, key=rarity)


def core(plan: Plan) -> list[Cell]:
    """The few cells that have every value of every axis, but those that the core is without."""
    counts: Counter[tuple[str, str]] = Counter()
    cells = []
    for given in plan.core:
        values = _completed(plan, dict(given), counts)
        counts.update(values.items())
        cells.append(_cell(values))
    return cells


def _cell(values: Values) -> Cell:
    return Cell("-".join(values.values()), (values,))


def _meeting(fitting: Sequence[Values], met: set[frozenset[tuple[str, str]]]) -> Values:
    """Of these values the first that bring the most pairs together which have not met; they have met then."""
    values = max(fitting, key=lambda one: len(_pairs(tuple(one.items())) - met))
    met |= pairs(values)
    return values


def together(plan: Plan) -> Cell | None:
    """The cell of machines that boot at the same time, as different as can be."""
    if not plan.together:
        return None
    shared = {**plan.group(next(iter(all_values(plan)))), **plan.together_values}
    fitting = [values for values in all_values(plan) if shared.items() <= values.items()]
    if not fitting:
        raise AxesError(f"together.values: no cell that the rules allow has {shared}")
    met: set[frozenset[tuple[str, str]]] = set()
    machines = []
    for _machine in range(plan.together):
        if set().union(*map(pairs, fitting)) <= met:
            met.clear()  # more machines than there are differences: once more from the start
        machines.append(_meeting(fitting, met))
    return Cell(f"{plan.together}-at-once-{'-'.join(shared.values())}", tuple(machines))


def covering(plan: Plan) -> list[Cell]:
    """The whole matrix: the core, what is missing until every allowed pair of values has met, and the crowd."""
    cells = core(plan)
    fitting = list(all_values(plan))
    every = set().union(*map(pairs, fitting))
    met = set().union(*(pairs(cell.machines[0]) for cell in cells))
    while met != every:
        cells.append(_cell(_meeting(fitting, met)))
    crowd = together(plan)
    return [*cells, crowd] if crowd else cells


def groups(plan: Plan, cells: Sequence[Cell]) -> list[Group]:
    """Cells by the master that they need, in the order in which their masters first come."""
    found: dict[tuple[tuple[str, str], ...], list[Cell]] = {}
    for cell in cells:
        found.setdefault(tuple(plan.group(cell.machines[0]).items()), []).append(cell)
    return [Group(dict(values), tuple(members)) for values, members in found.items()]
