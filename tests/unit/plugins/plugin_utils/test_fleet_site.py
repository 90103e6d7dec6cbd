# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The network of a site."""

from __future__ import annotations

import importlib.util
import sys

import pytest
from ansible_collections.netboot.diskless.plugins.plugin_utils import _fleet_site as site
from ansible_collections.netboot.diskless.plugins.plugin_utils._fleet_problems import Refused


@pytest.mark.parametrize(
    "value",
    [
        "",
        "192.168.1.0",
        "192.168.1.0/",
        "192.168.1.1/24",
        "192.168.1.0/255.255.255.0",
        "192.168.1/24",
        "192.168.1.0/024",
        "192.168.1.0/ 24",
        "192.168.1.0/-24",
        "192.168.1.0/+24",
        "192.168.1.0/2\u0664",
        "192.168.1.0/24/24",
        "0.0.0.0/0",
        "8.0.0.0/7",
        "192.168.1.0/31",
        "192.168.1.1/32",
        "192.168.1.0/33",
        "0.0.0.0/8",
        "127.0.0.0/8",
        "224.0.0.0/8",
        "240.0.0.0/8",
        "fd00::/64",
    ],
)
def test_refused(value: str) -> None:
    with pytest.raises(Refused, match="an IPv4 network as address/prefix"):
        site.network(value)


@pytest.mark.parametrize(
    ("value", "first", "last", "prefix", "netmask"),
    [
        ("192.168.1.0/24", 0xC0A80100, 0xC0A801FF, 24, "255.255.255.0"),
        ("10.0.0.0/8", 0x0A000000, 0x0AFFFFFF, 8, "255.0.0.0"),
        ("192.168.1.252/30", 0xC0A801FC, 0xC0A801FF, 30, "255.255.255.252"),
    ],
)
def test_network(value: str, first: int, last: int, prefix: int, netmask: str) -> None:
    network = site.network(value)
    assert (network.cidr, network.first, network.last) == (value, first, last)
    assert (network.prefix, network.netmask) == (prefix, netmask)
    assert [network.holds_machine(number) for number in (first - 1, first, first + 1, last - 1, last, last + 1)] == [
        False, False, True, True, False, False,
    ]  # fmt: skip


def test_host_bits_are_named_with_the_network_that_is_meant() -> None:
    with pytest.raises(Refused, match=r"this address is in 192\.168\.1\.0/24"):
        site.network("192.168.1.77/24")


def test_the_library_may_be_missing_until_it_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert site.HAS_NETADDR
    monkeypatch.setitem(sys.modules, "netaddr", None)
    spec = importlib.util.spec_from_file_location("site_without_netaddr", str(site.__file__))
    assert spec and spec.loader
    without = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, without)
    spec.loader.exec_module(without)
    assert without.HAS_NETADDR is False
