# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Boot machines and watch them: their packets, their consoles, and the talk with each until its shell has answered."""

import codecs
import contextlib
import os
import selectors
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from lab.capture import Capture, tail
from lab.causes import cause, sign_of_end
from lab.console import Dialogue
from lab.probe import Expected, Facts
from lab.settings import Settings
from lab.slave import Hardware, Slave
from lab.terminal import Line, Screen
from lab.timeline import STAGES, Timeline
from lab.wire import Event

TICK = 0.1
"""Seconds between two looks at machines that say nothing."""

_FLUSH = 2.0
"""Seconds that a machine is still listened to after a line that says that it is lost."""

Progress = Callable[[str, float, str, str], None]
"""Called with a slave's name, seconds since power on, a stage's title, and a detail."""


def timeout_from_environment(environment: Mapping[str, str] | None = None) -> float:
    """LAB_BOOT_TIMEOUT in seconds; 240, since a shared machine may be five times slower than a quiet one.

    :raises ValueError: it is not a number.
    """
    env = os.environ if environment is None else environment
    text = env.get("LAB_BOOT_TIMEOUT") or "240"
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"LAB_BOOT_TIMEOUT={text!r}: use a number of seconds") from None


class Machine(NamedTuple):
    """One machine to boot: the slave, what it should say about itself, and what it is made of."""

    slave: Slave
    expected: Expected
    hardware: Hardware


@dataclass
class Outcome:
    """How one machine's boot went. `cause` is empty when all is well."""

    name: str
    timeline: Timeline
    seconds: float
    facts: Facts | None = None
    cause: str = ""
    lines: list[Line] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether the machine logged in and answered as the inventory says."""
        return self.facts is not None and not self.cause


class Watch:
    """One machine under way."""

    def __init__(self, machine: Machine, password: str, progress: Progress) -> None:
        self.slave = machine.slave
        self._hardware = machine.hardware
        self.screen = Screen()
        # A kernel that says something else was not started by this firmware, or does not know it.
        firmware = {"secureboot": "uefi"}.get(machine.hardware.firmware, machine.hardware.firmware)
        self.dialogue = Dialogue(password, replace(machine.expected, firmware=firmware))
        self.timeline = Timeline(self.slave.mac.lower(), machine.expected.address, time.time())
        self.socket: socket.socket | None = None
        self.outcome: Outcome | None = None
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._progress = progress
        self._lost_at: float | None = None
        self._dead = False

    def power_on(self) -> None:
        """Start the machine; the clock of its timeline begins now."""
        self.slave.power_off()
        self.timeline.began = time.time()
        self.slave.power_on(self._hardware)
        self._log = self.slave.stamped_log.open("w", encoding="utf-8")

    def connect(self) -> bool:
        """Try to open the serial line, which QEMU makes within its first tenth of a second; True when that is news."""
        if self.socket or self.outcome:
            return False
        line = socket.socket(socket.AF_UNIX)
        try:
            line.connect(str(self.slave.socket))
        except (FileNotFoundError, ConnectionRefusedError):
            line.close()
            return False
        line.setblocking(False)
        self.socket = line
        return True

    def take(self, event: Event) -> None:
        """Take an event of the capture, if it is about this machine."""
        if self.outcome is None and self.timeline.concerns(event):
            self._report(self.timeline.wire(event))

    def hear(self) -> None:
        """Read the serial line."""
        assert self.socket is not None
        try:
            data = self.socket.recv(65536)
        except (BlockingIOError, InterruptedError):
            return
        except ConnectionResetError:
            data = b""
        if not data:
            self._finish(f"QEMU ended: {tail(self.slave.qemu_log) or 'no message'}")
            return
        now = time.time()
        for line in self.screen.feed(data, now):
            print(Line(line.time - self.timeline.began, line.text), file=self._log, flush=True)
            self._report(self.timeline.console(line))
            self._dead = self._dead or sign_of_end(line.text) is not None
        self.dialogue.hear(self._decode(data), now)

    def step(self) -> None:
        """Go on with the talk, and see whether the boot is over."""
        if self.outcome is not None or self.socket is None:
            if self.outcome is None and not self.slave.running():
                self._finish(f"QEMU did not start: {tail(self.slave.qemu_log) or 'no message'}")
            return
        self.dialogue.init_runs = self.timeline.last("nfs-answer") is not None
        typed = self.dialogue.say(time.time())
        if typed:
            self._type(typed)
        if self.dialogue.login_seen and "login" not in self.timeline.stages:
            for stage in self.timeline.login(time.time(), "the prompt is there"):
                self._report(stage)
        if self.dialogue.state == "done":
            self._mark("shell", "answered as the inventory says")
            enforced = self._hardware.firmware != "secureboot" or self.timeline.secure_boot()
            self._finish("" if enforced else "the kernel does not say that Secure Boot is on")
        elif self.dialogue.state == "failed":
            self._finish("; ".join(self.dialogue.problems))
        elif self._dead or sign_of_end(self.screen.partial):  # the last words may lack an end of line
            self._lost()

    def give_up(self) -> None:
        """The time is over."""
        if self.outcome is None:
            self._finish(cause(self.timeline, time.time()))

    def _type(self, text: str) -> None:
        assert self.socket is not None
        # At most a kilobyte, far less than a socket's buffer: no partial write.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.socket.send(text.encode())

    def _lost(self) -> None:
        """Wait for the rest of what a lost machine has to say, then end."""
        self._lost_at = self._lost_at or time.time()
        if time.time() - self._lost_at > _FLUSH:
            self.give_up()
            # A machine after a panic only heats the room; one that hangs elsewhere stays for a look at its console.
            self.slave.power_off()

    def _mark(self, stage: str, text: str) -> None:
        self._report(self.timeline.mark(stage, time.time(), text))

    def _report(self, stage: str | None) -> None:
        if stage:
            seconds = self.timeline.seconds(stage)
            self._progress(self.slave.name, seconds, STAGES[stage], self.timeline.stages[stage].text)

    def _finish(self, reason: str) -> None:
        if self.socket:
            self.socket.close()
        partial = [Line(time.time(), self.screen.partial)] if self.screen.partial.strip() else []
        lines = [Line(line.time - self.timeline.began, line.text) for line in self.screen.lines + partial]
        self._log.close()
        self.outcome = Outcome(
            self.slave.name, self.timeline, time.time() - self.timeline.began, self.dialogue.facts, reason, lines
        )


def share_identity(outcomes: Sequence[Outcome]) -> None:
    """Slaves that share what must be a machine's own: note that as the cause of their failure."""
    for attribute, title in (("machine_id", "machine-id"), ("host_key", "ssh host key")):
        owner: dict[str, str] = {}
        for outcome in outcomes:
            value = getattr(outcome.facts, attribute) if outcome.facts else ""
            if value and value in owner:
                outcome.cause = outcome.cause or f"{title} is the same as {owner[value]}'s"
            owner.setdefault(value, outcome.name)


