# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every pair of values meets in a cell, of the matrix as it is and of ones with more axes and with rules."""

import dataclasses

import pytest

from matrix.axes import AxesError, Axis, Plan, Rule, load
from matrix.cells import Cell, Group, all_values, core, covering, groups, pairs, together

FILE = load()
BACKEND = Axis("backend", "site", {"isc": {}, "dnsmasq": {}})
MODE = Axis("mode", "site", {"full": {}, "proxy": {}})
LOADER = Axis("booter", "slave", {"pxelinux": {}, "grub": {}, "etherboot": {}})
CONSOLE = Axis("console", "slave", {"serial": {}, "screen": {}})
PROXY = Rule({"mode": "proxy"}, {"backend": ("dnsmasq",)})
GRUB = Rule({"booter": "grub"}, {"firmware": ("uefi",)})


def grown(*axes: Axis, rules: tuple[Rule, ...] = (), cells: tuple[dict[str, str], ...] = ()) -> Plan:
    """The file's plan with more axes."""
    return dataclasses.replace(FILE, axes=(*FILE.axes, *axes), rules=(*FILE.rules, *rules), core=(*FILE.core, *cells))


ONE_AXIS = Plan((LOADER,), (), (), 0, {})
PLANS = [
    pytest.param(FILE, id="the file"),
    pytest.param(grown(BACKEND, MODE, rules=(PROXY,)), id="a rule"),
    pytest.param(grown(BACKEND, MODE, LOADER, CONSOLE, rules=(PROXY, GRUB), cells=({},)), id="what is to come"),
    pytest.param(dataclasses.replace(FILE, core=(), together=0), id="no core"),
    pytest.param(ONE_AXIS, id="one axis"),
]


@pytest.mark.parametrize("plan", PLANS)
def test_every_pair_of_values_that_the_rules_allow_meets(plan: Plan) -> None:
    wanted = {pair for values in all_values(plan) for pair in pairs(values)}
    singles = [cell.machines[0] for cell in covering(plan) if len(cell.machines) == 1]
    assert {pair for values in singles for pair in pairs(values)} == wanted
    assert {item for values in singles for item in values.items()} == {
        item for values in all_values(plan) for item in values.items()
    }


@pytest.mark.parametrize("plan", PLANS)
def test_no_cell_breaks_a_rule_or_comes_twice(plan: Plan) -> None:
    cells = covering(plan)
    assert all(plan.allows(values) for cell in cells for values in cell.machines)
    assert len({cell.name for cell in cells}) == len(cells)


@pytest.mark.parametrize("plan", PLANS)
def test_the_set_is_the_same_each_time_and_small(plan: Plan) -> None:
    cells = covering(plan)
    assert covering(plan) == cells
    assert len(cells) <= max(len(list(all_values(plan))), 3) // 2 + 2


@pytest.mark.parametrize("plan", [PLANS[0], PLANS[2]])
def test_the_core_is_small_has_every_value_but_those_left_out_and_belongs_to_the_set(plan: Plan) -> None:
    cells = core(plan)
    assert 2 <= len(cells) <= 3
    assert {item for cell in cells for item in cell.machines[0].items()} == {
        (axis.name, value) for axis in plan.axes for value in axis.values if plan.core_allows({axis.name: value})
    }
    assert covering(plan)[: len(cells)] == cells


def test_the_core_needs_no_second_architecture_and_the_set_has_it() -> None:
    assert FILE.core_without["architecture"] == ("i386",)
    assert {cell.value("architecture") for cell in core(FILE)} == {"x86_64"}
    others = [cell for cell in covering(FILE) if cell.value("architecture") == "i386"]
    assert {cell.value("master") for cell in others} == {"contract", "debian"}
    assert {(cell.value("firmware"), cell.value("init")) for cell in others} == {("bios", "systemd")}


def test_what_the_core_is_without_it_does_not_get_as_its_rarest_either() -> None:
    plan = grown(LOADER, cells=({}, {}))
    assert [cell.value("booter") for cell in core(plan)] == ["pxelinux", "grub", "etherboot", "pxelinux"]
    without = dataclasses.replace(plan, core_without={**plan.core_without, "booter": ("grub",)})
    assert [cell.value("booter") for cell in core(without)] == ["pxelinux", "etherboot", "pxelinux", "etherboot"]


def test_a_core_that_no_rule_allows() -> None:
    never = (Rule({"mode": "proxy"}, {"backend": ("dnsmasq",)}), Rule({"mode": "full"}, {"backend": ()}))
    with pytest.raises(AxesError, match="no cell that the rules allow"):
        core(grown(BACKEND, MODE, rules=never, cells=({"backend": "isc"},)))


def test_the_crowd_shares_a_master_and_is_mixed() -> None:
    crowd = together(FILE)
    assert crowd is not None
    assert len(crowd.machines) == 4
    shared = FILE.group(crowd.machines[0])
    assert [FILE.group(values) for values in crowd.machines] == [shared] * 4
    assert FILE.together_values.items() <= shared.items()
    own = [axis for axis in FILE.axes if axis.scope in ("slave", "hardware")]
    assert all({values[axis.name] for values in crowd.machines} == set(axis.values) for axis in own)


def test_a_crowd_larger_than_its_values() -> None:
    plan = dataclasses.replace(ONE_AXIS, together=7)
    crowd = together(plan)
    assert crowd is not None
    assert sorted(values["booter"] for values in crowd.machines).count("grub") in (2, 3)


def test_one_master_for_each_group() -> None:
    found = groups(FILE, covering(FILE))
    values = [tuple(group.values.items()) for group in found]
    assert len(set(values)) == len(values)
    assert {tuple(FILE.group(cell.machines[0]).items()) for cell in covering(FILE)} == set(values)
    assert {group.values["master"] for group in found} == {"contract", "debian"}
    assert sorted(cell.name for group in found for cell in group.cells) == sorted(cell.name for cell in covering(FILE))


def test_a_group_has_a_machine_of_each_kind_and_more_only_where_they_boot_at_once() -> None:
    one, two = {"nfs": "3"}, {"nfs": "4.2"}
    group = Group({}, (Cell("a", (one,)), Cell("b", (two, one, two)), Cell("c", (two,))))
    assert group.machines == [one, two, two]


def test_a_cell_s_value_is_that_of_all_its_machines() -> None:
    assert Cell("x", ({"nfs": "3"}, {"nfs": "4.2"}, {"nfs": "3"})).value("nfs") == "3, 4.2"
