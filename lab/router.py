# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The router of a home or a school: another DHCP server, which gives every machine an address and knows no slave.

It runs where the inventory's dhcp_mode is `proxy`, and nowhere else: there a master must be alone.
"""

from pathlib import Path

from lab import processes
from lab.inventory import Inventory
from lab.network import inside
from lab.settings import BRIDGE, CONTROLLER_ADDRESS, NETWORK, Settings

_FIRST, _LAST = 100, 149
"""Its addresses' last numbers; no slave of the lab's inventories has one of them."""


def _pid_file(settings: Settings) -> Path:
    return settings.run / "router.pid"


def command(settings: Settings) -> list[str]:
    """Its command, dnsmasq(8): DHCP alone, and nothing about booting."""
    start = NETWORK.rpartition(".")[0]
    return [
        *("dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--user=root", "--no-ping"),
        *(f"--interface={BRIDGE}", f"--listen-address={CONTROLLER_ADDRESS}", "--bind-interfaces"),
        *(f"--dhcp-range={start}.{_FIRST},{start}.{_LAST},1h", "--dhcp-authoritative", "--pid-file="),
        f"--dhcp-leasefile={settings.run / 'router.leases'}",
    ]


def follow(settings: Settings, inventory: Inventory) -> None:
    """Start it where the inventory's master is a proxy, and end it where it is not."""
    pid_file = _pid_file(settings)
    if not inventory.has_proxy:
        processes.stop(pid_file)
    elif not processes.running(pid_file):
        processes.spawn(inside(settings.lab_namespace, *command(settings)), pid_file, settings.run / "router.log")
