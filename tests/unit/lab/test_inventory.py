# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inventories: what is read of the user's, what the lab lays over it."""

import json
from pathlib import Path

import pytest

from lab.inventory import Inventory, InventoryError, RootPassword, mac_address, overlay, user_inventory, write_overlay
from lab.probe import Expected
from lab.settings import CHECKOUT, Settings

LISTING = {
    "_meta": {
        "hostvars": {
            "master": {"fleet_root": "/diskless"},
            "slave21": {"slave_mac": "00:02:A5:04:3B:66", "slave_address": "192.168.1.21", "fleet_root": "/diskless"},
            "slave22": {
                "slave_mac": "0002.a504.3b67",
                "slave_address": "192.168.1.22",
                "slave_hostname": "kiosk",
                "slave_root": "/srv/kiosk",
                "slave_nfs_version": 3,
                "slave_architecture": "i386",
                "fleet_nfs_version": "4.2",
            },
            "slave23": {
                "slave_mac": "00-02-a5-04-3b-68",
                "slave_address": "192.168.1.23",
                "fleet_root": "/nfs/{{ fleet_domain }}",
            },
        }
    },
    "all": {"children": ["ungrouped", "master", "slaves"]},
    "master": {"hosts": ["master"]},
    "slaves": {"hosts": ["slave21"], "children": ["kiosks"]},
    "kiosks": {"hosts": ["slave22", "slave23", "slave21"]},
}
INVENTORY = Inventory.parse(LISTING)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings("netboot-lab", tmp_path)


def test_hosts() -> None:
    assert INVENTORY.master == "master"
    assert INVENTORY.slaves == ("slave21", "slave22", "slave23")


@pytest.mark.parametrize("hosts", [[], ["one", "two"]])
def test_there_is_one_master(hosts: list[str]) -> None:
    with pytest.raises(InventoryError, match=f"has {len(hosts)} hosts"):
        Inventory.parse({**LISTING, "master": {"hosts": hosts}})


@pytest.mark.parametrize(
    ("name", "expected", "mac"),
    [
        (
            "slave21",
            Expected("slave21", "192.168.1.21", "192.168.1.1:/diskless/192.168.1.21", architecture="x86_64"),
            "00:02:a5:04:3b:66",
        ),
        (
            "slave22",
            Expected("kiosk", "192.168.1.22", "192.168.1.1:/srv/kiosk", "3", architecture="i386"),
            "00:02:a5:04:3b:67",
        ),
        # Only Ansible knows what a template is: that root is not compared.
        ("slave23", Expected("slave23", "192.168.1.23", architecture="x86_64"), "00:02:a5:04:3b:68"),
    ],
)
def test_slave(settings: Settings, name: str, expected: Expected, mac: str) -> None:
    machine, found = INVENTORY.slave(settings, name)
    assert found == expected
    assert (machine.name, machine.mac) == (name, mac)
    assert machine.architecture == expected.architecture


@pytest.mark.parametrize(("architecture", "said"), [("arm64", "arm64"), ("{{ theirs }}", "a template")])
def test_an_architecture_that_the_lab_has_not(architecture: str, said: str) -> None:
    variables = {"slave21": {"slave_address": "192.168.1.21", "slave_architecture": architecture}}
    with pytest.raises(InventoryError, match=f"slave21: slave_architecture is {said}; the lab has x86_64, i386"):
        Inventory("master", ("slave21",), variables).expected("slave21")


def test_an_unknown_slave_names_the_known_ones() -> None:
    with pytest.raises(InventoryError, match="slave99 is not in the group `slaves`: slave21, slave22, slave23"):
        INVENTORY.expected("slave99")


@pytest.mark.parametrize("text", ["", "00:02:a5:04:3b", "00:02:a5:04:3b:66:77", "slave"])
def test_not_a_mac_address(text: str) -> None:
    with pytest.raises(InventoryError, match="not a MAC address"):
        mac_address(text)


def test_the_article_s_inventory() -> None:
    found = Inventory.read(user_inventory({}))
    expected = Expected("slave21", "192.168.1.21", "192.168.1.1:/diskless/192.168.1.21", architecture="x86_64")
    assert found.expected("slave21") == expected


@pytest.mark.parametrize(
    ("environment", "folder"),
    [
        ({}, CHECKOUT / "inventory"),
        ({"LAB_INVENTORY": "mine"}, CHECKOUT / "mine"),
        ({"LAB_INVENTORY": "/x"}, Path("/x")),
    ],
)
def test_user_inventory(environment: dict[str, str], folder: Path) -> None:
    assert user_inventory(environment) == folder


def test_overlay(settings: Settings) -> None:
    hosts = overlay(INVENTORY, settings, "$6$hash")
    assert set(hosts) == {"master", "slave21", "slave22", "slave23"}
    assert hosts["slave22"]["slave_console"] == "ttyS0,115200"
    assert all(values["slave_rootfs_root_password_hash"] == "$6$hash" for values in hosts.values())
    assert hosts["master"]["ansible_ssh_common_args"] == f"-F {settings.ssh_config}"


@pytest.mark.parametrize(("kind", "missing"), [("contract", "warn"), ("debian", "warn"), ("debian-vm", None)])
def test_only_a_container_may_lack_what_the_host_s_kernel_lacks(tmp_path: Path, kind: str, missing: str | None) -> None:
    hosts = overlay(INVENTORY, Settings("netboot-lab", tmp_path, kind), "$6$hash")
    assert hosts["master"].get("master_kernel_missing") == missing


def test_a_second_overlay_forgets_hosts_that_are_gone(settings: Settings) -> None:
    folder = write_overlay(INVENTORY, settings, "$6$hash")
    assert (folder / "host_vars" / "slave22.json").exists()
    fewer = Inventory("master", ("slave21",), {})
    write_overlay(fewer, settings, "$6$hash")
    assert sorted(file.name for file in (folder / "host_vars").iterdir()) == ["master.json", "slave21.json"]
    assert json.loads((folder / "hosts.json").read_text()) == {"all": {"hosts": {"slave21": None, "master": None}}}


def test_the_password_is_made_once(settings: Settings) -> None:
    first = RootPassword.of(settings)
    assert first.hashed.startswith("$6$")
    assert first.password not in first.hashed
    assert RootPassword.of(settings) == first
    assert (settings.run / "root-password.json").stat().st_mode & 0o077 == 0
