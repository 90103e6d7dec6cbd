#!/usr/bin/python
# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: kernel_build
short_description: Build a Linux kernel from wanted symbols and install its image
version_added: 0.1.0
description:
  - Configures a kernel outside its source tree from a base and wanted symbols, lets the tree's own Kconfig resolve
    them, and refuses when a symbol did not come out as wanted.
  - Builds only when source, compiler, base or symbols changed since the image in O(output) was built.
  - Places the image and its configuration by rename, and keeps what they replace.
  - Shows the compiler's progress while it builds.
extends_documentation_fragment:
  - netboot.diskless.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: partial
    details: Shows the installed configuration's lines; the image is named by its size.
options:
  tree:
    description: The kernel source. It is only read.
    type: path
    required: true
  output:
    description: The C(O=) directory. It keeps the objects, so that an interrupted build resumes.
    type: path
    required: true
  architecture:
    description: The architecture to build for.
    type: str
    choices: [x86_64, i386]
    default: x86_64
  base:
    description: A configuration target, or the absolute path of a C(.config) file, that the symbols are laid over.
    type: str
    default: tinyconfig
  symbols:
    description: Wanted symbols without C(CONFIG_), with V(y), V(m), V(n), a number or a string in double quotes.
    type: dict
    required: true
  modules:
    description: Whether to build loadable modules and install them below C(/lib/modules).
    type: bool
    default: false
  image:
    description: Where the image goes.
    type: path
    required: true
  config:
    description: Where the configuration that the image was built with is kept.
    type: path
    required: true
  jobs:
    description: How many compilers run at once. V(0) takes the number of processors.
    type: int
    default: 0
  allow_build:
    description:
      - Whether to build when a build is needed. When V(false), the module only says so in RV(build_needed).
      - The action plugin uses it to build in the background and show the progress.
    type: bool
    default: true
  state_directory:
    description: Where the master keeps ledgers and former versions.
    type: path
    default: /var/lib/netboot-diskless
author:
  - netboot.diskless authors (@netboot-diskless)
"""

EXAMPLES = r"""
- name: Build the slaves' kernel
  netboot.diskless.kernel_build:
    tree: /usr/src/linux
    output: /var/cache/netboot-diskless/kernel/slave-x86_64
    symbols: "{{ 'slave' | netboot.diskless.kernel_fragment(nics=['e1000']) }}"
    image: /srv/tftp/bzImage_x86_64
    config: /var/lib/netboot-diskless/kernel/.config_x86_64
"""

RETURN = r"""
build_needed:
  description: Whether the image had to be built, or would have to be.
  type: bool
  returned: always
log:
  description: The file that holds what the compiler printed.
  type: str
  returned: always
image_bytes:
  description: Size of the image, unless it still has to be built.
  type: int
  returned: when there is an image
"""

import contextlib
import os
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.netboot.diskless.plugins.module_utils._files import read_file
from ansible_collections.netboot.diskless.plugins.module_utils._kconfig import fragment
from ansible_collections.netboot.diskless.plugins.module_utils._kernel_build import (
    Build,
    KernelError,
    build_key,
    compile_kernel,
    configure,
    exclusive,
    is_built,
)
from ansible_collections.netboot.diskless.plugins.module_utils._lock import locked
from ansible_collections.netboot.diskless.plugins.module_utils._placing import (
    Placer,
    PlacingError,
    Plan,
    WantedFile,
    make_plan,
)

ARGUMENTS: dict[str, Any] = {
    "tree": {"type": "path", "required": True},
    "output": {"type": "path", "required": True},
    "architecture": {"type": "str", "choices": ["x86_64", "i386"], "default": "x86_64"},
    "base": {"type": "str", "default": "tinyconfig"},
    "symbols": {"type": "dict", "required": True},
    "modules": {"type": "bool", "default": False},
    "image": {"type": "path", "required": True},
    "config": {"type": "path", "required": True},
    "jobs": {"type": "int", "default": 0},
    "allow_build": {"type": "bool", "default": True},
    "state_directory": {"type": "path", "default": "/var/lib/netboot-diskless"},
}


def build_from(params: dict[str, Any]) -> Build:
    """The build that the module's arguments describe."""
    return Build(
        tree=os.path.realpath(params["tree"]),
        output=params["output"],
        architecture=params["architecture"],
        base=params["base"],
        symbols={name: str(value) for name, value in params["symbols"].items()},
        modules=params["modules"],
        jobs=params["jobs"] or os.cpu_count() or 1,
    )


def installed_files(build: Build, params: dict[str, Any]) -> list[WantedFile]:
    """The image and its configuration as they shall lie on the master."""
    return [
        WantedFile(params["image"], read_file(build.image)),
        WantedFile(params["config"], read_file(build.config)),
    ]


def _config_diff(plan: Plan, params: dict[str, Any]) -> list[dict[str, str]]:
    for wanted in plan.write:
        if wanted.path == params["config"]:
            before = (read_file(wanted.path) or b"").decode(errors="replace")
            after = (wanted.content or b"").decode(errors="replace")
            header = {"before_header": wanted.path, "after_header": wanted.path}
            return [{**header, "before": before, "after": after}]
    return []


def run(module: AnsibleModule) -> dict[str, Any]:
    """Builds when needed and installs; returns the module's result."""
    params = module.params
    build = build_from(params)
    fragment(build.symbols)
    key = build_key(build)
    needed = not is_built(build, key)
    result: dict[str, Any] = {"changed": needed, "build_needed": needed, "log": build.log}
    if needed and (module.check_mode or not params["allow_build"]):
        if module._diff:
            header = f"symbols wanted of {build.architecture}"
            result["diff"] = [
                {"before_header": header, "after_header": header, "before": "", "after": fragment(build.symbols)}
            ]
        return result
    if needed:
        with exclusive(build):
            if not is_built(build, key):
                configure(build)
                compile_kernel(build, key)
    part = "kernel-" + os.path.basename(params["output"].rstrip("/"))
    placer = Placer(params["state_directory"], part)
    files = installed_files(build, params)
    lock = os.path.join(params["state_directory"], "lock-place_files")
    with contextlib.nullcontext() if module.check_mode else locked(lock):
        plan = make_plan(files, [], placer.ledger.read())
        result["changed"] = needed or bool(plan)
        result["image_bytes"] = os.path.getsize(build.image)
        if module._diff:
            result["diff"] = _config_diff(plan, params)
        if not module.check_mode:
            placer.apply(plan)
            placer.settle(files)
    return result


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    try:
        result = run(module)
    except (KernelError, PlacingError, ValueError, OSError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
