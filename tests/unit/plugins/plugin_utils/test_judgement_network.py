# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who else on the network is a problem, who has a port that is needed, and what is said of either."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.netboot.diskless.plugins.plugin_utils._judgement_network import (
    address_problems,
    port_problems,
    probe_mac,
    server_problems,
    wire_warnings,
)

VARIABLES = Path(__file__).resolve().parents[4] / "roles/fleet/vars/main.yml"
SITE = {"interface": "eth0", "master_address": "192.168.1.1"}
SERVER = {"address": "192.168.1.9", "mac": "52:54:00:00:00:09", "offers": "", "boot_file": "", "boot_only": False}


def test_who_asks_is_no_slave_and_the_same_in_each_run() -> None:
    first = probe_mac(SITE, [])
    assert re.fullmatch("(?:[0-9a-f]{2}:){5}[0-9a-f]{2}", first)
    assert probe_mac(SITE, [{"mac": "02:00:00:00:00:01"}]) == first
    second = probe_mac(SITE, [{"mac": first}])
    third = probe_mac(SITE, [{"mac": second}, {"mac": first}])
    assert len({first, second, third}) == 3
    assert probe_mac({**SITE, "interface": "eth1"}, []) != first


@pytest.mark.parametrize("number", range(1, 255))
def test_who_asks_has_an_address_of_nobodys_make(number: int) -> None:
    first_byte = int(probe_mac({**SITE, "master_address": f"10.0.0.{number}"}, [])[:2], 16)
    assert first_byte & 0x03 == 0x02


def survey(**wire: Any) -> dict[str, Any]:
    return {"wire": {"hindrance": "", "servers": [], "same_address": [], **wire}}


@pytest.mark.parametrize(
    ("server", "told"),
    [
        ({}, "192.168.1.9 (MAC address 52:54:00:00:00:09) answers a machine's questions. A slave"),
        ({"offers": "192.168.1.77"}, "offers the address 192.168.1.77. A slave"),
        ({"boot_file": "x.0"}, "offers the boot file 'x.0'. A slave"),
        ({"offers": "192.168.1.77", "boot_file": "x.0"}, "offers the address 192.168.1.77 and the boot file 'x.0'. A"),
        ({"boot_only": True}, "offers boot files and leaves addresses to others (proxyDHCP). A slave"),
        (
            {"boot_only": True, "boot_file": "x.0"},
            "offers the boot file 'x.0' and leaves addresses to others (proxyDHCP).",
        ),
    ],
)
def test_another_server_is_told_with_what_it_offers(server: dict[str, Any], told: str) -> None:
    (problem,) = server_problems(SITE, survey(servers=[{**SERVER, **server}]))
    assert told in problem


def test_each_other_machine_is_a_problem() -> None:
    seen = survey(servers=[SERVER, {**SERVER, "address": "10.0.0.1"}], same_address=["a", "b"])
    assert len(server_problems(SITE, seen)) == len(address_problems(SITE, seen)) == 2
    assert server_problems(SITE, survey()) == address_problems(SITE, survey()) == []


@pytest.mark.parametrize(
    ("hindrance", "why"),
    [
        ("carrier", "it has no link (its carrier is off)"),
        ("kind", "it is no Ethernet interface"),
        ("[Errno 1] Operation not permitted", "[Errno 1] Operation not permitted"),
    ],
)
def test_what_was_not_asked_is_said(hindrance: str, why: str) -> None:
    (warning,) = wire_warnings(SITE, survey(hindrance=hindrance))
    assert warning.endswith(f"was not asked: {why}")


@pytest.mark.parametrize("hindrance", ["", "missing"])
def test_what_was_asked_or_is_a_problem_is_no_warning(hindrance: str) -> None:
    assert wire_warnings(SITE, survey(hindrance=hindrance)) == []


def program(name: str, pid: int = 812, command: str = "") -> dict[str, Any]:
    return {"pid": pid, "names": [name], "command": command}


def listener(protocol: str, port: int, *programs: dict[str, Any], **changes: str) -> dict[str, Any]:
    given = {"address": "0.0.0.0", "device": "", "unit": "", **changes}
    return {"protocol": protocol, "port": port, "programs": list(programs), **given}


PORTS = [
    {"protocol": "udp", "port": 67, "service": "DHCP", "programs": ["kea-dhcp4", "dhcpd"]},
    {"protocol": "udp", "port": 69, "service": "TFTP", "programs": ["in.tftpd"]},
    {"protocol": "tcp", "port": 111, "service": "rpcbind", "programs": ["rpcbind"]},
    {"protocol": "tcp", "port": 2049, "service": "NFS", "programs": ["kernel", "ganesha.nfsd"]},
]
DNSMASQ = program("dnsmasq", command="/usr/sbin/dnsmasq -C /etc/dnsmasq.conf")


