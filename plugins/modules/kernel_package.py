#!/usr/bin/python
# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: kernel_package
short_description: Install a distribution's kernel for slaves, with an initial RAM disk of its own
version_added: 0.1.0
description:
  - Finds the newest kernel that a package has installed on this machine, makes an initial RAM disk for it that mounts
    a root over NFS, and places both by rename as one change. What they replace is kept.
  - The RAM disk is made by the distribution's own tool from a configuration of its own. The machine's own RAM disk,
    modules and boot entries are not touched, and nothing that is set for this machine alone goes into it.
  - Fails before anything is placed when the RAM disk lacks NFS or the driver of an adapter, or holds a private key or
    what others cannot read on this machine.
  - Makes it only when the kernel, the tool, its configuration, the adapters, a program that is in it or the firmware of
    this machine has changed.
  - Takes about five seconds. When nothing has changed it looks at names, sizes and times alone, of modules and firmware
    several thousand files.
extends_documentation_fragment:
  - netboot.diskless.attributes
  - netboot.diskless.state
attributes:
  check_mode:
    support: full
  diff_mode:
    support: partial
    details: Names the release of the kernel before and after.
options:
  package:
    description:
      - The kernel's package, or one that only depends on it. It has to be installed.
      - A name with a slash is Portage's, one without is dpkg's.
    type: str
    required: true
  tool:
    description: What makes the RAM disk.
    type: str
    choices: [initramfs-tools, dracut]
    required: true
  configuration:
    description: The directory of the tool's configuration.
    type: path
    required: true
  configuration_changes:
    description: In check mode, whether the files in O(configuration) would be others by now.
    type: bool
    default: false
  drivers:
    description: Network adapters that the RAM disk must know, by the driver's name or the PCI id, such as V(8086:10d3).
    type: list
    elements: str
    default: []
  work:
    description: Directory for the RAM disk and for what is known of it.
    type: path
    required: true
  kernel:
    description: Where the kernel goes.
    type: path
    required: true
  initrd:
    description: Where the RAM disk goes.
    type: path
    required: true
  previous_kernel:
    description: Where the kernel goes that O(kernel) replaces, for a boot menu's second entry.
    type: path
    required: true
  previous_initrd:
    description: Where the RAM disk of O(previous_kernel) goes. There is always a pair that fits.
    type: path
    required: true
  signing_key:
    description:
      - Path of a private key in PEM, which sbsign signs the kernel with, for Secure Boot. Nobody but root may read it.
      - Without it, or without O(signing_certificate), the kernel is not signed.
    type: path
  signing_certificate:
    description: Path of the key's certificate in PEM.
    type: path
author:
  - netboot.diskless authors (@netboot-diskless)
"""

EXAMPLES = r"""
- name: Let slaves boot Debian's kernel
  netboot.diskless.kernel_package:
    package: linux-image-amd64
    tool: initramfs-tools
    configuration: /var/lib/netboot-diskless/kernel/initramfs-tools
    drivers: [e1000e, "10ec:8168"]
    work: /var/cache/netboot-diskless/initrd/x86_64
    kernel: /srv/tftp/vmlinuz-package_x86_64
    initrd: /srv/tftp/initrd-package_x86_64
    previous_kernel: /srv/tftp/vmlinuz-package_x86_64.previous
    previous_initrd: /srv/tftp/initrd-package_x86_64.previous
"""

RETURN = r"""
release:
  description: The kernel's release, as uname -r has it; empty in check mode while the package is not installed.
  type: str
  returned: success
initrd_made:
  description: Whether the RAM disk had to be made, or would have to be.
  type: bool
  returned: success
kernel_bytes:
  description: Size of the kernel.
  type: int
  returned: when it is placed
initrd_bytes:
  description: Size of the RAM disk.
  type: int
  returned: when it is placed
