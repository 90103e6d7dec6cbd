# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The generated fleets: every slave is one of its own, and the size is the one asked for."""

from ipaddress import IPv4Network
from pathlib import Path

import pytest
import yaml

from bench import inventory


@pytest.mark.parametrize(
    ("number", "address", "mac"),
    [
        (0, "10.20.1.0", "02:00:00:00:00:00"),
        (255, "10.20.1.255", "02:00:00:00:00:ff"),
        (9999, "10.20.40.15", "02:00:00:00:27:0f"),
    ],
)
def test_a_number_gives_address_and_mac(number: int, address: str, mac: str) -> None:
    assert str(inventory.slave_address(number)) == address
    assert inventory.slave_mac(number) == mac


def test_the_network_ends() -> None:
    last = IPv4Network("10.20.0.0/16").num_addresses - inventory.FIRST_SLAVE - 2
    assert str(inventory.slave_address(last)) == "10.20.255.254"
    with pytest.raises(IndexError):
        inventory.slave_address(last + 1)


def test_written_inventory(tmp_path: Path) -> None:
    inventory.write(tmp_path, 3)
    slaves = [yaml.safe_load(file.read_text()) for file in sorted((tmp_path / "host_vars").iterdir())]
    assert [slave["slave_address"] for slave in slaves] == ["10.20.1.0", "10.20.1.1", "10.20.1.2"]
    assert len({slave["slave_mac"] for slave in slaves}) == 3
    assert yaml.safe_load((tmp_path / "hosts.yml").read_text()) == {
        "master": {"hosts": {"master": None}},
        "slaves": None,
    }
