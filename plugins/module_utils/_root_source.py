# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a root is made from: a directory of the master that holds a complete system, or / for the master's own.

A symbolic link in it means what it would mean to a machine whose root the directory is. The kernel has no such
question to ask without chroot(2) or openat2(2), for which Python has no function, so links are followed here.
"""

from __future__ import annotations

import os
import posixpath
from dataclasses import dataclass

from ansible_collections.netboot.diskless.plugins.module_utils._tree import Measure, measure

MASTERS_ROOT = "/"
OPENRC = "openrc"
SYSTEMD = "systemd"
AUTO = "auto"
# What init= names on the kernel's command line, so where the program of an init has to be.
INIT_PROGRAMS = {OPENRC: "/sbin/openrc-init", SYSTEMD: "/lib/systemd/systemd"}
# Without these a directory holds no system that could boot.
PARTS = ("/etc", "/usr", "/sbin/init")
# e_machine of elf(5); a slave's architecture has the same names.
MACHINES = {3: "i386", 40: "arm", 62: "x86_64", 183: "aarch64", 243: "riscv"}
# Any of these is of the machine that all of them are of; the first that is a program and no script tells it.
PROGRAMS = ("/sbin/init", "/bin/sh", "/usr/bin/env", "/lib/systemd/systemd", "/sbin/openrc")
# path_resolution(7)
_LINKS_MAX = 40


class SourceError(Exception):
    """A root cannot be made from a directory; the text says why."""


@dataclass(frozen=True)
class System:
    """What is in a directory that roots are made from.

    Args:
        exists: whether there is such a directory.
        missing: what a system has and this one lacks.
        inits: the inits that it can be started with by name.
        init: the init that its /sbin/init is; empty when that is none of ours.
        machine: the machine that its programs are made for, as slave_architecture has it; empty when that is unknown.
    """

    exists: bool
    missing: list[str]
    inits: list[str]
    init: str
    machine: str

    def chosen(self, wanted: str) -> str:
        """The init of a slave whose slave_init is wanted; empty when there is none to choose."""
        if wanted == AUTO:
            return self.init
        return wanted if wanted in self.inits else ""


def resolve(source: str, path: str) -> str | None:
    """The path, as a machine whose root is source sees it, of what an absolute path leads to; None when to nothing."""
    seen = 0
    done = "/"
    rest = [name for name in path.split("/") if name]
    while rest:
        name = rest.pop(0)
        if name == "..":
            done = posixpath.dirname(done)
            continue
        if name == ".":
            continue
        here = posixpath.join(done, name)
        try:
            target = os.readlink(on_master(source, here))
        except OSError:
            # No link: a file, a directory, or nothing.
            done = here
            continue
        seen += 1
        if seen > _LINKS_MAX:
            return None
        if target.startswith("/"):
            done = "/"
        rest = [*(part for part in target.split("/") if part), *rest]
    return done if os.path.lexists(on_master(source, done)) else None


def on_master(source: str, path: str) -> str:
    """Where the master has an absolute path of a system that lies in source."""
    return path if source == MASTERS_ROOT else source + path


def inspect(source: str) -> System:
    """What is in a directory that roots are made from."""
    if not os.path.isdir(source):
        return System(False, [], [], "", "")
    missing = [path for path in PARTS if resolve(source, path) is None]
    inits = sorted(name for name, path in INIT_PROGRAMS.items() if resolve(source, path))
    return System(True, missing, inits, _init(source), _machine(source))


def _init(source: str) -> str:
    program = resolve(source, "/sbin/init")
    if program is None:
        return ""
    if program == resolve(source, INIT_PROGRAMS[SYSTEMD]):
        return SYSTEMD
    # sysvinit's or busybox's init, which /etc/inittab tells to start OpenRC; older releases call that rc.
    if program == resolve(source, INIT_PROGRAMS[OPENRC]) or resolve(source, "/sbin/openrc"):
        return OPENRC
    return ""


def _machine(source: str) -> str:
    for path in PROGRAMS:
        program = resolve(source, path)
        if program and (machine := elf_machine(on_master(source, program))):
            return machine
    return ""


def elf_machine(path: str) -> str:
    """The machine that a program is made for (elf(5)); empty when it is no ELF program."""
    try:
        with open(path, "rb") as stream:
            header = stream.read(20)
    except OSError:
        return ""
    if len(header) < 20 or header[:4] != b"\x7fELF":
        return ""
    # EI_DATA: 1 is the little end first, 2 the big end.
    number = int.from_bytes(header[18:20], "little" if header[5] == 1 else "big")
    return MACHINES.get(number, f"machine {number} of elf(5)")


def programs_to_copy(source: str, programs: list[str]) -> list[str]:
    """What rsync has to be given for directories of programs; what is before /./ does not reach the root."""
    present = [path for path in programs if os.path.lexists(on_master(source, path))]
    return present if source == MASTERS_ROOT else [f"{source}/.{path}" for path in present]


def measure_programs(source: str, programs: list[str], exclude: list[str]) -> Measure:
    """Measures the directories of programs of a system.

    Args:
        source: where the system lies.
        programs: absolute paths in that system.
        exclude: names, or absolute paths in that system, with shell wildcards.
    """
    inside = [on_master(source, pattern) if pattern.startswith("/") else pattern for pattern in exclude]
    return measure([on_master(source, path) for path in programs], inside)
