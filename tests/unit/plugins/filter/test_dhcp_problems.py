# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is in the way of a DHCP server, as the role asks it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.netboot.diskless.plugins.filter.dhcp_problems import dhcp_problems

SITE = {"interface": "eth0", "master_address": "192.168.1.1"}
SERVER = {"address": "192.168.1.9", "mac": "52:54:00:00:00:09", "offers": "", "boot_file": "", "boot_only": False}


def survey(port: int = 67, program: str = "dhcpd", servers: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    holder = {"pid": 7, "names": [program], "command": ""}
    listener = {"protocol": "udp", "port": port, "programs": [holder], "address": "0.0.0.0", "device": "", "unit": ""}
    return {"listeners": [listener], "wire": {"servers": list(servers)}}


@pytest.mark.parametrize(
    ("seen", "programs", "other_servers", "beginnings"),
    [
        (survey(), ["dhcpd"], False, []),
        (survey(), ["kea-dhcp4", "dhcpd"], False, []),
        (survey(), ["kea-dhcp4"], False, ["UDP port 67"]),
        (survey(port=4011), ["kea-dhcp4"], False, []),
        (survey(servers=(SERVER,)), ["dhcpd"], False, ["another DHCP server"]),
        (survey(servers=(SERVER,)), ["dhcpd"], True, []),
        (survey(servers=(SERVER,)), ["dnsmasq"], True, ["UDP port 67"]),
    ],
)
def test_what_is_in_the_way(
    seen: dict[str, Any], programs: list[str], other_servers: bool, beginnings: list[str]
) -> None:
    found = dhcp_problems(seen, SITE, programs, [67], other_servers)
    assert [problem[: len(start)] for problem, start in zip(found, beginnings, strict=True)] == beginnings


@pytest.mark.parametrize(("seen", "site"), [({}, SITE), (None, SITE), (survey(), {}), (survey(), "eth0")])
def test_what_is_no_survey_is_refused(seen: Any, site: Any) -> None:
    with pytest.raises(AnsibleFilterError, match="dhcp_problems: "):
        dhcp_problems(seen, site, [], [67])
