# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fleet model: what is derived of the variables of the site and of a slave."""

from __future__ import annotations

import ipaddress
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.netboot.diskless.plugins.plugin_utils._fleet import build_fleet
from hypothesis import given, settings
from hypothesis import strategies as st

INVENTORY = Path(__file__).resolve().parents[4] / "inventory"
# The network of the article, as it is shipped.
SITE: dict[str, object] = yaml.safe_load((INVENTORY / "group_vars" / "all.yml").read_text())
SLAVE21: dict[str, object] = yaml.safe_load((INVENTORY / "host_vars" / "slave21.yml").read_text())
SLAVE22: dict[str, object] = {"slave_mac": "00:02:a5:04:3b:67", "slave_address": "192.168.1.22"}


def site(**changes: object) -> dict[str, object]:
    return {**SITE, **{f"fleet_{name}": value for name, value in changes.items()}}


def slave(base: Mapping[str, object] = SLAVE21, /, **changes: object) -> dict[str, object]:
    return {**base, **{f"slave_{name}": value for name, value in changes.items()}}


def test_the_articles_network() -> None:
    assert build_fleet(SITE, {"slave21": SLAVE21}, ["master"]) == {
        "site": {
            "network": "192.168.1.0/24",
            "network_address": "192.168.1.0",
            "netmask": "255.255.255.0",
            "broadcast": "192.168.1.255",
            "prefix": 24,
            "master_address": "192.168.1.1",
            "interface": "eth0",
            "domain": "mydomain.com",
            "root": "/diskless",
            "tftp_root": "/srv/tftp",
            "router": "",
            "dns_servers": [],
            "ntp_servers": [],
            "pool": {},
            "http_port": 80,
            "http_url": "",
            "nat": False,
            "nfs_version": "4.2",
            "master_name": "master",
            "boot_groups": [
                {
                    "name": "pxelinux",
                    "files": [
                        {
                            "name": "efi_x64",
                            "user_class": "",
                            "vendor_class": "",
                            "architectures": [7, 9],
                            "without_architecture": False,
                            "reply_vendor_class": "",
                            "file": "syslinux.efi",
                        },
                        {
                            "name": "bios",
                            "user_class": "",
                            "vendor_class": "",
                            "architectures": [0],
                            "without_architecture": True,
                            "reply_vendor_class": "",
                            "file": "pxelinux.0",
                        },
                    ],
                },
                {
                    "name": "stranger",
                    "files": [
                        {
                            "name": "bios",
                            "user_class": "",
                            "vendor_class": "",
                            "architectures": [0],
                            "without_architecture": True,
                            "reply_vendor_class": "",
                            "file": "pxelinux.0",
                        },
                    ],
                },
            ],
            "strangers": "stranger",
            "kernels": {"build": {"x86_64": {"": ["slave21"]}}, "package": {}},
            "etherboot_images": [],
        },
        "slaves": [
            {
                "name": "slave21",
                "hostname": "slave21",
                "short_name": "slave21",
                "fqdn": "slave21.mydomain.com",
                "mac": "00:02:a5:04:3b:66",
                "address": "192.168.1.21",
                "addressing": "dhcp",
                "hex_name": "C0A80115",
                "mac_name": "01-00-02-a5-04-3b-66",
                "architecture": "x86_64",
                "loader": "pxelinux",
                "nic": "",
                "root": "/diskless/192.168.1.21",
                "source": "/",
                "init": "auto",
                "console": "ttyS0,115200",
                "serial_port": "0 115200",
                "nfs_version": "4.2",
                "kernel_source": "build",
                "kernel_arguments": "",
                "kernel_file": "bzImage_x86_64",
                "initrd_file": "",
                "previous_kernel_file": "bzImage_x86_64.previous",
                "previous_initrd_file": "",
                "etherboot_file": "",
                "boot_group": "pxelinux",
                "script_file": "ipxe/01-00-02-a5-04-3b-66.ipxe",
                "root_path": "192.168.1.1:/diskless/192.168.1.21",
                "nfs_root": "192.168.1.1:/diskless/192.168.1.21,vers=4.2,tcp,rsize=1048576,wsize=1048576",
                "command_line": "ip=dhcp root=/dev/nfs "
                "nfsroot=192.168.1.1:/diskless/192.168.1.21,vers=4.2,tcp,rsize=1048576,wsize=1048576 rw "
                "net.ifnames=0 console=tty0 console=ttyS0,115200",
            }
        ],
    }


NFSROOT = (
    "ip=dhcp root=/dev/nfs nfsroot=192.168.1.1:/diskless/192.168.1.21,vers=4.2,tcp,rsize=1048576,wsize=1048576 rw "
    "net.ifnames=0"
)


