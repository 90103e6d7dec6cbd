# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fleet: every slave and the site they share, checked and derived, as one plain model.

Pure: it takes variables as Python data and knows nothing of where they came from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypedDict

from ansible_collections.netboot.diskless.plugins.plugin_utils._boot_answer import STRANGERS, boot_groups, group_name
from ansible_collections.netboot.diskless.plugins.plugin_utils._etherboot_images import name_images
from ansible_collections.netboot.diskless.plugins.plugin_utils._fleet_across import check_across
from ansible_collections.netboot.diskless.plugins.plugin_utils._fleet_known import FLEET_VARIABLES, meant
from ansible_collections.netboot.diskless.plugins.plugin_utils._fleet_problems import (
    SITE,
    FleetError,
    Problem,
    Problems,
    Unreadable,
)
from ansible_collections.netboot.diskless.plugins.plugin_utils._fleet_site import check_site, site_record
from ansible_collections.netboot.diskless.plugins.plugin_utils._fleet_slave import check_slave, slave_record
from ansible_collections.netboot.diskless.plugins.plugin_utils._fleet_values import KERNEL_SOURCES

__all__ = ["FleetError", "FleetModel", "Problem", "Unreadable", "build_fleet"]


class FleetModel(TypedDict):
    """The model as plain JSON data: the site, and the slaves in the order of their addresses."""

    site: dict[str, object]
    slaves: list[dict[str, str]]


def build_fleet(
    site_variables: Mapping[str, object],
    slaves: Mapping[str, Mapping[str, object] | Unreadable],
    master_names: Sequence[str],
) -> FleetModel:
    """Return the model of a fleet.

    site_variables: fleet_* by name. Other names are not looked at.
    slaves: for every member of the group slaves, by inventory name, its slave_* variables, and
      the fleet_* variables that it has differently from the site, which are refused.
    master_names: the members of the group master.
    A value, or all variables of a slave, may be Unreadable; that is a problem like any other.
    Raises FleetError with all problems of all hosts at once.
    """
    problems = Problems()
    _check_names(SITE, site_variables, problems)
    site = check_site(site_variables, master_names, problems)
    if not slaves:
        problems.add(SITE, "group slaves", [], "at least one host")
    checked = []
    for name, variables in slaves.items():
        if isinstance(variables, Unreadable):
            allowed = "files that Ansible can read, of one mapping each"
            problems.add(name, "host_vars or group_vars", variables.reason, allowed)
            continue
        _check_names(name, variables, problems)
        checked.append(check_slave(name, variables, site, problems))
    check_across(checked, site, problems)
    problems.fail_if_any()

    checked.sort(key=lambda slave: slave.number or 0)
    records = [slave_record(slave, site, problems) for slave in checked]
    problems.fail_if_any()
    images = name_images(records)
    for record in records:
        record["boot_group"] = group_name(record)
    derived = {
        "boot_groups": boot_groups(records),
        "strangers": STRANGERS,
        "kernels": {source: _nics_by_architecture(records, source) for source in KERNEL_SOURCES},
        "etherboot_images": images,
    }
    return {"site": {**site_record(site), **derived}, "slaves": records}


def _nics_by_architecture(records: Sequence[Mapping[str, str]], source: str) -> dict[str, dict[str, list[str]]]:
    """Return the names of the slaves that have each network adapter, by architecture, for one source of kernels."""
    found: dict[str, dict[str, list[str]]] = {}
    for record in records:
        if record["kernel_source"] == source:
            found.setdefault(record["architecture"], {}).setdefault(record["nic"], []).append(record["name"])
    return {architecture: dict(sorted(nics.items())) for architecture, nics in sorted(found.items())}


def _check_names(host: str, variables: Mapping[str, object], problems: Problems) -> None:
    for name in variables:
        if not name.startswith(("slave_", "fleet_")):
            continue
        if intended := meant(name):
            problems.add(host, name, variables[name], f"a variable that exists; did you mean {intended}?")
        elif host != SITE and name in FLEET_VARIABLES:
            one = " or, for one slave, slave_nfs_version" if name == "fleet_nfs_version" else ""
            problems.add(host, name, variables[name], f"a value of the whole site, in group_vars/all.yml{one}")
