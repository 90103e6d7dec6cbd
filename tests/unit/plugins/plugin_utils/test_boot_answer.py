# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The boot answer: which file whom, and what goes with it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.netboot.diskless.plugins.plugin_utils._boot_answer import (
    KINDS,
    LOADER_FILES,
    STRANGERS,
    Answer,
    Client,
    answer,
    boot_groups,
)
from ansible_collections.netboot.diskless.plugins.plugin_utils._fleet import build_fleet
from ansible_collections.netboot.diskless.plugins.plugin_utils._fleet_values import LOADERS

SITE: dict[str, object] = {
    "fleet_network": "192.168.1.0/24",
    "fleet_master_address": "192.168.1.1",
    "fleet_interface": "eth0",
    "fleet_domain": "mydomain.com",
}
MACS = {
    "pxelinux": "02:00:00:00:00:01",
    "etherboot": "02:00:00:00:00:02",
    "ipxe": "02:00:00:00:00:03",
    "grub": "02:00:00:00:00:04",
}
STRANGER = "02:00:00:00:00:99"
POOL = {"fleet_pool": "192.168.1.200-192.168.1.250"}
BIOS, EFI = "PXEClient:Arch:00000:UNDI:002001", "PXEClient:Arch:00007:UNDI:003016"


def fleet(**more: object) -> dict[str, Any]:
    slaves = {
        loader: {"slave_mac": mac, "slave_address": f"192.168.1.{int(mac[-2:]) + 20}", "slave_loader": loader}
        for loader, mac in MACS.items()
    }
    return dict(build_fleet({**SITE, **more}, slaves, ["master"]))


# What clients say of themselves, and the kind that they are.
CLIENTS = {
    "BIOS": (Client("", 0, BIOS), "bios"),
    "UEFI x64": (Client("", 7, EFI), "efi_x64"),
    "UEFI x64, by the older number": (Client("", 9, EFI), "efi_x64"),
    "UEFI arm64": (Client("", 11, "PXEClient:Arch:00011:UNDI:003016"), ""),
    "UEFI ia32": (Client("", 6, "PXEClient:Arch:00006:UNDI:003016"), ""),
    "UEFI HTTP": (Client("", 16, "HTTPClient:Arch:00016:UNDI:003001"), "http_x64"),
    "gPXE": (Client("", 0, BIOS, "gPXE"), "gpxe"),
    "iPXE on a BIOS": (Client("", 0, BIOS, "iPXE"), "ipxe"),
    "iPXE on UEFI": (Client("", 7, EFI, "iPXE"), "ipxe"),
    "Etherboot 5": (Client("", None, "Etherboot-5.4"), "etherboot"),
    "the kernel, or a machine with BOOTP": (Client(""), "bios"),
    "an operating system": (Client("", None, "MSFT 5.0"), "bios"),
}


@pytest.mark.parametrize("name", CLIENTS)
def test_a_client_is_of_one_kind(name: str) -> None:
    client, kind = CLIENTS[name]
    assert next((one.name for one in KINDS if one.matches(client)), "") == kind


@pytest.mark.parametrize(
    ("loader", "name", "file"),
    [
        ("pxelinux", "BIOS", "pxelinux.0"),
        ("pxelinux", "UEFI x64", "syslinux.efi"),
        ("pxelinux", "UEFI arm64", ""),
        ("pxelinux", "UEFI ia32", ""),
        # A ROM of iPXE loads PXELINUX as any other does.
        ("pxelinux", "iPXE on a BIOS", "pxelinux.0"),
        ("pxelinux", "iPXE on UEFI", "syslinux.efi"),
        ("pxelinux", "Etherboot 5", "pxelinux.0"),
        ("pxelinux", "the kernel, or a machine with BOOTP", "pxelinux.0"),
        ("etherboot", "iPXE on a BIOS", "ipxe/boot.ipxe"),
        ("etherboot", "iPXE on UEFI", "ipxe/boot.ipxe"),
        ("etherboot", "gPXE", "ipxe/boot.gpxe"),
        ("etherboot", "Etherboot 5", "vmlinuz_x86_64"),
        # Etherboot 5 that was built to pass for PXE.
        ("etherboot", "BIOS", "vmlinuz_x86_64"),
        ("etherboot", "UEFI x64", ""),
        # The machine's own ROM loads iPXE, which asks again, and must not load itself.
        ("ipxe", "BIOS", "undionly.kpxe"),
        ("ipxe", "UEFI x64", "ipxe.efi"),
        ("ipxe", "iPXE on a BIOS", "ipxe/boot.ipxe"),
        ("ipxe", "iPXE on UEFI", "ipxe/boot.ipxe"),
        # Without HTTP there is nothing for it.
        ("pxelinux", "UEFI HTTP", ""),
        # GRUB is for UEFI: a BIOS has PXELINUX.
        ("grub", "BIOS", "pxelinux.0"),
        ("grub", "UEFI x64", "grub/bootx64.efi"),
        ("grub", "UEFI x64, by the older number", "grub/bootx64.efi"),
        ("grub", "UEFI arm64", ""),
        ("grub", "UEFI ia32", ""),
        ("grub", "iPXE on a BIOS", "pxelinux.0"),
        ("grub", "iPXE on UEFI", "grub/bootx64.efi"),
        ("grub", "Etherboot 5", "pxelinux.0"),
        ("stranger", "BIOS", "pxelinux.0"),
        # It starts its own disk by itself.
        ("stranger", "UEFI x64", ""),
        ("stranger", "iPXE on UEFI", ""),
    ],
)
def test_the_file(loader: str, name: str, file: str) -> None:
    client, _kind = CLIENTS[name]
    asking = Client(MACS.get(loader, STRANGER), client.architecture, client.vendor_class, client.user_class)
    found = answer(fleet(**POOL), asking)
    assert found and found.filename == file


