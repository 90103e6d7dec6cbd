# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter netboot.diskless.pxelinux_search. Its documentation is in pxelinux_search.yml."""

from __future__ import annotations

from collections.abc import Callable

from ansible.errors import AnsibleFilterError
from ansible_collections.netboot.diskless.plugins.module_utils._names import pxelinux_search


def filter_pxelinux_search(mac: str, address: str) -> list[str]:
    """Return the names PXELINUX asks for, or raise AnsibleFilterError naming the value."""
    try:
        return pxelinux_search(mac, address)
    except (TypeError, ValueError) as error:
        raise AnsibleFilterError(f"netboot.diskless.pxelinux_search: {error}") from error


class FilterModule:
    """What ansible-core looks for in a filter file."""

    def filters(self) -> dict[str, Callable[..., object]]:
        return {"pxelinux_search": filter_pxelinux_search}
