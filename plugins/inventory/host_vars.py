# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inventory plugin netboot.diskless.host_vars: a file in host_vars/ is a host."""

from __future__ import annotations

DOCUMENTATION = r"""
name: host_vars
short_description: Every file in host_vars is a host of one group
version_added: 0.1.0
author:
  - netboot.diskless authors (@netboot-diskless)
description:
  - Makes every file or directory in C(host_vars/) a member of one group, so that one more slave is one more file and
    nothing else.
  - The hosts of the groups in O(exclude) are left out. The sources in an inventory directory are read in alphabetical
    order, so what C(hosts.yml) says is known when C(slaves.yml) is read.
  - C(NAME.yml), C(NAME.yaml), C(NAME.json), C(NAME) and a directory C(NAME/) are the host C(NAME), as in Ansible's own
    search for host variables. Hidden files and what editors and package managers leave behind are not hosts.
options:
  plugin:
    description: This plugin's name.
    type: string
    required: true
    choices:
      - netboot.diskless.host_vars
  group:
    description: The group that the hosts join. It is made when it does not exist.
    type: string
    default: slaves
  directory:
    description:
      - The directory to look in, relative to the directory of the source file.
      - Ansible itself reads the variables, and only from directories C(host_vars/) beside the source file or the
        playbook.
    type: string
    default: host_vars
  exclude:
    description:
      - Groups whose hosts do not join, because they are other machines.
      - The hosts of any other group do join, so that slaves can be in groups of their own for variables they share.
    type: list
    elements: string
    default:
      - master
"""

EXAMPLES = r"""
---
# inventory/slaves.yml
plugin: netboot.diskless.host_vars

---
# inventory/slaves.yml, for another group
plugin: netboot.diskless.host_vars
group: classroom
"""

import os
from collections.abc import Iterable, Sequence
from typing import Any

from ansible import constants
from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin

PLUGIN = "netboot.diskless.host_vars"

# What patch, package managers and editors leave, on top of the endings that Ansible ignores in an inventory directory.
_LEFTOVERS = (".rej", ".rpmnew", ".rpmsave", ".rpmorig", ".dpkg-dist", ".dpkg-new", ".dpkg-old", ".swo", ".tmp", "#")


class InventoryModule(BaseInventoryPlugin):
    """Make hosts of the entries of a directory."""

    NAME = PLUGIN

    def verify_file(self, path: str) -> bool:
        """Tell whether a source may be ours: a YAML file, whose key plugin is looked at when it is parsed."""
        return bool(super().verify_file(path)) and path.endswith((".yml", ".yaml"))

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        """Add the hosts. Raises AnsibleParserError for an option or a directory that is not there."""
        super().parse(inventory, loader, path, cache)
        unknown = set(self._read_config_data(path)) - set(self._options)
        if unknown:
            raise AnsibleParserError(f"{path}: {PLUGIN} has no option {', '.join(sorted(map(str, unknown)))}")
        directory = os.path.join(os.path.dirname(path), self.get_option("directory"))
        try:
            entries = sorted(os.listdir(directory))
        except OSError as error:
            raise AnsibleParserError(f"{path}: cannot read the directory {directory}: {error.strerror}") from error
        excluded = {
            host.name
            for group in self.get_option("exclude")
            if group in inventory.groups
            for host in inventory.groups[group].get_hosts()
        }
        found = host_names(entries, constants.YAML_FILENAME_EXTENSIONS, constants.INVENTORY_IGNORE_EXTS)
        group = inventory.add_group(self.get_option("group"))
        for name, files in found.items():
            if len(files) > 1:
                both = " and ".join(files)
                self.display.warning(f"{directory}: {both} are for one host, {name}; Ansible reads only one of them.")
            if name not in excluded:
                inventory.add_host(name, group=group)


def host_names(entries: Iterable[str], endings: Sequence[str], ignored: Sequence[str]) -> dict[str, list[str]]:
    """Return the hosts that directory entries stand for, each with its entries.

    entries: names of files and directories.
    endings: endings of variable files, such as .yml, which are no part of a host's name.
    ignored: endings of files that are not hosts.
    """
    found: dict[str, list[str]] = {}
    for entry in entries:
        if entry.startswith((".", "#")) or entry.endswith((*ignored, *_LEFTOVERS)):
            continue
        name, ending = os.path.splitext(entry)
        found.setdefault(name if ending in endings else entry, []).append(entry)
    return found
