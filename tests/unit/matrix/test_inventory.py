# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventories of the groups, read by Ansible and by the lab."""

from pathlib import Path

import pytest
import yaml

from lab.inventory import Inventory
from lab.settings import Settings
from matrix import inventory
from matrix.axes import load
from matrix.cells import Cell, Group, covering, groups

PLAN = load()
GROUPS = groups(PLAN, covering(PLAN))


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name)
def test_every_machine_of_every_cell_has_a_slave_of_its_values(group: Group) -> None:
    slaves = dict(inventory.slaves(group))
    for cell in group.cells:
        found = inventory.names(group, cell)
        assert len(set(found)) == len(cell.machines)
        assert [slaves[name] for name in found] == list(cell.machines)


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name)
def test_no_two_slaves_share_an_address(group: Group) -> None:
    variables = [inventory.variables(PLAN, name, values) for name, values in inventory.slaves(group)]
    for key in ("slave_mac", "slave_address"):
        assert len({one[key] for one in variables}) == len(variables)


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name)
def test_the_lab_reads_what_is_written(group: Group, tmp_path: Path) -> None:
    (tmp_path / "host_vars").mkdir()
    (tmp_path / "host_vars" / "slave250.yml").write_text("--- {}\n")
    inventory.write(tmp_path, PLAN, group)
    found = Inventory.read(tmp_path)
    assert found.slaves == tuple(name for name, _values in inventory.slaves(group))
    for name, values in inventory.slaves(group):
        slave, expected = found.slave(Settings("netboot-matrix", tmp_path), name)
        assert slave.mac == inventory.variables(PLAN, name, values)["slave_mac"]
        assert expected.nfs_version == values["nfs"]
        assert expected.root == f"192.168.1.1:/diskless/{expected.address}"


def test_site_variables_are_the_site_s(tmp_path: Path) -> None:
    group = GROUPS[0]
    inventory.write(tmp_path, PLAN, group)
    assert yaml.safe_load((tmp_path / "group_vars" / "all.yml").read_text())["fleet_network"] == "192.168.1.0/24"


def test_more_machines_than_addresses() -> None:
    with pytest.raises(ValueError, match="300 machines"):
        inventory.slaves(Group({"master": "contract"}, (Cell("x", tuple({"nfs": "3"} for _one in range(300))),)))
