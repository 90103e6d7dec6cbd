#!/usr/bin/python
# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: preflight
short_description: Look at the master and refuse what cannot work, before anything is changed
version_added: 0.1.0
description:
  - Looks at the master once - its slaves' network interface, its default route, its file systems, the running kernel,
    the packages that are there, the systems that roots are made from and the owners of the configuration files that
    would be replaced.
  - Fails with every problem at once, each with what to do about it. Nothing is changed.
extends_documentation_fragment:
  - netboot.diskless.attributes
  - netboot.diskless.state
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
options:
  interface:
    description: The slaves' interface. The action plugin fills it in from the fleet.
    type: str
    default: ""
  roots:
    description:
      - The slaves' roots by address, each with its C(root) and its C(source). The action plugin fills them in from the
        fleet.
    type: dict
    default: {}
  directories:
    description: Directories that grow. The action plugin fills them in from the fleet.
    type: list
    elements: path
    default: []
  allow_uplink:
    description: Whether the slaves' interface may carry the master's default route.
    type: bool
    default: false
  boot_loaders:
    description: Names of the boot loaders' files in the TFTP root, which the roles replace as a whole.
    type: list
    elements: str
    default: []
  configuration_files:
    description: Configuration files that the roles replace as a whole.
    type: list
    elements: path
    default: []
  known_files:
    description: Configuration files whose owner is reported, and judged by the role that may replace them.
    type: list
    elements: path
    default: []
  shipped_settings:
    description:
      - What a file says that a package's script makes at its installation, as a list of lines for each path, without
        comments. A file that says just that is as its package shipped it.
    type: dict
    default: {}
  packages:
    description: Package names by part.
    type: dict
    default: {}
  commands:
    description: Commands by part. A part whose commands are all there needs no packages.
    type: dict
    default: {}
  kernel_packages:
    description: The package of the distribution's kernel by architecture.
    type: dict
    default: {}
  kernel_tree:
    description: The Linux source that kernels are built from.
    type: path
    required: true
  symbols:
    description: Kernel symbols whose value in the running kernel is reported.
    type: list
    elements: str
    default: []
  programs:
    description: The directories of a system that each new root gets a copy of.
    type: list
    elements: path
    default: [/bin, /sbin, /lib, /lib32, /lib64, /usr]
  exclude:
    description: What is left out of O(programs).
    type: list
    elements: str
    default: []
author:
  - netboot.diskless authors (@netboot-diskless)
"""

EXAMPLES = r"""
- name: Look at the master
  netboot.diskless.preflight:
    kernel_tree: /usr/src/linux
    configuration_files:
      - /etc/dhcp/dhcpd.conf
    packages:
      dhcp_isc: [net-misc/dhcp]
"""

RETURN = r"""
installed_parts:
  description: Parts whose packages or commands are all there.
  type: list
  elements: str
  returned: success
owners:
  description:
    - Whose each of the configuration and known files is, C(absent), C(ours), C(pristine) (as its package shipped it) or
      C(foreign).
  type: dict
  returned: success
placed_parts:
  description: Parts of which this master has files.
  type: list
  elements: str
  returned: success
kernel_version:
  description: Version of the source in O(kernel_tree); empty when it says none.
  type: str
  returned: success
kernel:
  description:
    - Release of the running kernel, where its configuration was found, and the values of O(symbols).
    - Of each symbol that is V(m), whether its module is loaded, loadable, missing or forbidden to load.
  type: dict
  returned: success
problems:
  description: What stands in the way, a line each.
  type: list
  elements: str
  returned: on failure
"""

import os
import subprocess
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.netboot.diskless.plugins.module_utils import _survey

ARGUMENTS: dict[str, Any] = {
    "interface": {"type": "str", "default": ""},
    "roots": {"type": "dict", "default": {}},
    "directories": {"type": "list", "elements": "path", "default": []},
    # For the action plugin; accepted here so that the documentation and the module agree.
    "allow_uplink": {"type": "bool", "default": False},
    "boot_loaders": {"type": "list", "elements": "str", "default": []},
    "kernel_packages": {"type": "dict", "default": {}},
    "configuration_files": {"type": "list", "elements": "path", "default": []},
    "known_files": {"type": "list", "elements": "path", "default": []},
    "shipped_settings": {"type": "dict", "default": {}},
    "packages": {"type": "dict", "default": {}},
    "commands": {"type": "dict", "default": {}},
    "kernel_tree": {"type": "path", "required": True},
    "symbols": {"type": "list", "elements": "str", "default": []},
    "programs": {"type": "list", "elements": "path", "default": ["/bin", "/sbin", "/lib", "/lib32", "/lib64", "/usr"]},
    "exclude": {"type": "list", "elements": "str", "default": []},
    "state_directory": {"type": "path", "default": "/var/lib/netboot-diskless"},
}


def survey(params: dict[str, Any]) -> dict[str, Any]:
    """Everything that the judgement on the controller needs to know of this machine."""
    missing, unknown, other = _survey.roots(params["roots"], params["state_directory"])
    wanted = list(params["roots"].values())
    directories = sorted({root["source"] for root in wanted})
    new = set(missing)
    to_measure = sorted({root["source"] for root in wanted if root["root"] in new})
    return {
        "interface": _survey.interface(params["interface"]),
        "default_route_interfaces": _survey.default_route_interfaces(),
        "space": {path: _survey.space(path) for path in params["directories"]},
        "root": os.geteuid() == 0,
        "missing_roots": missing,
        "unknown_roots": unknown,
        "other_roots": other,
        "roots_without_modules": _survey.roots_without_modules(params["roots"], missing, params["state_directory"]),
        "sources": _survey.sources(directories, to_measure, params["programs"], params["exclude"]),
        "kernel": _survey.running_kernel(params["symbols"]),
        "installed_parts": _survey.installed_parts(params["packages"], params["commands"]),
        "kernel_tree": _survey.kernel_tree(params["kernel_tree"]),
        "kernel_version": _survey.kernel_version(params["kernel_tree"]),
        "owners": _survey.owners(
            [*params["configuration_files"], *params["known_files"]],
            params["state_directory"],
            params["shipped_settings"],
        ),
        "placed_parts": _survey.placed_parts(params["state_directory"]),
    }


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    try:
        module.exit_json(changed=False, survey=survey(module.params))
    except (OSError, ValueError, subprocess.CalledProcessError) as error:
        module.fail_json(msg=f"the master cannot be surveyed: {error}")


if __name__ == "__main__":
    main()
