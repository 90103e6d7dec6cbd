# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""QEMU's command line and the environment's choices."""

from pathlib import Path

import pytest

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


@pytest.mark.parametrize(
    ("environment", "hardware"),
    [
        ({}, Hardware("tcg", "e1000")),
        ({"LAB_ACCEL": "", "LAB_NIC": ""}, Hardware("tcg", "e1000")),
        ({"LAB_ACCEL": "kvm", "LAB_NIC": "virtio"}, Hardware("kvm", "virtio")),
    ],
)
def test_hardware(environment: dict[str, str], hardware: Hardware) -> None:
    assert Hardware.from_environment(environment) == hardware


@pytest.mark.parametrize("environment", [{"LAB_ACCEL": "hvf"}, {"LAB_NIC": "ne2k_pci,addr=5"}])
def test_unknown_hardware(environment: dict[str, str]) -> None:
    with pytest.raises(SlaveError, match="use "):
        Hardware.from_environment(environment)


def test_the_tap_s_name_fits_an_interface() -> None:
    assert MACHINE.tap == "t0002a5043b66"
    assert len(MACHINE.tap) < 16
