# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action netboot.diskless.fleet on inventories as Ansible reads them."""

from __future__ import annotations

import gc
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleActionFail
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from ansible.vars.hostvars import HostVars
from ansible.vars.manager import VariableManager
from ansible_collections.netboot.diskless.plugins.action.fleet import ActionModule

HOSTS = "master:\n  hosts:\n    master:\nslaves:\n"
SLAVES = "plugin: netboot.diskless.host_vars\n"
ALL = """
fleet_network: 192.168.1.0/24
fleet_master_address: 192.168.1.1
fleet_interface: eth0
fleet_domain: mydomain.com
"""
SLAVE21 = 'slave_mac: "00:02:A5:04:3B:66"\nslave_address: 192.168.1.21\n'
SLAVE22 = 'slave_mac: "00:02:A5:04:3B:67"\nslave_address: 192.168.1.22\n'


class Inventory:
    """Writes an inventory directory and runs the action on it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.write("hosts.yml", HOSTS)
        self.write("slaves.yml", SLAVES)
        self.write("group_vars/all.yml", ALL)
        self.write("host_vars/slave21.yml", SLAVE21)

    def write(self, name: str, text: str) -> None:
        path = self.directory / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)

    def run(self, limit: str = "", arguments: dict[str, Any] | None = None, **role_defaults: object) -> dict[str, Any]:
        loader = DataLoader()
        inventory = InventoryManager(loader, sources=[str(self.directory)])
        inventory.subset(limit or None)
        manager = VariableManager(loader, inventory)
        HostVars(inventory, manager, loader)
        variables = {**role_defaults, **manager.get_vars(host=inventory.get_host("master"))}
        return act(variables, loader, arguments or {})


def act(variables: dict[str, Any], loader: DataLoader, arguments: dict[str, Any]) -> dict[str, Any]:
    task = SimpleNamespace(args=arguments, async_val=0, check_mode=True, action="netboot.diskless.fleet")
    connection = SimpleNamespace(_shell=SimpleNamespace(tmpdir=""))
    return ActionModule(task, connection, None, loader, Templar(loader, variables)).run(task_vars=variables)


@pytest.fixture
def inventory(tmp_path: Path) -> Inventory:
    return Inventory(tmp_path)


def test_model(inventory: Inventory) -> None:
    inventory.write("host_vars/slave22.yml", SLAVE22)
    result = inventory.run()
    assert result["changed"] is False
    assert "failed" not in result
    assert "ansible_facts" not in result
    assert result["site"]["master_name"] == "master"
    assert [slave["hex_name"] for slave in result["slaves"]] == ["C0A80115", "C0A80116"]


def test_nothing_of_ansibles_own_types_is_left(inventory: Inventory) -> None:
    inventory.write("group_vars/slaves.yml", "slave_nic: e1000\nslave_console: \"{{ 'ttyS' ~ 0 }}\"\n")
    inventory.write(
        "group_vars/all.yml", f"{ALL}fleet_dns_servers: ['{{{{ fleet_master_address }}}}', 9.9.9.9]\nfleet_nat: true\n"
    )
    model = inventory.run()

    def types(value: object) -> set[type]:
        if isinstance(value, dict):
            return {type(value)}.union(*(types(part) for part in (*value, *value.values())))
        if isinstance(value, list):
            return {type(value)}.union(*(types(part) for part in value))
        return {type(value)}

    assert types(model) <= {dict, list, str, int, bool}
    assert model["site"]["dns_servers"] == ["192.168.1.1", "9.9.9.9"]
    assert model["slaves"][0]["console"] == "ttyS0"
    assert model["slaves"][0]["nic"] == "e1000"


@pytest.mark.parametrize("limit", ["master", "slave21"])
def test_a_limit_leaves_the_fleet_whole(inventory: Inventory, limit: str) -> None:
    inventory.write("host_vars/slave22.yml", SLAVE22)
    assert len(inventory.run(limit=limit)["slaves"]) == 2


@pytest.mark.parametrize(
    ("line", "root"),
    [
        ("slave_root: '{{ fleet_root }}/{{ inventory_hostname }}'", "/roots/slave21"),
        ("slave_root: \"{{ fleet_root }}/{{ slave_address | replace('.', '-') }}\"", "/roots/192-168-1-21"),
        ("slave_root: \"{{ fleet_root }}/{{ hostvars['master'].shelf }}\"", "/roots/a"),
    ],
)
def test_a_slaves_templates_see_its_own_variables_and_the_sites(inventory: Inventory, line: str, root: str) -> None:
    inventory.write("host_vars/master.yml", "shelf: a\n")
    inventory.write("host_vars/slave21.yml", f"{SLAVE21}{line}\n")
    # As the default of a role, which is no variable of the slave.
    assert inventory.run(fleet_root="/roots")["slaves"][0]["root"] == root


def test_a_slaves_templates_see_the_defaults_without_the_role(inventory: Inventory) -> None:
    inventory.write("host_vars/slave21.yml", f"{SLAVE21}slave_root: '{{{{ fleet_root }}}}/x'\n")
    assert inventory.run()["slaves"][0]["root"] == "/diskless/x"


def test_a_slaves_templates_do_not_see_the_masters_variables(inventory: Inventory) -> None:
    inventory.write("host_vars/master.yml", "shelf: a\n")
    inventory.write("host_vars/slave21.yml", f"{SLAVE21}slave_nic: '{{{{ shelf }}}}'\n")
    assert "'shelf' is undefined" in inventory.run()["msg"]


def test_the_masters_own_value_is_the_sites(inventory: Inventory) -> None:
    inventory.write("host_vars/master.yml", "fleet_interface: eth1\n")
    assert inventory.run()["site"]["interface"] == "eth1"


@pytest.mark.parametrize("place", ["group_vars/slaves.yml", "host_vars/slave21.yml"])
def test_the_sites_value_on_a_slave_is_refused(inventory: Inventory, place: str) -> None:
    inventory.write(place, f"{SLAVE21}fleet_nfs_version: '3'\n")
    inventory.write("host_vars/slave21.yml", f"{SLAVE21}{'fleet_nfs_version: 3' if 'host' in place else ''}\n")
    result = inventory.run()
    assert result["failed"] is True
    assert [(problem["host"], problem["variable"]) for problem in result["problems"]] == [
        ("slave21", "fleet_nfs_version")
    ]


@pytest.mark.parametrize(
    ("value", "shown", "reason"),
    [
        ("{{ nothing }}", "'{{ nothing }}'", "'nothing' is undefined"),
        ("{{ 1 / 0 }}", "'{{ 1 / 0 }}'", "division by zero"),
        ("{{", "'{{'", "Syntax error in template"),
        ("{% if %}", "'{% if %}'", "Syntax error in template"),
        ("{{ hostvars['nobody'].x }}", "nobody", "can be read (hostvars['nobody'])"),
        ("{{ slave_nic }}", "'{{ slave_nic }}'", "ecursive"),
        ("{{ lookup('file', '/nonexistent') }}", "lookup", "/nonexistent"),
    ],
)
def test_a_template_that_fails_is_one_problem_among_others(
    inventory: Inventory, value: str, shown: str, reason: str
) -> None:
    inventory.write("host_vars/slave21.yml", f'{SLAVE21}slave_nic: "{value}"\nslave_loader: lilo\n')
    inventory.write("host_vars/slave22.yml", "{}\n")
    result = inventory.run()
    lines = result["msg"].splitlines()
    assert len(lines) == len(result["problems"]) == 4
    (line,) = (line for line in lines if "slave_nic" in line)
    assert line.startswith("slave21: slave_nic is ")
    assert shown in line
    assert reason in line


def test_a_template_of_the_site_that_fails(inventory: Inventory) -> None:
    inventory.write("group_vars/all.yml", f"{ALL}fleet_ntp_servers: ['{{{{ nothing }}}}']\n")
    (problem,) = inventory.run()["problems"]
    assert (problem["host"], problem["variable"]) == ("site", "fleet_ntp_servers")


def test_a_template_in_a_variable_of_a_role_is_left_alone(inventory: Inventory) -> None:
    inventory.write("host_vars/slave21.yml", f"{SLAVE21}slave_rootfs_x: '{{{{ nothing }}}}'\n")
    inventory.write("group_vars/all.yml", f"{ALL}fleet_other: '{{{{ nothing }}}}'\n")
    assert "failed" not in inventory.run()


@pytest.mark.parametrize("text", ["- a list\n", "slave_mac: [\n", "a string\n"])
def test_files_that_are_no_variables(inventory: Inventory, text: str) -> None:
    inventory.write("host_vars/slave22.yml", text)
    inventory.write("host_vars/slave23.yml", "{}\n")
    result = inventory.run()
    hosts = [problem["host"] for problem in result["problems"]]
    assert hosts == ["slave22", "slave23", "slave23"]
    assert "host_vars" in result["problems"][0]["variable"]
    assert len(result["msg"].splitlines()) == 3


def test_what_yaml_makes_of_unquoted_values(inventory: Inventory) -> None:
    inventory.write(
        "host_vars/slave21.yml",
        "slave_mac: 52:54:00:12:34:56\nslave_address: 192.168.1.21\nslave_hostname: no\nslave_nfs_version: 4.2\n",
    )
    result = inventory.run()
    assert [problem["variable"] for problem in result["problems"]] == [
        "slave_mac",
        "slave_hostname",
        "slave_nfs_version",
    ]
    assert all("quote it" in line for line in result["msg"].splitlines())


def test_a_problem_as_data(inventory: Inventory) -> None:
    inventory.write("host_vars/slave21.yml", 'slave_mac: "01:00:5e:00:00:01"\n')
    result = inventory.run()
    assert result["problems"] == [
        {
            "host": "slave21",
            "variable": "slave_mac",
            "value": "'01:00:5e:00:00:01'",
            "allowed": "a unicast MAC address, six hex pairs; this one is a multicast or broadcast address",
        },
        {
            "host": "slave21",
            "variable": "slave_address",
            "value": None,
            "allowed": "an IPv4 address of a machine in 192.168.1.0/24",
        },
    ]
    assert result["msg"].splitlines()[0] == (
        "slave21: slave_mac is '01:00:5e:00:00:01'; allowed: a unicast MAC address, six hex pairs; "
        "this one is a multicast or broadcast address"
    )


def test_no_group_at_all(inventory: Inventory) -> None:
    inventory.write("hosts.yml", "all:\n  hosts:\n    master:\n")
    (inventory.directory / "slaves.yml").unlink()
    assert {problem["variable"] for problem in inventory.run()["problems"]} == {"group master", "group slaves"}


def test_arguments_are_refused(inventory: Inventory) -> None:
    with pytest.raises(AnsibleActionFail, match="Unsupported parameters.*slaves"):
        inventory.run(arguments={"slaves": []})


def test_a_missing_library_is_named(inventory: Inventory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ansible_collections.netboot.diskless.plugins.action.fleet.HAS_NETADDR", False)
    with pytest.raises(AnsibleActionFail, match="netaddr"):
        inventory.run()


def test_no_inventory() -> None:
    with pytest.raises(AnsibleActionFail, match="needs an inventory"):
        act({}, DataLoader(), {})


def test_the_collector_runs_again_afterwards(inventory: Inventory) -> None:
    inventory.run()
    assert gc.isenabled()
    gc.disable()
    try:
        inventory.run()
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_an_untrusted_template_is_not_run(inventory: Inventory) -> None:
    loader = DataLoader()
    raw = {"slave_mac": "02:00:00:00:00:01", "slave_address": "192.168.1.21", "slave_nic": "{{ 1 + 1 }}"}
    hostvars = SimpleNamespace(raw_get=lambda name: {} if name == "localhost" else raw)
    site = {"fleet_network": "192.168.1.0/24", "fleet_master_address": "192.168.1.1", "fleet_interface": "eth0"}
    groups = {"master": ["master"], "slaves": ["slave21"]}
    variables = {**site, "hostvars": hostvars, "groups": groups}
    (problem,) = act(variables, loader, {})["problems"]
    assert problem["value"] == "'{{ 1 + 1 }}'"
    raw["slave_nic"] = trust_as_template("{{ 'e' ~ 1000 }}")
    assert act(variables, loader, {})["slaves"][0]["nic"] == "e1000"
