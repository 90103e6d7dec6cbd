# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Long modules in the background, with a connection that answers from a list."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleActionFail
from ansible_collections.netboot.diskless.plugins.plugin_utils import _background
from ansible_collections.netboot.diskless.plugins.plugin_utils._background import run_in_background

STARTED = {"ansible_job_id": "j1.2", "results_file": "/root/.ansible_async/j1.2", "started": 1, "finished": 0}
DONE = {**STARTED, "finished": 1, "changed": True, "image_bytes": 5}


class Master:
    """Stands for an action plugin with a connection: what it was asked, and what it answers."""

    def __init__(self, polls: list[str], started: dict[str, Any], status: dict[str, Any]) -> None:
        self._task = SimpleNamespace(async_val=0)
        self.polls, self.answers = polls, {"status": status, "cleanup": {}}
        self.started = started
        self.asked: list[tuple[str, str | None]] = []
        self.limits: list[int] = []

    def _execute_module(
        self, module_name: str, module_args: dict[str, Any], task_vars: dict[str, Any], wrap_async: bool = False
    ) -> dict[str, Any]:
        self.asked.append((module_name, module_args.get("mode")))
        if wrap_async:
            self.limits.append(self._task.async_val)
            return dict(self.started)
        assert module_args["jid"] == "j1.2" and module_args["_async_dir"] == "/root/.ansible_async"
        return dict(self.answers[module_args["mode"]])

    def _low_level_execute_command(self, command: str) -> dict[str, Any]:
        assert "/root/.ansible_async/j1.2" in command and command.endswith("; progress")
        return {"stdout": self.polls.pop(0)}


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Lines for the user; an hour passes with each look at the clock, and nobody sleeps."""
    lines: list[str] = []
    clock = iter(range(0, 10**9, 3600))
    monkeypatch.setattr(_background, "Display", lambda: SimpleNamespace(display=lines.append))
    monkeypatch.setattr(_background.time, "sleep", lambda seconds: None)
    monkeypatch.setattr(_background.time, "monotonic", lambda: next(clock))
    monkeypatch.setattr(_background, "LIMIT_SECONDS", 20 * 3600)
    return lines


def run(master: Master) -> dict[str, Any]:
    describe = {"50%": "half", "": ""}.get
    module = "netboot.diskless.kernel_build"
    return run_in_background(master, module, {}, {}, "progress", lambda text: describe(text, text))


def test_gives_the_modules_own_result_and_cleans_up(shown: list[str]) -> None:
    master = Master(["going\n50%\n", "going\r\n\r\n", "going\r\n60%\r\nof it\r\n", "ended\n"], STARTED, DONE)
    assert run(master) == {"changed": True, "image_bytes": 5}
    assert [line.split(" (")[0] for line in shown] == ["half", "60%\nof it"]
    assert master.asked == [
        ("netboot.diskless.kernel_build", None),
        ("ansible.builtin.async_status", "status"),
        ("ansible.builtin.async_status", "cleanup"),
    ]
    # The limit holds for the job alone, not for what asks after it.
    assert master.limits == [20 * 3600] and master._task.async_val == 0


def test_a_failure_is_the_modules_own(shown: list[str]) -> None:
    failure = {**DONE, "failed": True, "msg": "no space"}
    result = run(Master(["ended\n"], STARTED, failure))
    assert result["failed"] and result["msg"] == "no space" and shown == []


@pytest.mark.parametrize("started", [{"msg": "no python", "failed": True}, {"ansible_job_id": "j1.2"}])
def test_a_job_that_does_not_start_is_told(shown: list[str], started: dict[str, Any]) -> None:
    with pytest.raises(AnsibleActionFail, match="kernel_build could not be started in the background"):
        run(Master([], started, DONE))


@pytest.mark.parametrize("polls", [["going\n"] * 100, [""]], ids=["for ever", "silent"])
def test_a_job_that_is_lost_is_told_and_not_waited_for_for_ever(shown: list[str], polls: list[str]) -> None:
    with pytest.raises(AnsibleActionFail, match="nothing was heard of its end: run again"):
        run(Master(polls, STARTED, {**STARTED, "changed": False}))
