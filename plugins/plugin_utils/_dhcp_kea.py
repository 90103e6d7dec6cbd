# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Boot answers in the words of Kea: a configuration of kea-dhcp4, by the Kea Administrator Reference Manual 2.2 to 2.6.

Reserved addresses lie outside of any pool, classes are evaluated in their order, and a class that asks whether a client
is KNOWN is evaluated after its reservation was found (section "Client Classification").
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.netboot.diskless.plugins.plugin_utils._boot_answer import PXE_CLIENT, PXE_OPTIONS, STRANGERS

# The hook that answers machines which speak BOOTP alone (section "BOOTP Support").
BOOTP_HOOK = "libdhcp_bootp.so"


def _test(entry: Mapping[str, Any]) -> str:
    if entry["user_class"]:
        return f"option[77].hex == '{entry['user_class']}'"
    if entry["vendor_class"]:
        beginning = entry["vendor_class"]
        return f"substring(option[60].hex,0,{len(beginning)}) == '{beginning}'"
    tests = [f"option[93].hex == 0x{number:04x}" for number in entry["architectures"]]
    if entry["without_architecture"]:
        tests.append("not option[93].exists")
    return " or ".join(tests)


def _member(name: str) -> str:
    return f"member('{name}')"


def _classes(groups: Sequence[Mapping[str, Any]], next_server: str) -> list[dict[str, Any]]:
    kinds = {entry["name"]: entry for group in groups for entry in group["files"]}
    classes: list[dict[str, Any]] = [
        {
            "name": "pxe",
            "test": f"substring(option[60].hex,0,{len(PXE_CLIENT)}) == '{PXE_CLIENT}'",
            "option-data": [
                {"name": "vendor-encapsulated-options", "csv-format": False, "data": PXE_OPTIONS.hex()},
            ],
        }
    ]
    # Speaking BOOTP alone, a stranger would keep one of the pool's addresses for ever.
    classes.append({"name": "DROP", "test": "member('BOOTP') and member('UNKNOWN')"})
    classes += [{"name": f"is-{name}", "test": _test(entry)} for name, entry in kinds.items()]
    for group in groups:
        if group["name"] == STRANGERS:
            classes += _files_of(group, next_server, _member("UNKNOWN"))
            continue
        classes.append({"name": group["name"]})
        classes += _files_of(group, next_server, _member("KNOWN") + " and " + _member(group["name"]))
    return classes


def _files_of(group: Mapping[str, Any], next_server: str, who: str) -> list[dict[str, Any]]:
    """The classes that give a group's members their files; each is for one kind and excludes those before it."""
    classes = []
    before = ""
    for entry in group["files"]:
        kind = _member(f"is-{entry['name']}")
        found = {
            "name": f"{group['name']}-{entry['name']}",
            "test": f"{who} and {kind}{before}",
            "next-server": next_server,
            "boot-file-name": entry["file"],
        }
        if entry["reply_vendor_class"]:
            reply = {"name": "vendor-class-identifier", "data": entry["reply_vendor_class"], "always-send": True}
            found["option-data"] = [reply]
        classes.append(found)
        before += f" and not {kind}"
    return classes


def _options(site: Mapping[str, Any]) -> list[dict[str, str]]:
    wanted = {
        "broadcast-address": site["broadcast"],
        "routers": site["router"],
        "domain-name-servers": ", ".join(site["dns_servers"]),
        "ntp-servers": ", ".join(site["ntp_servers"]),
        "domain-name": site["domain"],
    }
    return [{"name": name, "data": data} for name, data in wanted.items() if data]


def kea_dhcp4(
    site: Mapping[str, Any], slaves: Sequence[Mapping[str, Any]], lease_seconds: int, authoritative: bool, hooks: str
) -> str:
    """Return a configuration of kea-dhcp4 as JSON text, without the comment that opens it.

    site, slaves: of the fleet's model.
    lease_seconds: how long an address is given for.
    authoritative: whether a client that asks for an address of another network is told to give it up.
    hooks: the directory on the master that holds Kea's hook libraries; "" leaves the place to Kea (2.6.3 and later).
    """
    subnet: dict[str, Any] = {
        "id": 1,
        "subnet": site["network"],
        "interface": site["interface"],
        "next-server": site["master_address"],
        "option-data": _options(site),
        "pools": [{"pool": f"{site['pool']['first']} - {site['pool']['last']}"}] if site["pool"] else [],
        "reservations": [
            {
                "hw-address": slave["mac"],
                "ip-address": slave["address"],
                "hostname": slave["short_name"],
                "client-classes": [slave["boot_group"]],
                "option-data": [{"name": "root-path", "data": slave["root_path"], "always-send": True}],
            }
            for slave in slaves
        ],
    }
    configuration: dict[str, Any] = {
        "interfaces-config": {
            "interfaces": [f"{site['interface']}/{site['master_address']}"],
            # Without an address yet, a client can be answered by a raw socket alone.
            "dhcp-socket-type": "raw",
            # After a reboot the interface may come up later than the server does.
            "service-sockets-max-retries": 60,
            "service-sockets-retry-wait-time": 1000,
        },
        "lease-database": {"type": "memfile", "persist": True, "lfc-interval": 3600},
        "hooks-libraries": [{"library": posixpath.join(hooks, BOOTP_HOOK)}],
        "valid-lifetime": lease_seconds,
        "authoritative": authoritative,
        # The firmware, the loader and the kernel of one machine call themselves differently.
        "match-client-id": False,
        "host-reservation-identifiers": ["hw-address"],
        "reservations-global": False,
        "reservations-in-subnet": True,
        "client-classes": _classes(site["boot_groups"], site["master_address"]),
        "subnet4": [subnet],
        "loggers": [
            {"name": "kea-dhcp4", "severity": "INFO", "output_options": [{"output": "syslog:netboot-diskless"}]}
        ],
    }
    return json.dumps({"Dhcp4": configuration}, indent=2)
