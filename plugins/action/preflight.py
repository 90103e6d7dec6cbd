# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Surveys the master by one module run and judges on the controller."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.netboot.diskless.plugins.plugin_utils._judgement import judge
from ansible_collections.netboot.diskless.plugins.plugin_utils._judgement_network import probe_mac, wire_warnings

ARGUMENTS: dict[str, Any] = {
    "allow_uplink": {"type": "bool", "default": False},
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
    "configuration_files": {"type": "list", "elements": "path", "default": []},
    "known_files": {"type": "list", "elements": "path", "default": []},
    "shipped_settings": {"type": "dict", "default": {}},
    "packages": {"type": "dict", "default": {}},
    "commands": {"type": "dict", "default": {}},
    "boot_loaders": {"type": "list", "elements": "str", "default": []},
    "kernel_packages": {"type": "dict", "default": {}},
    "kernel_tree": {"type": "path", "required": True},
    "symbols": {"type": "list", "elements": "str", "default": []},
    "programs": {
        "type": "list",
        "elements": "path",
        "default": ["/bin", "/sbin", "/lib", "/lib32", "/lib64", "/usr"],
    },
    "exclude": {"type": "list", "elements": "str", "default": []},
    "state_directory": {"type": "path", "default": "/var/lib/netboot-diskless"},
}


def boot_files(fleet: dict[str, Any], loaders: list[str]) -> list[str]:
    """Paths below the TFTP root that the roles will write; loaders are those of everybody's boot loaders."""
    root, slaves = fleet["site"]["tftp_root"], fleet["slaves"]
    grub = [slave for slave in slaves if slave["loader"] == "grub"]
    names = [*loaders, "pxelinux.cfg/default", "ipxe/boot.ipxe", "ipxe/boot.gpxe", "grub/grub.cfg"]
    # Without a slave for it, a GRUB in there may be anybody's.
    names = [name for name in names if grub or not name.startswith("grub/")]
    kinds = ("kernel_file", "initrd_file", "previous_kernel_file", "previous_initrd_file")
    names += sorted({slave[key] for slave in slaves for key in kinds if slave[key]})
    for slave in slaves:
        if slave["loader"] in ("pxelinux", "grub"):
            names += [f"pxelinux.cfg/{slave['mac_name']}", f"pxelinux.cfg/{slave['hex_name']}"]
        else:
            names += [slave["script_file"], f"ipxe/{slave['mac']}.gpxe"]
    names += [f"grub/{slave['mac']}.cfg" for slave in grub]
    names += [image["file"] for image in fleet["site"]["etherboot_images"]]
    return [f"{root}/{name}" for name in names]


class ActionModule(ActionBase):
    """Action plugin netboot.diskless.preflight."""

    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        task_vars = task_vars or {}
        _validation, arguments = self.validate_argument_spec(argument_spec=ARGUMENTS)
        fleet = task_vars.get("fleet_model")
        if not isinstance(fleet, dict):
            raise AnsibleActionFail("there is no fleet_model: run the role netboot.diskless.fleet first")
        site = fleet["site"]
        allow_uplink, loaders = arguments.pop("allow_uplink"), arguments.pop("boot_loaders")
        packaged, known = arguments.pop("kernel_packages"), arguments["known_files"]
        arguments.update(
            interface=site["interface"],
            master_address=site["master_address"],
            probe_mac=probe_mac(site, fleet["slaves"]),
            roots={slave["address"]: {"root": slave["root"], "source": slave["source"]} for slave in fleet["slaves"]},
            directories=[site["root"], site["tftp_root"]],
            configuration_files=[*arguments["configuration_files"], *boot_files(fleet, loaders)],
        )
        result = self._execute_module(
            module_name="netboot.diskless.preflight", module_args=arguments, task_vars=task_vars
        )
        if result.get("failed"):
            return result
        survey = result.pop("survey")
        replaced = {path: owner for path, owner in survey["owners"].items() if path not in known}
        judged = {**survey, "owners": replaced}
        problems = judge(fleet, judged, allow_uplink, arguments["kernel_tree"], packaged, arguments["ports"])
        if problems:
            text = "\n".join(problems)
            return {"failed": True, "problems": problems, "msg": f"nothing was changed on the master:\n{text}"}
        warnings = [*result.pop("warnings", []), *wire_warnings(site, survey)]
        return {**result, **survey, **({"warnings": warnings} if warnings else {})}
