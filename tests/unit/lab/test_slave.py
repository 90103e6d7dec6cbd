# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""QEMU's command line and the environment's choices."""

from dataclasses import replace
from pathlib import Path

import pytest

from lab import slave
from lab.settings import Settings
from lab.slave import Hardware, Slave, SlaveError

MACHINE = Slave(Settings("netboot-lab", Path("/cache")), "slave21", "00:02:a5:04:3b:66")


def test_a_machine_has_a_network_card_and_nothing_to_boot_from_but_it() -> None:
    command = " ".join(MACHINE.qemu(Hardware()))
    assert "-device e1000,netdev=lan,mac=00:02:a5:04:3b:66" in command
    assert "-accel tcg" in command
    assert command.endswith("-boot n")
    assert not any(word in command for word in ("-drive", "-hda", "-cdrom", "-kernel", "user,"))


def test_its_network_is_only_the_lab_s() -> None:
    assert MACHINE.qemu(Hardware()).count("-netdev") == 1
    assert "tap,id=lan,fd={tap}" in MACHINE.qemu(Hardware())


UEFI = Hardware.of("uefi")


def test_a_uefi_machine_boots_from_its_card_with_the_firmware_s_own_pxe() -> None:
    command = " ".join(MACHINE.qemu(UEFI))
    assert "-device virtio-net-pci,netdev=lan,mac=00:02:a5:04:3b:66,bootindex=1,romfile= " in command
    assert not any(word in command for word in ("-boot", "-drive", "-hda", "-cdrom", "-kernel", "user,"))


def test_a_uefi_machine_has_variables_of_its_own() -> None:
    command = MACHINE.qemu(UEFI)
    blocks = [value for option, value in zip(command, command[1:], strict=False) if option == "-blockdev"]
    assert len(blocks) == 2
    assert blocks[0].endswith("/OVMF_CODE_4M.fd,read-only=on")
    assert blocks[1].endswith(f"filename={MACHINE.variables}")
    assert str(MACHINE.variables).startswith(str(MACHINE.settings.run))
    assert "pflash0=code,pflash1=variables" in " ".join(command)


def test_a_machine_with_secure_boot_keeps_its_variables_from_the_running_system() -> None:
    command = " ".join(MACHINE.qemu(Hardware.of("secureboot")))
    assert "/OVMF_CODE_4M.secboot.fd,read-only=on" in command
    assert "-machine q35,smm=on,graphics=off,pflash0=code,pflash1=variables" in command
    assert "-global driver=cfi.pflash01,property=secure,value=on" in command
    assert "secure" not in " ".join(MACHINE.qemu(UEFI))


def test_a_certificate_is_enrolled_where_shim_looks_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OVMF_CODE_4M.secboot.fd", "OVMF_VARS_4M.ms.fd"):
        (tmp_path / name).write_bytes(b"template")
    (tmp_path / "mine.der").write_bytes(b"certificate")
    monkeypatch.setattr(slave, "_OVMF", tmp_path)
    monkeypatch.setattr(slave.uefi_variables, "add", lambda *arguments: repr(arguments).encode())
    machine = Slave(Settings("netboot-lab", tmp_path / "cache"), "slave21", "00:02:a5:04:3b:66")
    machine.variables.parent.mkdir(parents=True)
    machine.prepare(Hardware.of("secureboot"))
    assert machine.variables.read_bytes() == b"template"
    machine.prepare(Hardware.of("secureboot", certificate=str(tmp_path / "mine.der")))
    text = machine.variables.read_text()
    assert text.startswith("(b'template', 'MokList', ") and "certificate" in text


def test_ipxe_s_rom_is_what_a_card_without_a_driver_in_the_firmware_boots_with() -> None:
    assert "romfile" not in " ".join(MACHINE.qemu(Hardware.of("uefi", "e1000")))


def test_variables_are_fresh_at_each_power_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OVMF_CODE_4M.fd", "OVMF_VARS_4M.fd"):
        (tmp_path / name).write_text("template")
    monkeypatch.setattr(slave, "_OVMF", tmp_path)
    monkeypatch.setattr(slave.processes, "spawn", lambda *_arguments: None)
    monkeypatch.setattr(slave.shutil, "which", lambda _name: "/usr/bin/qemu-system-x86_64")
    machine = Slave(Settings("netboot-lab", tmp_path / "cache"), "slave21", "00:02:a5:04:3b:66")
    machine.power_on(UEFI)
    machine.variables.write_text("changed by a boot")
    machine.power_on(UEFI)
    assert machine.variables.read_text() == "template"
    (tmp_path / "OVMF_CODE_4M.fd").unlink()
    with pytest.raises(SlaveError, match="install ovmf"):
        machine.power_on(UEFI)


I386 = replace(MACHINE, architecture="i386")


def test_an_i386_machine_cannot_run_anything_else() -> None:
    assert MACHINE.qemu(Hardware())[0] == "qemu-system-x86_64"
    command = I386.qemu(Hardware())
    assert command[0] == "qemu-system-i386"
    assert command[command.index("-cpu") + 1] == "pentium3"


def test_an_i386_machine_is_not_started_by_the_lab_s_uefi(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slave.shutil, "which", lambda name: f"/usr/bin/{name}")
    with pytest.raises(SlaveError, match="slave21 is an i386 machine, and the lab's UEFI is for 64-bit processors"):
        I386.power_on(UEFI)


@pytest.mark.parametrize("machine", [MACHINE, I386])
def test_what_emulates_a_machine_is_missing(machine: Slave, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slave.shutil, "which", lambda _name: None)
    with pytest.raises(SlaveError, match=f"{machine.qemu(Hardware())[0]} is not installed"):
        machine.power_on(Hardware())


@pytest.mark.parametrize(
    ("environment", "hardware"),
    [
        ({}, Hardware("tcg", "e1000", "bios")),
        ({"LAB_ACCEL": "", "LAB_NIC": "", "LAB_FIRMWARE": ""}, Hardware("tcg", "e1000", "bios")),
        ({"LAB_ACCEL": "kvm", "LAB_NIC": "virtio"}, Hardware("kvm", "virtio", "bios")),
        ({"LAB_FIRMWARE": "uefi"}, Hardware("tcg", "virtio", "uefi")),
        ({"LAB_FIRMWARE": "uefi", "LAB_NIC": "e1000"}, Hardware("tcg", "e1000", "uefi")),
        (
            {"LAB_FIRMWARE": "secureboot", "LAB_CERTIFICATE": "/a.der"},
            Hardware("tcg", "virtio", "secureboot", "/a.der"),
        ),
    ],
)
def test_hardware(environment: dict[str, str], hardware: Hardware) -> None:
    assert Hardware.from_environment(environment) == hardware


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"LAB_ACCEL": "hvf"}, "LAB_ACCEL='hvf': use tcg or kvm"),
        ({"LAB_NIC": "ne2k_pci,addr=5"}, "LAB_NIC='ne2k_pci,addr=5': use e1000 or virtio"),
        ({"LAB_FIRMWARE": "uefi", "LAB_CERTIFICATE": "/a.der"}, "only LAB_FIRMWARE=secureboot looks at certificates"),
        ({"LAB_FIRMWARE": "efi"}, "LAB_FIRMWARE='efi': use bios or uefi or secureboot"),
    ],
)
def test_unknown_hardware(environment: dict[str, str], words: str) -> None:
    with pytest.raises(SlaveError, match=words):
        Hardware.from_environment(environment)


def test_the_tap_s_name_fits_an_interface() -> None:
    assert MACHINE.tap == "t0002a5043b66"
    assert len(MACHINE.tap) < 16
