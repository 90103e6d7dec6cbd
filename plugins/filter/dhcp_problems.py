# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter dhcp_problems: what on a master and its network stands in the way of a DHCP server."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.netboot.diskless.plugins.plugin_utils._judgement_network import port_problems, server_problems


def dhcp_problems(survey: Any, site: Any, programs: Any, ports: Any, other_servers: Any = False) -> list[str]:
    """What is in the way of a DHCP server, a line each; an empty list when nothing is.

    Raises:
        AnsibleFilterError: the input is no report of netboot.diskless.preflight, or the site not a fleet's.
    """
    if not isinstance(survey, dict) or not {"listeners", "wire"} <= set(survey):
        raise AnsibleFilterError("dhcp_problems: the input lacks listeners and wire of netboot.diskless.preflight")
    if not isinstance(site, dict) or not {"interface", "master_address"} <= set(site):
        raise AnsibleFilterError("dhcp_problems: site lacks interface and master_address of a fleet's site")
    needed = [{"service": "DHCP", "protocol": "udp", "port": port, "programs": list(programs)} for port in ports]
    return [*([] if other_servers else server_problems(site, survey)), *port_problems(site, survey, needed)]


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, Any]:
        return {"dhcp_problems": dhcp_problems}
