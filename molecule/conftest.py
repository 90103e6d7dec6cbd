# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The places from which the tests ask: on the master, from the lab's end of the network, and as the slave."""

import subprocess
from collections.abc import Callable, Iterator

import pytest
import testinfra
from testinfra.host import Host

from lab import commands, host_packages, settings
from lab.homes import DEBIAN, GENTOO, Home

SLAVE_ADDRESS = "192.168.1.21"

Run = Callable[..., "subprocess.CompletedProcess[bytes]"]


@pytest.fixture(scope="session")
def instance() -> settings.Settings:
    """The instance of the lab that molecule created; the clients that the tests need are on this machine."""
    host_packages.install(host_packages.TESTS)
    return settings.from_environment()


@pytest.fixture(scope="session")
def home(instance: settings.Settings) -> Home:
    """What the master's platform is."""
    return GENTOO if instance.master_kind == "contract" else DEBIAN


@pytest.fixture(scope="session")
def master(instance: settings.Settings) -> Host:
    """The master, by ssh."""
    return testinfra.get_host(f"ssh://master?ssh_config={instance.ssh_config}")


@pytest.fixture(scope="session")
def outside(instance: settings.Settings) -> Run:
    """Run a command at the lab's end of the network, with an address that is no slave's."""

    def run(*command: str) -> "subprocess.CompletedProcess[bytes]":
        inside = ["ip", "netns", "exec", instance.lab_namespace, *command]
        return subprocess.run(inside, capture_output=True, timeout=60, check=False)

    return run


@pytest.fixture
def as_slave(instance: settings.Settings, outside: Run) -> Iterator[Run]:
    """Run a command with the address of slave21, whose machine is switched off for it."""
    for machine in commands.machines(instance):
        machine.power_off()
    address = ("address", "{}", f"{SLAVE_ADDRESS}/32", "dev", settings.BRIDGE)
    route = ("route", "{}", f"{settings.MASTER_ADDRESS}/32", "dev", settings.BRIDGE, "src", SLAVE_ADDRESS)
    for words in (address, route):
        done = outside("ip", *(word.format("add") for word in words))
        assert done.returncode == 0, done.stderr
    # The master learns from the next ARP request that the address has moved here.
    outside("ip", "neighbour", "flush", "dev", settings.BRIDGE)
    yield outside
    for words in (route, address):
        outside("ip", *(word.format("del") for word in words))
