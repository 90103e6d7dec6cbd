#!/usr/bin/python
# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: slave_roots
short_description: Make and keep the root file system of every slave
version_added: 0.1.0
description:
  - Gives each slave of the fleet a root of its own, made from the master's programs or from a system that lies in a
    directory of the master, with an C(/etc) of its own, its identity (host name, C(machine-id), SSH host key,
    C(fstab), network) and its own runlevels of OpenRC or units of systemd, whichever init it starts.
  - The secrets and settings of the machine that it is made from stay behind. Nothing that others cannot read in its
    C(/etc), and no private key, is copied.
  - A new root appears by one rename when it is complete. An existing one keeps what its slave changed in C(/etc), save
    the files that carry its identity.
  - One call serves all slaves. The copy's progress is shown.
extends_documentation_fragment:
  - netboot.diskless.attributes
  - netboot.diskless.state
attributes:
  check_mode:
    support: full
  diff_mode:
    support: partial
    details: Names each path that changes, not its content.
options:
  slaves:
    description: The slaves, by the fields that a root needs. The action plugin fills them in from the fleet.
    type: list
    elements: dict
    default: []
  site:
    description: The site, by the fields that a root needs. The action plugin fills them in from the fleet.
    type: dict
    default: {}
  programs:
    description: The directories of a system that hold its programs.
    type: list
    elements: path
    default: [/bin, /sbin, /lib, /lib32, /lib64, /usr]
  exclude:
    description: What is left out of O(programs), as absolute paths with shell wildcards.
    type: list
    elements: str
    default: []
  etc_exclude:
    description: What stays behind besides secrets, as paths below C(/etc) with shell wildcards.
    type: list
    elements: str
    default: []
  runlevels:
    description: Services by runlevel, for roots that start OpenRC. One that a root has no init script for is left out.
    type: dict
    default: {}
  units:
    description:
      - Units by target, for roots that start systemd. One that a root does not have is left out.
      - The units that start with such a target because of C(/etc) are exactly these; those that packages start with it
        themselves remain.
    type: dict
    default: {}
  services:
    description:
      - More services, of the runlevel C(default) or of C(multi-user.target).
      - Each must have an init script where OpenRC starts, and a unit where systemd does; a name without a suffix is a
        C(.service).
    type: list
    elements: str
    default: []
  kernel_packages:
    description:
      - The package of the distribution's kernel by architecture. Check mode asks it whose modules a root would get; a
        run asks the kernel that is placed.
    type: dict
    default: {}
  root_password_hash:
    description: The crypt(5) hash of root's password on the slaves. When it is empty, a new root has it locked, and
      one that is there keeps what it has.
    type: str
    default: ""
  allow_copy:
    description:
      - Whether to copy programs when that is needed. When V(false), the module only says so in RV(copy_needed).
      - The action plugin uses it to copy in the background and show the progress.
    type: bool
    default: true
author:
  - netboot.diskless authors (@netboot-diskless)
"""

EXAMPLES = r"""
- name: Make the slaves' roots
  netboot.diskless.slave_roots:
    exclude:
      - /usr/src
    root_password_hash: "{{ vault_slaves_root_password_hash }}"
"""

RETURN = r"""
changes:
  description: What was changed, or would be, a line each.
  type: list
  elements: str
  returned: always
copy_needed:
  description: Whether programs had to be copied.
  type: bool
  returned: always
