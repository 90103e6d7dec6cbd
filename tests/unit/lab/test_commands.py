# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands' shared parts, and what a wrong command line gives."""

from pathlib import Path

import pytest

from lab.__main__ import main
from lab.commands import LabError, hold
from lab.settings import Settings


@pytest.mark.parametrize(
    ("first", "second", "agree"), [(False, False, True), (False, True, False), (True, False, False)]
)
def test_commands_that_do_not_agree(tmp_path: Path, first: bool, second: bool, agree: bool) -> None:
    settings = Settings("netboot-lab", tmp_path)
    with hold(settings, alone=first):
        if agree:
            with hold(settings, alone=second):
                pass
        else:
            with pytest.raises(LabError, match="at work on netboot-lab"), hold(settings, alone=second):
                pass
    with hold(settings, alone=True):
        pass


@pytest.mark.parametrize("arguments", [[], ["boot"], ["fly"], ["status", "slave21"]])
def test_a_wrong_command_line(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "usage: python -m lab" in capsys.readouterr().err


def test_a_problem_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("LAB_NAME", "Not A Name")
    assert main(["status"]) == 1
    assert capsys.readouterr().err.startswith("lab: LAB_NAME='Not A Name'")
