# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters hex_ip, pxelinux_mac and pxelinux_search, as a template uses them."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template


def rendered(template: str) -> object:
    return Templar(loader=DataLoader()).template(trust_as_template("{{ " + template + " }}"))


@pytest.mark.parametrize(
    ("template", "result"),
    [
        ("'192.168.1.21' | netboot.diskless.hex_ip", "C0A80115"),
        ("'00:02:A5:04:3B:66' | netboot.diskless.pxelinux_mac", "01-00-02-a5-04-3b-66"),
        ("'00:02:A5:04:3B:66' | netboot.diskless.pxelinux_search('192.168.1.21') | first", "01-00-02-a5-04-3b-66"),
        ("'00:02:A5:04:3B:66' | netboot.diskless.pxelinux_search(address='192.168.1.21') | last", "default"),
        ("'00:02:A5:04:3B:66' | netboot.diskless.pxelinux_search('192.168.1.21') | length", 10),
    ],
)
def test_result(template: str, result: object) -> None:
    assert rendered(template) == result


@pytest.mark.parametrize(
    ("template", "filter_name", "value"),
    [
        ("'192.168.1.300' | netboot.diskless.hex_ip", "hex_ip", "192.168.1.300"),
        ("3232235797 | netboot.diskless.hex_ip", "hex_ip", "3232235797"),
        ("'zz' | netboot.diskless.pxelinux_mac", "pxelinux_mac", "zz"),
        ("['a'] | netboot.diskless.pxelinux_mac", "pxelinux_mac", "['a']"),
        ("'zz' | netboot.diskless.pxelinux_search('192.168.1.21')", "pxelinux_search", "zz"),
        ("'00:02:A5:04:3B:66' | netboot.diskless.pxelinux_search(false)", "pxelinux_search", "False"),
    ],
)
def test_error_names_the_filter_and_the_value(template: str, filter_name: str, value: str) -> None:
    with pytest.raises(AnsibleError) as caught:
        rendered(template)
    assert f"netboot.diskless.{filter_name}: " in str(caught.value)
    assert value in str(caught.value)