def boot(
    settings: Settings,
    machines: Sequence[Machine],
    password: str,
    timeout: float,
    progress: Progress,
) -> list[Outcome]:
    """Cold-boot machines at the same time, and return when each has answered, has failed, or `timeout` is over."""
    watches = [Watch(machine, password, progress) for machine in machines]
    name = "boot-" + "-".join(machine.slave.name for machine in machines)
    with Capture(settings, name[:100]) as capture, selectors.DefaultSelector() as selector:
        selector.register(capture, selectors.EVENT_READ, None)
        for watch in watches:
            watch.power_on()
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline and any(watch.outcome is None for watch in watches):
            _round(watches, capture, selector)
        for watch in watches:
            watch.give_up()
    outcomes = [watch.outcome for watch in watches if watch.outcome is not None]
    share_identity(outcomes)
    return outcomes


def _round(watches: Sequence[Watch], capture: Capture, selector: selectors.BaseSelector) -> None:
    for watch in watches:
        if watch.connect():
            assert watch.socket is not None
            selector.register(watch.socket, selectors.EVENT_READ, watch)
    for key, _mask in selector.select(TICK):
        watch = key.data
        if watch is None:
            for event in capture.events():
                for one in watches:
                    one.take(event)
            continue
        watch.hear()
    for watch in watches:
        had = watch.socket
        watch.step()
        if watch.outcome is not None and had is not None and had.fileno() == -1:
            _forget(selector, watch)


def _forget(selector: selectors.BaseSelector, watch: Watch) -> None:
    """Take a machine's closed line from the selector, which knows it by its object."""
    for key in list(selector.get_map().values()):
        if key.data is watch:
            selector.unregister(key.fileobj)
