# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the role master_kernel reboots, by running its tasks with stand-ins for the boot menu and for the reboot."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import yaml

from tests.unit.playbooks.rendering import ROOT

ROLE = ROOT / "roles/master_kernel"
# A module that notes each call, and says of the boot menu what it is given.
ENTRY = """\
#!/bin/sh
# WANT_JSON
echo called >> "$NETBOOT_CALLS"
cat "$NETBOOT_SAID"
"""


def played(directory: Path, release: str) -> tuple[int, str, int]:
    """Plays the tasks for a new kernel; returns the exit status, what was said, and how often the menu was touched."""
    (directory / "library").mkdir()
    (directory / "library/entry").write_text(ENTRY)
    calls, said = directory / "calls", directory / "said.json"
    entry = {"changed": True, "loader": "grub", "release": release, "running": False, "next_boot": "once"}
    said.write_text(json.dumps({**entry, "by_hand": []}))
    stand_ins: dict[str, tuple[str, dict[str, Any]]] = {
        "netboot.diskless.boot_entry": ("entry", {}),
        "ansible.builtin.reboot": ("ansible.builtin.debug", {"changed_when": True}),
    }
    tasks = []
    for task in yaml.safe_load((ROLE / "tasks/boot.yml").read_text()):
        module = next((name for name in stand_ins if name in task), "")
        if module:
            name, more = stand_ins[module]
            del task[module]
            task |= {name: None, **more}
        tasks.append(task)
    play = {
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
        "environment": {"NETBOOT_CALLS": str(calls), "NETBOOT_SAID": str(said)},
        "vars_files": [str(ROLE / "defaults/main.yml"), str(ROLE / "vars/main.yml")],
        "tasks": tasks,
    }
    playbook = directory / "playbook.yml"
    playbook.write_text(yaml.safe_dump([play]))
    variables = {"master_kernel_reboot": True, "master_kernel_missing": "warn"}
    done = subprocess.run(
        ["ansible-playbook", "-i", "localhost,", "-e", json.dumps(variables), str(playbook)],
        cwd=ROOT,
        env={**os.environ, "ANSIBLE_LIBRARY": str(directory / "library"), "ANSIBLE_CALLBACK_RESULT_FORMAT": "json"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, " ".join((done.stdout + done.stderr).split()), len(calls.read_text().splitlines())


def test_a_kernel_that_came_up_becomes_the_default(tmp_path: Path) -> None:
    code, said, touched = played(tmp_path, os.uname().release)
    assert (code, touched) == (0, 2), said


def test_a_kernel_that_did_not_come_up_is_not_tried_again_unasked(tmp_path: Path) -> None:
    """To bring it into the menu once more would have the next boot try it once more."""
    code, said, touched = played(tmp_path, "6.12.1-master-00000000")
    assert "did not come up with 6.12.1-master-00000000" in said
    assert code != 0
    assert touched == 1
