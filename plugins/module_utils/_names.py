# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names that boot loaders compute from a machine's hardware and network address.

Standard library only: this file also runs on the master.

Source: the PXELINUX documentation of the Syslinux project, section "Configuration filename".
"""

from __future__ import annotations

import ipaddress
import re

MAC_ALLOWED = "six pairs of hexadecimal digits, all separated by colons or all by dashes"
ADDRESS_ALLOWED = "an IPv4 address, four numbers of 0 to 255 separated by dots, without leading zeros"

# ARP hardware type 1, Ethernet (RFC 826), which PXELINUX puts before the MAC address.
_ARP_ETHERNET = "01"
_MAC = re.compile(r"[0-9a-f]{2}(?:(?::[0-9a-f]{2}){5}|(?:-[0-9a-f]{2}){5})", re.ASCII | re.IGNORECASE)


def normal_mac(mac: str) -> str:
    """Write a MAC address in lower case with colons.

    mac: six hexadecimal pairs, separated by colons or dashes, in any case.
    Raises TypeError when it is not a string and ValueError when it is not a MAC address.
    """
    _want_string(mac, MAC_ALLOWED)
    if not _MAC.fullmatch(mac):
        raise ValueError(f"{mac!r} is not a MAC address; allowed: {MAC_ALLOWED}")
    return mac.replace("-", ":").lower()


def address_number(address: str) -> int:
    """Return an IPv4 address as an unsigned 32-bit number.

    address: dotted decimal (RFC 6943, section 3.1.1, the strict form).
    Raises TypeError when it is not a string and ValueError when it is not an IPv4 address.
    """
    _want_string(address, ADDRESS_ALLOWED)
    try:
        return int(ipaddress.IPv4Address(address))
    except ipaddress.AddressValueError:
        raise ValueError(f"{address!r} is not an IPv4 address; allowed: {ADDRESS_ALLOWED}") from None


def hex_ip(address: str) -> str:
    """Return an IPv4 address as eight upper case hexadecimal digits: 192.168.1.21 is C0A80115.

    Raises TypeError or ValueError as address_number does.
    """
    return f"{address_number(address):08X}"


def pxelinux_mac(mac: str) -> str:
    """Return the configuration file name that PXELINUX makes of a MAC address: 01-00-02-a5-04-3b-66.

    Raises TypeError or ValueError as normal_mac does.
    """
    return f"{_ARP_ETHERNET}-{normal_mac(mac)}".replace(":", "-")


def pxelinux_search(mac: str, address: str) -> list[str]:
    """Return the names that PXELINUX asks for below pxelinux.cfg/, in its order.

    The MAC name comes first, then the hexadecimal address, shortened digit by digit, then 'default'.
    PXELINUX asks for the machine's UUID before all of these when the firmware gives one.
    Raises TypeError or ValueError as normal_mac and address_number do.
    """
    name = hex_ip(address)
    return [pxelinux_mac(mac), *(name[:length] for length in range(len(name), 0, -1)), "default"]


def _want_string(value: object, allowed: str) -> None:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is a {type(value).__name__}, not a string; allowed: {allowed}")
