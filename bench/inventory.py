# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inventories of any size, in the form of the example in inventory/."""

from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

NETWORK = IPv4Network("10.20.0.0/16")
FIRST_SLAVE = 256  # 10.20.1.0: the master's own corner stays below

HOSTS = """---
master:
  hosts:
    master:
slaves:
"""
SITE = f"""---
fleet_network: {NETWORK}
fleet_master_address: {NETWORK[1]}
fleet_interface: eth0
fleet_domain: bench.example
"""


def slave_address(number: int) -> IPv4Address:
    """Address of the slave with this number, from 0.

    :raises IndexError: the network has no address left for it.
    """
    address = NETWORK[FIRST_SLAVE + number]
    if address == NETWORK.broadcast_address:
        raise IndexError(f"{NETWORK} has no room for slave {number}")
    return address


def slave_mac(number: int) -> str:
    """A locally administered unicast MAC address (IEEE 802: second lowest bit of the first octet)."""
    octets = (2, 0, *number.to_bytes(4, "big"))
    return ":".join(f"{octet:02x}" for octet in octets)


def write(directory: Path, slaves: int) -> None:
    """Write an inventory of that many slaves into *directory*, which must be empty or absent."""
    for name in ("group_vars", "host_vars"):
        (directory / name).mkdir(parents=True)
    (directory / "hosts.yml").write_text(HOSTS, encoding="utf-8")
    (directory / "slaves.yml").write_text("---\nplugin: netboot.diskless.host_vars\n", encoding="utf-8")
    (directory / "group_vars" / "all.yml").write_text(SITE, encoding="utf-8")
    for number in range(slaves):
        text = f'---\nslave_mac: "{slave_mac(number)}"\nslave_address: {slave_address(number)}\n'
        (directory / "host_vars" / f"slave{number:05}.yml").write_text(text, encoding="utf-8")
