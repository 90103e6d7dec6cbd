# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role master_kernel refuses before anything is changed, by running its tasks with a survey of a master."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.netboot.diskless.plugins.plugin_utils._judgement import TREE_ADVICE

from tests.unit.playbooks.rendering import ROOT

ROLE = ROOT / "roles/master_kernel"


def preflight(directory: Path, **variables: Any) -> tuple[int, str]:
    """Runs the role's first tasks alone; returns the exit status and what was said, without folds."""
    play = {
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
        "vars_files": [str(ROLE / "defaults/main.yml"), str(ROLE / "vars/main.yml")],
        "tasks": [{"ansible.builtin.import_tasks": str(ROLE / "tasks/preflight.yml")}],
    }
    playbook = directory / "playbook.yml"
    playbook.write_text(yaml.safe_dump([play]))
    done = subprocess.run(
        ["ansible-playbook", "-i", "localhost,", "-e", json.dumps(variables), str(playbook)],
        cwd=ROOT,
        env={**os.environ, "ANSIBLE_CALLBACK_RESULT_FORMAT": "json"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, " ".join((done.stdout + done.stderr).split())


def survey(tree: str) -> dict[str, Any]:
    kernel = {"release": "6.12.1", "source": "/proc/config.gz", "symbols": {}, "modules": {}}
    return {"kernel_tree": tree, "kernel": kernel}


@pytest.mark.parametrize("tree", ["missing", "used"])
def test_a_source_that_cannot_be_built_from_is_refused(tmp_path: Path, tree: str) -> None:
    # The loader is none, so that a check that is not there does not look at the boot loader of this machine.
    variables = {"fleet_kernel_tree": "/usr/src/linux", "fleet_survey": survey(tree)}
    code, said = preflight(tmp_path, master_kernel_build=True, master_kernel_boot_loader="none", **variables)
    assert code != 0
    assert f"master_kernel_build is true, but fleet_kernel_tree is '/usr/src/linux', which {TREE_ADVICE[tree]}" in said
    assert preflight(tmp_path, master_kernel_build=False, **variables)[0] == 0


def test_a_clean_source_is_accepted(tmp_path: Path) -> None:
    """assert works its fail_msg out even where it holds, so what that looks up has to be there."""
    variables = {"fleet_kernel_tree": "/usr/src/linux", "fleet_survey": survey("clean")}
    code, said = preflight(tmp_path, master_kernel_build=True, master_kernel_boot_loader="none", **variables)
    assert code == 0, said


def test_both_checks_of_a_source_say_the_same() -> None:
    told = yaml.safe_load((ROLE / "vars/main.yml").read_text())["__master_kernel_tree_advice"]
    assert told == TREE_ADVICE
