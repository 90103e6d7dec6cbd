# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""After a restart of the master everything is back by itself, and slave21 boots from it to a login."""

import json
import subprocess
import sys

import pytest

from lab import master as lab_master
from lab import settings
from lab.settings import CHECKOUT
from lab.timeline import STAGES


@pytest.fixture(scope="module")
def boot(instance: settings.Settings, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """The report of a boot of slave21 from the restarted master."""
    lab_master.reboot(instance)
    report = tmp_path_factory.mktemp("boot") / "report.json"
    command = [sys.executable, "-m", "lab", "boot", "slave21", "--json", str(report)]
    done = subprocess.run(command, cwd=CHECKOUT, check=False)
    assert done.returncode == 0, "slave21 did not reach its login: see the timeline and its console above"
    slave = json.loads(report.read_text())["slaves"]["slave21"]
    assert isinstance(slave, dict)
    return slave


def test_every_stage_was_seen(boot: dict[str, object]) -> None:
    assert boot["ok"]
    assert isinstance(boot["stages"], dict)
    assert set(boot["stages"]) == set(STAGES)


def test_the_slave_speaks_for_itself(boot: dict[str, object]) -> None:
    facts = boot["facts"]
    assert isinstance(facts, dict)
    assert facts["hostname"] == "slave21"
    assert facts["addresses"] == ["192.168.1.21"]
    assert "192.168.1.1:/diskless/192.168.1.21" in facts["root"] and " rw," in facts["root"]
    assert "-slave" in facts["kernel"]
