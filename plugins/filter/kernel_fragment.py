# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter kernel_fragment: the kernel symbols that a purpose needs."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.netboot.diskless.plugins.module_utils._kernel_symbols import (
    INITS,
    master_symbols,
    slave_symbols,
)


def kernel_fragment(
    purpose: Any,
    architecture: str = "x86_64",
    nat: bool = False,
    firewall: bool = False,
    version: Any = "",
    inits: list[str] | None = None,
) -> dict[str, str]:
    """Symbols (without CONFIG_) and values for a purpose, master or slave.

    Raises:
        AnsibleFilterError: an unknown purpose, architecture or init, or a version that is none.
    """
    try:
        if purpose == "master":
            return master_symbols(bool(nat), bool(firewall), str(version))
        if purpose == "slave":
            return slave_symbols(str(architecture), str(version), INITS if inits is None else inits)
    except ValueError as error:
        raise AnsibleFilterError(f"kernel_fragment: {error}") from error
    raise AnsibleFilterError(f"kernel_fragment: the purpose is {purpose!r}; allowed: 'master' or 'slave'")


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, Any]:
        return {"kernel_fragment": kernel_fragment}
