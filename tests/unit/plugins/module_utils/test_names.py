# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names that boot loaders make of addresses."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable

import pytest
from ansible_collections.netboot.diskless.plugins.module_utils._names import (
    address_number,
    hex_ip,
    normal_mac,
    pxelinux_mac,
    pxelinux_search,
)
from hypothesis import given
from hypothesis import strategies as st

ADDRESSES = st.ip_addresses(v=4).map(str)
MACS = st.binary(min_size=6, max_size=6)

BAD_ADDRESSES = (
    "",
    "192.168.1",
    "192.168.1.256",
    "192.168.1.21.",
    "192.168.1.021",
    " 192.168.1.21",
    "192.168.1.21\n",
    "192.168.1.21/24",
    "0x7f000001",
    "::1",
    "slave21",
    "１92.168.1.21",
)
BAD_MACS = (
    "",
    "00:02:a5:04:3b",
    "00:02:a5:04:3b:66:77",
    "00:02:a5:04:3b:6g",
    "0:2:a5:4:3b:66",
    "0002a5043b66",
    "0002.a504.3b66",
    "00:02-a5:04-3b:66",
    "00 02 a5 04 3b 66",
    "00:02:a5:04:3b:66\n",
    "00:02:a5:04:3b:６6",
)
NOT_STRINGS: tuple[object, ...] = (None, 3232235797, 1.5, True, b"192.168.1.21", ["192.168.1.21"], {})


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("192.168.1.21", "C0A80115"),
        ("0.0.0.0", "00000000"),
        ("255.255.255.255", "FFFFFFFF"),
        ("10.0.0.1", "0A000001"),
        # The example of the Syslinux documentation.
        ("192.0.2.91", "C000025B"),
    ],
)
def test_hex_ip(address: str, name: str) -> None:
    assert hex_ip(address) == name


@given(ADDRESSES)
def test_hex_ip_can_be_turned_back(address: str) -> None:
    assert str(ipaddress.IPv4Address(int(hex_ip(address), 16))) == address
    assert address_number(address) == int(hex_ip(address), 16)


@pytest.mark.parametrize("address", BAD_ADDRESSES)
def test_hex_ip_refuses_what_is_no_address(address: str) -> None:
    with pytest.raises(ValueError, match="not an IPv4 address; allowed: ") as caught:
        hex_ip(address)
    assert repr(address) in str(caught.value)


@pytest.mark.parametrize("value", NOT_STRINGS)
@pytest.mark.parametrize("function", [hex_ip, pxelinux_mac])
def test_other_types_are_refused(function: Callable[[object], str], value: object) -> None:
    with pytest.raises(TypeError, match="not a string; allowed: ") as caught:
        function(value)
    assert repr(value) in str(caught.value)


@pytest.mark.parametrize("mac", ["00:02:a5:04:3b:66", "00:02:A5:04:3B:66", "00-02-a5-04-3b-66", "00-02-A5-04-3B-66"])
def test_pxelinux_mac(mac: str) -> None:
    assert pxelinux_mac(mac) == "01-00-02-a5-04-3b-66"
    assert normal_mac(mac) == "00:02:a5:04:3b:66"


@given(MACS, st.sampled_from(":-"), st.booleans())
def test_pxelinux_mac_keeps_every_octet(octets: bytes, separator: str, upper: bool) -> None:
    mac = octets.hex(separator)
    name = pxelinux_mac(mac.upper() if upper else mac)
    assert bytes.fromhex(name.replace("-", "")) == b"\x01" + octets


@pytest.mark.parametrize("mac", BAD_MACS)
def test_pxelinux_mac_refuses_what_is_no_mac(mac: str) -> None:
    with pytest.raises(ValueError, match="not a MAC address; allowed: ") as caught:
        pxelinux_mac(mac)
    assert repr(mac) in str(caught.value)


def test_pxelinux_search_is_in_the_order_of_the_documentation() -> None:
    # Syslinux documentation, PXELINUX, "Configuration filename".
    assert pxelinux_search("88:99:AA:BB:CC:DD", "192.0.2.91") == [
        "01-88-99-aa-bb-cc-dd",
        "C000025B",
        "C000025",
        "C00002",
        "C0000",
        "C000",
        "C00",
        "C0",
        "C",
        "default",
    ]


@pytest.mark.parametrize(
    ("mac", "address", "error"),
    [
        ("nonsense", "192.168.1.21", ValueError),
        ("00:02:a5:04:3b:66", "nonsense", ValueError),
        (None, "192.168.1.21", TypeError),
        ("00:02:a5:04:3b:66", 1, TypeError),
    ],
)
def test_pxelinux_search_refuses_either(mac: str, address: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        pxelinux_search(mac, address)
