# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Renders a part's files on the controller and hands them to swap_files in one call."""

from __future__ import annotations

import os
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.netboot.diskless.plugins.plugin_utils._render import render, render_each
from jinja2 import TemplateError

FILE = {
    "mode": {"type": "str", "default": "0644"},
    "owner": {"type": "str", "default": "root"},
    "group": {"type": "str", "default": "root"},
    "validate": {"type": "str", "default": ""},
    "validate_as": {"type": "str", "default": ""},
    "validate_within": {"type": "str", "default": ""},
}
ARGUMENTS: dict[str, Any] = {
    "part": {"type": "str", "required": True},
    "templates": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "src": {"type": "str", "required": True},
            "path": {"type": "str", "required": True},
            "each_slave": {"type": "bool", "default": False},
            "only_loaders": {"type": "list", "elements": "str", "default": []},
            **FILE,
        },
    },
    "copies": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "source": {"type": "str", "required": True},
            "path": {"type": "str", "required": True},
            "unpack": {"type": "bool", "default": False},
            "mode": FILE["mode"],
        },
    },
    "directories": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {"path": {"type": "str", "required": True}, "mode": {"type": "str", "default": "0755"}},
    },
    "variables": {"type": "dict", "default": {}},
    "render_directory": {"type": "str", "default": ""},
    "shipped_settings": {"type": "dict", "default": {}},
    "state_directory": {"type": "path", "default": "/var/lib/netboot-diskless"},
}


class ActionModule(ActionBase):
    """Action plugin netboot.diskless.place_files."""

    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        task_vars = task_vars or {}
        _validation, arguments = self.validate_argument_spec(argument_spec=ARGUMENTS)
        fleet = task_vars.get("fleet_model")
        if not isinstance(fleet, dict):
            raise AnsibleActionFail("there is no fleet_model: run the role netboot.diskless.fleet first")
        files = self._render_all(arguments, fleet)
        if arguments["render_directory"]:
            return self._write_renders(arguments["render_directory"], files)
        site = fleet["site"]
        for copy in arguments["copies"]:
            files.append({**copy, "path": copy["path"].format_map(site)})
        return self._execute_module(
            module_name="netboot.diskless.swap_files",
            module_args={
                "part": arguments["part"],
                "files": files,
                "directories": [
                    {**entry, "path": entry["path"].format_map(site)} for entry in arguments["directories"]
                ],
                "shipped_settings": arguments["shipped_settings"],
                "state_directory": arguments["state_directory"],
            },
            task_vars=task_vars,
        )

    def _render_all(self, arguments: dict[str, Any], fleet: dict[str, Any]) -> list[dict[str, Any]]:
        files: list[dict[str, Any]] = []
        for entry in arguments["templates"]:
            try:
                template = self._find_needle("templates", entry["src"])
                if entry["each_slave"]:
                    texts = render_each(template, entry["path"], fleet, arguments["variables"], entry["only_loaders"])
                else:
                    path = entry["path"].format_map(fleet["site"])
                    texts = [(path, render(template, fleet, arguments["variables"]))]
            except TemplateError as error:
                raise AnsibleActionFail(f"{entry['src']}: {error}") from error
            except KeyError as error:
                raise AnsibleActionFail(f"{entry['path']}: neither site nor slave has {error}") from error
            except AnsibleError as error:
                raise AnsibleActionFail(str(error)) from error
            attributes = {key: entry[key] for key in FILE}
            files += [{"path": path, "content": text, **attributes} for path, text in texts]
        return files

    def _write_renders(self, directory: str, files: list[dict[str, Any]]) -> dict[str, Any]:
        """Writes the rendered files below directory on the controller; owners and checkers belong to a master."""
        written = []
        for entry in files:
            target = os.path.join(directory, entry["path"].lstrip("/"))
            content = entry["content"].encode()
            if os.path.exists(target):
                with open(target, "rb") as stream:
                    if stream.read() == content:
                        continue
            written.append(target)
            if self._task.check_mode:
                continue
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with open(f"{target}.partial", "wb") as stream:
                stream.write(content)
            os.replace(f"{target}.partial", target)
        return {"changed": bool(written), "written": written, "removed": []}
