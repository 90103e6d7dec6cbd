# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the module of the same name, and brings kconfiglib to the master when a refusal has to be explained."""

from __future__ import annotations

import importlib.util
from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.netboot.diskless.plugins.module_utils._kconfig_library import VERSION

MODULE = "netboot.diskless.kernel_config"


def library_path() -> str:
    """The file of the controller's kconfiglib; empty when it is not installed."""
    spec = importlib.util.find_spec("kconfiglib")
    return spec.origin or "" if spec else ""


class ActionModule(ActionBase):
    """Action plugin netboot.diskless.kernel_config."""

    # The file is sent only when it is needed; no directory for it is made beforehand.
    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        task_vars = task_vars or {}
        arguments = dict(self._task.args)
        result = self._execute_module(module_name=MODULE, module_args=arguments, task_vars=task_vars)
        if not result.get("explanation_needed") or arguments.get("kconfiglib"):
            return result
        library = library_path()
        if not library:
            # Ansible shows the exception of a failed module in place of its message.
            result.pop("exception", None)
            result["msg"] += (
                "\nWhy, this controller cannot say without kconfiglib: install it beside Ansible "
                f"(pip install kconfiglib=={VERSION})"
            )
            return result
        arguments = {**arguments, "kconfiglib": self._send(library)}
        return self._execute_module(module_name=MODULE, module_args=arguments, task_vars=task_vars)

    def _send(self, library: str) -> str:
        """Brings a file to the directory of this task on the master, which Ansible removes in the end."""
        directory = self._connection._shell.tmpdir or self._make_tmp_path()
        remote: str = self._connection._shell.join_path(directory, "kconfiglib.py")
        self._transfer_file(library, remote)
        self._fixup_perms2((directory, remote))
        return remote
