# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter kernel_verdict: what the survey of a running kernel means for a master."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.netboot.diskless.plugins.plugin_utils._kernel_verdict import verdict


def kernel_verdict(kernel: Any) -> dict[str, Any]:
    """What a kernel, as netboot.diskless.preflight reports it, lacks, and which modules are to be loaded.

    Raises:
        AnsibleFilterError: it is no such report.
    """
    fields = {"release", "source", "symbols", "modules"}
    if not isinstance(kernel, dict) or not fields <= set(kernel):
        raise AnsibleFilterError(f"kernel_verdict: the input lacks {', '.join(sorted(fields))} of preflight's kernel")
    return verdict(kernel)


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, Any]:
        return {"kernel_verdict": kernel_verdict}