@pytest.mark.parametrize(
    ("more", "loader", "name", "file"),
    [
        ({}, "pxelinux", "BIOS", "lpxelinux.0"),
        ({}, "pxelinux", "UEFI HTTP", "http://192.168.1.1/ipxe.efi"),
        ({}, "ipxe", "UEFI HTTP", "http://192.168.1.1/ipxe.efi"),
        ({"fleet_http_port": 8080}, "ipxe", "UEFI HTTP", "http://192.168.1.1:8080/ipxe.efi"),
        ({}, "etherboot", "UEFI HTTP", ""),
        # iPXE, once loaded, goes on as on any other way.
        ({}, "ipxe", "iPXE on UEFI", "ipxe/boot.ipxe"),
    ],
)
def test_the_file_where_there_is_http(more: dict[str, object], loader: str, name: str, file: str) -> None:
    client, _kind = CLIENTS[name]
    asking = Client(MACS[loader], client.architecture, client.vendor_class, client.user_class)
    found = answer(fleet(fleet_http=True, **more), asking)
    assert found and found.filename == file
    # A client of UEFI's HTTP boot takes no answer without the class.
    assert ("vendor-class-identifier" in found.options) == (name == "UEFI HTTP" and file != "")


def test_all_that_a_slave_is_told() -> None:
    more: dict[str, object] = {
        "fleet_router": "192.168.1.254",
        "fleet_dns_servers": ["192.168.1.53", "9.9.9.9"],
        "fleet_ntp_servers": ["192.168.1.123"],
    }
    assert answer(fleet(**more), Client(MACS["pxelinux"], 0, BIOS)) == Answer(
        address="192.168.1.21",
        next_server="192.168.1.1",
        filename="pxelinux.0",
        root_path="192.168.1.1:/diskless/192.168.1.21",
        options={
            "subnet-mask": "255.255.255.0",
            "broadcast-address": "192.168.1.255",
            "domain-name": "mydomain.com",
            "routers": ["192.168.1.254"],
            "domain-name-servers": ["192.168.1.53", "9.9.9.9"],
            "ntp-servers": ["192.168.1.123"],
            "host-name": "pxelinux",
            "vendor-encapsulated-options": "010400000000",
        },
    )


def test_a_stranger_is_not_answered_without_a_pool_and_never_gets_a_root() -> None:
    asking = Client(STRANGER, 0, BIOS)
    assert answer(fleet(), asking) is None
    found = answer(fleet(**POOL), asking)
    assert found and found.address is None and found.root_path == "" and "host-name" not in found.options


def test_the_groups_are_those_that_are_needed() -> None:
    assert [group["name"] for group in boot_groups([], "")] == [STRANGERS]
    slaves = [{"loader": "etherboot", "etherboot_file": image} for image in ("b", "a", "b")]
    slaves += [{"loader": loader, "etherboot_file": ""} for loader in LOADERS if loader != "etherboot"]
    found = {group["name"]: group["files"] for group in boot_groups(slaves, "")}
    assert set(found) == (set(LOADER_FILES) - {"etherboot"}) | {"etherboot-a", "etherboot-b"}
    assert {entry["name"]: entry["file"] for entry in found["etherboot-b"]}["etherboot"] == "b"
    order = [kind.name for kind in KINDS]
    for files in found.values():
        # The first that matches counts, so the order is the model's.
        names = [entry["name"] for entry in files]
        assert names == sorted(names, key=order.index) and len(set(names)) == len(names)
