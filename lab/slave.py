# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Diskless machines: QEMU with firmware, a network card and a serial line, and nothing else to boot from."""

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lab import network, processes, uefi_variables
from lab.settings import BRIDGE, Settings

NICS = {"e1000": "e1000", "virtio": "virtio-net-pci"}
"""Network cards to choose from with LAB_NIC, and QEMU's names for them."""

ACCELERATORS = {"tcg": "tcg,tb-size=256", "kvm": "kvm"}
"""By default TCG keeps up to a gigabyte of translated code for each machine; a boot needs a fraction of it."""

PROCESSORS = {"x86_64": ("qemu-system-x86_64", "max"), "i386": ("qemu-system-i386", "pentium3")}
"""By a slave's architecture QEMU's program and its processor. A Pentium III has neither long mode nor SSE2: only
what is for a PC of its age runs there."""

MEMORY_MIB = 512

FIRMWARE = ("bios", "uefi", "secureboot")
"""What to choose from with LAB_FIRMWARE: SeaBIOS, OVMF (package ovmf), or OVMF that starts signed programs alone."""

_DEFAULT_NIC = {"bios": "e1000", "uefi": "virtio", "secureboot": "virtio"}
"""OVMF has a driver of its own for virtio; with e1000 it depends on the boot ROM that QEMU gives the card."""

_OVMF = Path("/usr/share/OVMF")
_OVMF_FILES = {
    "uefi": ("OVMF_CODE_4M.fd", "OVMF_VARS_4M.fd"),
    # Code that keeps its variables by System Management Mode; Microsoft's keys enrolled, enforcement on.
    "secureboot": ("OVMF_CODE_4M.secboot.fd", "OVMF_VARS_4M.ms.fd"),
}
"""Debian's names. The code is shared and read-only; every machine has its own copy of the variables."""


class SlaveError(RuntimeError):
    """A machine did not start or did not stop."""


@dataclass(frozen=True)
class Hardware:
    """What a machine is made of.

    :ivar accel: tcg or kvm
    :ivar nic: a key of NICS
    :ivar firmware: one of FIRMWARE
    :ivar certificate: with secureboot, the path of a certificate in DER that the machine's owner has enrolled by shim's
        MokManager
    """

    accel: str = "tcg"
    nic: str = "e1000"
    firmware: str = "bios"
    certificate: str = ""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> "Hardware":
        """LAB_ACCEL (tcg or kvm), LAB_FIRMWARE (one of FIRMWARE), LAB_NIC (e1000 or virtio) and LAB_CERTIFICATE.

        /dev/kvm may exist and still boot no guest, so KVM is only taken when asked for.

        :raises SlaveError: a value that is not on the list, or a certificate for a machine that asks for none.
        """
        env = os.environ if environment is None else environment
        firmware = env.get("LAB_FIRMWARE") or "bios"
        chosen = {
            "LAB_ACCEL": (env.get("LAB_ACCEL") or "tcg", tuple(ACCELERATORS)),
            "LAB_FIRMWARE": (firmware, FIRMWARE),
            "LAB_NIC": (env.get("LAB_NIC") or _DEFAULT_NIC.get(firmware, ""), tuple(NICS)),
        }
        for variable, (value, known) in chosen.items():
            if value not in known:
                raise SlaveError(f"{variable}={value!r}: use {' or '.join(known)}")
        certificate = env.get("LAB_CERTIFICATE") or ""
        if certificate and firmware != "secureboot":
            raise SlaveError(f"LAB_CERTIFICATE={certificate!r}: only LAB_FIRMWARE=secureboot looks at certificates")
        return cls.of(firmware, chosen["LAB_NIC"][0], chosen["LAB_ACCEL"][0], certificate)

    @classmethod
    def of(cls, firmware: str, nic: str = "", accel: str = "tcg", certificate: str = "") -> "Hardware":
        """A machine with this firmware, and the network card that suits it unless one is named."""
        return cls(accel, nic or _DEFAULT_NIC[firmware], firmware, certificate)


