# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Boot answers in the words of dnsmasq: tags, and what is said to whoever has them. See dnsmasq(8)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

# Who sends option 93 at all: a match of an option without a value asks for its presence.
_HAS_ARCHITECTURE = "has-architecture"


def _kind_tag(name: str) -> str:
    return f"is-{name}"


def dnsmasq_kinds(groups: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the settings that give a client the tag of each kind that it may be of.

    groups: the site's boot groups.
    """
    kinds = {entry["name"]: entry for group in groups for entry in group["files"]}
    lines = [f"dhcp-match=set:{_HAS_ARCHITECTURE},option:client-arch"]
    for name, entry in kinds.items():
        tag = _kind_tag(name)
        if entry["user_class"]:
            lines.append(f"dhcp-userclass=set:{tag},{entry['user_class']}")
        elif entry["vendor_class"]:
            lines.append(f"dhcp-vendorclass=set:{tag},{entry['vendor_class']}")
        else:
            lines += [f"dhcp-match=set:{tag},option:client-arch,{number}" for number in entry["architectures"]]
            if entry["without_architecture"]:
                lines.append(f"tag-if=set:{tag},tag:!{_HAS_ARCHITECTURE}")
    return lines


def dnsmasq_files(group: Mapping[str, Any], next_server: str) -> list[str]:
    """Return the settings that give a boot group's members their files, each by tags that exclude every other.

    group: a boot group.
    next_server: the address that serves the files.
    """
    lines = []
    before: list[str] = []
    for entry in group["files"]:
        tag = f"{group['name']}-{entry['name']}"
        tests = [f"tag:{group['name']}", f"tag:{_kind_tag(entry['name'])}", *before]
        lines.append(",".join([f"tag-if=set:{tag}", *tests]))
        lines.append(f"dhcp-boot=tag:{tag},{entry['file']},,{next_server}")
        if entry["reply_vendor_class"]:
            lines.append(f"dhcp-option-force=tag:{tag},option:vendor-class,{entry['reply_vendor_class']}")
        before.append(f"tag:!{_kind_tag(entry['name'])}")
    return lines
