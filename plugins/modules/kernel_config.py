#!/usr/bin/python
# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: kernel_config
short_description: Configure a Linux kernel from wanted symbols, and explain each one that it does not grant
version_added: 0.1.0
description:
  - Lays wanted symbols over a base configuration, lets the tree's own Kconfig resolve them, and compares.
  - Fails when a symbol did not come out as asked, and says of each why and what to set instead. All of them are told at
    once, and nothing is changed.
  - Replaces the configuration by rename, keeps the former one beside it as C(.config.previous), and leaves an equal one
    untouched, so that an interrupted build resumes.
  - Does not run make when tree, compiler, base and symbols are those of the last run and nobody changed a symbol of
    C(.config) since.
  - The reasons are found with kconfiglib. It has to be installed on the controller only; the action plugin brings its
    one file to the master when a symbol was refused.
requirements:
  - kconfiglib 14.1.0 on the controller, to explain refusals
  - what builds kernels on the master (make, a compiler, flex, bison)
extends_documentation_fragment:
  - netboot.diskless.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details: Shows the symbols that change, not the lines of the file.
options:
  tree:
    description: The kernel source. It is only read, and must never have been built in.
    type: path
    required: true
  output:
    description: The C(O=) directory that holds C(.config). It is made when it is missing.
    type: path
    required: true
  arch:
    description: The architecture, as make's C(ARCH).
    type: str
    default: x86_64
  base:
    description:
      - What the symbols are laid over.
      - The absolute path of a configuration on the master, plain or compressed with gzip.
      - V(defconfig), V(tinyconfig), V(allnoconfig) or a NAME_defconfig of the tree.
      - V(running) for the running kernel's configuration, from C(/proc/config.gz), C(/boot) or C(/lib/modules).
      - Nothing to keep what O(output) holds.
    type: str
    default: ""
  symbols:
    description:
      - Wanted symbols without C(CONFIG_), with their values.
      - V(true) and V(false) are y and n. Texts and numbers need no quotes of their own; a text that has them keeps its
        meaning.
      - A symbol that the tree does not know is accepted with the value n, with a warning.
    type: dict
    default: {}
  fragments:
    description:
      - Files on the master with more wanted symbols, in the form of C(.config).
      - A later one wins over an earlier one, and O(symbols) over all.
    type: list
    elements: path
    default: []
  kconfiglib:
    description:
      - The file C(kconfiglib.py) on the master.
      - The action plugin puts it there when there is something to explain.
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
    symbols: "{{ 'slave' | netboot.diskless.kernel_fragment | combine({'LOCALVERSION': '-mine'}) }}"

- name: Add a driver to what is there, from a file and by name
  netboot.diskless.kernel_config:
    tree: /usr/src/linux
    output: /var/cache/netboot-diskless/kernel/slave-x86_64
    symbols:
      R8169: true
      NR_CPUS: 128
    fragments:
      - /etc/kernel/config.d/site.config
"""

RETURN = r"""
config:
  description: The configuration.
  type: str
  returned: success
values:
  description: The final values of the wanted symbols, texts without quotes.
  type: dict
  returned: success
  sample: {ROOT_NFS: "y", LOCALVERSION: "-mine"}
backup_file:
  description: Where the configuration is that was replaced.
  type: str
  returned: when one was
refused:
  description: The symbols that did not come out as asked.
  type: list
  elements: dict
  returned: failure by refused symbols
  contains:
    symbol:
      description: The symbol, without C(CONFIG_).
      type: str
    wanted:
      description: The value that was asked.
      type: str
    actual:
      description: The value that it came out with; empty when it has none.
      type: str
    kind:
      description:
        - C(unknown), C(type), C(range), C(dependency), C(module) (can be no more than m), C(modules) (there are none),
          C(choice), C(selected), C(hidden) (has no prompt), or C(other).
        - Empty when nobody explained it.
      type: str
    reason:
      description: Why.
      type: str
    advice:
      description: What to set for it to come out as asked, in order.
      type: dict
explanation_needed:
  description: Whether kconfiglib has to be brought for the reasons.
  type: bool
  returned: failure by refused symbols
