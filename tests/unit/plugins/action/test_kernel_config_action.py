# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action netboot.diskless.kernel_config: when kconfiglib travels, and what is said when it cannot."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import kconfiglib
import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible_collections.netboot.diskless.plugins.action import kernel_config
from ansible_collections.netboot.diskless.plugins.action.kernel_config import ActionModule

BARE = {"failed": True, "msg": "1 of 1", "refused": [{"symbol": "A"}], "explanation_needed": True}
EXPLAINED = {"failed": True, "msg": "1 of 1: because", "refused": [{"symbol": "A"}], "explanation_needed": False}


class Master(ActionModule):
    """The action with a master that answers from a list."""

    def __init__(self, arguments: dict[str, Any], answers: list[dict[str, Any]], tmpdir: str = "") -> None:
        shell = SimpleNamespace(tmpdir=tmpdir, join_path=lambda *parts: "/".join(parts))
        loader = DataLoader()
        task = SimpleNamespace(args=arguments, async_val=0, check_mode=False, action="netboot.diskless.kernel_config")
        super().__init__(task, SimpleNamespace(_shell=shell), None, loader, Templar(loader, {}))
        self.answers, self.asked = answers, []  # type: ignore[var-annotated]
        self.sent: list[tuple[str, str]] = []
        self.readable: tuple[str, ...] = ()

    def _execute_module(self, module_name: str, module_args: dict[str, Any], task_vars: dict[str, Any]) -> Any:
        assert module_name == "netboot.diskless.kernel_config"
        self.asked.append(module_args)
        return self.answers.pop(0)

    def _make_tmp_path(self) -> str:
        return "/root/.ansible/tmp/made"

    def _transfer_file(self, local: str, remote: str) -> None:
        self.sent.append((local, remote))

    def _fixup_perms2(self, paths: tuple[str, ...]) -> None:
        self.readable = paths


ARGUMENTS = {"tree": "/usr/src/linux", "output": "/out", "symbols": {"A": "y"}}


@pytest.mark.parametrize(
    "answer", [{"changed": True, "values": {"A": "y"}}, EXPLAINED, {"failed": True, "msg": "no make"}]
)
def test_nothing_travels_when_nothing_is_to_explain(answer: dict[str, Any]) -> None:
    master = Master(ARGUMENTS, [answer])
    assert master.run(task_vars={}) == answer
    assert master.asked == [ARGUMENTS] and master.sent == []


@pytest.mark.parametrize(("tmpdir", "directory"), [("", "/root/.ansible/tmp/made"), ("/tmp/there", "/tmp/there")])
def test_a_refusal_brings_the_controllers_file(tmpdir: str, directory: str) -> None:
    master = Master(ARGUMENTS, [dict(BARE), EXPLAINED], tmpdir)
    assert master.run(task_vars={}) == EXPLAINED
    remote = f"{directory}/kconfiglib.py"
    assert master.sent == [(kconfiglib.__file__, remote)] and master.readable == (directory, remote)
    assert master.asked == [ARGUMENTS, {**ARGUMENTS, "kconfiglib": remote}]


def test_without_it_the_user_is_told_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel_config.importlib.util, "find_spec", lambda name: None)
    master = Master(ARGUMENTS, [{**BARE, "exception": "1 of 1"}])
    result = master.run(task_vars={})
    assert result["failed"] and "exception" not in result and result["refused"] == BARE["refused"] and master.sent == []
    assert result["msg"].startswith("1 of 1\n") and "pip install kconfiglib==14.1.0" in result["msg"]


def test_a_file_of_the_users_is_used_once() -> None:
    arguments = {**ARGUMENTS, "kconfiglib": "/usr/lib/python3/dist-packages/kconfiglib.py"}
    master = Master(arguments, [BARE])
    assert master.run(task_vars={}) == BARE
    assert master.asked == [arguments] and master.sent == []
