# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An arm64 machine without disks: QEMU's board virt with UEFI, which starts the kernel as an EFI program."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lab.slave import ACCELERATORS, MEMORY_MIB, Hardware, Slave, SlaveError

FIRMWARE = Path("/usr/share/qemu-efi-aarch64/QEMU_EFI.fd")
PROCESSOR = "cortex-a57"  # Armv8.0: what runs there runs on any


@dataclass(frozen=True)
class ArmSlave(Slave):
    """No loader for arm64 is served yet: QEMU hands the kernel and its command line to the firmware itself."""

    kernel: Path = Path("/nonexistent")
    command_line: str = ""

    def prepare(self, hardware: Hardware) -> None:
        """The firmware keeps no variables."""
        if not FIRMWARE.exists():
            raise SlaveError(f"{FIRMWARE} is missing: install qemu-efi-aarch64")

    def qemu(self, hardware: Hardware) -> list[str]:
        """Its QEMU command; `{tap}` stands for the descriptor that lab/tap.py puts there."""
        chardev = f"socket,id=serial,path={self.socket},server=on,wait=off,logfile={self.raw_log},logappend=off"
        return [
            *("qemu-system-aarch64", "-name", self.name, "-machine", "virt"),
            *("-nodefaults", "-no-user-config", "-display", "none"),
            *("-accel", ACCELERATORS["tcg"], "-cpu", PROCESSOR, "-m", str(MEMORY_MIB)),
            *("-bios", str(FIRMWARE), "-kernel", str(self.kernel), "-append", self.command_line),
            *("-netdev", "tap,id=lan,fd={tap}", "-device", f"virtio-net-pci,netdev=lan,mac={self.mac},romfile="),
            *("-chardev", chardev, "-serial", "chardev:serial"),
        ]
