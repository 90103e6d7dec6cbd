# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files of the TFTP root the look at the master asks about."""

from __future__ import annotations

from typing import Any

from ansible_collections.netboot.diskless.plugins.action.preflight import boot_files


def slave(number: int, **changes: str) -> dict[str, str]:
    return {
        "loader": "pxelinux",
        "mac_name": f"01-02-00-00-00-00-{number}",
        "hex_name": f"C0A801{number}",
        "script_file": "ipxe/21.ipxe",
        "kernel_file": "bzImage_x86_64",
        "previous_kernel_file": "bzImage_x86_64.previous",
        "initrd_file": "",
        "previous_initrd_file": "",
        **changes,
    }


def test_every_file_that_the_roles_write_is_asked_about() -> None:
    kernel, initrd = "vmlinuz-package_x86_64", "initrd-package_x86_64"
    packaged = {
        "kernel_file": kernel,
        "previous_kernel_file": f"{kernel}.previous",
        "initrd_file": initrd,
        "previous_initrd_file": f"{initrd}.previous",
    }
    slaves = [slave(21), slave(22, **packaged), slave(23, loader="etherboot", script_file="ipxe/23.ipxe", mac="a:b")]
    site = {"tftp_root": "/srv/tftp", "etherboot_images": [{"file": "vmlinuz_x86_64"}]}
    fleet: dict[str, Any] = {"site": site, "slaves": slaves}
    images = ["bzImage_x86_64", "bzImage_x86_64.previous", initrd, f"{initrd}.previous", kernel, f"{kernel}.previous"]
    configurations = [f"pxelinux.cfg/{slave[key]}" for slave in slaves[:2] for key in ("mac_name", "hex_name")]
    common = ["pxelinux.0", "pxelinux.cfg/default", "ipxe/boot.ipxe", "ipxe/boot.gpxe"]
    names = [*common, *images, *configurations, "ipxe/23.ipxe", "ipxe/a:b.gpxe", "vmlinuz_x86_64"]
    assert boot_files(fleet, ["pxelinux.0"]) == [f"/srv/tftp/{name}" for name in names]


def test_grubs_files_are_asked_about_where_a_slave_has_it() -> None:
    site = {"tftp_root": "/srv/tftp", "etherboot_images": []}
    loaders = ["pxelinux.0", "grub/bootx64.efi"]
    fleet: dict[str, Any] = {"site": site, "slaves": [slave(21, loader="grub", mac="a:b"), slave(22)]}
    asked = boot_files(fleet, loaders)
    ours = {"grub/bootx64.efi", "grub/grub.cfg", "grub/a:b.cfg", "pxelinux.cfg/C0A80121", "pxelinux.cfg/C0A80122"}
    assert {f"/srv/tftp/{name}" for name in ours} <= set(asked)
    assert not [name for name in boot_files({**fleet, "slaves": [slave(22)]}, loaders) if "grub" in name]
