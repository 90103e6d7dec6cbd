#!/usr/bin/python
# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: kernel_drivers
short_description: Find the kernel symbols that network adapters need
version_added: 0.1.0
description:
  - Finds the symbol of a wired network adapter's driver, and what it plainly depends on, in a kernel's source, so that
    the driver can be built into a kernel without modules.
  - An adapter is named by its driver, as the running system calls it, or by its PCI id. Which driver a PCI id belongs
    to is looked up in the aliases of the kernels that are installed on the master or in other systems' directories
    there.
  - Fails when there is no driver for an adapter, tells all such adapters at once with the slaves that have them, and
    names the drivers that may have been meant.
  - Changes nothing. What conditions of another form a driver has is for M(netboot.diskless.kernel_config) to find.
extends_documentation_fragment:
  - netboot.diskless.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details: There is nothing to show, since nothing is changed.
options:
  tree:
    description: The kernel source. It is only read.
    type: path
    required: true
  arch:
    description: The architecture, as make's C(ARCH).
    type: str
    default: x86_64
  nics:
    description:
      - The slaves that have an adapter, by adapter.
      - An adapter is the name of a driver, such as V(e1000e), with dashes or underscores; a PCI id, vendor and device
        in four hexadecimal digits each, such as V(8086:10d3); or empty for the common ones of virtual machines and
        boards.
      - Drivers are those below C(drivers/net/ethernet), C(usb), C(fddi), C(hyperv) and C(vmxnet3), virtio_net and
        xen-netfront.
    type: dict
    required: true
  systems:
    description:
      - Root directories of systems on the master. C(lib/modules/*/modules.alias) and C(modules.builtin.modinfo) below
        them are read when an adapter is named by its PCI id.
      - One that does not exist, or has no kernel, is passed over.
    type: list
    elements: path
    default: [/]
seealso:
  - module: netboot.diskless.kernel_config
author:
  - netboot.diskless authors (@netboot-diskless)
"""

EXAMPLES = r"""
- name: Find the drivers of the slaves' adapters
  netboot.diskless.kernel_drivers:
    tree: /usr/src/linux
    nics:
      e1000e: [slave21, slave22]
      "10ec:8168": [slave23]
  register: drivers

- name: Configure a kernel that has them
  netboot.diskless.kernel_config:
    tree: /usr/src/linux
    output: /var/cache/netboot-diskless/kernel/slave-x86_64
    base: tinyconfig
    symbols: "{{ 'slave' | netboot.diskless.kernel_fragment | combine(drivers.symbols) }}"
"""

RETURN = r"""
symbols:
  description: What has to be set for all adapters, without C(CONFIG_).
  type: dict
  returned: success
  sample: {E1000E: "y", NET_VENDOR_INTEL: "y", ETHERNET: "y", NETDEVICES: "y", PCI: "y", NET: "y"}
nics:
  description: What each adapter takes, PCI ids in lower case.
  type: dict
  returned: success
  contains:
    drivers:
      description: The names of its drivers. A PCI id may be claimed by several.
      type: list
      elements: str
    symbols:
      description: What has to be y.
      type: list
      elements: str
  sample: {"8086:10d3": {"drivers": [e1000e], "symbols": [E1000E, ETHERNET, NET_VENDOR_INTEL, NETDEVICES, PCI, NET]}}
problems:
  description: The adapters for which there is no driver, one line each.
  type: list
  elements: str
  returned: failure by unknown adapters
"""

import os
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.netboot.diskless.plugins.module_utils._kernel_drivers import Finder, UnknownAdapters, merged
from ansible_collections.netboot.diskless.plugins.module_utils._module_aliases import PCI_ID

ARGUMENTS: dict[str, Any] = {
    "tree": {"type": "path", "required": True},
    "arch": {"type": "str", "default": "x86_64"},
    "nics": {"type": "dict", "required": True},
    "systems": {"type": "list", "elements": "path", "default": ["/"]},
}


def run(params: dict[str, Any]) -> dict[str, Any]:
    """The module's result.

    Raises:
        UnknownAdapters: there is no driver for some of the adapters.
        ValueError: the tree is none, or an argument is of another form than documented.
        OSError: a file cannot be read.
    """
    tree = os.path.realpath(params["tree"])
    if not os.path.isfile(os.path.join(tree, "Kconfig")):
        raise ValueError(f"{params['tree']} holds no Linux source (it has no Kconfig)")
    nics: dict[str, list[str]] = {}
    for nic, slaves in params["nics"].items():
        if not isinstance(slaves, list):
            raise ValueError(f"nics has {slaves!r} for {nic!r}; allowed: a list of slaves' names")
        known = nics.setdefault(nic.lower() if PCI_ID.fullmatch(nic.lower()) else nic, [])
        known += [str(name) for name in slaves]
    found = Finder(tree, params["arch"], params["systems"]).find(nics)
    return {
        "changed": False,
        "symbols": merged(found.values()),
        "nics": {nic: {"drivers": one.drivers, "symbols": one.symbols} for nic, one in found.items()},
    }


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    try:
        result = run(module.params)
    except UnknownAdapters as unknown:
        module.fail_json(msg=str(unknown), problems=unknown.problems)
    except (ValueError, OSError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
