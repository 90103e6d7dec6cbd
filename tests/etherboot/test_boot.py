# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Slaves with an iPXE ROM boot what an Etherboot ROM would get, and what iPXE and gPXE get: `make etherboot`.

The images are the master's own. The DHCP answers are the test's, because iPXE's ROM, which stands in for Etherboot's, is
answered otherwise: there is no ROM of Etherboot or gPXE that this could run. iPXE has an ELF loader of its own, none for
NBI, and takes a script of gPXE.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.netboot.diskless.plugins.module_utils._etherboot_image import Told, tell

from lab import boot_report, commands
from lab.boot import Machine, Outcome, boot, timeout_from_environment
from lab.inventory import Inventory, RootPassword
from lab.probe import Expected
from lab.settings import CHECKOUT, MASTER_ADDRESS, Settings, from_environment
from lab.slave import Hardware, Slave

INSTANCE = "netboot-etherboot"
SLAVES: dict[str, dict[str, Any]] = {
    "slave21": {"slave_mac": "00:02:a5:04:3b:66", "slave_address": "192.168.1.21"},
    # A kernel that knows nothing without its RAM disk, which has to find its place in memory.
    "slave22": {
        "slave_mac": "00:02:a5:04:3b:67",
        "slave_address": "192.168.1.22",
        "slave_kernel_source": "package",
        "slave_nfs_version": "3",
    },
}
STRANGERS = {"stranger1": ("00:02:a5:04:3b:01", "192.168.1.201"), "stranger2": ("00:02:a5:04:3b:02", "192.168.1.202")}


@pytest.fixture(scope="session")
def inventory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The article's network, with these slaves."""
    folder = tmp_path_factory.mktemp("network") / "inventory"
    shutil.copytree(CHECKOUT / "inventory", folder)
    for name, variables in SLAVES.items():
        text = json.dumps({**variables, "slave_loader": "etherboot"})
        (folder / "host_vars" / f"{name}.yml").write_text(text + "\n")
    return folder


@pytest.fixture(scope="session")
def master(inventory: Path) -> Iterator[Settings]:
    """A fresh master that serves them; ended whatever happens."""
    name = os.environ.get("LAB_NAME") or INSTANCE
    settings = from_environment({**os.environ, "LAB_NAME": name, "LAB_MASTER": "contract", "LAB_SOURCES": ""})
    with pytest.MonkeyPatch.context() as environment, commands.hold(settings, alone=True):
        environment.setenv("LAB_INVENTORY", str(inventory))
        commands.down(settings)
        try:
            commands.master_up(settings)
            # Before there is a kernel, the images are told of and not missed.
            commands.play_all(settings, ["--check", "--diff"])
            assert not (settings.master_root / "srv/tftp").exists()
            commands.play_all(settings)
            yield settings
        finally:
            commands.down(settings)


@pytest.fixture(scope="session")
def machines(master: Settings, inventory: Path) -> dict[str, Machine]:
    """The slaves, and machines that nobody knows; a network card of theirs has iPXE's ROM."""
    known = Inventory.read(inventory)
    found = {name: Machine(*known.slave(master, name), Hardware.of("bios")) for name in SLAVES}
    for name, (mac, address) in STRANGERS.items():
        found[name] = Machine(Slave(master, name, mac), Expected("", address), Hardware.of("bios"))
    return found


@pytest.fixture(scope="session")
def images(master: Settings) -> dict[str, Told]:
    """What the images in the TFTP root are, by their names."""
    files = sorted((master.master_root / "srv/tftp").iterdir())
    told = {path.name: tell(path.read_bytes()) for path in files if path.is_file()}
    return {name: image for name, image in told.items() if image}


