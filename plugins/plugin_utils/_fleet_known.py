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
    "fleet_nat": False,
    "fleet_nfs_version": "4.2",
}
FLEET_REQUIRED = ("fleet_network", "fleet_master_address", "fleet_interface")
FLEET_VARIABLES = (*FLEET_REQUIRED, *FLEET_DEFAULTS)

SLAVE_VARIABLES = (
    "slave_mac",
    "slave_address",
    "slave_hostname",
    "slave_architecture",
    "slave_loader",
    "slave_nic",
    "slave_root",
    "slave_console",
    "slave_kernel_arguments",
    "slave_nfs_version",
)

# What the roles of this collection call their own variables.
_ROLE_PREFIXES = ("slave_rootfs_", "slave_kernel_", "fleet_render_", "fleet_platform_")
_ROLE_VARIABLES = (
    "fleet_allow_uplink",
    "fleet_installed_parts",
    "fleet_kernel_tree",
    "fleet_model",
    "fleet_part",
    "fleet_platform",
    "fleet_rendering",
)
# How alike two names are, 0 to 1 (difflib). Below a role's prefix many names are alike, so more is asked there.
_ALIKE = 0.8
_ALIKE_BELOW_A_ROLE_PREFIX = 0.94


@functools.lru_cache(maxsize=1024)
def meant(name: str) -> str | None:
    """Return the variable of the fleet that a name looks like a slip of, or None.

    name: a variable whose name begins with fleet_ or slave_. A name of the fleet or of a role is no slip.
    """
    if name in FLEET_VARIABLES or name in SLAVE_VARIABLES or name in _ROLE_VARIABLES:
        return None
    known = SLAVE_VARIABLES if name.startswith("slave_") else FLEET_VARIABLES
    if name.startswith(_ROLE_PREFIXES):
        return _closest(name, known, _ALIKE_BELOW_A_ROLE_PREFIX)
    for candidate in known:
        # slave_mac_address and fleet_dns: a longer or a shorter name for the same thing.
        if name.startswith(f"{candidate}_") or candidate.startswith(f"{name}_"):
            return candidate
    return _closest(name, known, _ALIKE)


def _closest(name: str, known: tuple[str, ...], alike: float) -> str | None:
    matches = difflib.get_close_matches(name.lower(), known, n=1, cutoff=alike)
    return matches[0] if matches else None