@dataclass(frozen=True)
class Slave:
    """One machine of an instance of the lab: where its files are, and how it is powered on and off.

    :ivar architecture: a key of PROCESSORS
    """

    settings: Settings
    name: str
    mac: str
    architecture: str = "x86_64"

    @property
    def pid_file(self) -> Path:
        """Pid of its QEMU."""
        return self.settings.run / "slaves" / f"{self.name}.pid"

    @property
    def socket(self) -> Path:
        """Its serial line, a unix socket for one client at a time."""
        return self.settings.run / "slaves" / f"{self.name}.console"

    @property
    def raw_log(self) -> Path:
        """Everything that it ever printed since power on, byte for byte."""
        return self.settings.consoles / f"{self.name}.raw"

    @property
    def stamped_log(self) -> Path:
        """The lines that it printed while the lab watched it boot, each with its second since power on."""
        return self.settings.consoles / f"{self.name}.log"

    @property
    def qemu_log(self) -> Path:
        """QEMU's own messages."""
        return self.settings.run / "slaves" / f"{self.name}.qemu.log"

    @property
    def variables(self) -> Path:
        """Its UEFI variables; made anew at each power on, so that no boot depends on an earlier one."""
        return self.settings.run / "slaves" / f"{self.name}.vars.fd"

    @property
    def tap(self) -> str:
        """Name of its TAP; an interface name has at most 15 characters."""
        return "t" + self.mac.replace(":", "").lower()

    def running(self) -> bool:
        """Whether its QEMU lives."""
        return processes.running(self.pid_file) is not None

    def power_off(self) -> None:
        """End its QEMU, if there is one. Nothing is lost: the machine has no disk."""
        if not processes.stop(self.pid_file, grace=1.0):
            raise SlaveError(f"{self.name}: QEMU does not end")
        self.socket.unlink(missing_ok=True)

    def power_on(self, hardware: Hardware) -> None:
        """Cold start: end the previous QEMU of this name, then begin with empty logs."""
        command = self.qemu(hardware)
        program = command[0]
        if not shutil.which(program):
            raise SlaveError(f"{program} is not installed")
        self.power_off()
        for log in (self.raw_log, self.stamped_log, self.qemu_log):
            log.parent.mkdir(parents=True, exist_ok=True)
            log.unlink(missing_ok=True)
        self.prepare(hardware)
        launcher = [sys.executable, "-I", str(Path(__file__).with_name("tap.py")), self.tap, BRIDGE]
        command = network.inside(self.settings.lab_namespace, *launcher, *command)
        processes.spawn(command, self.pid_file, self.qemu_log)

    def prepare(self, hardware: Hardware) -> None:
        """Make what its firmware needs.

        :raises SlaveError: there is no such firmware, or none for this machine.
        """
        if hardware.firmware == "bios":
            return
        if self.architecture == "i386":
            raise SlaveError(f"{self.name} is an i386 machine, and the lab's UEFI is for 64-bit processors: use bios")
        for file in _OVMF_FILES[hardware.firmware]:
            if not (_OVMF / file).exists():
                raise SlaveError(f"{_OVMF / file} is missing: install ovmf")
        variables = (_OVMF / _OVMF_FILES[hardware.firmware][1]).read_bytes()
        if hardware.certificate:
            enrolled = uefi_variables.signature_list(Path(hardware.certificate).read_bytes())
            variables = uefi_variables.add(variables, "MokList", enrolled)
        self.variables.write_bytes(variables)

    def _firmware(self, hardware: Hardware) -> list[str]:
        """Options that put the firmware in, and tell it to boot from the network card only.

        With graphics=off SeaBIOS mirrors its text console to the serial line, so that the firmware's and the boot
        loader's words are in the log too. OVMF talks there anyway.
        """
        if hardware.firmware == "bios":
            return ["-machine", "pc,graphics=off", "-boot", "n"]
        code = f"driver=file,node-name=code,filename={_OVMF / _OVMF_FILES[hardware.firmware][0]},read-only=on"
        variables = f"driver=file,node-name=variables,filename={self.variables}"
        machine, more = "pc", []
        if hardware.firmware == "secureboot":
            # A running system must not write the variables but through the firmware, in System Management Mode.
            machine, more = "q35,smm=on", ["-global", "driver=cfi.pflash01,property=secure,value=on"]
        return [
            *("-blockdev", code, "-blockdev", variables),
            *("-machine", f"{machine},graphics=off,pflash0=code,pflash1=variables", *more),
        ]

    def _card(self, hardware: Hardware) -> str:
        device = f"{NICS[hardware.nic]},netdev=lan,mac={self.mac}"
        if hardware.firmware == "bios":
            return device
        # OVMF boots from what has a bootindex, and from nothing else. Without iPXE's ROM it uses its own PXE.
        own = ",romfile=" if hardware.nic == "virtio" else ""
        return f"{device},bootindex=1{own}"

    def qemu(self, hardware: Hardware) -> list[str]:
        """Its QEMU command; `{tap}` stands for the descriptor that lab/tap.py puts there."""
        chardev = f"socket,id=serial,path={self.socket},server=on,wait=off,logfile={self.raw_log},logappend=off"
        program, processor = PROCESSORS[self.architecture]
        return [
            *(program, "-name", self.name),
            *("-nodefaults", "-no-user-config", "-display", "none", "-vga", "none"),
            *("-accel", ACCELERATORS[hardware.accel], "-cpu", processor, "-m", str(MEMORY_MIB)),
            *("-netdev", "tap,id=lan,fd={tap}"),
            *("-device", self._card(hardware)),
            *("-chardev", chardev, "-serial", "chardev:serial"),
            *self._firmware(hardware),
        ]
