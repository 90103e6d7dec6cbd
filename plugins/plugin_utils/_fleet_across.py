# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks across slaves: what two of them must not share. Each takes time in proportion to the number of slaves."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Hashable, Sequence

from ansible_collections.netboot.diskless.plugins.plugin_utils._fleet_problems import Problems
from ansible_collections.netboot.diskless.plugins.plugin_utils._fleet_site import Site
from ansible_collections.netboot.diskless.plugins.plugin_utils._fleet_slave import Slave, full_name


def check_across(slaves: Sequence[Slave], site: Site, problems: Problems) -> None:
    """Note every value that two slaves share, or a slave and the master, and every root inside another's."""

    def host_name(slave: Slave) -> str | None:
        # Host names are compared without regard to case (RFC 4343).
        return full_name(slave.hostname, site.domain or "").lower() if slave.hostname else None

    # ISC dhcpd and most file systems of other systems take names that differ only in case for one.
    _check_unique(slaves, "inventory name", lambda slave: slave.name.lower(), lambda slave: slave.name, problems)
    _check_unique(slaves, "slave_mac", lambda slave: slave.mac, lambda slave: slave.mac, problems)
    _check_unique(slaves, "slave_address", lambda slave: slave.number, lambda slave: slave.address, problems)
    _check_unique(slaves, "slave_hostname", host_name, lambda slave: slave.hostname, problems)
    _check_unique(slaves, "slave_root", lambda slave: slave.root, lambda slave: slave.root, problems)
    _check_master(slaves, site, host_name, problems)
    _check_nested_roots(slaves, site, problems)


def _check_unique(
    slaves: Sequence[Slave],
    variable: str,
    key: Callable[[Slave], Hashable | None],
    value: Callable[[Slave], object],
    problems: Problems,
) -> None:
    first: dict[Hashable, Slave] = {}
    for slave in slaves:
        mine = key(slave)
        if mine is None:
            continue
        other = first.setdefault(mine, slave)
        if other is not slave:
            problems.add(slave.name, variable, value(slave), f"a value of its own; {other.name} has it already")


def _check_master(
    slaves: Sequence[Slave], site: Site, host_name: Callable[[Slave], str | None], problems: Problems
) -> None:
    if not site.master_name:
        return
    master = full_name(site.master_name, site.domain or "").lower()
    for slave in slaves:
        if slave.name == site.master_name:
            problems.add(slave.name, "group slaves", slave.name, "hosts other than the master")
        elif host_name(slave) == master:
            allowed = f"a value of its own; the master {site.master_name} has it already"
            problems.add(slave.name, "slave_hostname", slave.hostname, allowed)


def _check_nested_roots(slaves: Sequence[Slave], site: Site, problems: Problems) -> None:
    owner = {slave.root: slave for slave in slaves if slave.root}
    for slave in owner.values():
        above = posixpath.dirname(slave.root or "/")
        # Few steps: a root's parents end at fleet_root, or at / when fleet_root itself was refused.
        while above not in ("/", site.root):
            if above in owner:
                allowed = f"a path outside {above}, the root of {owner[above].name}"
                problems.add(slave.name, "slave_root", slave.root, allowed)
                break
            above = posixpath.dirname(above)
