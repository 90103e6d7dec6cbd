# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the fleet refuses: every problem names the host, the variable, the value and what is allowed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml
from ansible_collections.netboot.diskless.plugins.plugin_utils._fleet import FleetError, Unreadable, build_fleet

INVENTORY = Path(__file__).resolve().parents[4] / "inventory"
# The network of the article, as it is shipped.
SITE: dict[str, object] = yaml.safe_load((INVENTORY / "group_vars" / "all.yml").read_text())
SLAVE21: dict[str, object] = yaml.safe_load((INVENTORY / "host_vars" / "slave21.yml").read_text())
SLAVE22: dict[str, object] = {"slave_mac": "00:02:a5:04:3b:67", "slave_address": "192.168.1.22"}


def site(**changes: object) -> dict[str, object]:
    return {**SITE, **{f"fleet_{name}": value for name, value in changes.items()}}


def slave(base: Mapping[str, object] = SLAVE21, /, **changes: object) -> dict[str, object]:
    return {**base, **{f"slave_{name}": value for name, value in changes.items()}}


def problems(
    site_variables: Mapping[str, object] = SITE,
    slaves: Mapping[str, Mapping[str, object]] | Mapping[str, Mapping[str, object] | Unreadable] | None = None,
    masters: tuple[str, ...] = ("master",),
) -> list[tuple[str, str, str]]:
    with pytest.raises(FleetError) as caught:
        build_fleet(site_variables, {"slave21": SLAVE21} if slaves is None else slaves, masters)
    assert str(caught.value) == "\n".join(str(problem) for problem in caught.value.problems)
    json.dumps([problem.record() for problem in caught.value.problems])
    return [(problem.host, problem.variable, str(problem)) for problem in caught.value.problems]


def named(found: list[tuple[str, str, str]]) -> list[tuple[str, str]]:
    return [(host, variable) for host, variable, _text in found]


@pytest.mark.parametrize(
    ("changes", "variable", "text"),
    [
        ({"network": "192.168.1.1/24"}, "fleet_network", "is '192.168.1.1/24'; allowed: an IPv4 network"),
        ({"master_address": "192.168.2.1"}, "fleet_master_address", "allowed: an IPv4 address of a machine in 192.168"),
        ({"master_address": "192.168.1.0"}, "fleet_master_address", "allowed: an IPv4 address of a machine in 192.168"),
        ({"master_address": "192.168.1.255"}, "fleet_master_address", "allowed: an IPv4 address of a machine"),
        ({"interface": "eth0; reboot"}, "fleet_interface", "is 'eth0; reboot'; allowed: a network interface's name"),
        (
            {"pool": "192.168.1.200"},
            "fleet_pool",
            "the first and last address of machines in 192.168.1.0/24 with a hyphen",
        ),
        ({"pool": "192.168.1.9-192.168.1.5"}, "fleet_pool", "the first and last address"),
        ({"pool": "192.168.1.200-192.168.2.2"}, "fleet_pool", "the first and last address"),
        ({"pool": "192.168.1.200-192.168.1.255"}, "fleet_pool", "the first and last address"),
        ({"pool": "192.168.1.0-192.168.1.9"}, "fleet_pool", "the first and last address"),
        ({"pool": "192.168.1.1-192.168.1.9"}, "fleet_pool", "without 192.168.1.1, the master's"),
        ({"pool": "192.168.1.250-192.168.1.254", "router": "192.168.1.254"}, "fleet_pool", "254, the router's"),
        ({"pool": ["192.168.1.2"]}, "fleet_pool", "as a string"),
        ({"http": "yes"}, "fleet_http", "allowed: true or false, without quotes"),
        ({"http_port": 0}, "fleet_http_port", "is 0; allowed: a port number of 1 to 65535"),
        ({"http_port": 65536}, "fleet_http_port", "is 65536; allowed: a port number"),
        ({"http_port": "80"}, "fleet_http_port", "without quotes"),
        ({"http_port": True}, "fleet_http_port", "is True; allowed: a port number"),
        ({"domain": "my domain"}, "fleet_domain", "is 'my domain'; allowed: a domain name"),
        ({"root": "/"}, "fleet_root", "is '/'; allowed: an absolute path"),
        ({"root": "/etc"}, "fleet_root", "no directory that belongs to the system"),
        ({"tftp_root": "/"}, "fleet_tftp_root", "is '/'; allowed: an absolute path"),
        ({"tftp_root": "/diskless"}, "fleet_tftp_root", "is '/diskless'; allowed: a path that is not fleet_root"),
        ({"tftp_root": "/diskless/tftp"}, "fleet_tftp_root", "not inside it and not around it"),
        ({"root": "/srv/tftp/roots"}, "fleet_tftp_root", "fleet_root (/srv/tftp/roots), not inside"),
        ({"tftp_root": "/srv/../diskless/x"}, "fleet_tftp_root", "is '/diskless/x'"),
        ({"router": "10.0.0.1"}, "fleet_router", "is '10.0.0.1'; allowed: an IPv4 address of a machine in 192.168.1.0"),
        ({"router": "192.168.1.255"}, "fleet_router", "is '192.168.1.255'; allowed"),
        ({"router": False}, "fleet_router", "is False; allowed"),
        ({"dns_servers": ["dns"]}, "fleet_dns_servers", "is ['dns']; allowed: a list of IPv4 addresses"),
        ({"ntp_servers": "192.168.1.1"}, "fleet_ntp_servers", "is '192.168.1.1'; allowed: a list"),
        ({"nat": "yes"}, "fleet_nat", "is 'yes'; allowed: true or false, without quotes"),
        ({"nfs_version": 4.2}, "fleet_nfs_version", "is 4.2; allowed: one of 3, 4.1, 4.2; quote it"),
        ({"nfs_version": "4"}, "fleet_nfs_version", "is '4'; allowed: one of 3, 4.1, 4.2"),
        ({"rooter": "192.168.1.1"}, "fleet_rooter", "did you mean fleet_router?"),
        ({"network": None}, "fleet_network", "is not set; allowed: an IPv4 network"),
        ({"nat": Unreadable("{{ x }}", "no x")}, "fleet_nat", "is '{{ x }}'; allowed: a value that can be read (no x)"),
    ],
)
def test_refused_of_the_site(changes: dict[str, object], variable: str, text: str) -> None:
    found = problems(site(**changes))
    assert named(found) == [("site", variable)]
    assert f"site: {variable} " in found[0][2]
    assert text in found[0][2]


