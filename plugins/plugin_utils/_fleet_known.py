# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which variables there are, their defaults, and what a mistyped one was meant to be."""

from __future__ import annotations

import difflib
import functools

FLEET_DEFAULTS: dict[str, object] = {
    "fleet_domain": "home.arpa",
    "fleet_root": "/diskless",
    "fleet_tftp_root": "/srv/tftp",
    "fleet_router": "",
    "fleet_dns_servers": [],
    "fleet_ntp_servers": [],
    "fleet_pool": "",
    "fleet_nat": False,
    "fleet_nfs_version": "4.2",
}
FLEET_REQUIRED = ("fleet_network", "fleet_master_address", "fleet_interface")
FLEET_VARIABLES = (*FLEET_REQUIRED, *FLEET_DEFAULTS)

SLAVE_VARIABLES = (
    "slave_mac",
    "slave_address",
    "slave_addressing",
    "slave_hostname",
    "slave_architecture",
    "slave_loader",
    "slave_nic",
    "slave_root",
    "slave_rootfs_source",
    "slave_init",
    "slave_console",
    "slave_kernel_arguments",
    "slave_kernel_source",
    "slave_nfs_version",
)

# What the roles of this collection call their own, and what is near one of the names above.
_ROLE_VARIABLES = ("fleet_model", "fleet_platform", "fleet_part", "fleet_survey", "fleet_installed_parts")
# Variables of the role slave_rootfs. They are the whole fleet's, but a host may see them, and they begin alike.
ROOTFS_VARIABLES = (
    "slave_rootfs_exclude",
    "slave_rootfs_etc_exclude",
    "slave_rootfs_runlevels",
    "slave_rootfs_services",
    "slave_rootfs_units",
    "slave_rootfs_root_password_hash",
)

_SLAVE_NAMES = (*SLAVE_VARIABLES, *ROOTFS_VARIABLES)

# How alike two names are, 0 to 1 (difflib), when one is taken for a slip of the other.
_ALIKE = 0.8
# A name cut short after this many letters is still one: slave_arch, fleet_dns.
_SHORTEST = 3


@functools.lru_cache(maxsize=1024)
def meant(name: str) -> str | None:
    """Return the variable of the fleet that a name looks like a slip of, or None.

    name: a variable whose name begins with fleet_ or slave_. A name of the fleet or of a role is no slip.
    """
    if name in FLEET_VARIABLES or name in _SLAVE_NAMES or name in _ROLE_VARIABLES:
        return None
    # All names of a kind begin alike, so the beginning says nothing.
    prefix, _underscore, rest = name.partition("_")
    names = _SLAVE_NAMES if prefix == "slave" else FLEET_VARIABLES
    endings = [known.partition("_")[2] for known in names]
    matches = difflib.get_close_matches(rest.lower(), endings, n=1, cutoff=_ALIKE)
    if not matches and len(rest) >= _SHORTEST:
        matches = [ending for ending in endings if ending.startswith(rest.lower())]
    return f"{prefix}_{matches[0]}" if matches else None