@pytest.mark.parametrize(
    "each",
    [
        listener("udp", 69, program("in.tftpd")),
        # Changed its own name, or runs from a file that has another.
        listener("udp", 69, {**program("x"), "names": ["x", "in.tftpd"]}),
        # Is about to be replaced.
        listener("udp", 67, program("dhcpd")),
        # Other addresses and another interface.
        listener("udp", 69, DNSMASQ, address="127.0.0.1"),
        listener("udp", 69, DNSMASQ, address="10.0.0.1"),
        listener("udp", 69, DNSMASQ, address="fe80::1"),
        listener("udp", 69, DNSMASQ, device="virbr0"),
        # Systemd holds it for our service, which may have started.
        listener("tcp", 111, program("systemd", 1), unit="rpcbind.socket"),
        listener("tcp", 111, program("systemd", 1), program("rpcbind")),
        listener("tcp", 2049),
        listener("tcp", 2049, program("ganesha.nfsd")),
    ],
)
def test_what_is_ours_or_out_of_the_way(each: dict[str, Any]) -> None:
    assert port_problems(SITE, {"listeners": [each]}, PORTS) == []


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (
            [listener("udp", 69, DNSMASQ)],
            "UDP port 69, where TFTP needs in.tftpd, is taken by dnsmasq (pid 812: /usr/sbin/dnsmasq -C "
            "/etc/dnsmasq.conf) on 0.0.0.0; stop and disable its service, or keep it away from 192.168.1.1 and 'eth0'",
        ),
        # The same program at two addresses is one problem.
        ([listener("udp", 69, DNSMASQ), listener("udp", 69, DNSMASQ, address="::")], "on 0.0.0.0, ::; stop"),
        ([listener("udp", 69, DNSMASQ, address="192.168.1.1")], "on 192.168.1.1; stop"),
        ([listener("udp", 69, DNSMASQ, device="eth0")], "on 0.0.0.0; stop"),
        ([listener("udp", 69, program("a", 1), program("b", 2))], "is taken by a (pid 1) and b (pid 2) on"),
        ([listener("udp", 69, program("a", 1, "x" * 101))], f"a (pid 1: {'x' * 97}...) on"),
        ([listener("udp", 69, program("a", 1, "x" * 100))], f"a (pid 1: {'x' * 100}) on"),
        ([listener("udp", 69)], "is taken by the kernel, or a program that this system does not show, on"),
        (
            [listener("udp", 69, program("systemd", 1), unit="atftpd.socket")],
            "by systemd for atftpd.socket on 0.0.0.0; stop and disable it (systemctl disable --now atftpd.socket), or",
        ),
        (
            [listener("tcp", 2049, program("unfsd"))],
            "TCP port 2049, where NFS needs kernel or ganesha.nfsd, is taken by",
        ),
        (
            [listener("tcp", 111, program("in.tftpd"))],
            "TCP port 111, where rpcbind needs rpcbind, is taken by in.tftpd",
        ),
        ([listener("udp", 67, DNSMASQ)], "UDP port 67, where DHCP needs kea-dhcp4 or dhcpd, is taken by dnsmasq"),
    ],
)
def test_a_port_that_is_taken(found: list[dict[str, Any]], told: str) -> None:
    (problem,) = port_problems(SITE, {"listeners": found}, PORTS)
    assert told in problem


def test_each_program_and_each_port_is_a_problem() -> None:
    found = [
        listener("udp", 69, DNSMASQ),
        listener("udp", 67, DNSMASQ),
        listener("udp", 69, program("other", 3)),
        listener("tcp", 111, program("other", 3)),
    ]
    assert len(port_problems(SITE, {"listeners": found}, PORTS)) == 4


def test_the_roles_ports_are_what_the_module_takes() -> None:
    ports = yaml.safe_load(VARIABLES.read_text())["__fleet_ports"]
    assert {(port["protocol"], port["port"]) for port in ports} == {
        ("udp", 67),
        ("udp", 69),
        ("udp", 4011),
        ("tcp", 111),
        ("udp", 111),
        ("tcp", 2049),
    }
    # The role dhcp judges its own, by the server that was chosen.
    named = {port["service"]: port.get("programs", []) for port in ports}
    assert {service for service, programs in named.items() if not programs} == {"DHCP", "proxyDHCP"}


def test_a_port_without_programs_is_not_judged() -> None:
    ports = [{"protocol": "udp", "port": 67, "service": "DHCP", "programs": []}]
    assert port_problems(SITE, {"listeners": [listener("udp", 67, DNSMASQ), listener("udp", 9, DNSMASQ)]}, ports) == []