@pytest.mark.parametrize("variable", ["fleet_network", "fleet_master_address", "fleet_interface"])
def test_required_of_the_site(variable: str) -> None:
    found = problems({name: value for name, value in SITE.items() if name != variable})
    assert named(found) == [("site", variable)]
    assert f"site: {variable} is not set; allowed: " in found[0][2]


@pytest.mark.parametrize("masters", [(), ("one", "two")])
def test_exactly_one_master(masters: tuple[str, ...]) -> None:
    assert named(problems(masters=masters)) == [("site", "group master")]


def test_at_least_one_slave() -> None:
    assert named(problems(slaves={})) == [("site", "group slaves")]


def test_the_master_is_no_slave() -> None:
    found = problems(slaves={"slave21": SLAVE21, "master": SLAVE22})
    assert named(found) == [("master", "group slaves")]


@pytest.mark.parametrize(
    ("changes", "variable", "text"),
    [
        ({"mac": "01:00:5e:00:00:01"}, "slave_mac", "is '01:00:5e:00:00:01'; allowed: a unicast MAC address"),
        ({"mac": 41135085296}, "slave_mac", "is 41135085296; allowed: a unicast MAC address, six hex pairs; quote it"),
        ({"address": "192.168.2.21"}, "slave_address", "allowed: an IPv4 address of a machine in 192.168.1.0/24"),
        ({"address": "192.168.1.0"}, "slave_address", "allowed: an IPv4 address of a machine in 192.168.1.0/24"),
        ({"address": "192.168.1.255"}, "slave_address", "allowed: an IPv4 address of a machine in 192.168.1.0/24"),
        ({"address": "192.168.1.1"}, "slave_address", "not the master's"),
        ({"address": "192.168.1.254"}, "slave_address", "not the router's"),
        ({"address": "192.168.1.021"}, "slave_address", "is '192.168.1.021'; allowed"),
        ({"hostname": "slave_21"}, "slave_hostname", "is 'slave_21'; allowed: a host name"),
        ({"hostname": True}, "slave_hostname", "is True; allowed: a host name"),
        ({"hostname": "master"}, "slave_hostname", "the master master has it already"),
        ({"hostname": "MASTER.mydomain.com"}, "slave_hostname", "the master master has it already"),
        ({"architecture": "arm64"}, "slave_architecture", "allowed: one of x86_64, i386"),
        ({"kernel_source": "distribution"}, "slave_kernel_source", "is 'distribution'; allowed: one of build, package"),
        ({"kernel_source": None}, "slave_kernel_source", "is None; allowed: one of build, package"),
        ({"addressing": "auto"}, "slave_addressing", "allowed: one of dhcp, static"),
        ({"loader": "lilo"}, "slave_loader", "allowed: one of pxelinux, grub, ipxe, etherboot"),
        (
            {"nic": "e1000,r8169"},
            "slave_nic",
            "is 'e1000,r8169'; allowed: the name of a network driver, such as e1000e",
        ),
        ({"nic": "8086:10d"}, "slave_nic", "a PCI id of four hex digits each, such as 8086:10d3"),
        ({"nic": "0x8086:0x10d3"}, "slave_nic", "is '0x8086:0x10d3'; allowed: the name of a network driver"),
        ({"nic": 8139}, "slave_nic", "is 8139; allowed: the name of a network driver"),
        ({"root": "192.168.1.21"}, "slave_root", "allowed: an absolute path"),
        ({"root": "/diskless"}, "slave_root", "is '/diskless'; allowed: an absolute path"),
        ({"root": "/diskless/"}, "slave_root", "below fleet_root (/diskless)"),
        ({"root": "/diskless/../etc"}, "slave_root", "below fleet_root (/diskless)"),
        ({"root": "/diskless/a/../../etc"}, "slave_root", "below fleet_root (/diskless)"),
        ({"root": "/diskless2/a"}, "slave_root", "below fleet_root (/diskless)"),
        ({"root": "/diskless/a,vers=2"}, "slave_root", "is '/diskless/a,vers=2'; allowed"),
        ({"root": ""}, "slave_root", "is ''; allowed: an absolute path"),
        ({"rootfs_source": "debian"}, "slave_rootfs_source", "is 'debian'; allowed: master, or an absolute path"),
        ({"rootfs_source": ""}, "slave_rootfs_source", "is ''; allowed: master, or"),
        ({"rootfs_source": None}, "slave_rootfs_source", "is None; allowed: master, or"),
        ({"rootfs_source": "/diskless"}, "slave_rootfs_source", "neither lies in nor holds fleet_root (/diskless) or"),
        ({"rootfs_source": "/diskless/192.168.1.22"}, "slave_rootfs_source", "neither lies in nor holds fleet_root"),
        ({"rootfs_source": "/srv/x/../tftp/y"}, "slave_rootfs_source", "or fleet_tftp_root (/srv/tftp)"),
        ({"rootfs_source": "/srv"}, "slave_rootfs_source", "is '/srv'; allowed: master"),
        ({"rootfs_source": "/srv/a b"}, "slave_rootfs_source", "is '/srv/a b'; allowed: master"),
        ({"rootfs_sources": "/srv/a"}, "slave_rootfs_sources", "did you mean slave_rootfs_source?"),
        ({"init": "runit"}, "slave_init", "is 'runit'; allowed: one of auto, openrc, systemd"),
        ({"init": None}, "slave_init", "is None; allowed: one of auto"),
        ({"root": f"/diskless/{'a' * 223}"}, "slave_root", "makes nfsroot= (286 characters) at most 255"),
        ({"console": "ttyS0 init=/bin/sh"}, "slave_console", "allowed: a tty name"),
        ({"console": None}, "slave_console", "is None; allowed: a tty name"),
        (
            {"kernel_arguments": "root=/dev/sda"},
            "slave_kernel_arguments",
            "is 'root=/dev/sda'; allowed: kernel command",
        ),
        ({"kernel_arguments": "x" * 1900}, "slave_kernel_arguments", "words that make the command line ("),
        ({"nfs_version": 3}, "slave_nfs_version", "is 3; allowed: one of 3, 4.1, 4.2; quote it"),
        ({"adress": "192.168.1.3"}, "slave_adress", "is '192.168.1.3'; allowed: a variable that exists; did you mean"),
        ({"mac": Unreadable("{{ x }}", "no x")}, "slave_mac", "is '{{ x }}'; allowed: a value that can be read (no x)"),
        ({"root": Unreadable("{{ x }}", "no x")}, "slave_root", "allowed: a value that can be read (no x)"),
    ],
)
def test_refused_of_a_slave(changes: dict[str, object], variable: str, text: str) -> None:
    found = problems(site(router="192.168.1.254"), {"slave21": slave(**changes)})
    assert named(found) == [("slave21", variable)]
    assert f"slave21: {variable} is " in found[0][2]
    assert text in found[0][2]


