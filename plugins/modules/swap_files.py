#!/usr/bin/python
# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: swap_files
short_description: Swap finished files in on the master as one change
version_added: 0.1.0
description:
  - The part of M(netboot.diskless.place_files) that runs on the master. Use that one; it renders the files first.
  - Every file is complete and accepted by its checker before the first one is swapped in by rename.
    When a step fails, all files are as they were.
extends_documentation_fragment:
  - netboot.diskless.attributes
  - netboot.diskless.state
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
options:
  part:
    description: Name of the part whose files these are. It names the ledger.
    type: str
    required: true
  files:
    description: Every file of the part. One that the ledger has and this list has not is removed.
    type: list
    elements: dict
    required: true
    suboptions:
      path:
        description: Where the file goes.
        type: path
        required: true
      content:
        description: What it holds, unless it is a copy of O(files[].source).
        type: str
      source:
        description: The file on the master that it is a copy of.
        type: path
      unpack:
        description: Whether the copy is the unpacked text of a source that gzip may have compressed.
        type: bool
        default: false
      mode:
        description: The file's mode in octal digits.
        type: str
        default: "0644"
      owner:
        description: The file's owner.
        type: str
        default: root
      group:
        description: The file's group.
        type: str
        default: root
      validate:
        description: The command that judges the file; C(%s) is the path of the file to judge.
        type: str
        default: ""
      validate_as:
        description: The user that O(files[].validate) runs as; empty for the one who runs the task.
        type: str
        default: ""
      validate_within:
        description:
          - A file that includes this one. Where it does, O(files[].validate) judges a copy of it, with this file's new
            version in it.
        type: str
        default: ""
  directories:
    description: Directories to make.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: The directory.
        type: path
        required: true
      mode:
        description: The directory's mode in octal digits.
        type: str
        default: "0755"
  shipped_settings:
    description:
      - What a file says that a package's script makes at its installation, as a list of lines for each path, without
        comments. A file that says just that is as its package shipped it.
    type: dict
    default: {}
author:
  - netboot.diskless authors (@netboot-diskless)
"""

EXAMPLES = r"""
- name: Place a file whose text is at hand
  netboot.diskless.swap_files:
    part: greeting
    files:
      - path: /srv/tftp/greeting
        content: Welcome
"""

RETURN = r"""
written:
  description: Files that were written, or would be.
  type: list
  elements: str
  returned: always
removed:
  description: Files of ours that were no longer wanted.
  type: list
  elements: str
  returned: always
"""

import contextlib
import gzip
import os
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.netboot.diskless.plugins.module_utils._files import read_file
from ansible_collections.netboot.diskless.plugins.module_utils._lock import locked
from ansible_collections.netboot.diskless.plugins.module_utils._placing import (
    Placer,
    PlacingError,
    Plan,
    WantedDirectory,
    WantedFile,
    check,
    make_plan,
)

# RFC 1952
GZIP = b"\x1f\x8b"
ARGUMENTS: dict[str, Any] = {
    "part": {"type": "str", "required": True},
    "files": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "path": {"type": "path", "required": True},
            "content": {"type": "str"},
            "source": {"type": "path"},
            "unpack": {"type": "bool", "default": False},
            "mode": {"type": "str", "default": "0644"},
            "owner": {"type": "str", "default": "root"},
            "group": {"type": "str", "default": "root"},
            "validate": {"type": "str", "default": ""},
            "validate_as": {"type": "str", "default": ""},
            "validate_within": {"type": "str", "default": ""},
        },
        "mutually_exclusive": [["content", "source"]],
        "required_one_of": [["content", "source"]],
    },
    "directories": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {"path": {"type": "path", "required": True}, "mode": {"type": "str", "default": "0755"}},
    },
    "shipped_settings": {"type": "dict", "default": {}},
    "state_directory": {"type": "path", "default": "/var/lib/netboot-diskless"},
}


def _copied(entry: dict[str, Any]) -> bytes | None:
    data = read_file(entry["source"])
    return gzip.decompress(data) if data and entry.get("unpack") and data[:2] == GZIP else data


def wanted_files(entries: list[dict[str, Any]]) -> list[WantedFile]:
    """The files to place; a copy's content is read here, where its source is."""
    return [
        WantedFile(
            path=entry["path"],
            content=_copied(entry) if entry.get("source") else entry["content"].encode(),
            mode=int(entry["mode"], 8),
            owner=entry.get("owner", "root"),
            group=entry.get("group", "root"),
            validate=entry.get("validate", ""),
            validate_as=entry.get("validate_as", ""),
            validate_within=entry.get("validate_within", ""),
        )
        for entry in entries
    ]


def _text(data: bytes | None) -> str:
    if data is None:
        return ""
    return data.decode(errors="replace") if b"\0" not in data[:8192] else f"({len(data)} bytes, not text)\n"


def differences(plan: Plan) -> list[dict[str, str]]:
    """The plan in the form that --diff shows."""
    changes = [
        {
            "before_header": wanted.path,
            "after_header": wanted.path,
            "before": _text(read_file(wanted.path)),
            "after": _text(wanted.content),
        }
        for wanted in plan.write
    ]
    changes += [
        {"before_header": path, "after_header": f"{path} (removed)", "before": _text(read_file(path)), "after": ""}
        for path in plan.remove
    ]
    mended: list[WantedDirectory | WantedFile] = [*plan.directories, *plan.mend]
    changes += [{"prepared": f"{item.path}: {item.owner}:{item.group} {item.mode:04o}\n"} for item in mended]
    return changes


def run(params: dict[str, Any], dry: bool, with_differences: bool) -> dict[str, Any]:
    """Places the files, or with dry finds out what that would take, and returns the module's result."""
    files = wanted_files(params["files"])
    directories = [WantedDirectory(entry["path"], int(entry["mode"], 8)) for entry in params["directories"]]
    placer = Placer(params["state_directory"], params["part"])
    # Two runs at a time would take each other's half-made files away.
    with contextlib.nullcontext() if dry else locked(os.path.join(params["state_directory"], "lock-place_files")):
        plan = make_plan(files, directories, placer.ledger.read(), shipped=params["shipped_settings"])
        result: dict[str, Any] = {
            "changed": bool(plan),
            "written": [wanted.path for wanted in plan.write],
            "removed": plan.remove,
        }
        if with_differences:
            result["diff"] = differences(plan)
        if dry:
            check(plan.write)
        else:
            placer.apply(plan)
            placer.settle(files)
    return result


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    try:
        result = run(module.params, module.check_mode, module._diff)
    except (PlacingError, ValueError, OSError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
