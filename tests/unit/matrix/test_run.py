# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of the matrix with a lab that only says what it is asked to do: order, failures, interruptions, resuming."""

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
import yaml

from lab.boot import Machine, Outcome
from lab.inventory import Inventory, RootPassword
from lab.probe import Facts
from lab.settings import Settings
from lab.slave import Hardware
from lab.terminal import Line
from lab.timeline import Timeline
from matrix import __main__ as command
from matrix import axes, results, run
from matrix.axes import Values
from matrix.cells import Cell, core, covering, groups

PLAN = axes.load()
ALL = groups(PLAN, covering(PLAN))
FACTS = Facts("slave21", (), "", "", "6.1", "", "", "init", "bios", "x86_64")


def outcome(name: str, cause: str = "", **seconds: float) -> Outcome:
    timeline = Timeline("02:00:00:00:00:15", "192.168.1.21", 100.0)
    for stage, second in seconds.items():
        timeline.mark(stage, 100.0 + second, "there")
    return Outcome(name, timeline, 50.0, FACTS, cause, [Line(1.0, "the last line")])


class Lab:
    """Stands for the lab's functions. `calls` says what was asked; `trouble` by call what happens then, once."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.sources: list[tuple[str, ...]] = []
        self.trouble: dict[str, BaseException] = {}
        self.cause: Callable[[str], str] = lambda _name: ""

    def _do(self, call: str) -> None:
        self.calls.append(call)
        if call in self.trouble:
            raise self.trouble.pop(call)

    @contextlib.contextmanager
    def hold(self, _settings: Settings, alone: bool) -> Iterator[None]:
        assert alone
        yield

    def master_up(self, settings: Settings) -> None:
        settings.run.mkdir(parents=True)
        self.sources.append(settings.sources)
        self._do(f"up {os.environ['LAB_MASTER']}")

    def play_all(self, _settings: Settings) -> None:
        print("TASK [something]")
        self._do("play")

    def down(self, settings: Settings) -> None:
        if settings.run.exists():
            settings.run.rmdir()
        self._do("down")

    def boot(
        self, settings: Settings, machines: Sequence[Machine], _password: str, _timeout: float, _progress: object
    ) -> list[Outcome]:
        words = [
            f"{machine.slave.name}:{machine.hardware.firmware}:{machine.expected.nfs_version}:{machine.expected.init}"
            + ("" if machine.slave.architecture == "x86_64" else f":{machine.slave.architecture}")
            for machine in machines
        ]
        self._do(f"boot {' '.join(words)}")
        return [outcome(machine.slave.name, self.cause(machine.slave.name), login=40.0) for machine in machines]


def read(folder: Path) -> Inventory:
    """What ansible-inventory would say of what the matrix wrote."""
    variables = {file.stem: yaml.safe_load(file.read_text()) for file in sorted((folder / "host_vars").glob("*.yml"))}
    return Inventory("master", tuple(variables), variables)


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Lab:
    stand_in = Lab()
    for name in ("hold", "master_up", "play_all", "down"):
        monkeypatch.setattr(run.commands, name, getattr(stand_in, name))
    monkeypatch.setattr(run, "boot", stand_in.boot)
    monkeypatch.setattr(run.Inventory, "read", read)
    monkeypatch.setattr(run.RootPassword, "of", lambda _settings: RootPassword("secret", "hash"))
    monkeypatch.setattr(run, "_keep_console", lambda *_arguments: None)
    monkeypatch.setattr(command, "tree_key", lambda: "tree")
    for name in ("LAB_NAME", "LAB_MASTER", "LAB_INVENTORY", "LAB_SOURCES", "LAB_ACCEL", "LAB_NIC", "LAB_FIRMWARE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LAB_CACHE", str(tmp_path / "cache"))
    return stand_in


FIRST_GROUP = groups(PLAN, core(PLAN))[0].name
CONTRACT = ["up contract", "play", "boot slave21:uefi:4.2:openrc", "down"]
DEBIAN = ["up debian", "play", "boot slave21:bios:3:systemd", "down"]


def test_a_master_for_each_group_and_all_of_it_ends(lab: Lab, tmp_path: Path) -> None:
    assert command.main(["--core"], tmp_path) == 0
    assert lab.calls == CONTRACT + DEBIAN
    assert "LAB_MASTER" not in os.environ
    assert "TASK [something]" in (tmp_path / FIRST_GROUP / "play.log").read_text()


def test_what_passed_is_not_run_again_until_it_is_forgotten(lab: Lab, tmp_path: Path) -> None:
    command.main(["--core"], tmp_path)
    lab.calls.clear()
    assert command.main(["--core"], tmp_path) == 0
    assert lab.calls == []
    assert command.main(["--core", "--fresh"], tmp_path) == 0
    assert lab.calls == CONTRACT + DEBIAN


def test_a_change_makes_all_run_again(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command.main(["--core"], tmp_path)
    lab.calls.clear()
    monkeypatch.setattr(command, "tree_key", lambda: "another tree")
    command.main(["--core"], tmp_path)
    assert lab.calls == CONTRACT + DEBIAN


def test_the_whole_set_boots_each_machine_with_its_values(lab: Lab, tmp_path: Path) -> None:
    assert command.main([], tmp_path) == 0
    expected = [word for group in ALL for word in ("up", "play", *["boot"] * len(group.cells), "down")]
    assert [call.split()[0] for call in lab.calls] == expected
    crowds = [call.split()[1:] for call in lab.calls if call.startswith("boot") and len(call.split()) > 2]
    assert [len(set(crowd)) for crowd in crowds] == [4]
    booted = {one.split(":", 1)[1] for call in lab.calls if call.startswith("boot") for one in call.split()[1:]}
    wanted = {
        ":".join((values["firmware"], values["nfs"], values["init"], *{values["architecture"]} - {"x86_64"}))
        for cell in covering(PLAN)
        for values in cell.machines
    }
    assert booted == wanted


def test_a_failed_cell_is_shown_and_run_again(lab: Lab, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lab.cause = lambda _name: "no DHCP answer" if os.environ["LAB_MASTER"] == "debian" else ""
    assert command.main(["--core"], tmp_path) == 1
    said = capsys.readouterr().out
    assert "slave21: FAILED after 50.0 s" in said
    assert "the last line" in said
    name = core(PLAN)[1].name
    assert f"- {name}: FAILED: slave21: no DHCP answer" in said
    assert "the last line" in (tmp_path / f"{name}.txt").read_text()
    lab.calls.clear()
    lab.cause = lambda _name: ""
    assert command.main(["--core"], tmp_path) == 0
    assert lab.calls == DEBIAN
    assert "the last line" not in (tmp_path / f"{name}.txt").read_text()


@pytest.mark.parametrize("call", ["up contract", "play", "boot slave21:uefi:4.2:openrc"])
def test_what_cannot_be_done_is_not_passed_over(
    lab: Lab, tmp_path: Path, call: str, capsys: pytest.CaptureFixture[str]
) -> None:
    lab.trouble[call] = RuntimeError("it is broken")
    assert command.main(["--core"], tmp_path) == 1
    assert lab.calls[-len(DEBIAN) :] == DEBIAN
    assert lab.calls.count("down") == 2
    said = capsys.readouterr().out
    assert f"- {core(PLAN)[0].name}: not run: it is broken" in said
    assert "1 of 2 passed" in said


def test_a_play_that_fails_shows_its_end(lab: Lab, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lab.trouble["play"] = RuntimeError("ansible-playbook ended with code 2")
    assert command.main(["--core"], tmp_path) == 1
    said = capsys.readouterr().out
    assert "TASK [something]\n" in said
    assert f"not run: ansible-playbook ended with code 2: see {tmp_path / FIRST_GROUP / 'play.log'}\n" in said


@pytest.mark.parametrize("call", ["up contract", "play", "boot slave21:uefi:4.2:openrc"])
def test_an_interruption_ends_the_lab_and_the_next_run_goes_on(
    lab: Lab, tmp_path: Path, call: str, capsys: pytest.CaptureFixture[str]
) -> None:
    lab.trouble[call] = KeyboardInterrupt()
    assert command.main(["--core"], tmp_path) == command.INTERRUPTED
    assert lab.calls[-1] == "down"
    assert "up debian" not in lab.calls
    assert "0 of 2 passed" in capsys.readouterr().out
    lab.calls.clear()
    assert command.main(["--core"], tmp_path) == 0
    assert lab.calls == CONTRACT + DEBIAN


def test_a_lab_that_a_killed_run_left_is_ended_first(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "cache" / "run" / "netboot-matrix").mkdir(parents=True)
    command.main(["--cell", core(PLAN)[0].name], tmp_path)
    assert lab.calls == ["down", *CONTRACT]


def test_the_lab_shows_its_userlands_where_a_root_is_made_of_one(lab: Lab, tmp_path: Path) -> None:
    assert command.main(["--core"], tmp_path) == 0
    assert command.main([], tmp_path) == 0
    # The core's own are of the masters' kinds, and have passed.
    done = {cell.name for cell in core(PLAN)}
    left = groups(PLAN, [cell for cell in covering(PLAN) if cell.name not in done])
    assert [set(names) for names in lab.sources] == [set(), set(), *({*map(userland, g.machines)} - {""} for g in left)]


def userland(values: Values) -> str:
    """What a machine's root is made of beside the master's own."""
    if values["architecture"] == "i386":
        return "debian-i386"
    return {("contract", "systemd"): "debian", ("debian", "openrc"): "contract"}.get(
        (values["master"], values["init"]), ""
    )


def test_userlands_are_known_by_their_place_each_once() -> None:
    slaves = [{"slave_rootfs_source": f"/srv/roots/{name}"} for name in ("debian", "contract", "debian")]
    assert run.userlands([{}, *slaves, {"slave_rootfs_source": "/elsewhere"}]) == ["debian", "contract"]


def test_the_file_has_every_cell_whatever_was_asked_for(lab: Lab, tmp_path: Path) -> None:
    command.main(["--core"], tmp_path)
    kept = (tmp_path / "table.md").read_text()
    assert all(f"| {cell.name} " in kept for cell in covering(PLAN))
    assert f"2 of {len(covering(PLAN))} passed" in kept


def test_list_boots_nothing(lab: Lab, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--list"], tmp_path) == 0
    assert lab.calls == []
    assert "4-at-once-debian" in capsys.readouterr().out


def test_a_cell_that_is_not_there(lab: Lab, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--cell", "no-such"], tmp_path) == 1
    assert "there is no cell no-such" in capsys.readouterr().err


def test_the_environment_chooses_the_accelerator_and_nothing_else() -> None:
    values = core(PLAN)[0].machines[0]
    environment = {"LAB_ACCEL": "kvm", "LAB_NIC": "e1000", "LAB_FIRMWARE": "bios"}
    assert run.hardware(PLAN, values, environment) == Hardware("kvm", "virtio", "uefi")


def test_a_cell_takes_as_long_as_its_slowest_machine() -> None:
    cell = Cell("x", ({}, {}))
    two = [outcome("slave21", start=8.0, nfs=12.0, login=40.04), outcome("slave22", start=9.0, login=50.0)]
    done = run.result(cell, "key", two, "today")
    assert done == results.Result("x", "key", results.PASSED, "today", {"start": 9.0, "login": 50.0})


def test_a_cell_fails_with_any_of_its_machines() -> None:
    done = run.result(Cell("x", ({}, {})), "key", [outcome("slave21"), outcome("slave22", "no TFTP answer")], "today")
    assert (done.status, done.cause) == (results.FAILED, "slave22: no TFTP answer")
