# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a playbook against the lab's master, and read its recap."""

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lab import router
from lab.inventory import Inventory, RootPassword, tool, user_inventory, write_overlay
from lab.settings import CHECKOUT, Settings

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_RECAP = re.compile(r"^(\S+)\s+: (ok=\d+.*)$")


@dataclass(frozen=True)
class Played:
    """How a play ended: ansible-playbook's exit code, and the counts of its recap by host."""

    code: int
    hosts: dict[str, dict[str, int]]

    def total(self, what: str) -> int:
        """Sum over the hosts of `changed`, `failed`, `ok`, ..."""
        return sum(counts.get(what, 0) for counts in self.hosts.values())


def recap(line: str) -> tuple[str, dict[str, int]] | None:
    """Host and counts of a line of the recap, or None for any other line."""
    match = _RECAP.match(_COLOUR.sub("", line))
    if not match:
        return None
    return match.group(1), {key: int(value) for key, value in re.findall(r"(\w+)=(\d+)", match.group(2))}


def play(settings: Settings, arguments: Sequence[str] = (), playbook: Path | str = "site.yml") -> Played:
    """Run a playbook with the user's inventory and the lab's; its output is passed on as it comes.

    :param arguments: more arguments for ansible-playbook
    """
    inventory = user_inventory()
    read = Inventory.read(inventory)
    router.follow(settings, read)
    overlay = write_overlay(read, settings, RootPassword.of(settings).hashed)
    sources = ["-i", str(inventory), "-i", str(overlay)]
    command = [tool("ansible-playbook"), str(playbook), *sources, *arguments]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    if sys.stdout.isatty():
        environment["ANSIBLE_FORCE_COLOR"] = "1"
    hosts: dict[str, dict[str, int]] = {}
    process = subprocess.Popen(
        command, cwd=CHECKOUT, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    with process.stdout:
        for line in process.stdout:
            sys.stdout.write(line)
            sys.stdout.flush()
            counted = recap(line)
            if counted:
                hosts[counted[0]] = counted[1]
    return Played(process.wait(), hosts)
