# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The line that includes the slaves' part in a dhcpd.conf of the master's own, by running the task that writes it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import yaml

from tests.unit.playbooks.rendering import ROOT

OWN = "# somebody's\n"


def included(directory: Path, verdict: str) -> subprocess.CompletedProcess[str]:
    """Runs the task with a checker that reads, as a confined one does, nothing outside of directory/etc."""
    etc = directory / "etc"
    etc.mkdir()
    (etc / "dhcpd.conf").write_text(OWN)
    checker = directory / "checker"
    judge = f'grep -q ^include "$1" && exit {verdict}'
    checker.write_text(f"#!/bin/sh\ncase $1 in {etc}/*) {judge};; esac\nexit 3\n")
    checker.chmod(0o755)
    tasks = yaml.safe_load((ROOT / "roles/dhcp/tasks/configure.yml").read_text())
    (task,) = [one for one in tasks if "ansible.builtin.lineinfile" in one]
    given = {
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "__dhcp_isc": f"{etc}/dhcpd.conf",
        "__dhcp_include_line": 'include "/etc/dhcp/netboot-diskless.conf";',
        "__dhcp_names": {"check": f"{checker} %s"},
        "__dhcp_joins": True,
        "fleet_render_directory": "",
    }
    handler = {"name": "Restart the DHCP server", "ansible.builtin.meta": "noop"}
    play = {
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "vars": given,
        "tasks": [task],
        "handlers": [handler],
    }
    playbook = directory / "playbook.yml"
    playbook.write_text(json.dumps([play]))
    command = ["ansible-playbook", "-i", "localhost,", str(playbook)]
    return subprocess.run(command, cwd=ROOT, env=dict(os.environ), capture_output=True, text=True, check=False)


def test_the_line_is_judged_where_the_checker_may_read(tmp_path: Path) -> None:
    done = included(tmp_path, "0")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "etc/dhcpd.conf").read_text() == f'{OWN}include "/etc/dhcp/netboot-diskless.conf";\n'
    # A backup, and nothing of the check.
    assert len(list((tmp_path / "etc").iterdir())) == 2


def test_a_line_that_the_checker_refuses_is_not_written(tmp_path: Path) -> None:
    assert included(tmp_path, "1").returncode != 0
    assert [path.read_text() for path in (tmp_path / "etc").iterdir() if not path.name.endswith("~")] == [OWN]
