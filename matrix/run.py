# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run cells for real: a master for each group, one play, and every cell's machines booted."""

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lab import boot_report, commands
from lab.boot import Machine, Outcome, boot, timeout_from_environment
from lab.inventory import Inventory, RootPassword
from lab.report import say
from lab.settings import CHECKOUT, Settings, from_environment
from lab.slave import Hardware
from matrix import inventory
from matrix.axes import Plan, Values
from matrix.cells import Cell, Group
from matrix.results import FAILED, NOT_RUN, PASSED, STAGES, Result, Store

FOLDER = CHECKOUT / ".cache" / "matrix"
INSTANCE = "netboot-matrix"

COMPARED = ("init", "kernel")
"""Axes whose value the slave has to name itself (lab.probe.Expected); the inventory and the machine say the rest, as
the architecture."""

SOURCES = "/srv/roots/"
"""Where the lab shows its master the userlands that roots can be made of, if it is asked to (LAB_SOURCES)."""

TROUBLE = (RuntimeError, ValueError, OSError, subprocess.CalledProcessError)
"""What the lab raises when something cannot be done."""

_LOG_TAIL = 30


def userlands(slaves: Iterable[Mapping[str, object]]) -> list[str]:
    """The lab's userlands that slaves of these variables have their roots of, each once."""
    sources = (str(variables.get("slave_rootfs_source", "")) for variables in slaves)
    return list(dict.fromkeys(source.removeprefix(SOURCES) for source in sources if source.startswith(SOURCES)))


def expected_facts(values: Values) -> dict[str, str]:
    """What a slave of these values has to say about itself, besides what the inventory says."""
    return {axis: values[axis] for axis in COMPARED if axis in values}


def hardware(plan: Plan, values: Values, environment: Mapping[str, str]) -> Hardware:
    """The machine of these values; the environment only chooses the accelerator."""
    chosen = {f"LAB_{name.upper()}": str(what) for name, what in plan.settings("hardware", values).items()}
    return Hardware.from_environment({"LAB_ACCEL": environment.get("LAB_ACCEL", ""), **chosen})


def result(cell: Cell, key: str, outcomes: Sequence[Outcome], date: str) -> Result:
    """A cell's result: the latest second of each stage that all machines reached, and the first cause of each."""
    seconds = {}
    for stage in STAGES:
        if all(stage in outcome.timeline.stages for outcome in outcomes):
            seconds[stage] = round(max(outcome.timeline.seconds(stage) for outcome in outcomes), 1)
    causes = [f"{outcome.name}: {outcome.cause}" for outcome in outcomes if not outcome.ok]
    return Result(cell.name, key, FAILED if causes else PASSED, date, seconds, "; ".join(causes))


def now() -> str:
    """The date and the minute, UTC."""
    return time.strftime("%Y-%m-%d %H:%M", time.gmtime())


@contextlib.contextmanager
def _environment(changes: Mapping[str, str]) -> Iterator[None]:
    """Some environment variables, for a while: the lab and ansible-playbook read them."""
    before = dict(os.environ)
    os.environ.update(changes)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _keep_console(settings: Settings, slave: str, report: Path) -> None:
    """Copy a slave's whole console beside a cell's report: `down` removes it."""
    shutil.copy(settings.consoles / f"{slave}.log", report.parent / f"{report.stem}.{slave}.log")


@dataclass
class Run:
    """One run of the matrix. `keys` by cell; `folder` keeps the results, and what was said."""

    plan: Plan
    keys: Mapping[str, str]
    store: Store
    folder: Path = FOLDER

    def group(self, group: Group) -> None:
        """Bring a group's master up once, run its cells, and end it all, whatever happens."""
        settings, changes = self._instance(group)
        place = self.folder / group.name
        with _environment(changes), commands.hold(settings, alone=True):
            if settings.run.exists():  # of a run that could not end it
                commands.down(settings)
            try:
                try:
                    inventory.write(place / "inventory", self.plan, group)
                    self._master(settings, place)
                except TROUBLE as problem:
                    self._not_run(group.cells, str(problem))
                    return
                for cell in group.cells:
                    self._cell(settings, group, cell)
            finally:
                commands.down(settings)

    def _instance(self, group: Group) -> tuple[Settings, dict[str, str]]:
        """The group's instance of the lab, and the environment that says so."""
        chosen = self.plan.settings("lab", group.machines[0])
        slaves = [self.plan.settings("slave", values) for values in group.machines]
        changes = {
            "LAB_SOURCES": ",".join(userlands(slaves)),
            "LAB_NAME": os.environ.get("LAB_NAME") or INSTANCE,
            "LAB_INVENTORY": str(self.folder / group.name / "inventory"),
            **{name: str(what) for name, what in chosen.items()},
        }
        return from_environment({**os.environ, **changes}), changes

    def _master(self, settings: Settings, place: Path) -> None:
        """Network, master and play; what the play says goes to a file, its end to the terminal when it fails.

        :raises RuntimeError: the play failed; the message names the file.
        """
        commands.master_up(settings)
        say("playing")
        log = place / "play.log"
        try:
            with log.open("w", encoding="utf-8") as file, contextlib.redirect_stdout(file):
                commands.play_all(settings)
        except TROUBLE as problem:
            print(*log.read_text(encoding="utf-8").splitlines()[-_LOG_TAIL:], sep="\n", flush=True)
            raise RuntimeError(f"{problem}: see {log}") from problem

    def _not_run(self, cells: Sequence[Cell], reason: str) -> None:
        say(f"not run: {reason}")
        for cell in cells:
            self.store.put(Result(cell.name, self.keys[cell.name], NOT_RUN, now(), {}, reason))

    def _cell(self, settings: Settings, group: Group, cell: Cell) -> None:
        say(f"cell {cell.name}")
        try:
            outcomes = self._boot(settings, group, cell)
        except TROUBLE as problem:
            self._not_run([cell], str(problem))
            return
        done = result(cell, self.keys[cell.name], outcomes, now())
        words = "\n\n".join(boot_report.text(outcome) for outcome in outcomes)
        report = self.report(cell)
        for stale in self.folder.glob(f"{cell.name}.*.log"):
            stale.unlink()
        report.write_text(f"{cell.name}: {done.status}, {done.date}\n\n{words}\n", encoding="utf-8")
        for outcome in outcomes:
            _keep_console(settings, outcome.name, report)
            if not outcome.ok:
                print(boot_report.text(outcome), flush=True)
        self.store.put(done)
        say(f"cell {cell.name}: {done.status}")

    def report(self, cell: Cell) -> Path:
        """The file that keeps a cell's timelines, and what its machines said last; whole consoles lie beside it."""
        return self.folder / f"{cell.name}.txt"

    def _boot(self, settings: Settings, group: Group, cell: Cell) -> list[Outcome]:
        known = Inventory.read(Path(os.environ["LAB_INVENTORY"]))
        machines = []
        for name, values in zip(inventory.names(group, cell), cell.machines, strict=True):
            slave, expected = known.slave(settings, name)
            expected = replace(expected, **expected_facts(values))
            machines.append(Machine(slave, expected, hardware(self.plan, values, os.environ)))
        timeout = timeout_from_environment() * (2 if len(machines) > 1 else 1)
        try:
            return boot(settings, machines, RootPassword.of(settings).password, timeout, boot_report.show_progress)
        finally:
            for machine in machines:
                machine.slave.power_off()
