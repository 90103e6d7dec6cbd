# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hands the fleet to the module of the same name, and shows the progress while programs are copied."""

from __future__ import annotations

import shlex
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.netboot.diskless.plugins.plugin_utils._background import run_in_background

FIELDS = ("name", "hostname", "fqdn", "address", "architecture", "root", "source", "init", "console", "nfs_version")
SITE_FIELDS = ("master_address", "master_name", "domain", "dns_servers")
PROGRAMS = ["/bin", "/sbin", "/lib", "/lib32", "/lib64", "/usr"]
STATE_DIRECTORY = "/var/lib/netboot-diskless"


class ActionModule(ActionBase):
    """Action plugin netboot.diskless.slave_roots."""

    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        task_vars = task_vars or {}
        fleet = task_vars.get("fleet_model")
        if not isinstance(fleet, dict):
            raise AnsibleActionFail("there is no fleet_model: run the role netboot.diskless.fleet first")
        arguments = {"programs": PROGRAMS, "state_directory": STATE_DIRECTORY, **self._task.args}
        tftp_root = fleet["site"]["tftp_root"]
        arguments["slaves"] = [
            {
                **{key: slave[key] for key in FIELDS},
                # A kernel that is built has no modules.
                "kernel": f"{tftp_root}/{slave['kernel_file']}" if slave["kernel_source"] == "package" else "",
            }
            for slave in fleet["slaves"]
        ]
        arguments["site"] = {key: fleet["site"][key] for key in SITE_FIELDS}
        module = "netboot.diskless.slave_roots"
        result = self._execute_module(
            module_name=module, module_args={**arguments, "allow_copy": False}, task_vars=task_vars
        )
        if result.get("failed") or self._task.check_mode or not result.get("copy_needed"):
            return result
        progress = shlex.quote(f"{arguments['state_directory']}/progress-slave_roots")
        # On a slow master the module may not have begun it yet.
        tail = f"tail -c 120 {progress} | tr '\\r' '\\n' | tail -n 1"
        command = f"if [ -e {progress} ]; then head -n 1 {progress}; {tail}; fi"
        return run_in_background(self, module, arguments, task_vars, command, _describe)


def _describe(progress: str) -> str:
    """One line from the slave's name and rsync's last word, as '1,234,567  45%  12.3MB/s  0:00:10'."""
    name, _newline, state = progress.partition("\n")
    words = state.split()
    return f"slave_roots: {name}: {words[0]} bytes, {words[1]}" if len(words) > 1 else ""