"""

import contextlib
import dataclasses
import os
from collections.abc import Mapping
from typing import Any, NamedTuple

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.netboot.diskless.plugins.module_utils._files import read_file
from ansible_collections.netboot.diskless.plugins.module_utils._ledger import sha256
from ansible_collections.netboot.diskless.plugins.module_utils._lock import locked
from ansible_collections.netboot.diskless.plugins.module_utils._packaged_initrd import TOOLS, Initrd, InitrdError
from ansible_collections.netboot.diskless.plugins.module_utils._packaged_kernel import (
    NoKernel,
    find_kernel,
    release_of,
)
from ansible_collections.netboot.diskless.plugins.module_utils._placing import (
    Placer,
    PlacingError,
    Plan,
    WantedFile,
    make_plan,
)
from ansible_collections.netboot.diskless.plugins.module_utils._signing import SigningError, signer

ARGUMENTS: dict[str, Any] = {
    "package": {"type": "str", "required": True},
    "tool": {"type": "str", "choices": list(TOOLS), "required": True},
    "configuration": {"type": "path", "required": True},
    "configuration_changes": {"type": "bool", "default": False},
    "drivers": {"type": "list", "elements": "str", "default": []},
    "work": {"type": "path", "required": True},
    "kernel": {"type": "path", "required": True},
    "initrd": {"type": "path", "required": True},
    "previous_kernel": {"type": "path", "required": True},
    "previous_initrd": {"type": "path", "required": True},
    "signing_key": {"type": "path"},
    "signing_certificate": {"type": "path"},
    "state_directory": {"type": "path", "default": "/var/lib/netboot-diskless"},
}


class Pair(NamedTuple):
    """The bytes of a kernel and of its RAM disk; None of one that is not there."""

    kernel: bytes | None
    initrd: bytes | None


def _read_pair(kernel: str, initrd: str, recorded: Mapping[str, str]) -> Pair | None:
    """A pair that was placed as a whole: a run that was killed between its halves has recorded what is not there."""
    pair = Pair(read_file(kernel), read_file(initrd))
    whole = all(
        content is not None and recorded.get(path) == sha256(content) for path, content in zip((kernel, initrd), pair)
    )
    return pair if whole else None


def wanted_files(params: dict[str, Any], new: Pair, recorded: Mapping[str, str]) -> list[WantedFile]:
    """What shall lie on the master, in the order in which it is put there: the pair to fall back on is first.

    That is the pair which is replaced now, else the one that was, else the new pair itself.

    Args:
        params: the module's arguments.
        new: the kernel and its RAM disk.
        recorded: what this module has placed, by its ledger.
    """
    installed = _read_pair(params["kernel"], params["initrd"], recorded)
    kept = _read_pair(params["previous_kernel"], params["previous_initrd"], recorded)
    previous = installed if installed and installed != new else kept or new
    return [
        WantedFile(params["previous_kernel"], previous.kernel),
        WantedFile(params["previous_initrd"], previous.initrd),
        WantedFile(params["kernel"], new.kernel),
        WantedFile(params["initrd"], new.initrd),
    ]


def steps(plan: Plan, params: dict[str, Any]) -> list[Plan]:
    """A plan in two: the pair to fall back on, then the rest.

    Each step records its own pair just before it begins. So a run that is killed in one of them, and the next run, find
    the other one's pair whole and recorded.
    """
    first = (params["previous_kernel"], params["previous_initrd"])
    return [
        Plan(
            write=[wanted for wanted in plan.write if wanted.path in first],
            mend=[wanted for wanted in plan.mend if wanted.path in first],
        ),
        dataclasses.replace(
            plan,
            write=[wanted for wanted in plan.write if wanted.path not in first],
            mend=[wanted for wanted in plan.mend if wanted.path not in first],
        ),
    ]


def _placed_release(path: str) -> str:
    """The release of the kernel that slaves boot so far; empty when there is none."""
    try:
        return release_of(path)
    except NoKernel:
        return ""


def _alone(path: str, check_mode: bool) -> contextlib.AbstractContextManager[None]:
    """A lock, which check mode does without: it would leave a file."""
    return contextlib.nullcontext() if check_mode else locked(path)


def run(params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    """Makes what is needed and places it; returns the module's result."""
    before = _placed_release(params["kernel"])
    try:
        kernel = find_kernel(params["package"])
    except NoKernel:
        if not check_mode:
            raise
        return _told({"changed": True, "initrd_made": True, "release": ""}, before)
    initrd = Initrd(kernel, params["tool"], params["configuration"], sorted(set(params["drivers"])), params["work"])
    with _alone(os.path.join(params["work"], ".netboot-lock"), check_mode):
        needed = not initrd.is_made() or (check_mode and params["configuration_changes"])
        result: dict[str, Any] = {"changed": needed, "initrd_made": needed, "release": kernel.release}
        if needed and check_mode:
            return _told(result, before)
        if needed:
            initrd.make()
        image, signs = read_file(kernel.image), signer(params.get("signing_key"), params.get("signing_certificate"))
        if signs and image is not None:
            image = signs.sign(image, keep=not check_mode)
        new = Pair(image, read_file(initrd.image))
    placer = Placer(params["state_directory"], "kernel-" + os.path.basename(params["kernel"]))
    with _alone(os.path.join(params["state_directory"], "lock-place_files"), check_mode):
        recorded = placer.ledger.read()
        files = wanted_files(params, new, recorded)
        plan = make_plan(files, [], recorded)
        if not check_mode:
            for step in steps(plan, params):
                placer.apply(step)
            placer.settle(files)
    sizes = {"kernel_bytes": len(new.kernel or b""), "initrd_bytes": len(new.initrd or b"")}
    return _told({**result, **sizes, "changed": needed or bool(plan)}, before)


def _told(result: dict[str, Any], before: str) -> dict[str, Any]:
    """A result with the difference that a person sees."""
    after = result["release"] or "the kernel of the package, once it is installed"
    lines = {"before": f"{before}\n" if before else "", "after": f"{after}\n"}
    return {**result, "diff": [{"before_header": "kernel", "after_header": "kernel", **lines}]}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    try:
        result = run(module.params, module.check_mode)
    except (InitrdError, NoKernel, PlacingError, SigningError, OSError) as error:
        module.fail_json(msg=str(error))
    if not module._diff:
        result.pop("diff")
    module.exit_json(**result)


if __name__ == "__main__":
    main()
