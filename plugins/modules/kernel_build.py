#!/usr/bin/python
# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: kernel_build
short_description: Build a configured Linux kernel and install its image
version_added: 0.1.0
description:
  - Builds the kernel that M(netboot.diskless.kernel_config) has configured, outside its source tree.
  - Builds only when source, compiler or configuration changed since the image in O(output) was built.
  - Places the image and its configuration by rename, and keeps the image that they replace.
  - Uses all processors, and ccache where it is installed. Shows the compiler's progress while it builds.
  - Another architecture than the master's is built by its cross compiler, called as distributions call it, or as
    C(CROSS_COMPILE) in the task's environment says.
extends_documentation_fragment:
  - netboot.diskless.attributes
  - netboot.diskless.state
attributes:
  check_mode:
    support: full
  diff_mode:
    support: partial
    details: Names the image's size. M(netboot.diskless.kernel_config) shows the symbols that change.
options:
  tree:
    description: The kernel source. It is only read.
    type: path
    required: true
  output:
    description:
      - The C(O=) directory. It holds the configuration as C(.config), and keeps the objects, so that an interrupted
        build resumes.
    type: path
    required: true
  architecture:
    description: The architecture to build for.
    type: str
    choices: [x86_64, i386, arm64]
    default: x86_64
  modules:
    description: Whether to build loadable modules and install them below C(/lib/modules).
    type: bool
    default: false
  image:
    description: Where the image goes.
    type: path
    required: true
  previous:
    description:
      - Where the image is kept that the last change replaced, for a boot loader to offer.
      - As long as none was replaced it is the image itself, so that what is offered always starts.
    type: path
  config:
    description: Where the configuration that the image was built with is kept.
    type: path
    required: true
  jobs:
    description: How many compilers run at once. V(0) takes the number of processors.
    type: int
    default: 0
  reconfigured:
    description:
      - Whether the configuration changes in this run. A dry run cannot see that in O(output), so it has to be told.
    type: bool
    default: false
  allow_build:
    description:
      - Whether to build when a build is needed. When V(false), the module only says so in RV(build_needed).
      - The action plugin uses it to build in the background and show the progress.
    type: bool
    default: true
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
- name: Configure the slaves' kernel
  netboot.diskless.kernel_config:
    tree: /usr/src/linux
    output: /var/cache/netboot-diskless/kernel/slave-x86_64
    base: tinyconfig
    symbols: "{{ 'slave' | netboot.diskless.kernel_fragment }}"
  register: configured

- name: Build it
  netboot.diskless.kernel_build:
    tree: /usr/src/linux
    output: /var/cache/netboot-diskless/kernel/slave-x86_64
    image: /srv/tftp/bzImage_x86_64
    previous: /srv/tftp/bzImage_x86_64.previous
    config: /var/lib/netboot-diskless/kernel/.config_x86_64
    reconfigured: "{{ configured is changed }}"
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
built_image:
  description: The image in O(output), which lies in O(image) after a real run, unless it still has to be built.
  type: str
  returned: when there is an image
built_config:
  description: The configuration in O(output) that it was built with.
  type: str
  returned: when there is an image
image_bytes:
  description: Size of the image, unless it still has to be built.
  type: int
  returned: when there is an image
"""

import contextlib
import os
from collections.abc import Container
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.netboot.diskless.plugins.module_utils._files import read_file
from ansible_collections.netboot.diskless.plugins.module_utils._kernel_arch import ARCHITECTURES
from ansible_collections.netboot.diskless.plugins.module_utils._kernel_build import (
    Build,
    KernelError,
    build_key,
    compile_kernel,
    exclusive,
    is_built,
)
from ansible_collections.netboot.diskless.plugins.module_utils._lock import locked
from ansible_collections.netboot.diskless.plugins.module_utils._placing import (
    Placer,
    PlacingError,
    WantedFile,
    make_plan,
)
from ansible_collections.netboot.diskless.plugins.module_utils._signing import Signer, SigningError, signer

ARGUMENTS: dict[str, Any] = {
    "tree": {"type": "path", "required": True},
    "output": {"type": "path", "required": True},
    "architecture": {"type": "str", "choices": list(ARCHITECTURES), "default": "x86_64"},
    "modules": {"type": "bool", "default": False},
    "image": {"type": "path", "required": True},
    "previous": {"type": "path"},
    "config": {"type": "path", "required": True},
    "jobs": {"type": "int", "default": 0},
    "reconfigured": {"type": "bool", "default": False},
    "allow_build": {"type": "bool", "default": True},
    "signing_key": {"type": "path"},
    "signing_certificate": {"type": "path"},
    "state_directory": {"type": "path", "default": "/var/lib/netboot-diskless"},
}


def build_from(params: dict[str, Any]) -> Build:
    """The build that the module's arguments describe."""
    return Build(
        tree=os.path.realpath(params["tree"]),
        output=params["output"],
        architecture=params["architecture"],
        modules=params["modules"],
        jobs=params["jobs"] or os.cpu_count() or 1,
    )


