# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a machine starts its kernel, from files given to it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.netboot.diskless.plugins.module_utils._boot_survey import LOADER_VENDOR, look

RELEASE = "6.1.0"
EXECUTABLE = {
    "usr/sbin/grub-mkconfig",
    "usr/sbin/grub2-mkconfig",
    "sbin/lilo",
    "sbin/installkernel",
    "usr/bin/installkernel",
}


def machine(tmp_path: Path, *names: str, line: str = "root=/dev/sda1") -> str:
    for name in names:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
        path.chmod(0o755 if name in EXECUTABLE else 0o644)
    (tmp_path / "proc").mkdir(exist_ok=True)
    (tmp_path / "proc/cmdline").write_text(f"{line}\n")
    return str(tmp_path)


@pytest.mark.parametrize(
    ("names", "seen"),
    [
        ("usr/sbin/grub-mkconfig boot/grub/grub.cfg", {"grub": "/boot/grub/grub.cfg", "grub_commands": "grub"}),
        ("usr/sbin/grub2-mkconfig boot/grub2/grub.cfg", {"grub": "/boot/grub2/grub.cfg", "grub_commands": "grub2"}),
        # The command alone, or the menu alone, is no boot loader that could be configured.
        ("usr/sbin/grub-mkconfig", {}),
        ("boot/grub/grub.cfg", {}),
        ("sbin/lilo etc/lilo.conf", {"lilo": "/etc/lilo.conf"}),
        ("etc/lilo.conf", {}),
        ("sbin/lilo", {}),
        ("boot/grub/grub.conf boot/grub/menu.lst", {"legacy": "/boot/grub/grub.conf"}),
        ("boot/grub/menu.lst", {"legacy": "/boot/grub/menu.lst"}),
        ("sbin/installkernel", {"installkernel": "installkernel"}),
        ("boot/EFI/systemd/systemd-bootx64.efi", {"systemd_boot": "/boot"}),
        ("efi/EFI/systemd/systemd-bootx64.efi", {"systemd_boot": "/efi"}),
        ("boot/efi/EFI/systemd/systemd-bootx64.efi", {"systemd_boot": "/boot/efi"}),
        # /boot is an extended boot loader partition then.
        ("efi/EFI/systemd/systemd-bootx64.efi boot/loader/entries/a.conf", {"systemd_boot": "/boot"}),
        # A partition with entries that another boot loader reads.
        ("boot/loader/entries/a.conf", {}),
    ],
)
def test_boot_loaders(tmp_path: Path, names: str, seen: dict[str, str]) -> None:
    found = look(machine(tmp_path, *names.split()), RELEASE)
    fields = ("systemd_boot", "grub", "grub_commands", "legacy", "lilo", "installkernel")
    assert {name: getattr(found, name) for name in fields if getattr(found, name)} == seen
    assert (found.release, found.command_line) == (RELEASE, "root=/dev/sda1")


def test_what_the_boot_loader_says_of_itself(tmp_path: Path) -> None:
    root = machine(tmp_path, f"sys/firmware/efi/efivars/LoaderInfo-{LOADER_VENDOR}")
    data = b"\6\0\0\0" + "systemd-boot 252.39\0".encode("utf-16-le")
    (tmp_path / f"sys/firmware/efi/efivars/LoaderInfo-{LOADER_VENDOR}").write_bytes(data)
    assert look(root, RELEASE).said == "systemd-boot 252.39"


@pytest.mark.parametrize(
    ("names", "line", "told"),
    [
        ("", "root=/dev/sda1", ""),
        ("", r"initrd=\initrd root=/dev/sda1", r"initrd=\initrd is on"),
        ("", "root=UUID=1", "root=UUID=1 is on"),
        ("", "root=LABEL=x", "root=LABEL=x is on"),
        ("", "root=PARTUUID=1", ""),
        (f"boot/initrd.img-{RELEASE}", "root=/dev/sda1", f"/boot/initrd.img-{RELEASE} is there"),
        (f"boot/initramfs-{RELEASE}.img", "root=/dev/sda1", "is there"),
        ("boot/initrd.img-5.10", "root=/dev/sda1", ""),
    ],
)
def test_a_ram_disk(tmp_path: Path, names: str, line: str, told: str) -> None:
    found = look(machine(tmp_path, *names.split(), line=line), RELEASE).ramdisk
    assert told in found and bool(told) == bool(found)


@pytest.mark.parametrize(("offset", "told"), [(0x21C, True), (0x0C4, True), (0x210, False)])
def test_a_ram_disk_that_the_kernel_tells_of(tmp_path: Path, offset: int, told: bool) -> None:
    root = machine(tmp_path, "sys/kernel/boot_params/data")
    data = bytearray(4096)
    data[offset + 1] = 7
    (tmp_path / "sys/kernel/boot_params/data").write_bytes(data)
    assert bool(look(root, RELEASE).ramdisk) == told


@pytest.mark.parametrize("name", ["run/systemd/container", ".dockerenv", "run/.containerenv"])
def test_a_container(tmp_path: Path, name: str) -> None:
    assert look(machine(tmp_path, name), RELEASE).container == f"/{name} is there"


@pytest.mark.parametrize(("text", "told"), [("A=b\0container=lxc\0", "container=lxc"), ("mycontainer=lxc\0", "")])
def test_a_container_by_its_init(tmp_path: Path, text: str, told: str) -> None:
    root = machine(tmp_path, "proc/1/environ")
    (tmp_path / "proc/1/environ").write_text(text)
    found = look(root, RELEASE).container
    assert told in found and bool(told) == bool(found)


def test_a_machine_with_nothing(tmp_path: Path) -> None:
    found = look(str(tmp_path))
    assert found.release == os.uname().release and found.command_line == found.grub == found.ramdisk == ""
