# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory of one group of cells: a master, and a slave for each machine."""

import shutil
from pathlib import Path
from typing import Any

import yaml

from lab.settings import MASTER_ADDRESS, MASTER_INTERFACE, NETWORK
from matrix.axes import Plan, Values
from matrix.cells import Cell, Group

FIRST = 21
"""Last number of the first slave's address, as in the article."""

LAST = 250

SITE = {
    "fleet_network": NETWORK,
    "fleet_master_address": MASTER_ADDRESS,
    "fleet_interface": MASTER_INTERFACE,
    "fleet_domain": "matrix.example",
    "fleet_root": "/diskless",
}
HOSTS: dict[str, Any] = {"master": {"hosts": {"master.matrix.example": None}}, "slaves": None}
SLAVES = {"plugin": "netboot.diskless.host_vars"}


def slaves(group: Group) -> list[tuple[str, Values]]:
    """The name of each machine of a group, and its values.

    :raises ValueError: more machines than the lab's network has addresses.
    """
    machines = group.machines
    if len(machines) > LAST - FIRST + 1:
        raise ValueError(f"{group.name}: {len(machines)} machines, and addresses for {LAST - FIRST + 1}")
    return [(f"slave{FIRST + number}", values) for number, values in enumerate(machines)]


def names(group: Group, cell: Cell) -> list[str]:
    """The slaves of a cell, in the order of its machines."""
    left = slaves(group)
    found = []
    for wanted in cell.machines:
        entry = next(one for one in left if one[1] == wanted)
        left.remove(entry)
        found.append(entry[0])
    return found


def variables(plan: Plan, name: str, values: Values) -> dict[str, Any]:
    """A slave's host_vars. Its MAC address is locally administered (IEEE 802) and ends with its number."""
    number = int(name.removeprefix("slave"))
    return {
        "slave_mac": f"02:00:00:00:00:{number:02x}",
        "slave_address": f"{NETWORK.rpartition('.')[0]}.{number}",
        **plan.settings("slave", values),
    }


def write(folder: Path, plan: Plan, group: Group) -> None:
    """Write the inventory of a group; what was in the folder is removed."""
    # It is not there before the first run.
    shutil.rmtree(folder, ignore_errors=True)
    files: dict[str, dict[str, Any]] = {
        "hosts.yml": HOSTS,
        "slaves.yml": SLAVES,
        "group_vars/all.yml": {**SITE, **plan.settings("site", group.machines[0])},
    }
    for name, values in slaves(group):
        files[f"host_vars/{name}.yml"] = variables(plan, name, values)
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        text = yaml.safe_dump(data, explicit_start=True, sort_keys=False)
        (folder / path).write_text(text, encoding="utf-8")
