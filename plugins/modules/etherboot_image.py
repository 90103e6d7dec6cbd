#!/usr/bin/python
# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: etherboot_image
short_description: Write kernels as images that Etherboot's ROMs load
version_added: 0.1.0
description:
  - Writes images of one file each, with a kernel, its command line and, where it needs one, its initial RAM disk, as
    mkelf-linux and mknbi-linux did.
  - Owns all images in a directory. One that an earlier run has written and that is no longer wanted is removed.
  - All images are swapped in by rename as one change.
  - Fails before anything is written when an image could not work, as when a file is no bzImage, its boot protocol is
    older than 2.02, the command line is longer than the kernel takes, or the kernel or the RAM disk does not fit in the
    places that the boot protocol allows.
extends_documentation_fragment:
  - netboot.diskless.attributes
  - netboot.diskless.state
attributes:
  check_mode:
    support: full
    details:
      - Images are compared with the kernels that are there. A kernel that is not there yet counts as a change.
  diff_mode:
    support: full
    details: Tells what is in an image instead of its bytes.
options:
  directory:
    description: The directory of the kernels and of the images.
    type: path
    required: true
  format:
    description:
      - The format of the images. Etherboot 5, gPXE and iPXE load V(elf).
      - V(nbi) is for older ROMs that know nothing else.
    type: str
    choices: [elf, nbi]
    default: elf
  images:
    description: Every image in the directory.
    type: list
    elements: dict
    required: true
    suboptions:
      file:
        description: The image's name in O(directory).
        type: str
        required: true
      kernel_file:
        description: The kernel's name in O(directory), a bzImage.
        type: str
        required: true
      initrd_file:
        description: The initial RAM disk's name in O(directory), or nothing.
        type: str
        default: ""
      command_line:
        description:
          - The kernel's command line.
          - Without a path in C(nfsroot=), as in V(nfsroot=,vers=4.2), the kernel takes its root from DHCP's root-path,
            so that many slaves can share an image.
        type: str
        required: true
      architecture:
        description: What the kernel is for. It is not looked at, and is here so that the fleet's model fits.
        type: str
        default: ""
author:
  - netboot.diskless authors (@netboot-diskless)
"""

EXAMPLES = r"""
- name: Write an image for all slaves that have Etherboot 5
  netboot.diskless.etherboot_image:
    directory: /srv/tftp
    images:
      - file: vmlinuz_i386
        kernel_file: bzImage_i386
        command_line: ip=dhcp root=/dev/nfs nfsroot=,vers=3,tcp rw
"""

RETURN = r"""
written:
  description: Images that were written, or would be.
  type: list
  elements: str
  returned: success
removed:
  description: Images of ours that were no longer wanted.
  type: list
  elements: str
  returned: success
layouts:
  description: What is in each image, and where it goes in a slave's memory. Of an image whose kernel is there.
  type: list
  elements: dict
  returned: success
  contains:
    file:
      description: The image's path.
      type: str
    format:
      description: The image's format.
      type: str
    bytes:
      description: Size of the file.
      type: int
    release:
      description: The kernel's release, as uname -r has it.
      type: str
    command_line:
      description: The kernel's command line.
      type: str
    kernel_bytes:
      description: Size of the kernel without its real-mode code.
      type: int
    initrd_bytes:
      description: Size of the initial RAM disk, 0 without one.
      type: int
    initrd_address:
      description: Where the initial RAM disk begins in memory, 0 without one.
      type: int
    memory_end:
      description: The address behind all that the ROM fills. A slave needs more memory than that.
      type: int
"""

import contextlib
import os
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.netboot.diskless.plugins.module_utils._bzimage import ImageError
from ansible_collections.netboot.diskless.plugins.module_utils._etherboot_files import describe, differences, prepare
from ansible_collections.netboot.diskless.plugins.module_utils._etherboot_image import FORMATS
from ansible_collections.netboot.diskless.plugins.module_utils._lock import locked
from ansible_collections.netboot.diskless.plugins.module_utils._placing import Placer, PlacingError, make_plan

ARGUMENTS: dict[str, Any] = {
    "directory": {"type": "path", "required": True},
    "format": {"type": "str", "choices": list(FORMATS), "default": "elf"},
    "images": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "file": {"type": "str", "required": True},
            "kernel_file": {"type": "str", "required": True},
            "initrd_file": {"type": "str", "default": ""},
            "command_line": {"type": "str", "required": True},
            "architecture": {"type": "str", "default": ""},
        },
    },
    "state_directory": {"type": "path", "default": "/var/lib/netboot-diskless"},
}


def run(params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    """Writes the images, or in check mode finds out what that would take; returns the module's result."""
    prepared = prepare(params["directory"], params["format"], params["images"])
    if prepared.missing and not check_mode:
        lacks = [f"{path} cannot be made: {absent} does not exist" for path, absent in prepared.missing.items()]
        raise ImageError("\n".join(lacks))
    placer = Placer(params["state_directory"], "etherboot_image")
    lock = os.path.join(params["state_directory"], "lock-place_files")
    with contextlib.nullcontext() if check_mode else locked(lock):
        # An image that has to wait for its kernel stays.
        recorded = {path: digest for path, digest in placer.ledger.read().items() if path not in prepared.missing}
        plan = make_plan(prepared.files, [], recorded)
        result = {
            "changed": bool(plan) or bool(prepared.missing),
            "written": [*prepared.missing, *(item.path for item in plan.write)],
            "removed": plan.remove,
            "layouts": [describe(item.path, item.content or b"") for item in prepared.files],
            "diff": differences(plan, prepared.missing),
        }
        if not check_mode:
            placer.apply(plan)
            placer.settle(prepared.files)
    return result


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    try:
        result = run(module.params, module.check_mode)
    except (ImageError, PlacingError, ValueError, OSError) as error:
        module.fail_json(msg=str(error))
    if not module._diff:
        result.pop("diff")
    module.exit_json(**result)


if __name__ == "__main__":
    main()
