# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the roles dhcp and http_server refuse before anything is changed, by running their tasks with a survey."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.netboot.diskless.plugins.plugin_utils._fleet import build_fleet

from tests.unit.playbooks.rendering import FLEET, ROOT

PLATFORM = yaml.safe_load((ROOT / "roles/fleet/vars/platforms/debian.yml").read_text())["fleet_platform"]
DHCPD_CONF = PLATFORM["dhcp"]["isc"]["configuration"]


def survey(**changed: Any) -> dict[str, Any]:
    """A master with nothing on it."""
    paths = [PLATFORM["http"]["configuration"]]
    for server in PLATFORM["dhcp"].values():
        paths += [server[key] for key in ("configuration", "settings", "included") if server.get(key)]
    wire = {"servers": [], "same_address": [], "hindrance": ""}
    nothing: dict[str, Any] = {"listeners": [], "wire": wire, "placed_parts": []}
    nothing["owners"] = {**dict.fromkeys(paths, "absent"), **changed.pop("owners", {})}
    return {**nothing, **changed}


def preflight(directory: Path, role: str, found: dict[str, Any], **variables: Any) -> tuple[int, str]:
    """Runs a role's first tasks alone; returns the exit status and what was said, without folds."""
    site = yaml.safe_load((FLEET / "group_vars/all.yml").read_text())
    slaves = {path.stem: yaml.safe_load(path.read_text()) for path in (FLEET / "host_vars").glob("*.yml")}
    model = build_fleet(site, slaves, ["boot1.example.net"])
    place = ROOT / "roles" / role
    given = {
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "fleet_model": model,
        "fleet_platform": PLATFORM,
        "fleet_survey": found,
        "fleet_render_directory": "",
    }
    play = {
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "vars": given,
        "vars_files": [str(place / "defaults/main.yml"), str(place / "vars/main.yml")],
        "tasks": [{"ansible.builtin.import_tasks": str(place / "tasks/preflight.yml")}],
    }
    playbook = directory / "playbook.yml"
    # By JSON, so that YAML makes no words of its own of the model's values.
    playbook.write_text(json.dumps([play]))
    done = subprocess.run(
        ["ansible-playbook", "-i", "localhost,", "-e", json.dumps(variables), str(playbook)],
        cwd=ROOT,
        env={**os.environ, "ANSIBLE_CALLBACK_RESULT_FORMAT": "json"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, " ".join((done.stdout + done.stderr).split())


@pytest.mark.parametrize(("owner", "why"), [("absent", "not there"), ("ours", "all of netboot.diskless")])
def test_only_a_configuration_of_the_masters_own_is_joined(tmp_path: Path, owner: str, why: str) -> None:
    """Else the run would end at the include line, with the server's files taken away already."""
    code, said = preflight(tmp_path, "dhcp", survey(owners={DHCPD_CONF: owner}), dhcp_include=True)
    assert code != 0
    assert f"dhcp_include is true, but {DHCPD_CONF} is {why}: " in said


@pytest.mark.parametrize("owner", ["foreign", "pristine"])
def test_a_configuration_of_the_masters_own_is_joined(tmp_path: Path, owner: str) -> None:
    assert preflight(tmp_path, "dhcp", survey(owners={DHCPD_CONF: owner}), dhcp_include=True)[0] == 0


def test_a_master_with_nothing_on_it_gets_its_servers(tmp_path: Path) -> None:
    assert preflight(tmp_path, "dhcp", survey())[0] == 0
    assert preflight(tmp_path, "http_server", survey())[0] == 0


def nginx(address: str) -> dict[str, Any]:
    program = {"pid": 7, "names": ["nginx", "nginx"], "command": "nginx: master process"}
    socket = {"protocol": "tcp", "port": 8080, "address": address, "device": "", "unit": ""}
    return {**socket, "programs": [program]}


def test_a_web_server_of_the_masters_own_is_not_taken_over(tmp_path: Path) -> None:
    """Debian's nginx.conf is nobody's own as long as the sites that it includes are files beside it."""
    conf = PLATFORM["http"]["configuration"]
    found = {"listeners": [nginx("0.0.0.0")], "owners": {conf: "pristine"}}  # noqa: S104  # no socket is bound to it
    code, said = preflight(tmp_path, "http_server", survey(**found))
    assert code != 0
    assert "nginx runs here already, at port 8080, and was not set up by netboot.diskless" in said
    ours = {**found, "owners": {conf: "ours"}, "placed_parts": ["http_server"]}
    assert preflight(tmp_path, "http_server", survey(**ours))[0] == 0
