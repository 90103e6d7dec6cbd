# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which images a fleet needs, and what they are called."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from ansible_collections.netboot.diskless.plugins.plugin_utils._fleet import build_fleet

from tests.unit.playbooks.rendering import ARTICLE

SITE: dict[str, object] = yaml.safe_load((ARTICLE / "group_vars" / "all.yml").read_text())
OPTIONS = "tcp,rsize=1048576,wsize=1048576"


def model(*slaves: dict[str, str], **site: object) -> dict[str, Any]:
    """The fleet of slaves with an Etherboot ROM, unless they say otherwise."""
    variables = {
        f"slave{number}": {
            "slave_mac": f"00:02:a5:04:3b:{number:02x}",
            "slave_address": f"192.168.1.{number}",
            "slave_loader": "etherboot",
            **{f"slave_{name}": value for name, value in slave.items()},
        }
        for number, slave in enumerate(slaves, 21)
    }
    return dict(build_fleet({**SITE, **site}, variables, ["master"]))


def files(*slaves: dict[str, str], **site: object) -> list[str]:
    return [slave["etherboot_file"] for slave in model(*slaves, **site)["slaves"]]


def test_an_image_names_no_path() -> None:
    assert model({"root": "/diskless/a"}, {"root": "/diskless/b", "console": ""})["site"]["etherboot_images"] == [
        {
            "file": "vmlinuz_x86_64",
            "architecture": "x86_64",
            "kernel_file": "bzImage_x86_64",
            "initrd_file": "",
            "command_line": f"ip=dhcp root=/dev/nfs nfsroot=,vers=4.2,{OPTIONS} rw net.ifnames=0",
        }
    ]


def test_the_distributions_kernel_has_its_ram_disk() -> None:
    (image,) = model({"kernel_source": "package"})["site"]["etherboot_images"]
    assert (image["kernel_file"], image["initrd_file"]) == ("vmlinuz-package_x86_64", "initrd-package_x86_64")


def test_other_loaders_need_no_image() -> None:
    made = model({"loader": "pxelinux"}, {"loader": "ipxe"})
    assert made["site"]["etherboot_images"] == []
    assert [slave["etherboot_file"] for slave in made["slaves"]] == ["", ""]


@pytest.mark.parametrize(
    ("slave", "suffix"),
    [
        ({"nfs_version": "3"}, "nfs3"),
        ({"kernel_source": "package"}, "package-nfs4.2"),
        ({"init": "openrc"}, "nfs4.2-openrc"),
        ({"console": "ttyS0,115200n8"}, "nfs4.2-ttyS0-115200n8"),
        ({"kernel_arguments": "quiet"}, "nfs4.2-quiet-008f0747"),
        ({"kernel_arguments": "a.b=/c,d e*f:g h(i) jklmnopqrst"}, "nfs4.2-a.b-c-d-e-f-g-h-i-jklmno-f68ac6fd"),
        (
            {"kernel_source": "package", "nfs_version": "3", "init": "systemd", "console": "tty0"},
            "package-nfs3-systemd-tty0",
        ),
    ],
)
def test_a_name_tells_what_is_special(slave: dict[str, str], suffix: str) -> None:
    common, other, again = files({}, slave, {})
    assert common == again == "vmlinuz_x86_64"
    assert other == f"vmlinuz_x86_64-{suffix}"


def test_arguments_that_read_alike_are_told_apart() -> None:
    _common, one, other, _again = files({}, {"kernel_arguments": "a b"}, {"kernel_arguments": "a*b"}, {})
    assert one.startswith("vmlinuz_x86_64-nfs4.2-a-b-") and other.startswith("vmlinuz_x86_64-nfs4.2-a-b-")
    assert one != other


def test_the_commonest_of_each_architecture_has_the_plain_name() -> None:
    i386 = {"architecture": "i386"}
    assert files({}, {"nfs_version": "3"}, i386, {"nfs_version": "3"}, {**i386, "init": "openrc"}) == [
        "vmlinuz_x86_64-nfs4.2",
        "vmlinuz_x86_64",
        "vmlinuz_i386",
        "vmlinuz_x86_64",
        "vmlinuz_i386-nfs4.2-openrc",
    ]


def test_of_equals_the_first_by_address_has_the_plain_name() -> None:
    assert files({"nfs_version": "3"}, {}) == ["vmlinuz_x86_64", "vmlinuz_x86_64-nfs4.2"]


def test_what_does_not_reach_the_kernel_makes_no_image() -> None:
    slaves: list[dict[str, str]] = [{"nic": "e1000"}, {"hostname": "a"}, {"rootfs_source": "/srv/b"}]
    assert files(*slaves) == ["vmlinuz_x86_64"] * 3


def test_the_sites_version_of_nfs_is_the_slaves() -> None:
    assert files({"nfs_version": "4.2"}, {}, {}, fleet_nfs_version="3") == [
        "vmlinuz_x86_64-nfs4.2",
        "vmlinuz_x86_64",
        "vmlinuz_x86_64",
    ]


def test_slaves_share_a_file_only_with_the_same_command_line() -> None:
    kinds: list[dict[str, str]] = [
        {"nfs_version": version, "init": init, "console": console, "kernel_arguments": words, "kernel_source": source}
        for version in ("3", "4.2")
        for init in ("auto", "openrc")
        for console in ("", "ttyS0", "ttyS0,9600")
        for words in ("", "quiet", "quiet panic=1")
        for source in ("build", "package")
    ]
    made = model(*kinds, *kinds)
    images = {image["file"]: image for image in made["site"]["etherboot_images"]}
    assert len(images) == len(made["site"]["etherboot_images"]) == len(kinds)
    assert len({(image["command_line"], image["kernel_file"]) for image in images.values()}) == len(kinds)
    for slave in made["slaves"]:
        line = images[slave["etherboot_file"]]["command_line"]
        path = slave["nfs_root"].partition(",")[0]
        assert line == slave["command_line"].replace(path, "")
        assert images[slave["etherboot_file"]]["kernel_file"] == slave["kernel_file"]
    # BOOTP has 128 bytes for a file's name (RFC 951).
    assert max(map(len, images)) < 100