"""

import contextlib
import os
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.netboot.diskless.plugins.module_utils._lock import locked
from ansible_collections.netboot.diskless.plugins.module_utils._packaged_kernel import NoKernel
from ansible_collections.netboot.diskless.plugins.module_utils._root_modules import (
    EXCLUDE,
    Modules,
    modules_of,
    modules_to_come,
)
from ansible_collections.netboot.diskless.plugins.module_utils._root_source import inspect, measure_programs
from ansible_collections.netboot.diskless.plugins.module_utils._slave_root import Root, RootError, Source

ARGUMENTS: dict[str, Any] = {
    "slaves": {"type": "list", "elements": "dict", "default": []},
    "site": {"type": "dict", "default": {}},
    "programs": {"type": "list", "elements": "path", "default": ["/bin", "/sbin", "/lib", "/lib32", "/lib64", "/usr"]},
    "exclude": {"type": "list", "elements": "str", "default": []},
    "etc_exclude": {"type": "list", "elements": "str", "default": []},
    "runlevels": {"type": "dict", "default": {}},
    "units": {"type": "dict", "default": {}},
    "services": {"type": "list", "elements": "str", "default": []},
    "kernel_packages": {"type": "dict", "default": {}},
    "root_password_hash": {"type": "str", "default": "", "no_log": True},
    "allow_copy": {"type": "bool", "default": True},
    "state_directory": {"type": "path", "default": "/var/lib/netboot-diskless"},
}
# Byte code comes and goes as programs run; it is copied, but it is no reason to copy again.
VOLATILE = ["__pycache__", "*.pyc"]


def modules_from(params: dict[str, Any], dry: bool) -> dict[str, Modules | None]:
    """The modules of each distribution's kernel that slaves boot, from the module's arguments."""
    kernels = {slave["kernel"]: slave["architecture"] for slave in params["slaves"] if slave["kernel"]}
    if dry:
        packages = params["kernel_packages"]
        return {kernel: modules_to_come(packages.get(machine, "")) for kernel, machine in kernels.items()}
    return {kernel: modules_of(kernel) for kernel in kernels}


def source_from(params: dict[str, Any], directory: str, modules: dict[str, Modules | None]) -> Source:
    """What the roots that are made from a directory share, from the module's arguments."""
    programs, exclude = params["programs"], [*params["exclude"], *EXCLUDE]
    return Source(
        directory=directory,
        system=inspect(directory),
        programs=programs,
        exclude=exclude,
        stamp=measure_programs(directory, programs, [*exclude, *VOLATILE]).stamp,
        etc_exclude=params["etc_exclude"],
        runlevels=params["runlevels"],
        units=params["units"],
        services=params["services"],
        root_hash=params["root_password_hash"],
        site=params["site"],
        state_directory=params["state_directory"],
        progress=os.path.join(params["state_directory"], "progress-slave_roots"),
        modules=modules,
    )


def roots_from(params: dict[str, Any], dry: bool) -> list[Root]:
    """The slaves' roots, from the module's arguments; a source that many roots share is looked at once."""
    directories = dict.fromkeys(slave["source"] for slave in params["slaves"])
    modules = modules_from(params, dry)
    sources = {directory: source_from(params, directory, modules) for directory in directories}
    return [Root(slave, sources[slave["source"]], dry) for slave in params["slaves"]]


def bring(roots: list[Root], state_directory: str, dry: bool) -> list[str]:
    """Brings all roots to what they shall be and returns the changes; a run that is still at it is waited for."""
    # The modes in this file's directories are meant as they are written, whatever root's umask is.
    os.umask(0o022)
    waiting = contextlib.nullcontext() if dry else locked(os.path.join(state_directory, "lock-slave_roots"))
    with waiting:
        return [change for root in roots for change in root.bring()]


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    try:
        roots = roots_from(module.params, module.check_mode)
        copy_needed = any(root.is_new() or root.programs_differ() or root.modules_differ() for root in roots)
        changes: list[str] = []
        if not copy_needed or module.check_mode or module.params["allow_copy"]:
            changes = bring(roots, module.params["state_directory"], module.check_mode)
    except (NoKernel, RootError, OSError) as error:
        module.fail_json(msg=str(error))
    result: dict[str, Any] = {"changed": bool(changes) or copy_needed, "changes": changes, "copy_needed": copy_needed}
    if module._diff:
        result["diff"] = [{"prepared": "".join(f"{line}\n" for line in changes)}]
    module.exit_json(**result)


if __name__ == "__main__":
    main()
