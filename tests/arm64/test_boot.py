# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A slave's kernel for arm64, cross-built by the collection's modules, boots from a master's NFS: `make arm64`.

It is not a part of `make test`: it wants a cross compiler and another emulator, and builds a kernel for a quarter of an
hour. The site's playbook makes the master's DHCP and NFS; the root is a busybox in a directory of slave21's export. No
loader for arm64 is served yet, so the machine gets its kernel from QEMU.
"""

from __future__ import annotations

import os
import re
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from lab import boot_report, commands, host_packages, kernel_source
from lab.boot import Machine, boot, timeout_from_environment
from lab.inventory import Inventory, RootPassword, tool
from lab.report import say
from lab.settings import CHECKOUT, Settings, from_environment
from lab.slave import Hardware
from tests.arm64 import userland
from tests.arm64.machine import ArmSlave

HERE = Path(__file__).parent
INSTANCE = "netboot-arm64"
INVENTORY = CHECKOUT / "inventory"
SLAVE = "slave21"
PARTS = "slave_rootfs,nfs_server,dhcp"
"""Of the playbook: a directory that is exported to the slave, and the answer to its DHCP."""


@pytest.fixture(scope="session")
def settings() -> Settings:
    name = os.environ.get("LAB_NAME") or INSTANCE
    return from_environment({**os.environ, "LAB_NAME": name, "LAB_MASTER": "contract", "LAB_SOURCES": ""})


def build(settings: Settings) -> str:
    """Play kernel.yml; returns its recap. Its progress is shown."""
    source = kernel_source.ensure(settings)
    variables = [f"-etree={source}", f"-eplace={settings.cache / 'arm64'}"]
    command = [tool("ansible-playbook"), "-i", "localhost,", str(HERE / "kernel.yml"), *variables]
    done = subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True)
    assert done.stdout is not None
    lines = []
    for line in done.stdout:
        print(line, end="", flush=True)
        lines.append(line)
    assert done.wait() == 0, "see the playbook's own words above"
    return next(line for line in reversed(lines) if "changed=" in line)


@pytest.fixture(scope="session")
def kernel(settings: Settings) -> Path:
    """The image; built, or known to be what would be built."""
    host_packages.install(host_packages.ARM64)
    build(settings)
    image = settings.cache / "arm64" / "Image_arm64"
    say(f"Image_arm64: {image.stat().st_size:,} bytes")
    return image


@pytest.fixture(scope="session")
def master(settings: Settings) -> Iterator[Settings]:
    """A fresh master that answers slave21's DHCP and exports its root; ended whatever happens."""
    with pytest.MonkeyPatch.context() as environment, commands.hold(settings, alone=True):
        environment.setenv("LAB_INVENTORY", str(INVENTORY))
        commands.down(settings)
        try:
            commands.master_up(settings)
            commands.play_all(settings, ["--tags", PARTS])
            yield settings
        finally:
            commands.down(settings)


def test_the_image_is_an_arm64_kernel_and_an_efi_program(kernel: Path) -> None:
    """Documentation/arch/arm64/booting.rst has the header; it begins with a PE's mark where EFI_STUB is on."""
    with kernel.open("rb") as stream:
        header = stream.read(64)
    assert header[:2] == b"MZ"
    assert struct.unpack("<I", header[56:60])[0] == 0x644D5241  # ARM\x64


def test_a_second_run_changes_nothing(settings: Settings, kernel: Path) -> None:
    assert re.search(r"changed=0\s.*failed=0", build(settings))


def test_it_boots_from_the_masters_nfs(kernel: Path, master: Settings, tmp_path: Path) -> None:
    slave, expected = Inventory.read(INVENTORY).slave(master, SLAVE)
    root = f"{expected.root.partition(':')[2]}/arm64"
    userland.make(master.master_root / root.lstrip("/"), userland.fetch(tmp_path), SLAVE)
    device = f"{expected.root}/arm64"
    words = f"console={userland.CONSOLE} ip=dhcp root=/dev/nfs nfsroot={device},vers=4.2,proto=tcp rw"
    machine = ArmSlave(master, SLAVE, slave.mac, "arm64", kernel, words)
    expected = replace(expected, root=device, nfs_version="4.2", architecture="arm64")
    # The firmware is compared, too: the kernel has to know that UEFI has started it.
    one = Machine(machine, expected, Hardware.of("uefi"))
    password, timeout = RootPassword.of(master).password, timeout_from_environment()
    (outcome,) = boot(master, [one], password, timeout, boot_report.show_progress)
    print(boot_report.text(outcome), flush=True)
    assert outcome.ok, outcome.cause
