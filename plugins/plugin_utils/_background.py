# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs a long module in the background on the master and shows what it is doing."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

LIMIT_SECONDS = 6 * 3600
POLL_SECONDS = 3.0
SHOW_SECONDS = 10.0


def run_in_background(
    action: ActionBase,
    module_name: str,
    module_args: dict[str, Any],
    task_vars: dict[str, Any],
    progress_command: str,
    describe: Callable[[str], str],
) -> dict[str, Any]:
    """Starts a module as an asynchronous job, prints a line of progress now and then, and returns its result.

    Args:
        action: the action plugin on whose connection the job runs.
        module_name: full name of the module.
        module_args: its arguments.
        task_vars: the task's variables.
        progress_command: a shell command on the master whose output tells how far the job is.
        describe: makes the line to print of that output; an empty line is not printed.

    Raises:
        AnsibleActionFail: the job could not be started, or was lost.
    """
    action._task.async_val = LIMIT_SECONDS
    started = action._execute_module(
        module_name=module_name, module_args=module_args, task_vars=task_vars, wrap_async=True
    )
    action._task.async_val = 0
    job, results = started.get("ansible_job_id"), started.get("results_file")
    if not job or not results:
        raise AnsibleActionFail(f"{module_name} could not be started in the background: {started.get('msg', started)}")
    # While it runs, the job's file says so; in the end it holds the module's own result.
    state_command = f"grep -q '\"finished\": *false' {shlex.quote(results)} && echo going || echo ended"
    began = time.monotonic()
    shown = began - SHOW_SECONDS
    while time.monotonic() - began < LIMIT_SECONDS:
        time.sleep(POLL_SECONDS)
        answer = action._low_level_execute_command(f"{state_command}; {progress_command}")
        # A connection with a terminal ends its lines with both.
        state, _newline, progress = answer.get("stdout", "").replace("\r\n", "\n").partition("\n")
        if state.strip() != "going":
            break
        if time.monotonic() - shown >= SHOW_SECONDS:
            shown = time.monotonic()
            line = describe(progress.strip())
            if line:
                Display().display(f"{line} ({shown - began:.0f} s)")
    status: dict[str, Any] = action._execute_module(
        module_name="ansible.builtin.async_status",
        module_args={"jid": job, "mode": "status", "_async_dir": results.rsplit("/", 1)[0]},
        task_vars=task_vars,
    )
    if not status.get("finished") and not status.get("failed"):
        raise AnsibleActionFail(f"{module_name} was started on the master, but nothing was heard of its end: run again")
    action._execute_module(
        module_name="ansible.builtin.async_status",
        module_args={"jid": job, "mode": "cleanup", "_async_dir": results.rsplit("/", 1)[0]},
        task_vars=task_vars,
    )
    for key in ("started", "finished", "ansible_job_id", "results_file"):
        status.pop(key, None)
    return status
