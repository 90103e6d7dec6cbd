# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which links start units of systemd in a root."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.netboot.diskless.plugins.module_utils._beneath import Beneath, BeneathError
from ansible_collections.netboot.diskless.plugins.module_utils._root_services import MissingServices
from ansible_collections.netboot.diskless.plugins.module_utils._root_units import (
    BadUnit,
    Places,
    Wanted,
    alias_names,
    instance_of,
    template_of,
    unit_name,
    wanted_units,
)

SYSTEM = "usr/lib/systemd/system"
UNITS = {
    "getty@.service": "[Install]\nWantedBy=getty.target\nDefaultInstance=tty1\nAlias=autovt@.service\n",
    "remote-fs.target": "[Install]\nWantedBy=multi-user.target\n",
    "ssh.service": "[Unit]\nAlias=no.service\n[Install]\nWantedBy=multi-user.target\nAlias=sshd.service\n",
    "ssh.socket": "[Install]\nWantedBy=sockets.target\n",
    "systemd-networkd.service": "[Install]\nAlias=dbus-org.freedesktop.network1.service\n",
}
LINKS = {
    "autovt@.service": "getty@.service",
    "dbus-org.freedesktop.login1.service": "systemd-logind.service",
    "graphical.target": "default.target",
    "default.target": "graphical.target",
    "hwclock.service": "/dev/null",
    "login.service": "dbus-org.freedesktop.login1.service",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, text in {**UNITS, "systemd-logind.service": ""}.items():
        path = tmp_path / SYSTEM / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for name, target in LINKS.items():
        (tmp_path / SYSTEM / name).symlink_to(target)
    (tmp_path / "lib").symlink_to("usr/lib")
    (tmp_path / "etc/systemd/system").mkdir(parents=True)
    return tmp_path


@pytest.fixture
def places(root: Path) -> Iterator[Places]:
    with Beneath(str(root)) as tree:
        yield Places(tree, tree, links=True)


@pytest.mark.parametrize(
    ("asked", "name", "file"),
    [
        ("ssh.service", "ssh.service", "ssh.service"),
        ("ssh.socket", "ssh.socket", "ssh.socket"),
        ("getty@tty1.service", "getty@tty1.service", "getty@.service"),
        ("getty@x.y@z.service", "getty@x.y@z.service", "getty@.service"),
        ("autovt@tty2.service", "getty@tty2.service", "getty@.service"),
        ("login.service", "systemd-logind.service", "systemd-logind.service"),
    ],
)
def test_a_unit_is_found_by_any_of_its_names(places: Places, asked: str, name: str, file: str) -> None:
    unit = places.find(asked)
    assert unit and (unit.name, unit.path) == (name, f"/{SYSTEM}/{file}")


@pytest.mark.parametrize(
    "asked",
    ["sshd.service", "ssh", "ssh.timer", "getty@.service", "hwclock.service", "default.target", "../ssh.service", ""],
)
def test_what_is_no_unit_masked_or_a_template_is_not_found(places: Places, asked: str) -> None:
    assert places.find(asked) is None


def test_etc_comes_first(root: Path, places: Places) -> None:
    etc = root / "etc/systemd/system"
    (etc / "ssh.socket").write_text("")
    (etc / "ssh.service").symlink_to("/dev/null")
    (etc / "own.service").symlink_to("/opt/own/own.service")
    (etc / "getty@tty1.service").write_text("")
    found = {name: places.find(f"{name}.service") for name in ("ssh", "own", "getty@tty1", "getty@tty2")}
    paths = {name: unit.path if unit else None for name, unit in found.items()}
    assert paths == {
        "ssh": None,
        "own": "/etc/systemd/system/own.service",
        "getty@tty1": "/etc/systemd/system/getty@tty1.service",
        "getty@tty2": f"/{SYSTEM}/getty@.service",
    }
    socket = places.find("ssh.socket")
    assert socket and socket.path == "/etc/systemd/system/ssh.socket"


def test_links_in_the_etc_of_a_source_do_not_count(root: Path) -> None:
    etc = root / "etc/systemd/system"
    (etc / "ssh.service").symlink_to("/dev/null")
    (etc / "sshd.service").symlink_to(f"/{SYSTEM}/ssh.service")
    (etc / "own.service").write_text("")
    with Beneath(str(root)) as tree:
        places = Places(tree, tree, links=False)
        assert places.find("ssh.service") and places.find("own.service") and not places.find("sshd.service")


def test_units_lie_in_lib_where_that_is_a_directory(tmp_path: Path) -> None:
    (tmp_path / "lib/systemd/system").mkdir(parents=True)
    (tmp_path / "lib/systemd/system/sshd.service").write_text("")
    with Beneath(str(tmp_path)) as tree:
        unit = Places(tree, tree, links=True).find("sshd.service")
    assert unit and unit.path == "/lib/systemd/system/sshd.service"


def test_a_link_where_packages_put_units_is_told(tmp_path: Path) -> None:
    (tmp_path / "usr/lib").mkdir(parents=True)
    (tmp_path / "usr/lib/systemd").symlink_to("/etc")
    with Beneath(str(tmp_path)) as tree, pytest.raises(BeneathError, match="usr/lib/systemd is a symbolic link"):
        Places(tree, tree, links=True)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("[Install]\nAlias=a.service b.service\nAlias = c.service\n", ["a.service", "b.service", "c.service"]),
        ("[Install]\nAlias=a.service\nAlias=\nAlias=b.service\n", ["b.service"]),
        ("[Service]\nAlias=a.service\n[Install]\n# Alias=b.service\n", []),
        ("[Install]\nAlias=a.service\n[X-Other]\nAlias=b.service\n", ["a.service"]),
        ("", []),
    ],
)
def test_aliases_are_read(text: str, names: list[str]) -> None:
    assert alias_names(text) == names


