# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter netboot.diskless.hex_ip. Its documentation is in hex_ip.yml."""

from __future__ import annotations

from collections.abc import Callable

from ansible.errors import AnsibleFilterError
from ansible_collections.netboot.diskless.plugins.module_utils._names import hex_ip


def filter_hex_ip(address: str) -> str:
    """Return the address as eight hexadecimal digits, or raise AnsibleFilterError naming the value."""
    try:
        return hex_ip(address)
    except (TypeError, ValueError) as error:
        raise AnsibleFilterError(f"netboot.diskless.hex_ip: {error}") from error


class FilterModule:
    """What ansible-core looks for in a filter file."""

    def filters(self) -> dict[str, Callable[..., object]]:
        return {"hex_ip": filter_hex_ip}
