# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What bringing a kernel into a boot menu works with, whatever boot loader it is: wish, outcome, record, and files."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.netboot.diskless.plugins.module_utils import _boot_entry, _boot_survey, _files
from ansible_collections.netboot.diskless.plugins.module_utils._boot_entry import Kernel
from ansible_collections.netboot.diskless.plugins.module_utils._boot_survey import Machine
from ansible_collections.netboot.diskless.plugins.module_utils._files import read_file
from ansible_collections.netboot.diskless.plugins.module_utils._placing import Placer, Plan, WantedFile, make_plan

PART = "boot_entry"
IMAGE_PART = "boot_image"
CONFIG_PART = "boot_config"


@dataclass(frozen=True)
class Wish:
    """What is wanted.

    Args:
        image: where the new kernel goes, in /boot.
        source: the kernel as it was built; "" only to find out whether it could get an entry.
        source_config: the configuration that it was built with.
        system_map: its System.map, which installkernel takes too.
        loader: auto, none, or which boot loader starts this machine.
        command_line: what the kernel is told; "" for what the running one was told.
        initramfs: auto (as the running kernel), always or never.
        default: proven, now or never.
        check_drivers: whether to compare the drivers of the root file system.
        state_directory: where ledgers and former versions are kept.
        root: what all other paths are below.
    """

    image: str
    source: str = ""
    source_config: str = ""
    system_map: str = ""
    loader: str = "auto"
    command_line: str = ""
    initramfs: str = "auto"
    default: str = "proven"
    check_drivers: bool = True
    state_directory: str = "/var/lib/netboot-diskless"
    root: str = "/"

    def at(self, path: str) -> str:
        """Where a path of the machine is."""
        return os.path.join(self.root, path.lstrip("/"))


@dataclass
class Outcome:
    """What was done, or with dry would be.

    Args:
        loader: the boot loader.
        changed: whether anything had to change.
        release: the new kernel's, or "" when it is not built yet.
        running: whether the running kernel is that one.
        ours: whether the running kernel is that one or an earlier one of ours.
        next_boot: what the boot loader starts next: default (the new kernel, from now on), once (the new kernel, for
            one boot), or as_before.
        by_hand: what is left to do by hand.
        differences: texts before and after.
    """

    loader: str
    changed: bool = False
    release: str = ""
    running: bool = False
    ours: bool = False
    next_boot: str = "as_before"
    by_hand: list[str] = field(default_factory=list)
    differences: list[dict[str, str]] = field(default_factory=list)

    def differs(self, path: str, before: str, after: str) -> None:
        """Notes a file that changes."""
        self.changed = True
        self.differences.append({"before_header": path, "after_header": path, "before": before, "after": after})


class State:
    """What this collection remembers of boot entries.

    proven are releases found running, initrds RAM disks made, handed_over releases given to installkernel; mapped is
    what lilo's map was last made of, as a digest, or "" while that is not known; default is what systemd-boot had for a
    default before ours.
    """

    def __init__(self, state_directory: str) -> None:
        self.path = os.path.join(state_directory, "boot_entry.json")
        data = json.loads(read_file(self.path) or b"{}")
        self.proven: list[str] = list(data.get("proven", []))
        self.initrds: list[str] = list(data.get("initrds", []))
        self.handed_over: list[str] = list(data.get("handed_over", []))
        self.mapped: str = data.get("mapped", "")
        self.default: str = data.get("default", "")

    def write(self) -> None:
        """Writes it down, when that changes anything."""
        lists = {key: sorted(set(getattr(self, key))) for key in ("proven", "initrds", "handed_over")}
        content = json.dumps({**lists, "mapped": self.mapped, "default": self.default}, indent=0).encode()
        if read_file(self.path) != content + b"\n":
            _files.write_whole(self.path, content + b"\n", 0o600)


class Work:
    """One kernel on its way into the boot menu.

    Args:
        wish: what is wanted.
        dry: whether only to find out what that takes.
    """

    def __init__(self, wish: Wish, dry: bool) -> None:
        self.wish, self.dry = wish, dry
        self.machine: Machine = _boot_survey.look(wish.root)
        self.outcome = Outcome(_boot_entry.choose(self.machine, wish.loader))
        self.state = State(wish.state_directory)
        self.elsewhere = self.outcome.loader in (_boot_entry.INSTALLKERNEL, _boot_entry.NONE)
        self.files: list[WantedFile] = []
        self.images: list[WantedFile] = []
        self.kernels: list[Kernel] = []
        self.previous = ""
        self.default = ""
        self.line = ""
        self.block = ""

    def _all_of(self, part: str, files: list[WantedFile]) -> set[str]:
        """The paths of a part's files, wanted or to be removed."""
        return {file.path for file in files} | set(Placer(self.wish.state_directory, part).ledger.read())

    def _own(self, part: str, paths: list[str]) -> None:
        """Brings a part's ledger to those of these files that are there after they were put back."""
        images = {file.path for file in self.images}
        there = [WantedFile(path, read_file(path)) for path in paths if os.path.exists(path) and path not in images]
        Placer(self.wish.state_directory, part).settle(there)

    def _place(self, part: str, files: list[WantedFile]) -> None:
        """Places files that are ours alone."""
        self._plan(part, files)
        self._carry_out(part, files)

    def _plan(self, part: str, files: list[WantedFile]) -> Plan:
        """What placing them takes, which is told."""
        plan = make_plan(files, [], Placer(self.wish.state_directory, part).ledger.read())
        for wanted in plan.write:
            self.outcome.differs(wanted.path, _text(read_file(wanted.path)), _text(wanted.content))
        for path in plan.remove:
            self.outcome.differs(path, _text(read_file(path)), "")
        self.outcome.changed |= bool(plan)
        return plan

    def _carry_out(self, part: str, files: list[WantedFile]) -> None:
        placer = Placer(self.wish.state_directory, part)
        if not self.dry:
            placer.apply(make_plan(files, [], placer.ledger.read()))
            placer.settle(files)

    def _try_once(self) -> bool:
        """Puts the new image in its place; says whether the next boot is to try it."""
        self._place(IMAGE_PART, self.images)
        wanted = self.wish.default != "never" and not self.outcome.running and self.outcome.next_boot != "default"
        if wanted:
            self.outcome.next_boot = "once"
        return wanted

    def _choose_by_hand(self, why: str) -> None:
        self.outcome.next_boot = "as_before"
        told = f"{why}: choose {self.kernels[0].title!r} in the boot menu"
        if told not in self.outcome.by_hand:
            self.outcome.by_hand.append(told)

    def _edited(self, path: str, block: str) -> tuple[str, str]:
        """A file of somebody else's before and after our block is in it."""
        before = (read_file(path) or b"").decode(errors="surrogateescape")
        after = _boot_entry.with_block(before, block)
        if after != before:
            self.outcome.differs(path, before, after)
        return before, after


def initrd_path(release: str) -> str:
    """Where the initial RAM disk of a kernel of ours goes."""
    return f"/boot/initramfs-{release}.img"


def _text(data: bytes | None) -> str:
    if data is None:
        return ""
    return data.decode(errors="replace") if b"\0" not in data[:8192] else f"({len(data)} bytes, not text)\n"


def result_of(outcome: Outcome) -> dict[str, Any]:
    """What the module returns, besides its differences."""
    return {
        "changed": outcome.changed,
        "loader": outcome.loader,
        "release": outcome.release,
        "running": outcome.running,
        "ours": outcome.ours,
        "next_boot": outcome.next_boot,
        "by_hand": outcome.by_hand,
    }