def test_links_and_aliases_are_those_of_systemctl_enable(places: Places) -> None:
    units = {
        "multi-user.target": ["ssh", "sshd.service", "ntpd.service", "remote-fs.target"],
        "getty.target": ["getty@tty1.service", "autovt@tty1.service"],
        "sockets.target": ["nothing.socket"],
    }
    assert wanted_units(places, units, ["systemd-networkd"]) == Wanted(
        links={
            "multi-user.target": {
                "ssh.service": f"/{SYSTEM}/ssh.service",
                "remote-fs.target": f"/{SYSTEM}/remote-fs.target",
                "systemd-networkd.service": f"/{SYSTEM}/systemd-networkd.service",
            },
            "getty.target": {"getty@tty1.service": f"/{SYSTEM}/getty@.service"},
            "sockets.target": {},
        },
        aliases={
            "sshd.service": f"/{SYSTEM}/ssh.service",
            "dbus-org.freedesktop.network1.service": f"/{SYSTEM}/systemd-networkd.service",
        },
    )


def test_services_start_where_no_target_is_named(places: Places) -> None:
    assert wanted_units(places, {}, ["ssh.socket"]).links == {
        "multi-user.target": {"ssh.socket": f"/{SYSTEM}/ssh.socket"}
    }


def test_a_name_that_a_unit_gets_is_one_to_ask_by(root: Path, places: Places) -> None:
    units = {"rescue.target": ["ssh.service"]}
    before = wanted_units(places, units, ["sshd"])
    assert set(before.links["multi-user.target"]) == set(before.links["rescue.target"]) == {"ssh.service"}
    (root / "etc/systemd/system/sshd.service").symlink_to(f"/{SYSTEM}/ssh.service")
    assert wanted_units(places, units, ["sshd"]) == before


def test_a_name_that_another_unit_has_is_no_alias(root: Path, places: Places) -> None:
    (root / SYSTEM / "sshd.service").write_text("")
    wanted = wanted_units(places, {"multi-user.target": ["ssh.service", "sshd.service"]}, [])
    assert set(wanted.links["multi-user.target"]) == {"ssh.service", "sshd.service"} and wanted.aliases == {}


def test_nothing_changes_when_the_aliases_are_there(root: Path, places: Places) -> None:
    units = {"multi-user.target": ["ssh.service", "sshd.service"]}
    before = wanted_units(places, units, [])
    (root / "etc/systemd/system/sshd.service").symlink_to(f"/{SYSTEM}/ssh.service")
    assert wanted_units(places, units, []) == before
    assert wanted_units(places, {"multi-user.target": []}, ["sshd"]) == before


def test_all_missing_services_are_named_at_once(places: Places) -> None:
    with pytest.raises(MissingServices) as refusal:
        wanted_units(places, {}, ["ntpd", "ssh", "cron.timer", "hwclock"])
    text = str(refusal.value)
    assert "slave_rootfs_services asks for ntpd, cron.timer, hwclock" in text
    assert "ntpd.service, cron.timer, hwclock.service" in text


@pytest.mark.parametrize("name", ["a b", "../a", "a/b", "", "a.b c.service", "é.service"])
def test_what_no_unit_can_be_called_is_refused(places: Places, name: str) -> None:
    named: dict[str, list[str]] = {name: []}
    for units in ({"multi-user.target": [name]}, named):
        with pytest.raises(BadUnit):
            wanted_units(places, units, [])
    with pytest.raises(BadUnit):
        wanted_units(places, {}, [name])
    with pytest.raises(BadUnit):
        unit_name(name)


@pytest.mark.parametrize(
    "units", [{"multi-user.target": "ssh.service"}, {"multi-user.target": None}, {"multi-user": ["ssh.service"]}]
)
def test_only_lists_by_the_full_name_of_a_target_are_taken(places: Places, units: dict[str, Any]) -> None:
    with pytest.raises(BadUnit, match="slave_rootfs_units has multi-user"):
        wanted_units(places, units, [])


def test_a_target_that_nobody_names_is_left_alone(places: Places) -> None:
    assert wanted_units(places, {"getty.target": ["getty@tty1.service"]}, []).links.keys() == {"getty.target"}


def test_the_default_target_is_no_alias_of_a_unit(root: Path, places: Places) -> None:
    (root / SYSTEM / "kiosk.target").write_text("[Install]\nAlias=default.target\n")
    assert wanted_units(places, {"multi-user.target": ["kiosk.target"]}, []).aliases == {}


@pytest.mark.parametrize(
    ("name", "full"),
    [("sshd", "sshd.service"), ("a.b", "a.b.service"), ("x.timer", "x.timer"), ("getty@tty1", "getty@tty1.service")],
)
def test_a_bare_name_is_a_service(name: str, full: str) -> None:
    assert unit_name(name) == full


@pytest.mark.parametrize(
    ("name", "template"),
    [("getty@tty1.service", "getty@.service"), ("a@b.c.socket", "a@.socket"), ("ssh.service", "ssh.service")],
)
def test_templates(name: str, template: str) -> None:
    assert template_of(name) == template


def test_an_instance_keeps_its_argument() -> None:
    assert instance_of("getty@.service", "autovt@tty1.service") == "getty@tty1.service"
