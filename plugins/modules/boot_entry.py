#!/usr/bin/python
# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: boot_entry
short_description: Bring a kernel into the boot menu, with the old ones kept
version_added: 0.1.0
description:
  - Finds out which boot loader starts this machine, puts a kernel that was built here in C(/boot), and gives it an
    entry. What could be started before still can; the kernel that it replaces gets an entry of its own.
  - GRUB gets a script in C(/etc/grub.d), and its menu is made anew beside the old one, checked, and swapped by rename;
    systemd-boot gets an entry file; C(lilo.conf) and the menu of GRUB Legacy get a block between our markers; where
    none of these is, C(installkernel) of the distribution is called.
  - The new kernel is tried once at the next boot and becomes the default when a later run finds it running. The boot
    after one that did not come up starts what started before.
  - When the running kernel was started with an initial RAM disk, the distribution's tool makes one for the new kernel.
  - Refuses, before anything is changed, when it cannot tell the boot loader, when the new kernel would not find its
    root, when a file of somebody else's is in the place of one of ours, and in a container.
extends_documentation_fragment:
  - netboot.diskless.attributes
  - netboot.diskless.state
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
options:
  source:
    description: The kernel as it was built. When it is empty, the module only finds out whether an entry can be made.
    type: str
    default: ""
  source_config:
    description: The configuration that it was built with. It goes to C(/boot/config-RELEASE).
    type: str
    default: ""
  image:
    description: Where the kernel goes, in C(/boot). The one that it replaces is kept as C(.old) beside it.
    type: path
    default: /boot/bzImage-master
  system_map:
    description: Its C(System.map), which C(installkernel) wants.
    type: path
    default: ""
  loader:
    description:
      - Which boot loader starts this machine; V(auto) finds out. With V(none) only the kernel and its configuration are
        placed; entries that were made before stay.
    type: str
    choices: [auto, grub, systemd-boot, lilo, grub-legacy, installkernel, none]
    default: auto
  command_line:
    description: What the kernel is told. When empty, what the running kernel was told.
    type: str
    default: ""
  initramfs:
    description: Whether the kernel gets an initial RAM disk; V(auto) gives it one when the running kernel had one.
    type: str
    choices: [auto, always, never]
    default: auto
  default:
    description:
      - When the kernel becomes the boot loader's default. V(proven) tries it once at the next boot, and makes it the
        default when it is found running. V(now) does so at once, V(never) only makes the entry.
    type: str
    choices: [proven, now, never]
    default: proven
  check_drivers:
    description: Whether to refuse a kernel without the drivers by which C(/) is mounted and the network is reached now.
    type: bool
    default: true
author:
  - netboot.diskless authors (@netboot-diskless)
"""

EXAMPLES = r"""
- name: Have the master's kernel in the boot menu
  netboot.diskless.boot_entry:
    source: /var/lib/netboot-diskless/kernel/bzImage-master
    source_config: /var/lib/netboot-diskless/kernel/.config_master
"""

RETURN = r"""
loader:
  description: The boot loader that starts this machine.
  type: str
  returned: success
release:
  description: The new kernel's release, or an empty text when O(source) is empty.
  type: str
  returned: success
running:
  description: Whether the running kernel is the new one.
  type: bool
  returned: success
ours:
  description: Whether the running kernel is the new one or an earlier one that this module brought here.
  type: bool
  returned: success
next_boot:
  description:
    - What the next boot starts. V(default) is the new kernel from now on, V(once) the new kernel for one boot,
      V(as_before) what it would have started without us.
  type: str
  returned: success
by_hand:
  description: What is left to do by hand.
  type: list
  elements: str
  returned: success
"""

import contextlib
import os
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.netboot.diskless.plugins.module_utils._boot_entry import LOADERS, NONE, BootError
from ansible_collections.netboot.diskless.plugins.module_utils._boot_install import Installer
from ansible_collections.netboot.diskless.plugins.module_utils._boot_work import Wish, result_of
from ansible_collections.netboot.diskless.plugins.module_utils._lock import locked
from ansible_collections.netboot.diskless.plugins.module_utils._placing import PlacingError

ARGUMENTS: dict[str, Any] = {
    "source": {"type": "str", "default": ""},
    "source_config": {"type": "str", "default": ""},
    "image": {"type": "path", "default": "/boot/bzImage-master"},
    "system_map": {"type": "path", "default": ""},
    "loader": {"type": "str", "choices": ["auto", *LOADERS, NONE], "default": "auto"},
    "command_line": {"type": "str", "default": ""},
    "initramfs": {"type": "str", "choices": ["auto", "always", "never"], "default": "auto"},
    "default": {"type": "str", "choices": ["proven", "now", "never"], "default": "proven"},
    "check_drivers": {"type": "bool", "default": True},
    "state_directory": {"type": "path", "default": "/var/lib/netboot-diskless"},
}


def run(params: dict[str, Any], dry: bool, with_differences: bool) -> dict[str, Any]:
    """Makes the entry, or with dry finds out what that takes, and returns the module's result."""
    lock = os.path.join(params["state_directory"], "lock-place_files")
    with contextlib.nullcontext() if dry else locked(lock):
        outcome = Installer(Wish(**params), dry).run()
    result = result_of(outcome)
    if with_differences:
        result["diff"] = outcome.differences
    return result


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    try:
        result = run(module.params, module.check_mode, module._diff)
    except (BootError, PlacingError, ValueError, OSError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