@pytest.mark.parametrize(
    ("changes", "derived"),
    [
        ({"hostname": "bench.other.example"}, {"short_name": "bench", "hostname": "bench.other.example"}),
        ({"console": "ttyS3"}, {"serial_port": "3 9600"}),
        ({"console": "ttyS1,57600n8r"}, {"serial_port": "1 57600"}),
        ({"console": "ttyS4,9600"}, {"serial_port": ""}),
        ({"console": "ttyAMA0,115200"}, {"serial_port": ""}),
        ({"console": "tty0"}, {"serial_port": ""}),
        ({"hostname": "office"}, {"name": "slave21", "hostname": "office", "fqdn": "office.mydomain.com"}),
        ({"hostname": "a.MyDomain.com"}, {"hostname": "a.MyDomain.com", "fqdn": "a.MyDomain.com"}),
        ({"architecture": "i386"}, {"architecture": "i386", "kernel_file": "bzImage_i386"}),
        (
            {"kernel_source": "package"},
            {
                "kernel_source": "package",
                "kernel_file": "vmlinuz-package_x86_64",
                "initrd_file": "initrd-package_x86_64",
                "previous_kernel_file": "vmlinuz-package_x86_64.previous",
                "previous_initrd_file": "initrd-package_x86_64.previous",
                # initramfs-tools and dracut are told where the root is in the kernel's own words.
                "command_line": f"{NFSROOT} console=tty0 console=ttyS0,115200",
            },
        ),
        (
            {"addressing": "static"},
            {
                "command_line": NFSROOT.replace("ip=dhcp", "ip=192.168.1.21:192.168.1.1::255.255.255.0:slave21::off")
                + " console=tty0 console=ttyS0,115200"
            },
        ),
        (
            {"loader": "etherboot"},
            {
                "loader": "etherboot",
                "script_file": "ipxe/01-00-02-a5-04-3b-66.ipxe",
                "etherboot_file": "vmlinuz_x86_64",
                "boot_group": "etherboot-vmlinuz_x86_64",
            },
        ),
        ({"loader": "ipxe"}, {"loader": "ipxe", "boot_group": "ipxe", "script_file": "ipxe/01-00-02-a5-04-3b-66.ipxe"}),
        ({"nic": "e1000"}, {"nic": "e1000", "kernel_file": "bzImage_x86_64"}),
        (
            {"root": "/diskless/./a/"},
            {"root": "/diskless/a", "nfs_root": "192.168.1.1:/diskless/a,vers=4.2,tcp,rsize=1048576,wsize=1048576"},
        ),
        ({"root": "/diskless/b/../a"}, {"root": "/diskless/a"}),
        ({"rootfs_source": "master"}, {"source": "/"}),
        ({"rootfs_source": "/"}, {"source": "/"}),
        ({"rootfs_source": "/srv/roots//./debian/"}, {"source": "/srv/roots/debian"}),
        ({"rootfs_source": "/diskless-sources/a"}, {"source": "/diskless-sources/a"}),
        ({"init": "auto", "console": ""}, {"init": "auto", "command_line": NFSROOT}),
        (
            {"init": "systemd", "console": "", "kernel_arguments": "quiet"},
            {"init": "systemd", "command_line": f"{NFSROOT} init=/lib/systemd/systemd quiet"},
        ),
        (
            {"init": "openrc", "console": "tty0"},
            {"init": "openrc", "command_line": f"{NFSROOT} init=/sbin/openrc-init console=tty0"},
        ),
        (
            {"nfs_version": "3"},
            {
                "nfs_version": "3",
                "nfs_root": "192.168.1.1:/diskless/192.168.1.21,vers=3,tcp,rsize=1048576,wsize=1048576",
            },
        ),
        ({"console": ""}, {"command_line": NFSROOT}),
        ({"console": "tty0"}, {"command_line": f"{NFSROOT} console=tty0"}),
        ({"console": "", "kernel_arguments": "quiet"}, {"command_line": f"{NFSROOT} quiet"}),
        (
            {"console": "ttyS1", "kernel_arguments": "quiet a=b"},
            {"command_line": f"{NFSROOT} console=tty0 console=ttyS1 quiet a=b"},
        ),
    ],
)
def test_what_follows_from_a_slaves_variables(changes: dict[str, object], derived: dict[str, str]) -> None:
    record = build_fleet(SITE, {"slave21": slave(**changes)}, ["master"])["slaves"][0]
    assert {name: record[name] for name in derived} == derived


