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
  - Asks on that network whether another DHCP server answers and whether another machine has the master's address, and
    looks who has the ports that the services need.
  - Fails with every problem at once, each with what to do about it. Nothing is changed.
extends_documentation_fragment:
  - netboot.diskless.attributes
  - netboot.diskless.state
attributes:
  check_mode:
    support: full
    details: The questions are broadcast in check mode, too. They change nothing.
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
  master_address:
    description: The master's address. The action plugin fills it in from the fleet.
    type: str
    default: ""
  probe_mac:
    description:
      - The MAC address, no slave's, in whose name other DHCP servers are asked. The action plugin makes it.
    type: str
    default: ""
  ports:
    description:
      - The ports that the roles' services need. One that another program has, at an address where the service would
        be in its way, is a problem.
    type: list
    elements: dict
    default: []
    suboptions:
      port:
        description: Its number.
        type: int
        required: true
      protocol:
        description: What it is a port of.
        type: str
        choices: [tcp, udp]
        required: true
      service:
        description: What needs it, such as V(DHCP), for people.
        type: str
        required: true
      programs:
        description:
          - Names of the programs that may have it. V(kernel) is the kernel itself.
          - A socket that systemd holds for a unit goes by the unit's name without its ending.
          - Without any, who has the port is reported, for the role to judge that needs it.
        type: list
        elements: str
        default: []
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
    ports:
      - port: 67
        protocol: udp
        service: DHCP
        programs: [dhcpd]
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
wire:
  description:
    - C(servers) are the other DHCP servers that answered, each with C(address), C(mac), what it C(offers), its
      C(boot_file), and whether it leaves addresses to others (C(boot_only)).
    - C(same_address) are MAC addresses of other machines that have the master's address.
    - C(hindrance) says why nobody was asked, such as V(carrier) for an interface without a link; empty otherwise.
  type: dict
  returned: success
listeners:
  description: The sockets that have one of the O(ports), with C(address), C(device), C(programs) and C(unit).
  type: list
  elements: dict
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
from ansible_collections.netboot.diskless.plugins.module_utils import _survey, _survey_ports, _survey_wire

ARGUMENTS: dict[str, Any] = {
    "interface": {"type": "str", "default": ""},
    "master_address": {"type": "str", "default": ""},
    "probe_mac": {"type": "str", "default": ""},
    "ports": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "port": {"type": "int", "required": True},
            "protocol": {"type": "str", "required": True, "choices": ["tcp", "udp"]},
            "service": {"type": "str", "required": True},
            "programs": {"type": "list", "elements": "str", "default": []},
        },
    },
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
    interface, address = _survey.interface(params["interface"]), params["master_address"]
    # Asked first: the answers arrive while the rest is looked at.
    question = _survey_wire.Question(
        params["interface"], address, params["probe_mac"], address in interface["addresses"]
    )
    missing, unknown, other = _survey.roots(params["roots"], params["state_directory"])
    wanted = list(params["roots"].values())
    directories = sorted({root["source"] for root in wanted})
    new = set(missing)
    to_measure = sorted({root["source"] for root in wanted if root["root"] in new})
    return {
        "interface": interface,
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
        "listeners": _survey_ports.listeners({(port["protocol"], port["port"]) for port in params["ports"]}),
        "wire": question.answers(),
    }


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    try:
        module.exit_json(changed=False, survey=survey(module.params))
    except (OSError, ValueError, subprocess.CalledProcessError) as error:
        module.fail_json(msg=f"the master cannot be surveyed: {error}")


if __name__ == "__main__":
    main()