def answer(master: Settings, machines: dict[str, Machine], files: dict[str, str]) -> None:
    """Let the master's DHCP server name these files to these machines, and no more than a diskless boot needs."""
    hosts = [
        f"host {name} {{ hardware ethernet {machines[name].slave.mac}; fixed-address {machines[name].expected.address}; "
        f'filename "{file}"; option root-path "{machines[name].expected.root}"; }}'
        for name, file in files.items()
    ]
    subnet = f"subnet 192.168.1.0 netmask 255.255.255.0 {{ next-server {MASTER_ADDRESS}; }}"
    text = "\n".join(["ddns-update-style none;", "authoritative;", subnet, *hosts, ""])
    (master.master_root / "etc/dhcp/dhcpd.conf").write_text(text)
    assert commands.shell(master, ["rc-service", "dhcpd", "restart"]) == 0


def boot_by(master: Settings, machines: dict[str, Machine], files: dict[str, str]) -> list[Outcome]:
    """Boot these machines at the same time, each by the file that DHCP names to it."""
    answer(master, machines, files)
    password, timeout = RootPassword.of(master).password, timeout_from_environment()
    outcomes = boot(master, [machines[name] for name in files], password, timeout, boot_report.show_progress)
    for outcome in outcomes:
        print(boot_report.text(outcome), flush=True)
    return outcomes


def fetched(outcome: Outcome) -> list[str]:
    """The files that a machine got by TFTP, in their order."""
    return [event.subject for event in outcome.timeline.events if event.kind == "tftp-begin"]


def test_a_second_play_writes_no_image(master: Settings) -> None:
    assert commands.play_all(master, ["--tags", "etherboot"]).total("changed") == 0


def test_an_image_boots_to_the_root_that_dhcp_tells(
    master: Settings, machines: dict[str, Machine], images: dict[str, Told]
) -> None:
    plain = next(name for name, image in images.items() if not image.initrd_bytes)
    package = next(name for name, image in images.items() if image.initrd_bytes)
    assert len(images) == 2 and plain == "vmlinuz_x86_64" and package.startswith("vmlinuz_x86_64-package-nfs3")
    one, other = boot_by(master, machines, {"slave21": plain, "slave22": package})
    for outcome, file in ((one, plain), (other, package)):
        assert outcome.ok, outcome.cause
        # Nothing but the image: iPXE's loader of ELF has started it.
        assert fetched(outcome) == [file]
        assert outcome.facts and outcome.facts.cmdline == images[file].command_line
        assert " nfsroot=,vers=" in images[file].command_line


def test_the_common_script_takes_a_slave_to_its_own(master: Settings, machines: dict[str, Machine]) -> None:
    kernel = master.master_root / "srv/tftp/bzImage_x86_64"
    away = kernel.with_name("away")
    kernel.rename(away)
    try:
        one, other = boot_by(master, machines, {"slave21": "ipxe/boot.ipxe", "slave22": "ipxe/boot.gpxe"})
    finally:
        away.rename(kernel)
    assert one.ok, one.cause
    own = "ipxe/01-00-02-a5-04-3b-66.ipxe"
    assert fetched(one) == ["ipxe/boot.ipxe", own, "bzImage_x86_64.previous"]
    assert other.ok, other.cause
    files = ["vmlinuz-package_x86_64", "initrd-package_x86_64"]
    assert fetched(other) == ["ipxe/boot.gpxe", "ipxe/00:02:a5:04:3b:67.gpxe", *files]


def test_a_stranger_is_told_who_it_is_and_goes_on(master: Settings, machines: dict[str, Machine]) -> None:
    scripts = {"stranger1": "ipxe/boot.ipxe", "stranger2": "ipxe/boot.gpxe"}
    for outcome in boot_by(master, machines, scripts):
        mac, address = STRANGERS[outcome.name]
        console = machines[outcome.name].slave.stamped_log.read_text()
        assert "no slave of master.mydomain.com" in console
        assert mac in console and address in console
        assert fetched(outcome) == [scripts[outcome.name]]
        # The firmware had its turn again.
        assert "the firmware found nothing to boot from" in outcome.cause, outcome.cause
