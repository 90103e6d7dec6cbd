# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each DHCP server is told of the same fleet, compared with files that a person has looked at.

golden/dhcp/CASE/ holds the configuration under its path on the master. NETBOOT_UPDATE_GOLDEN=1 writes them anew.
"""

from __future__ import annotations

import ipaddress
import json
import os
import re
import shutil
from typing import Any

import pytest
import yaml
from ansible_collections.netboot.diskless.plugins.plugin_utils._fleet import FleetModel, build_fleet
from ansible_collections.netboot.diskless.plugins.plugin_utils._render import render

from tests.unit.playbooks.rendering import FLEET, ROOT

GOLDEN = ROOT / "tests/unit/golden/dhcp"
TEMPLATES = ROOT / "roles/dhcp/templates"
UPDATE = os.environ.get("NETBOOT_UPDATE_GOLDEN") == "1"
PATHS = {"isc": "etc/dhcp/dhcpd.conf", "kea": "etc/kea/kea-dhcp4.conf", "dnsmasq": "etc/dnsmasq.conf"}
POOL: dict[str, object] = {"fleet_pool": "10.20.2.1-10.20.2.99"}
# Back end, what the site has more than the model, and what the role is told otherwise.
CASES: dict[str, tuple[str, dict[str, object], dict[str, object]]] = {
    "isc-included": ("isc", POOL, {"included": True, "shared_network": "office"}),
    "kea": ("kea", {}, {"authoritative": False}),
    "kea-pool": ("kea", POOL, {}),
    "dnsmasq": ("dnsmasq", {}, {"authoritative": False}),
    "dnsmasq-pool": ("dnsmasq", POOL, {}),
    "dnsmasq-proxy": ("dnsmasq", {}, {"mode": "proxy"}),
}
VARIABLES: dict[str, object] = {
    "configuration": "/etc/dhcp/dhcpd.conf",
    "mode": "server",
    "lease_seconds": 3600,
    "authoritative": True,
    "included": False,
    "shared_network": "",
    "hooks": "/usr/lib64/kea/hooks",
}


def fleet(**more: object) -> FleetModel:
    """The model of four slaves that have nothing in common."""
    site = {**yaml.safe_load((FLEET / "group_vars/all.yml").read_text()), **more}
    slaves = {path.stem: yaml.safe_load(path.read_text()) for path in sorted((FLEET / "host_vars").glob("*.yml"))}
    return build_fleet(site, slaves, ["boot1.example.net"])


def rendered(case: str) -> str:
    server, site, told = CASES[case]
    return render(str(TEMPLATES / f"{PATHS[server]}.j2"), dict(fleet(**site)), {**VARIABLES, **told})


@pytest.mark.parametrize("case", CASES)
def test_a_server_is_told_what_it_shall(case: str) -> None:
    golden = GOLDEN / case / PATHS[CASES[case][0]]
    text = rendered(case)
    if UPDATE:
        shutil.rmtree(GOLDEN / case, ignore_errors=True)
        golden.parent.mkdir(parents=True)
        golden.write_text(text)
    assert text == golden.read_text()
    assert text.endswith("\n") and not text.endswith("\n\n") and "\n\n\n" not in text
    assert "Managed by netboot.diskless" in text.splitlines()[0]
    assert not re.search(r"[ \t]$|\t|None|True|False|\{\{|\{%|undefined", text, re.MULTILINE)


def test_every_case_has_its_golden_file() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == set(CASES)


# --- read as the servers do


def blocks(text: str) -> dict[tuple[str, ...], list[str]]:
    """The statements of dhcpd.conf(5) by the headings of the blocks that they are in."""
    found: dict[tuple[str, ...], list[str]] = {(): []}
    where: tuple[str, ...] = ()
    statement = ""
    for token in re.findall(r'"[^"\n]*"|[{};]|[^\s{};"]+', re.sub(r"^\s*#.*$", "", text, flags=re.MULTILINE)):
        if token == "{":
            where = (*where, statement)
            # Groups have no name.
            while where in found:
                where = (*where[:-1], f"{where[-1]}'")
            found[where] = []
            statement = ""
        elif token == "}":
            assert where and not statement, f"no semicolon after {statement!r}"
            where = where[:-1]
        elif token == ";":
            assert statement
            found[where].append(statement)
            statement = ""
        else:
            statement = f"{statement} {token}".strip()
    assert where == () and not statement
    return found


def isc(model: str) -> dict[tuple[str, ...], list[str]]:
    return blocks((ROOT / f"tests/unit/golden/{model}/{PATHS['isc']}").read_text())


MODELS = ["article-debian", "article-gentoo", "fleet-debian", "fleet-gentoo"]


@pytest.mark.parametrize("model", MODELS)
def test_dhcpd_gives_each_slave_its_own_address_and_a_stranger_none(model: str) -> None:
    found = isc(model)
    subnets = [where[-1].split() for where in found if where and where[-1].startswith("subnet ")]
    assert len(subnets) == 1
    network = ipaddress.ip_network(f"{subnets[0][1]}/{subnets[0][3]}")
    assert not [line for lines in found.values() for line in lines if line.startswith("range")]
    hosts = [
        dict(line.rsplit(" ", 1) for line in lines) for where, lines in found.items() if where and "host " in where[-1]
    ]
    assert len(hosts) == {"article": 1, "fleet": 4}[model.split("-")[0]]
    for field in ("hardware ethernet", "fixed-address", "option host-name", "option root-path"):
        values = [host[field] for host in hosts]
        assert len(set(values)) == len(values), field
    assert all(ipaddress.ip_address(host["fixed-address"]) in network for host in hosts)


@pytest.mark.parametrize(
    ("inventory", "there", "missing"),
    [
        (
            "article",
            ["option broadcast-address 192.168.1.255", 'option domain-name "mydomain.com"', "next-server 192.168.1.1"],
            ["option routers", "option domain-name-servers", "option ntp-servers"],
        ),
        (
            "fleet",
            [
                "option routers 10.20.3.254",
                "option domain-name-servers 10.20.0.53, 9.9.9.9",
                "option ntp-servers 10.20.0.123, 10.20.0.124",
            ],
            [],
        ),
    ],
)
@pytest.mark.parametrize("platform", ["debian", "gentoo"])
def test_dhcpd_tells_what_the_site_has(inventory: str, platform: str, there: list[str], missing: list[str]) -> None:
    (subnet,) = (lines for where, lines in isc(f"{inventory}-{platform}").items() if where and "subnet" in where[-1])
    assert set(there) <= set(subnet)
    assert not [line for line in subnet for name in missing if line.startswith(name)]


@pytest.mark.parametrize(("model", "authoritative"), [("article-gentoo", True), ("fleet-debian", False)])
def test_dhcpd_is_authoritative_when_it_shall(model: str, authoritative: bool) -> None:
    (subnet,) = (lines for where, lines in isc(model).items() if where and "subnet" in where[-1])
    assert ("authoritative" in subnet) == authoritative


def test_an_included_part_leaves_the_masters_own_settings_alone() -> None:
    top = blocks(rendered("isc-included"))[()]
    # Only names are declared outside of blocks of its own: nothing that holds for the master's other networks.
    assert all(line.startswith("option ") and (" code " in line or line == "option space PXE") for line in top)


def kea(case: str) -> dict[str, Any]:
    text = rendered(case).partition("\n")[2]
    found: dict[str, Any] = json.loads(text)["Dhcp4"]
    return found


def test_kea_reserves_an_address_for_each_slave_and_pools_none_of_them() -> None:
    (subnet,) = kea("kea-pool")["subnet4"]
    reserved = {entry["hw-address"]: entry["ip-address"] for entry in subnet["reservations"]}
    assert reserved == {slave["mac"]: slave["address"] for slave in fleet()["slaves"]}
    first, last = (ipaddress.IPv4Address(end) for end in subnet["pools"][0]["pool"].split(" - "))
    assert not [one for one in reserved.values() if first <= ipaddress.IPv4Address(one) <= last]
    assert kea("kea")["subnet4"][0]["pools"] == []


def test_kea_knows_every_class_that_a_test_or_a_slave_names() -> None:
    found = kea("kea-pool")
    names = [one["name"] for one in found["client-classes"]]
    assert len(set(names)) == len(names)
    for at, one in enumerate(found["client-classes"]):
        asked = set(re.findall(r"member\('([^']+)'\)", one.get("test", "")))
        # A class is evaluated before those that ask for it.
        assert asked <= {*names[:at], "KNOWN", "UNKNOWN", "BOOTP"}, one["name"]
    for entry in found["subnet4"][0]["reservations"]:
        assert set(entry["client-classes"]) <= set(names)


@pytest.mark.parametrize("case", [case for case in CASES if "dnsmasq" in case])
def test_dnsmasq_sets_every_tag_that_it_asks_for(case: str) -> None:
    text = rendered(case)
    assert set(re.findall(r"tag:!?([a-z0-9_-]+)", text.replace("set:", ""))) - set(
        re.findall(r"set:([A-Za-z0-9_.-]+)", text)
    ) <= {"known", "nobody", "bootp"}


def test_a_proxy_gives_no_address() -> None:
    text = rendered("dnsmasq-proxy")
    assert "proxy" in text and not re.search(r"^dhcp-host=[^,]+,set:\w+,.*[0-9]$", text, re.MULTILINE)
    assert not [slave["address"] for slave in fleet()["slaves"] if f",{slave['address']}" in text]


def test_a_proxy_says_nothing_to_strangers() -> None:
    assert "dhcp-ignore=tag:!known" in rendered("dnsmasq-proxy").splitlines()
    assert not [case for case in ("dnsmasq", "dnsmasq-pool") if "dhcp-ignore=" in rendered(case)]


def test_no_interface_is_called_as_the_class_of_pxe() -> None:
    """Dnsmasq gives each client the name of its interface as a tag; Linux' IFNAMSIZ allows 15 characters."""
    tags = re.findall(r"^dhcp-option=tag:([^,]+),43,", rendered("dnsmasq"), re.MULTILINE)
    assert len(tags) == 1 and len(tags[0]) > 15


@pytest.mark.parametrize("hostname", ["ignore", "infinite", "7d", "90s", "100.rack"])
def test_dnsmasq_takes_a_hosts_name_for_nothing_else(hostname: str) -> None:
    """What is a lease time or an order to dhcp-host in dnsmasq(8) is told with the domain, and then is a name."""
    site = yaml.safe_load((FLEET / "group_vars/all.yml").read_text())
    slave = {"slave_mac": "02:00:00:00:00:01", "slave_address": "10.20.0.9", "slave_hostname": hostname}
    model = dict(build_fleet(site, {"slave1": slave}, ["boot1.example.net"]))
    text = render(str(TEMPLATES / "etc/dnsmasq.conf.j2"), model, VARIABLES)
    (line,) = [line for line in text.splitlines() if line.startswith("dhcp-host=")]
    assert line.endswith(f",10.20.0.9,{hostname}.{site['fleet_domain']}")
