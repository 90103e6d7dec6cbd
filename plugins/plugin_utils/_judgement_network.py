# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Judging what a survey saw of the slaves' network and of the ports that the master's services need."""

from __future__ import annotations

import hashlib
from typing import Any

# The name under which a port's list of programs has the kernel's own sockets, which no process holds.
KERNEL = "kernel"
EVERYWHERE = ("0.0.0.0", "::")
SHOWN_COMMAND = 100
# Why nobody could be asked, by what the survey calls it.
HINDRANCES = {
    "carrier": "it has no link (its carrier is off)",
    "kind": "it is no Ethernet interface",
}


def probe_mac(site: dict[str, Any], slaves: list[dict[str, Any]]) -> str:
    """MAC address of the machine in whose name other DHCP servers are asked: locally administered, and no slave's.

    It is the same in each run, so that a server that holds an address back for it holds back only one.

    Args:
        site: the fleet's site.
        slaves: the fleet's slaves.
    """
    taken = {slave["mac"] for slave in slaves}
    number = 0
    while True:
        digest = hashlib.sha256(f"{site['master_address']} {site['interface']} {number}".encode()).digest()
        # IEEE 802: of the first byte, bit 1 says locally administered and bit 0 says group.
        mac = ":".join(f"{byte:02x}" for byte in bytes([(digest[0] | 0x02) & 0xFE]) + digest[1:6])
        if mac not in taken:
            return mac
        number += 1


def interface_problems(site: dict[str, Any], survey: dict[str, Any], allow_uplink: bool) -> list[str]:
    """What is wrong with the slaves' interface.

    Args:
        site: the fleet's site.
        survey: what the module preflight saw.
        allow_uplink: whether the interface may be the way to the internet.
    """
    name, state = site["interface"], survey["interface"]
    if not state["exists"]:
        return [f"fleet_interface is {name!r}, which the master does not have; it has {', '.join(state['present'])}"]
    problems = []
    if not state["up"]:
        problems.append(f"fleet_interface {name!r} is down; bring it up (ip link set {name} up) and configure it")
    if not state["multicast"]:
        problems.append(f"fleet_interface {name!r} lacks MULTICAST; set it (ip link set {name} multicast on)")
    if site["master_address"] not in state["addresses"]:
        found = ", ".join(state["addresses"]) or "none"
        problems.append(
            f"fleet_master_address {site['master_address']} is not an address of {name!r} (it has {found}); "
            "give it to the interface or correct the inventory"
        )
    if name in survey["default_route_interfaces"] and not allow_uplink:
        problems.append(
            f"fleet_interface {name!r} is the master's way to the internet; answering DHCP there can take a whole "
            "network down. Choose the slaves' interface, or set fleet_allow_uplink: true when this one is meant"
        )
    return problems


def _told(server: dict[str, Any]) -> str:
    """What a server offers."""
    file = f"the boot file {server['boot_file']!r}" if server["boot_file"] else ""
    if server["boot_only"]:
        return f"offers {file or 'boot files'} and leaves addresses to others (proxyDHCP)"
    parts = [f"the address {server['offers']}" if server["offers"] else "", file]
    return f"offers {' and '.join(part for part in parts if part)}" if any(parts) else "answers a machine's questions"


def address_problems(site: dict[str, Any], survey: dict[str, Any]) -> list[str]:
    """Which other machines on the slaves' network have the master's address.

    Args:
        site: the fleet's site.
        survey: what the module preflight saw.
    """
    return [
        f"fleet_master_address {site['master_address']} is also the address of another machine on "
        f"{site['interface']!r} (MAC address {mac}); give one of the two another address"
        for mac in survey["wire"]["same_address"]
    ]


def server_problems(site: dict[str, Any], survey: dict[str, Any]) -> list[str]:
    """Which other DHCP servers answer on the slaves' network.

    Args:
        site: the fleet's site.
        survey: what the module preflight saw.
    """
    return [
        f"another DHCP server answers on fleet_interface {site['interface']!r}: {server['address']} (MAC address "
        f"{server['mac']}) {_told(server)}. A slave takes the answer that comes first; switch that server off, "
        "keep it from this network, set dhcp_allow_other_servers: true when it is meant and leaves the slaves to "
        "this master, or dhcp_mode: proxy when it gives the slaves their addresses"
        for server in survey["wire"]["servers"]
    ]


def wire_warnings(site: dict[str, Any], survey: dict[str, Any]) -> list[str]:
    """What could not be asked of the slaves' network; an interface that is not there is a problem of its own.

    Args:
        site: the fleet's site.
        survey: what the module preflight saw.
    """
    hindrance = survey["wire"]["hindrance"]
    if not hindrance or hindrance == "missing":
        return []
    return [
        f"whether another DHCP server answers on fleet_interface {site['interface']!r}, or another machine has "
        f"{site['master_address']}, was not asked: {HINDRANCES.get(hindrance, hindrance)}"
    ]


def _collides(listener: dict[str, Any], site: dict[str, Any]) -> bool:
    """Tell whether a socket is in the way of one that hears of the slaves' interface at the master's address."""
    return listener["address"] in (*EVERYWHERE, site["master_address"]) and listener["device"] in (
        "",
        site["interface"],
    )


def _allowed(listener: dict[str, Any], names: set[str]) -> bool:
    if listener["unit"]:
        return listener["unit"].rpartition(".")[0] in names
    if not listener["programs"]:
        return KERNEL in names
    return any(names.intersection(program["names"]) for program in listener["programs"])


def _holder(listener: dict[str, Any]) -> tuple[str, str]:
    """Who has a socket, and what to do about it."""
    if listener["unit"]:
        return f"systemd for {listener['unit']}", f"stop and disable it (systemctl disable --now {listener['unit']})"
    if not listener["programs"]:
        return "the kernel, or a program that this system does not show,", "find out which service it is of and stop it"
    told = []
    for program in listener["programs"]:
        command = program["command"]
        short = command if len(command) <= SHOWN_COMMAND else command[: SHOWN_COMMAND - 3] + "..."
        told.append(f"{program['names'][-1]} (pid {program['pid']}{': ' if short else ''}{short})")
    return " and ".join(told), "stop and disable its service"


def port_problems(site: dict[str, Any], survey: dict[str, Any], ports: list[dict[str, Any]]) -> list[str]:
    """Which ports are held by programs that are not those that the roles run there.

    Args:
        site: the fleet's site.
        survey: what the module preflight saw.
        ports: what is needed: port, protocol, service and programs. The program V(kernel) is the kernel itself. One
            without programs is not judged.
    """
    problems: dict[tuple[str, int, str], tuple[dict[str, Any], str, list[str]]] = {}
    needed = {(port["protocol"], port["port"]): port for port in ports if port["programs"]}
    for listener in survey["listeners"]:
        port = needed.get((listener["protocol"], listener["port"]))
        if port is None or not _collides(listener, site) or _allowed(listener, set(port["programs"])):
            continue
        holder, advice = _holder(listener)
        key = (listener["protocol"], listener["port"], holder)
        problems.setdefault(key, (port, advice, []))[2].append(listener["address"])
    return [
        f"{protocol.upper()} port {number}, where {port['service']} needs {' or '.join(port['programs'])}, is taken by "
        f"{holder} on {', '.join(dict.fromkeys(addresses))}; {advice}, or keep it away from {site['master_address']} "
        f"and {site['interface']!r}"
        for (protocol, number, holder), (port, advice, addresses) in problems.items()
    ]
