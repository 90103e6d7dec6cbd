# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the module of the same name, and shows the compiler's progress while a kernel is built."""

from __future__ import annotations

import shlex
from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.netboot.diskless.plugins.plugin_utils._background import run_in_background


class ActionModule(ActionBase):
    """Action plugin netboot.diskless.kernel_build."""

    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        task_vars = task_vars or {}
        module = "netboot.diskless.kernel_build"
        arguments = dict(self._task.args)
        result = self._execute_module(
            module_name=module, module_args={**arguments, "allow_build": False}, task_vars=task_vars
        )
        if result.get("failed") or self._task.check_mode or not result.get("build_needed"):
            return result
        log = shlex.quote(result["log"])
        command = f"grep -c '^  [A-Z]' {log}; tail -n 1 {log}"
        return run_in_background(self, module, arguments, task_vars, command, _describe)


def _describe(progress: str) -> str:
    """One line from the number of steps done and make's last word."""
    count, _newline, last = progress.partition("\n")
    return f"kernel_build: {count} steps done, now {' '.join(last.split())[:60]}" if count.isdigit() else ""