@pytest.mark.parametrize("variable", ["slave_mac", "slave_address"])
def test_required_of_a_slave(variable: str) -> None:
    found = problems(slaves={"slave21": {name: value for name, value in SLAVE21.items() if name != variable}})
    assert named(found) == [("slave21", variable)]
    assert f"slave21: {variable} is not set; allowed: " in found[0][2]
    assert "as a string" not in found[0][2]


def test_an_inventory_name_that_is_no_host_name_needs_a_hostname() -> None:
    found = problems(slaves={"slave_21": SLAVE21})
    assert named(found) == [("slave_21", "slave_hostname")]
    assert "without slave_hostname the inventory name is taken" in found[0][2]
    assert build_fleet(SITE, {"slave_21": slave(hostname="slave21")}, ["master"])["slaves"][0]["name"] == "slave_21"


@pytest.mark.parametrize("name", ["a b", "a;b", "a{b", 'a"b', "a/b", "a\nb", "a#b"])
def test_inventory_names_that_break_a_file(name: str) -> None:
    assert named(problems(slaves={name: slave(hostname="slave21")})) == [(name, "inventory name")]
    assert (name, "inventory name") in named(problems(masters=(name,)))


def test_a_name_that_is_too_long_with_the_domain() -> None:
    found = problems(site(domain=".".join(["x" * 60] * 4)), {"slave21": slave(hostname="long-host-name")})
    assert named(found) == [("slave21", "slave_hostname")]
    assert "at most 253 characters with fleet_domain" in found[0][2]