"""

import os
import shutil
import tempfile
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.netboot.diskless.plugins.module_utils._kconfig_configure import (
    Attempt,
    ConfigError,
    Prepared,
    Request,
    attempt,
    difference,
    install,
    is_current,
    prepare,
)
from ansible_collections.netboot.diskless.plugins.module_utils._kconfig_explain import Explainer
from ansible_collections.netboot.diskless.plugins.module_utils._kconfig_library import load, make_environment, parse
from ansible_collections.netboot.diskless.plugins.module_utils._kconfig_values import Refusal, plain

ARGUMENTS: dict[str, Any] = {
    "tree": {"type": "path", "required": True},
    "output": {"type": "path", "required": True},
    "arch": {"type": "str", "default": "x86_64"},
    "base": {"type": "str", "default": ""},
    "symbols": {"type": "dict", "default": {}},
    "fragments": {"type": "list", "elements": "path", "default": []},
    "kconfiglib": {"type": "path"},
}


class Refused(Exception):
    """Symbols that were not granted; the text tells them all."""

    def __init__(self, message: str, refusals: list[Refusal]) -> None:
        super().__init__(message)
        self.refusals = refusals


def request_from(params: dict[str, Any]) -> Request:
    """The request that the module's arguments describe."""
    if not os.path.isabs(params["output"]):
        raise ConfigError(f"output is {params['output']!r}; it has to be an absolute path")
    return Request(
        tree=os.path.realpath(params["tree"]),
        output=params["output"].rstrip("/"),
        arch=params["arch"],
        base=params["base"],
        symbols=params["symbols"],
        fragments=tuple(params["fragments"]),
    )


def explained(prepared: Prepared, made: Attempt, scratch: str, kconfiglib: str | None) -> tuple[list[Refusal], str]:
    """The refusals with their reasons, and why there are none when that is so."""
    if not kconfiglib or all(refusal.kind for refusal in made.refusals):
        return made.refusals, ""
    try:
        library = load(kconfiglib)
        kconf = parse(library, make_environment(prepared.request, scratch), scratch, made.config)
    except ConfigError as error:
        return made.refusals, f"\nThe reasons could not be found: {error}"
    wanted = {name: plain(value) for name, value in prepared.wanted.items()}
    explainer = Explainer(library, kconf, wanted)
    return [explainer.explain(refusal) for refusal in made.refusals], ""


def refuse(prepared: Prepared, refusals: list[Refusal], note: str) -> Refused:
    """The failure that tells all refusals at once."""
    asked = len(prepared.wanted) + len(prepared.refusals)
    output = prepared.request.output
    head = f"{len(refusals)} of {asked} symbols did not come out as asked in {output}; nothing was changed:"
    return Refused("\n".join([head, *(refusal.line() for refusal in refusals)]) + note, refusals)


def run(module: AnsibleModule) -> dict[str, Any]:
    """Configures when needed; returns the module's result.

    Raises:
        ConfigError: the kernel cannot be configured.
        Refused: symbols did not come out as asked.
    """
    request = request_from(module.params)
    prepared = prepare(request)
    for warning in prepared.warnings:
        module.warn(warning)
    result: dict[str, Any] = {"changed": False, "config": request.config}
    if not prepared.refusals and is_current(prepared):
        return {**result, "values": prepared.final(prepared.before)}
    # In Ansible's own directory for this run: the output is left alone until all is well.
    scratch = tempfile.mkdtemp(prefix="kernel_config-", dir=module.tmpdir)
    try:
        made = attempt(prepared, scratch)
        if made.refusals:
            refusals, note = explained(prepared, made, scratch, module.params["kconfiglib"])
            raise refuse(prepared, refusals, note)
        result["changed"] = made.values != prepared.before
        result["values"] = prepared.final(made.values)
        if module._diff and result["changed"]:
            before, after = difference(prepared.before, made.values)
            header = f"symbols of {request.config}"
            result["diff"] = [{"before_header": header, "after_header": header, "before": before, "after": after}]
        if not module.check_mode:
            kept = install(prepared, made)
            if kept:
                result["backup_file"] = kept
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return result


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    try:
        result = run(module)
    except Refused as refused:
        module.fail_json(
            msg=str(refused),
            refused=[vars(refusal) for refusal in refused.refusals],
            explanation_needed=any(not refusal.kind for refusal in refused.refusals),
        )
    except (ConfigError, ValueError, OSError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