def _previous(params: dict[str, Any], image: bytes | None, ours: Container[str]) -> bytes | None:
    """The image to fall back on: the one that is replaced now, else the one that was, else the image itself."""
    installed = read_file(params["image"])
    if installed is not None and installed != image:
        return installed
    kept = read_file(params["previous"]) if params["previous"] in ours else None
    return image if kept is None else kept


def installed_files(
    build: Build, params: dict[str, Any], ours: Container[str], signs: Signer | None = None, keep: bool = True
) -> list[WantedFile]:
    """What shall lie on the master, in the order in which it is put there.

    The image to fall back on is first: a run that is killed behind it finds the same image to replace again.

    Args:
        build: what was built.
        params: the module's arguments.
        ours: paths that this module wrote before.
        signs: who signs the image.
        keep: whether a new signature may be kept.

    Raises:
        SigningError: the image cannot be signed.
    """
    image = read_file(build.image)
    if signs and image is not None:
        image = signs.sign(image, keep)
    files = [WantedFile(params["image"], image), WantedFile(params["config"], read_file(build.config))]
    if params["previous"]:
        files.insert(0, WantedFile(params["previous"], _previous(params, image, ours)))
    return files


def _size_diff(path: str, after: str) -> list[dict[str, str]]:
    try:
        before = f"{os.path.getsize(path)} bytes\n"
    except FileNotFoundError:
        before = ""
    return [{"before_header": path, "after_header": path, "before": before, "after": f"{after}\n"}]


def run(module: AnsibleModule) -> dict[str, Any]:
    """Builds when needed and installs; returns the module's result.

    Raises:
        KernelError: there is nothing to build from, or make fails.
        PlacingError: a file of somebody else's is in the way.
    """
    params = module.params
    build = build_from(params)
    unseen = module.check_mode and params["reconfigured"]
    key = "" if unseen else build_key(build)
    needed = unseen or not is_built(build, key)
    result: dict[str, Any] = {"changed": needed, "build_needed": needed, "log": build.log}
    if needed and (module.check_mode or not params["allow_build"]):
        if module._diff:
            result["diff"] = _size_diff(params["image"], "to be built")
        return result
    if needed:
        with exclusive(build):
            if not is_built(build, key):
                compile_kernel(build, key)
    part = "kernel-" + os.path.basename(params["output"].rstrip("/"))
    placer = Placer(params["state_directory"], part)
    lock = os.path.join(params["state_directory"], "lock-place_files")
    with contextlib.nullcontext() if module.check_mode else locked(lock):
        recorded = placer.ledger.read()
        signs = signer(params.get("signing_key"), params.get("signing_certificate"))
        files = installed_files(build, params, recorded, signs, keep=not module.check_mode)
        plan = make_plan(files, [], recorded)
        result["changed"] = needed or bool(plan)
        result.update(image_bytes=os.path.getsize(build.image), built_image=build.image, built_config=build.config)
        if module._diff and any(wanted.path == params["image"] for wanted in plan.write):
            result["diff"] = _size_diff(params["image"], f"{result['image_bytes']} bytes")
        if not module.check_mode:
            placer.apply(plan)
            placer.settle(files)
    return result


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    try:
        result = run(module)
    except (KernelError, PlacingError, SigningError, OSError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
