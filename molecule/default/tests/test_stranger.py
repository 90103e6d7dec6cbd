# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine that is no slave, where the site has addresses for such: it is told who it is, and starts its own disk."""

import re
import time
from collections.abc import Iterator

import pytest

from lab.play import play
from lab.settings import Settings
from lab.slave import Hardware, Slave

MAC = "02:00:00:00:00:99"
POOL = "192.168.1.200-192.168.1.209"
SECONDS = 90
LAST_WORDS = "Booting from local disk"


@pytest.fixture
def pool(instance: Settings) -> Iterator[None]:
    """The site has addresses for strangers, for a while."""
    assert play(instance, ["--tags", "dhcp", "-e", f"fleet_pool={POOL}"]).code == 0
    yield
    assert play(instance, ["--tags", "dhcp"]).code == 0


def said(machine: Slave) -> str:
    """What it has printed so far, without what moves the cursor."""
    try:
        text = machine.raw_log.read_bytes().decode("ascii", "replace")
    except FileNotFoundError:
        return ""
    return re.sub(r"\x1b\[[0-9;?=]*[A-Za-z]|[\r\n]", "", text)


def test_a_stranger_is_told_who_it_is_and_starts_its_own_disk(instance: Settings, pool: None) -> None:
    machine = Slave(instance, "stranger", MAC)
    machine.power_on(Hardware.of("bios"))
    try:
        end = time.monotonic() + SECONDS
        while LAST_WORDS not in said(machine) and time.monotonic() < end:
            time.sleep(0.5)
    finally:
        machine.power_off()
    text = said(machine)
    assert "This machine is no slave of master" in text
    assert re.search(rf"MAC address {MAC}, address 192\.168\.1\.20[0-9]\. Its own disk follows", text)
    assert LAST_WORDS in text
    assert "Linux version" not in text and "bzImage_" not in text
