# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The site: the network that the master and its slaves share. From fleet_* variables to one checked object."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ansible_collections.netboot.diskless.plugins.module_utils._names import address_number
from ansible_collections.netboot.diskless.plugins.plugin_utils import _fleet_paths as paths
from ansible_collections.netboot.diskless.plugins.plugin_utils import _fleet_values as values
from ansible_collections.netboot.diskless.plugins.plugin_utils._fleet_known import FLEET_DEFAULTS, FLEET_REQUIRED
from ansible_collections.netboot.diskless.plugins.plugin_utils._fleet_problems import (
    SITE,
    UNSET,
    Checked,
    Problems,
    Refused,
)

try:
    import netaddr
except ImportError:  # The action says so, with the name of the Python that lacks it.
    HAS_NETADDR = False
else:
    HAS_NETADDR = True

NETWORK_ALLOWED = "an IPv4 network as address/prefix with a prefix of 8 to 30 and no host bits, such as 192.168.1.0/24"

_REQUIRED_ALLOWED = {
    "fleet_network": NETWORK_ALLOWED,
    "fleet_master_address": "the master's IPv4 address in fleet_network",
    "fleet_interface": values.INTERFACE_ALLOWED,
}


@dataclass(frozen=True)
class Network:
    """An IPv4 network as numbers, which compare faster than netaddr's objects do."""

    cidr: str
    first: int
    last: int
    prefix: int
    netmask: str

    def holds_machine(self, number: int) -> bool:
        """Tell whether a machine can have this address: inside, and neither the network's nor the broadcast's."""
        return self.first < number < self.last


@dataclass(frozen=True)
class Pool:
    """The addresses for machines that are no slaves, from the first to the last."""

    first: str
    last: str

    def holds(self, address: str) -> bool:
        """Tell whether an address is one of the pool's."""
        return address_number(self.first) <= address_number(address) <= address_number(self.last)


@dataclass(frozen=True)
class Site:
    """The checked fleet_* variables. A value that was refused is None, and then the model is never made."""

    network: Network | None
    master_name: str
    master_address: str | None
    master_number: int | None
    interface: str | None
    domain: str | None
    root: str | None
    tftp_root: str | None
    router: str
    dns_servers: list[str] = field(default_factory=list)
    ntp_servers: list[str] = field(default_factory=list)
    pool: Pool | None = None
    nat: bool = False
    nfs_version: str | None = None


def network(value: object) -> Network:
    """Return an IPv4 network that machines can be on."""
    given = values.text(value, NETWORK_ALLOWED)
    base, _slash, prefix = given.partition("/")
    # netaddr also reads 192.168.1/24 and netmasks; a file that other programs read should say it in one way.
    values.address(base, NETWORK_ALLOWED)
    if not (prefix.isascii() and prefix.isdigit() and prefix == str(int(prefix)) and 8 <= int(prefix) <= 30):
        raise Refused(NETWORK_ALLOWED)
    parsed = netaddr.IPNetwork(given, version=4)
    if str(parsed.network) != base:
        raise Refused(f"{NETWORK_ALLOWED}; this address is in {parsed.cidr}")
    # With a prefix of 8 or more all addresses have the first octet in common, which decides.
    if not values.is_unicast(parsed.first):
        raise Refused(f"{NETWORK_ALLOWED}, of unicast addresses")
    return Network(given, parsed.first, parsed.last, parsed.prefixlen, str(parsed.netmask))


def pool(value: object, where: Network | None, taken: Mapping[str, str]) -> Pool | None:
    """Return the addresses for machines that are no slaves, or None for no such addresses.

    taken: addresses of the network that the pool must not have, by whose they are.
    """
    network = where.cidr if where else "fleet_network"
    allowed = f'"", or the first and last address of machines in {network} with a hyphen between them'
    given = values.text(value, allowed)
    if not given:
        return None
    first, hyphen, last = (part.strip() for part in given.partition("-"))
    if not hyphen:
        raise Refused(allowed)
    numbers = [address_number(values.address(end, allowed)) for end in (first, last)]
    if numbers[0] > numbers[1] or (where and not all(where.holds_machine(number) for number in numbers)):
        raise Refused(allowed)
    found = Pool(first, last)
    for owner, address in taken.items():
        if address and found.holds(address):
            raise Refused(f"{allowed}, without {address}, the {owner}'s")
    return found


