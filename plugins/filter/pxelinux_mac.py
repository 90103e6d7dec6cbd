# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter netboot.diskless.pxelinux_mac. Its documentation is in pxelinux_mac.yml."""

from __future__ import annotations

from collections.abc import Callable

from ansible.errors import AnsibleFilterError
from ansible_collections.netboot.diskless.plugins.module_utils._names import pxelinux_mac


def filter_pxelinux_mac(mac: str) -> str:
    """Return the PXELINUX name of the MAC address, or raise AnsibleFilterError naming the value."""
    try:
        return pxelinux_mac(mac)
    except (TypeError, ValueError) as error:
        raise AnsibleFilterError(f"netboot.diskless.pxelinux_mac: {error}") from error


class FilterModule:
    """What ansible-core looks for in a filter file."""

    def filters(self) -> dict[str, Callable[..., object]]:
        return {"pxelinux_mac": filter_pxelinux_mac}
