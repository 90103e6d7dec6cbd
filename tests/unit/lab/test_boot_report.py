# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people and tests are told of a boot."""

import json
from pathlib import Path

import pytest

from lab.boot import Machine, Outcome, Watch, share_identity, timeout_from_environment
from lab.boot_report import data, text, write
from lab.probe import Expected, Facts
from lab.settings import Settings
from lab.slave import Hardware, Slave
from lab.terminal import Line
from lab.timeline import Timeline


def facts(name: str, machine_id: str = "", host_key: str = "") -> Facts:
    root, identity = "192.168.1.1:/r nfs4 rw 0 0", (machine_id, host_key)
    return Facts(name, ("192.168.1.21",), root, "ip=dhcp", "6.1", *identity, "init", "bios", "i686")


def up(name: str, machine_id: str = "", host_key: str = "") -> Outcome:
    timeline = Timeline("00:02:a5:04:3b:66", "192.168.1.21", 100.0)
    timeline.mark("dhcp", 105.4, "192.168.1.21, boot file pxelinux.0")
    timeline.mark("login", 110.6, "the prompt is there")
    return Outcome(name, timeline, 10.8, facts(name, machine_id, host_key))


def down(name: str, lines: int) -> Outcome:
    timeline = Timeline("00:02:a5:04:3b:66", "192.168.1.21", 100.0)
    console = [Line(float(number), f"line {number}") for number in range(lines)]
    return Outcome(name, timeline, 240.0, None, "no DHCP answer", console)


def test_success() -> None:
    said = text(up("slave21", "0123"))
    assert said.startswith("slave21: up after 10.8 s\n")
    assert "   5.40 s  DHCP           192.168.1.21, boot file pxelinux.0" in said
    assert "    kernel        6.1 i686\n" in said
    assert "    machine-id    0123\n    ssh host key  (none)" in said
    assert "likely cause" not in said


def test_failure_ends_with_the_last_thirty_lines() -> None:
    said = text(down("slave21", 100)).splitlines()
    assert said[0] == "slave21: FAILED after 240.0 s"
    assert said[1] == "  likely cause: no DHCP answer"
    assert said[2] == "  last lines of its console, of 100:"
    assert len(said) == 33
    assert said[-1].endswith("line 99")


def test_a_console_without_a_line() -> None:
    assert text(down("slave21", 0)).splitlines()[-1] == "    (nothing)"


def test_json(tmp_path: Path) -> None:
    write([up("slave21"), down("slave22", 1)], tmp_path / "report" / "boot.json")
    report = json.loads((tmp_path / "report" / "boot.json").read_text())
    assert report["ok"] is False
    assert report["slaves"]["slave21"]["stages"] == {"dhcp": 5.4, "login": 10.6}
    assert report["slaves"]["slave21"]["facts"]["hostname"] == "slave21"
    assert report["slaves"]["slave22"] == {
        "ok": False,
        "seconds": 240.0,
        "cause": "no DHCP answer",
        "stages": {},
        "details": {},
        "facts": None,
    }


@pytest.mark.parametrize(
    ("outcomes", "ok"), [([up("slave21")], True), ([up("slave21"), down("slave22", 0)], False), ([], False)]
)
def test_all_have_to_be_up(outcomes: list[Outcome], ok: bool) -> None:
    assert data(outcomes)["ok"] is ok


@pytest.mark.parametrize(
    ("first", "second", "cause"),
    [
        (("1", "a"), ("2", "b"), ""),
        (("", ""), ("", ""), ""),
        (("1", "a"), ("1", "b"), "machine-id is the same as slave21's"),
        (("1", "a"), ("2", "a"), "ssh host key is the same as slave21's"),
    ],
)
def test_machines_do_not_share_an_identity(first: tuple[str, str], second: tuple[str, str], cause: str) -> None:
    outcomes = [up("slave21", *first), up("slave22", *second)]
    share_identity(outcomes)
    assert [outcome.cause for outcome in outcomes] == ["", cause]
    assert outcomes[1].ok is not bool(cause)


@pytest.mark.parametrize("firmware", ["bios", "uefi"])
def test_a_machine_has_to_name_its_firmware(firmware: str) -> None:
    slave = Slave(Settings("netboot-lab", Path("/cache")), "slave21", "00:02:a5:04:3b:66")
    machine = Machine(slave, Expected("slave21", "192.168.1.21"), Hardware.of(firmware))
    assert Watch(machine, "secret", lambda *_stage: None).dialogue.expected.firmware == firmware


@pytest.mark.parametrize(
    ("environment", "seconds"), [({}, 240.0), ({"LAB_BOOT_TIMEOUT": "90"}, 90.0), ({"LAB_BOOT_TIMEOUT": ""}, 240.0)]
)
def test_timeout(environment: dict[str, str], seconds: float) -> None:
    assert timeout_from_environment(environment) == seconds


def test_a_timeout_that_is_no_number() -> None:
    with pytest.raises(ValueError, match="use a number of seconds"):
        timeout_from_environment({"LAB_BOOT_TIMEOUT": "soon"})