@pytest.mark.parametrize(
    ("first", "second", "variable"),
    [
        ({"mac": "02:00:00:00:00:0a"}, {"mac": "02-00-00-00-00-0A"}, "slave_mac"),
        ({"root": "/diskless/a"}, {"root": "/diskless/b/../a"}, "slave_root"),
        ({"root": "/diskless/192.168.1.22"}, {}, "slave_root"),
        ({"hostname": "office"}, {"hostname": "Office"}, "slave_hostname"),
        ({"hostname": "slave22"}, {}, "slave_hostname"),
        ({"hostname": "slave22.mydomain.com"}, {}, "slave_hostname"),
    ],
)
def test_a_value_used_twice_names_both_hosts(
    first: dict[str, object], second: dict[str, object], variable: str
) -> None:
    found = problems(slaves={"slave21": slave(**first), "slave22": slave(SLAVE22, **second)})
    assert named(found) == [("slave22", variable)]
    assert "slave21 has it already" in found[0][2]


def test_an_address_used_twice_is_a_root_used_twice() -> None:
    found = problems(slaves={"slave21": SLAVE21, "slave22": slave(SLAVE22, address="192.168.1.21")})
    assert named(found) == [("slave22", "slave_address"), ("slave22", "slave_root")]
    apart = {"slave21": SLAVE21, "slave22": slave(SLAVE22, address="192.168.1.21", root="/diskless/b")}
    assert named(problems(slaves=apart)) == [("slave22", "slave_address")]


def test_names_that_differ_only_in_case() -> None:
    found = problems(slaves={"slave21": SLAVE21, "Slave21": slave(SLAVE22, hostname="slave22")})
    assert named(found) == [("Slave21", "inventory name")]


@pytest.mark.parametrize("swap", [False, True])
@pytest.mark.parametrize("inner", ["/diskless/a/b", "/diskless/a/b/c/d"])
def test_a_root_inside_another(inner: str, swap: bool) -> None:
    slaves = {"slave21": slave(root="/diskless/a"), "slave22": slave(SLAVE22, root=inner)}
    found = problems(slaves=dict(reversed(slaves.items())) if swap else slaves)
    assert named(found) == [("slave22", "slave_root")]
    assert "a path outside /diskless/a, the root of slave21" in found[0][2]