@pytest.mark.parametrize(
    ("changes", "derived"),
    [
        ({"nat": True}, {"nat": True, "router": "192.168.1.1"}),
        ({"nat": True, "router": "192.168.1.254"}, {"router": "192.168.1.254"}),
        ({"router": "192.168.1.254"}, {"nat": False, "router": "192.168.1.254"}),
        ({"router": None}, {"router": ""}),
        (
            {"dns_servers": ["9.9.9.9"], "ntp_servers": ["192.168.1.1"]},
            {"dns_servers": ["9.9.9.9"], "ntp_servers": ["192.168.1.1"]},
        ),
        ({"root": "/srv//diskless/"}, {"root": "/srv/diskless"}),
    ],
)
def test_what_follows_from_the_sites_variables(changes: dict[str, object], derived: dict[str, object]) -> None:
    model = build_fleet(site(**changes), {"slave21": SLAVE21}, ["master"])
    assert {name: model["site"][name] for name in derived} == derived


def test_the_sites_nfs_version_is_the_slaves_default() -> None:
    slaves = {"slave21": SLAVE21, "slave22": slave(SLAVE22, nfs_version="3")}
    model = build_fleet(site(nfs_version="4.1"), slaves, ["master"])
    assert [record["nfs_version"] for record in model["slaves"]] == ["4.1", "3"]


def test_slaves_are_in_the_order_of_their_addresses_as_numbers() -> None:
    slaves = {
        "a": slave(mac="02:00:00:00:00:01", address="192.168.1.100", nic="10EC:8168"),
        "b": slave(mac="02:00:00:00:00:02", address="192.168.1.9", architecture="i386"),
        "c": slave(mac="02:00:00:00:00:03", address="192.168.1.20"),
    }
    model = build_fleet(SITE, slaves, ["master"])
    assert [record["name"] for record in model["slaves"]] == ["b", "c", "a"]
    kernels: Any = model["site"]["kernels"]
    assert kernels["build"] == {"i386": {"": ["b"]}, "x86_64": {"": ["c"], "10ec:8168": ["a"]}}


@settings(max_examples=30)
@given(st.lists(st.integers(2, 2**16 - 2), min_size=1, max_size=50, unique=True))
def test_any_fleet_without_doubles_is_built(numbers: list[int]) -> None:
    base = int(ipaddress.IPv4Address("10.20.0.0"))
    slaves = {
        f"s{number}": {"slave_mac": f"02:00:00:00:{number >> 8:02x}:{number & 255:02x}",
                       "slave_address": str(ipaddress.IPv4Address(base + number))}
        for number in numbers
    }  # fmt: skip
    variables = site(network="10.20.0.0/16", master_address="10.20.0.1")
    model: Any = build_fleet(variables, slaves, ["master"])
    assert [int(record["hex_name"], 16) - base for record in model["slaves"]] == sorted(numbers)
    assert json.loads(json.dumps(model)) == model


def test_the_work_grows_with_the_number_of_slaves_and_not_with_its_square() -> None:
    def calls(count: int) -> int:
        slaves = {
            f"s{number}": slave(
                mac=f"02:00:00:00:{number >> 8:02x}:{number & 255:02x}",
                address=f"10.0.{number >> 8}.{number & 255}",
                root=f"/diskless/a/b/{number}",
            )
            for number in range(2, count + 2)
        }
        made = 0

        def count_call(_frame: object, event: str, _argument: object) -> None:
            nonlocal made
            made += event in ("call", "c_call")

        sys.setprofile(count_call)
        try:
            build_fleet(site(network="10.0.0.0/8", master_address="10.0.0.1"), slaves, ["master"])
        finally:
            sys.setprofile(None)
        return made

    calls(1)  # Fills caches.
    few, many = calls(100), calls(400)
    assert many < 4.2 * few


def test_kernels_are_told_by_where_they_come_from() -> None:
    slaves = {
        "a": slave(mac="02:00:00:00:00:01", address="192.168.1.21", kernel_source="package", nic="r8169"),
        "b": slave(mac="02:00:00:00:00:02", address="192.168.1.22", architecture="i386"),
        "c": slave(mac="02:00:00:00:00:03", address="192.168.1.23", kernel_source="package"),
        "d": slave(mac="02:00:00:00:00:04", address="192.168.1.24", kernel_source="build", nic="e1000"),
    }
    kernels: Any = build_fleet(SITE, slaves, ["master"])["site"]["kernels"]
    assert {source: {arch: list(nics) for arch, nics in found.items()} for source, found in kernels.items()} == {
        "build": {"i386": [""], "x86_64": ["e1000"]},
        "package": {"x86_64": ["", "r8169"]},
    }
