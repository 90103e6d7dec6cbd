# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a machine passed each stage of its boot, put together from the wire and from its console. Pure data."""

import re
from dataclasses import dataclass, field

from lab.terminal import Line
from lab.wire import Event

STAGES = {
    "dhcp": "DHCP",
    "loader": "loader",
    "config": "config file",
    "kernel": "kernel",
    "start": "kernel starts",
    "nfs": "NFS root",
    "login": "login",
    "shell": "logged in",
}
"""The stages in their order, with the words for a person."""

_FILES = (
    ("config", re.compile(r"(^|/)pxelinux\.cfg/|\.[gi]pxe$|\.cfg$")),
    ("module", re.compile(r"\.c32$|(^|/)ldlinux\.")),
    ("loader", re.compile(r"pxelinux\.0$|\.(kpxe|pxe|efi|0)$")),
    ("initrd", re.compile(r"init(rd|ramfs)|\.(cpio|img)(\.|$)")),
)
"""What a file asked for by TFTP is, by its name; any other name is a kernel's."""

_CONSOLE_STAGES = (
    ("start", re.compile(r"Linux version \S+")),
    # Of the kernel, or of an initial RAM disk.
    ("nfs", re.compile(r"VFS: Mounted root \(nfs\d* filesystem\)|nfsmount: mounted \S+")),
)

_SECURE_BOOT = re.compile(r"\] (?:secureboot: )?Secure boot enabled$")
"""What an x86 kernel says (arch/x86/kernel/setup.c; Debian's with a word before) of the variable SecureBoot, which its
EFI stub has asked the firmware for."""


def file_role(name: str) -> str:
    """`config`, `module`, `loader`, `initrd` or `kernel`."""
    return next((role for role, pattern in _FILES if pattern.search(name)), "kernel")


@dataclass(frozen=True)
class Passed:
    """A stage that was reached. `time` is in seconds since the epoch."""

    time: float
    text: str


@dataclass
class Timeline:
    """One boot of one machine.

    :ivar mac: in lower case with colons
    :ivar began: power on, seconds since the epoch
    """

    mac: str
    address: str
    began: float
    stages: dict[str, Passed] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)

    def concerns(self, event: Event) -> bool:
        """Whether an event is about this machine."""
        return event.machine in (self.mac, self.address) and event.time >= self.began

    def mark(self, stage: str, time: float, text: str) -> str | None:
        """Note that a stage was reached; returns the stage if that is news."""
        if stage in self.stages:
            return None
        self.stages[stage] = Passed(time, text)
        return stage

    def wire(self, event: Event) -> str | None:
        """Take an event that concerns this machine; returns the stage that it opens, if any."""
        # Every block of a file, and every file that a running system looks for in vain: nothing to remember.
        if event.kind == "tftp-data" or (event.kind == "nfs-error" and "nfs" in self.stages):
            return None
        self.events.append(event)
        if event.kind == "dhcp-ack":
            return self.mark("dhcp", event.time, f"{event.subject}, boot file {event.detail or '(none)'}")
        if event.kind == "tftp-begin":
            role = file_role(event.subject)
            text = f"{event.subject}, {int(event.detail):,} bytes" if event.detail.isdigit() else event.subject
            return self.mark(role, event.time, text) if role in STAGES else None
        return None

    def login(self, time: float, prompt: str) -> list[str]:
        """Note that the login prompt came; returns the stages that this opens.

        A machine that asks for a login has its root: if a quiet kernel did not say so, its NFS packets did.
        """
        answer = next((event for event in self.events if event.kind == "nfs-answer"), None)
        opened = [self.mark("nfs", answer.time, "the server answered") if answer else None]
        return [stage for stage in (*opened, self.mark("login", time, prompt)) if stage]

    def console(self, line: Line) -> str | None:
        """Take a line of the console; returns the stage that it opens, if any."""
        self.lines.append(line)
        for stage, pattern in _CONSOLE_STAGES:
            match = pattern.search(line.text)
            if match:
                return self.mark(stage, line.time, match.group())
        return None

    def secure_boot(self) -> bool:
        """Whether the kernel has said that the firmware starts signed programs alone."""
        return any(_SECURE_BOOT.search(line.text) for line in self.lines)

    def kinds(self) -> set[str]:
        """Kinds of the events so far."""
        return {event.kind for event in self.events}

    def last(self, kind: str) -> Event | None:
        """The latest event of a kind."""
        return next((event for event in reversed(self.events) if event.kind == kind), None)

    def seconds(self, stage: str) -> float:
        """Seconds from power on to a stage that was reached."""
        return self.stages[stage].time - self.began

    def rows(self) -> list[tuple[float, str, str]]:
        """(seconds since power on, title, detail) of the stages that were reached, in their order."""
        return [(self.seconds(key), STAGES[key], self.stages[key].text) for key in STAGES if key in self.stages]