def test_a_root_beside_another_with_the_same_beginning() -> None:
    slaves = {"slave21": slave(root="/diskless/a"), "slave22": slave(SLAVE22, root="/diskless/ab")}
    assert len(build_fleet(SITE, slaves, ["master"])["slaves"]) == 2


def test_the_sites_variables_are_not_a_slaves() -> None:
    found = problems(slaves={"slave21": {**SLAVE21, "fleet_nfs_version": "3", "fleet_domain": "x.org", "fleet_x": 1}})
    assert named(found) == [("slave21", "fleet_nfs_version"), ("slave21", "fleet_domain")]
    assert "for one slave, slave_nfs_version" in found[0][2]


def test_variables_of_roles_pass() -> None:
    build_fleet(SITE, {"slave21": {**SLAVE21, "slave_rootfs_x": [], "slave_kernel_base": {}}}, ["master"])
    build_fleet({**SITE, "fleet_model": {}, "fleet_platform": {}}, {"slave21": SLAVE21}, ["master"])


def test_other_variables_are_not_looked_at() -> None:
    build_fleet({**SITE, "my_rooter": 1}, {"slave21": {**SLAVE21, "my_router": 1, "ansible_host": 1}}, ["master"])


def test_files_that_cannot_be_read() -> None:
    found = problems(slaves={"slave21": SLAVE21, "slave22": Unreadable("slave22", "YAML parsing failed")})
    assert named(found) == [("slave22", "host_vars or group_vars")]
    assert "YAML parsing failed" in found[0][2]


def test_all_problems_come_at_once() -> None:
    broken = {"fleet_network": "192.168.1.0/33", "fleet_nat": 1, "fleet_root": "/usr", "fleet_nfs_version": "5"}
    slaves: dict[str, Mapping[str, object]] = {
        "slave21": {"slave_mac": "x"},
        "slave22": slave(SLAVE22, root="/"),
        "slave23": SLAVE22,
        "": {},
    }
    assert set(named(problems(broken, slaves, ()))) == {
        ("site", "fleet_network"),
        ("site", "fleet_master_address"),
        ("site", "fleet_interface"),
        ("site", "fleet_nat"),
        ("site", "fleet_root"),
        ("site", "fleet_nfs_version"),
        ("site", "group master"),
        ("slave21", "slave_mac"),
        ("slave21", "slave_address"),
        ("slave22", "slave_root"),
        ("slave23", "slave_mac"),
        ("slave23", "slave_address"),
        ("", "inventory name"),
        ("", "slave_hostname"),
        ("", "slave_mac"),
        ("", "slave_address"),
    }


@pytest.mark.parametrize(
    ("variable", "start", "derived", "limit"),
    [
        ("slave_root", "/diskless/a", "nfs_root", 255),
        ("slave_kernel_arguments", "a", "command_line", 1920),
        ("slave_hostname", "a", "fqdn", 253),
    ],
)
def test_what_is_derived_may_be_this_long_and_no_longer(variable: str, start: str, derived: str, limit: int) -> None:
    variables = site(domain=".".join(["x" * 63] * 3))

    def made(value: str) -> str:
        return build_fleet(variables, {"slave21": {**SLAVE21, variable: value}}, ["master"])["slaves"][0][derived]

    longest = start + "a" * (limit - len(made(start)))
    assert len(made(longest)) == limit
    assert named(problems(variables, {"slave21": {**SLAVE21, variable: f"{longest}a"}})) == [("slave21", variable)]


def test_a_long_value_is_cut_and_stays_on_one_line() -> None:
    found = problems(slaves={"slave21": slave(kernel_arguments="x\n" * 5000)})
    assert "\n" not in found[0][2]
    assert "... (15002 characters)" in found[0][2]


def test_no_slave_has_an_address_of_the_pool() -> None:
    found = problems(site(pool="192.168.1.20-192.168.1.29"))
    assert named(found) == [("slave21", "slave_address")]
    assert "not one of fleet_pool" in found[0][2]