def check_site(variables: Mapping[str, object], master_names: Sequence[str], problems: Problems) -> Site:
    """Check the site's variables; what is wrong goes to problems.

    variables: fleet_* by name; a name that is missing takes its default.
    master_names: the members of the group master.
    """
    given = {**FLEET_DEFAULTS, **variables}

    def check(variable: str, function: Callable[[object], Checked]) -> Checked | None:
        if variable not in given or (variable in FLEET_REQUIRED and given[variable] is None):
            problems.add(SITE, variable, UNSET, _REQUIRED_ALLOWED[variable])
            return None
        return problems.check(SITE, variable, given[variable], function)

    where = check("fleet_network", network)

    def machine(value: object) -> str:
        allowed = f"an IPv4 address of a machine in {where.cidr}" if where else values.ADDRESS_ALLOWED
        text = values.address(value, allowed)
        if where and not where.holds_machine(address_number(text)):
            raise Refused(allowed)
        return text

    master_address = check("fleet_master_address", machine)
    nat = check("fleet_nat", values.boolean) or False
    default_router = (master_address or "") if nat else ""
    router = check("fleet_router", lambda value: "" if value in ("", None) else machine(value)) or default_router
    taken = {"master": master_address or "", "router": router}
    site = Site(
        network=where,
        master_name=_master_name(master_names, problems),
        master_address=master_address,
        master_number=address_number(master_address) if master_address else None,
        interface=check("fleet_interface", values.interface),
        domain=check("fleet_domain", values.domain),
        root=check("fleet_root", paths.site_path),
        tftp_root=check("fleet_tftp_root", paths.site_path),
        router=router,
        dns_servers=check("fleet_dns_servers", values.addresses) or [],
        ntp_servers=check("fleet_ntp_servers", values.addresses) or [],
        pool=check("fleet_pool", lambda value: pool(value, where, taken)),
        nat=nat,
        nfs_version=check("fleet_nfs_version", values.nfs_version),
    )
    _check_tftp_root(site, problems)
    return site


def _master_name(master_names: Sequence[str], problems: Problems) -> str:
    if len(master_names) != 1:
        problems.add(SITE, "group master", list(master_names), "exactly one host")
        return ""
    name = str(master_names[0])
    problems.check(name, "inventory name", name, values.inventory_name)
    return name


def _check_tftp_root(site: Site, problems: Problems) -> None:
    """Refuse boot files that anyone on the network may read in the same tree as the roots, or around it."""
    if site.root and site.tftp_root and paths.overlap(site.root, site.tftp_root):
        allowed = f"a path that is not fleet_root ({site.root}), not inside it and not around it"
        problems.add(SITE, "fleet_tftp_root", site.tftp_root, allowed)


def site_record(site: Site) -> dict[str, object]:
    """Return the model's site as plain JSON data. The site must have passed every check."""
    where = site.network
    if where is None:
        raise AssertionError("a site that passed its checks has a network")
    return {
        "network": where.cidr,
        "network_address": where.cidr.partition("/")[0],
        "netmask": where.netmask,
        "broadcast": str(netaddr.IPAddress(where.last, version=4)),
        "prefix": where.prefix,
        "master_address": site.master_address,
        "interface": site.interface,
        "domain": site.domain,
        "root": site.root,
        "tftp_root": site.tftp_root,
        "router": site.router,
        "dns_servers": site.dns_servers,
        "ntp_servers": site.ntp_servers,
        "pool": {"first": site.pool.first, "last": site.pool.last} if site.pool else {},
        "nat": site.nat,
        "nfs_version": site.nfs_version,
        "master_name": site.master_name,
    }
