# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory plugin netboot.diskless.host_vars, through Ansible's own inventory."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.utils.display import Display
from ansible.vars.manager import VariableManager
from ansible_collections.netboot.diskless.plugins.inventory.host_vars import InventoryModule, host_names

HOSTS = "master:\n  hosts:\n    master:\nslaves:\n"
SOURCE = "plugin: netboot.diskless.host_vars\n"


@pytest.fixture
def warnings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    found: list[str] = []
    monkeypatch.setattr(Display, "warning", lambda _self, message, *_a, **_k: found.append(message))
    monkeypatch.setattr(
        Display, "error_as_warning", lambda _self, msg, exception, *_a, **_k: found.append(f"{msg} {exception}")
    )
    return found


def write(directory: Path, **files: str) -> Path:
    for name, text in files.items():
        path = directory / name.replace("__", "/")
        path = path if "." in path.name or path.parent.name == "host_vars" else path.with_suffix(".yml")
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return directory


def members(source: Path, group: str = "slaves") -> list[str]:
    return sorted(InventoryManager(DataLoader(), sources=[str(source)]).get_groups_dict().get(group, []))


def test_one_more_slave_is_one_more_file(tmp_path: Path, warnings: list[str]) -> None:
    write(tmp_path, hosts=HOSTS, slaves=SOURCE)
    host_vars = tmp_path / "host_vars"
    host_vars.mkdir()
    for name in ("slave21.yml", "slave22.yaml", "slave23.json", "slave24", "slave25.mydomain.com.yml", "master.yml"):
        (host_vars / name).write_text("{}\n")
    (host_vars / "slave26").mkdir()
    (host_vars / "slave26" / "main.yml").write_text("{}\n")
    for name in (".slave1.yml", "slave2.yml~", "slave3.yml.bak", "slave4.yml.orig", "#slave5.yml#", "README.md"):
        (host_vars / name).write_text("{}\n")
    for name in (".slave6.yml.swp", "slave7.yml.rej", "slave8.yml.rpmnew", "slave9.yml.dpkg-old"):
        (host_vars / name).write_text("{}\n")
    assert members(tmp_path) == [
        "slave21", "slave22", "slave23", "slave24", "slave25.mydomain.com", "slave26",
    ]  # fmt: skip
    assert members(tmp_path, "master") == ["master"]
    assert [text for text in warnings if "both group and host" not in text] == []


def test_ansible_reads_the_variables_of_each_host(tmp_path: Path) -> None:
    write(tmp_path, hosts=HOSTS, slaves=SOURCE)
    host_vars = tmp_path / "host_vars"
    host_vars.mkdir()
    for name in ("a.yml", "b.yaml", "c.json", "d", "e.lan.yml", "f.lan"):
        (host_vars / name).write_text('{"mine": "x"}\n')
    loader = DataLoader()
    inventory = InventoryManager(loader, sources=[str(tmp_path)])
    manager = VariableManager(loader, inventory)
    hosts = inventory.get_hosts("slaves")
    assert {host.name for host in hosts} == {"a", "b", "c", "d", "e.lan", "f.lan"}
    assert {manager.get_vars(host=host).get("mine") for host in hosts} == {"x"}


def test_slaves_may_be_in_groups_of_their_own(tmp_path: Path) -> None:
    write(tmp_path, hosts=f"{HOSTS}classroom:\n  hosts:\n    slave21:\n", slaves=SOURCE, host_vars__slave21="{}")
    assert members(tmp_path) == ["slave21"]
    assert members(tmp_path, "classroom") == ["slave21"]


def test_hosts_of_excluded_groups_stay_out(tmp_path: Path) -> None:
    hosts = f"{HOSTS}printers:\n  children:\n    upstairs:\n      hosts:\n        laser:\n"
    source = f"{SOURCE}exclude: [master, printers, nobody]\n"
    write(tmp_path, hosts=hosts, slaves=source, host_vars__laser="{}", host_vars__master="{}", host_vars__a="{}")
    assert members(tmp_path) == ["a"]


def test_another_group_and_directory(tmp_path: Path) -> None:
    (tmp_path / "machines").mkdir()
    (tmp_path / "machines" / "a.yml").write_text("{}")
    write(tmp_path, room=f"{SOURCE}group: room\ndirectory: machines\n")
    assert members(tmp_path / "room.yml", "room") == ["a"]


def test_a_host_with_two_files_is_warned_of(tmp_path: Path, warnings: list[str]) -> None:
    write(tmp_path, slaves=SOURCE, host_vars__a="{}")
    (tmp_path / "host_vars" / "a.yml").write_text("{}")
    assert members(tmp_path) == ["a"]
    assert any("a and a.yml are for one host, a" in text for text in warnings)


def test_no_directory(tmp_path: Path, warnings: list[str]) -> None:
    write(tmp_path, slaves=SOURCE)
    assert members(tmp_path) == []
    assert any("cannot read the directory" in text and "host_vars" in text for text in warnings)


def test_an_unknown_option_is_refused(tmp_path: Path, warnings: list[str]) -> None:
    write(tmp_path, slaves=f"{SOURCE}grupo: x\n", host_vars__a="{}")
    assert members(tmp_path) == []
    assert any("grupo" in text for text in warnings)


@pytest.mark.parametrize(
    ("entries", "names"),
    [
        ([], []),
        (["b.yml", "a.yml"], ["b", "a"]),
        (["a.b.yml", "a.b"], ["a.b"]),
        (["a.conf", "a"], ["a.conf", "a"]),
        ([".yml", "x~", "x.bak", "#x#", "x.swp", "x.tmp"], []),
    ],
)
def test_host_names(entries: list[str], names: list[str]) -> None:
    assert list(host_names(entries, (".yml", ".yaml", ".json"), ("~", ".bak", ".swp"))) == names


@pytest.mark.parametrize(("name", "ours"), [("a.yml", True), ("a.yaml", True), ("a.ini", False), ("a", False)])
def test_sources_are_yaml_files_that_exist(tmp_path: Path, name: str, ours: bool) -> None:
    assert InventoryModule().verify_file(str(tmp_path / name)) is False
    (tmp_path / name).write_text(SOURCE)
    assert InventoryModule().verify_file(str(tmp_path / name)) is ours
