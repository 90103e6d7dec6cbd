# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The questions byte by byte, and answers as servers have sent them."""

from __future__ import annotations

import struct

import pytest
from ansible_collections.netboot.diskless.plugins.module_utils import _survey_dhcp as dhcp

SOURCE, CLIENT = bytes.fromhex("525400aabb01"), bytes.fromhex("02a1b2c3d4e5")
# The 64 bytes of sname and the 128 of file.
NO_NAMES = "00" * 192
COOKIE = "63825363"

# RFC 2131, figure 1 and table 5: op, htype, hlen, hops; xid; secs, flags; ciaddr, yiaddr, siaddr, giaddr; chaddr.
# tcpdump -vvv says of the checksums that they are right.
DISCOVER = (
    "ffffffffffff 525400aabb01 0800"
    "4500 0158 0000 0000 4011 7996 00000000 ffffffff"
    "0044 0043 0144 d7b7"
    "01010600 3903f326 0001 8000 00000000 00000000 00000000 00000000"
    f"02a1b2c3d4e5 00000000000000000000 {NO_NAMES} {COOKIE}"
    "35 01 01"
    "37 08 01 03 06 0f 36 3c 42 43"
    "3c 20 505845436c69656e743a417263683a30303030373a554e44493a303032303031"
    "5d 02 0007"
    "5e 03 010201"
    "61 11 00 00000000000000000000 02a1b2c3d4e5"
    "ff"
)
INFORM = (
    "ffffffffffff 525400aabb01 0800"
    "4500 0148 0000 0000 4011 b7fc c0a80101 ffffffff"
    "0044 0043 0134 a9e3"
    "01010600 3903f327 0000 0000 c0a80101 00000000 00000000 00000000"
    f"525400aabb01 00000000000000000000 {NO_NAMES} {COOKIE}"
    "35 01 08"
    "37 08 01 03 06 0f 36 3c 42 43"
    "ff" + "00" * 46
)
# ISC dhcpd 4.4.3 offers an address of its range, and a boot file in the header.
ISC = (
    "ffffffffffff 5682111b0e72 0800"
    "4510 0148 0000 0000 8011 6feb c0a80902 ffffffff"
    "0043 0044 0134 1b00"
    "02010600 3903f326 0000 8000 00000000 c0a80946 00000000 00000000"
    f"02a1b2c3d4e5 00000000000000000000 {'00' * 64} 782e30 {'00' * 125} {COOKIE}"
    "35 01 02"
    "36 04 c0a80902"
    "33 04 0000a8c0"
    "01 04 ffffff00"
    "ff" + "00" * 38
)
# dnsmasq 2.90 as proxyDHCP.
PROXY = (
    "ffffffffffff 5682111b0e72 0800"
    "45c0 0152 39ce 0000 4011 7563 c0a80902 ffffffff"
    "0043 0044 013e caf9"
    "02010600 3903f326 0000 8000 00000000 00000000 00000000 00000000"
    f"02a1b2c3d4e5 00000000000000000000 {NO_NAMES} {COOKIE}"
    "35 01 02"
    "36 04 c0a80902"
    "3c 09 505845436c69656e74"
    "61 11 00 00000000000000000000 02a1b2c3d4e5"
    "2b 1c 0601030a04005058450807800001c0a809020907800004626f6f74ff"
    "ff"
)
# udhcpd 1.35 acknowledges a DHCPINFORM to the address that asked.
INFORMED = (
    "6a8263d79a2c 5682111b0e72 0800"
    "4500 0148 0000 0000 4011 e651 c0a80902 c0a80901"
    "0043 0044 0134 6269"
    "02010600 3903f327 0000 0000 c0a80901 00000000 00000000 00000000"
    f"6a8263d79a2c 00000000000000000000 {NO_NAMES} {COOKIE}"
    "35 01 05"
    "36 04 c0a80902"
    "ff" + "00" * 50
)


def test_the_questions() -> None:
    assert dhcp.discover(SOURCE, CLIENT, 0x3903F326, 1, dhcp.EFI_X64) == bytes.fromhex(DISCOVER)
    assert dhcp.inform(SOURCE, "192.168.1.1", 0x3903F327) == bytes.fromhex(INFORM)
    assert b"PXEClient:Arch:00000:" in dhcp.discover(SOURCE, CLIENT, 1, 0, dhcp.BIOS)


# RFC 1071, section 3; and of an odd length, whose last byte counts as the first of a word.
@pytest.mark.parametrize(
    ("data", "total"),
    [("0001f203f4f5f6f7", 0x220D), ("", 0xFFFF), ("ffff", 0), ("01", 0xFEFF), ("ffff0001ffff", 0xFFFE)],
)
def test_checksum(data: str, total: int) -> None:
    assert dhcp.checksum(bytes.fromhex(data)) == total


def test_a_checksum_of_zero_is_sent_as_all_ones() -> None:
    """A number that is what the sum lacks; RFC 768 says that a zero would mean no checksum."""
    lacking = int.from_bytes(dhcp.inform(SOURCE, "192.168.1.1", 0)[40:42], "big")
    assert dhcp.inform(SOURCE, "192.168.1.1", lacking)[40:42] == b"\xff\xff"


def offered(address: str, boot_file: str, boot_only: bool, xid: int = 0x3903F326) -> dhcp.Answer:
    return dhcp.Answer(xid, "192.168.9.2", "56:82:11:1b:0e:72", address, boot_file, boot_only)


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (ISC, offered("192.168.9.70", "x.0", False)),
        (PROXY, offered("", "", True)),
        (INFORMED, offered("", "", False, 0x3903F327)),
    ],
)
def test_what_servers_have_sent(frame: str, said: dhcp.Answer) -> None:
    assert dhcp.answer(bytes.fromhex(frame)) == said


def isc(options: str, name: str = "", file: str = "") -> bytes:
    """ISC's offer with other options, in place of its own, and names in the header."""
    front = ISC[: ISC.index("02a1b2c3d4e5")]
    names = bytes.fromhex(name).ljust(64, b"\0").hex() + bytes.fromhex(file).ljust(128, b"\0").hex()
    return bytes.fromhex(f"{front} 02a1b2c3d4e5 {'00' * 10} {names} {COOKIE} {options}")


OFFER = "350102"


@pytest.mark.parametrize(
    ("frame", "server", "boot_file"),
    [
        # Without an identifier, or with a broken one, the packet's own source counts.
        (isc(f"{OFFER} ff"), "192.168.9.2", ""),
        (isc(f"{OFFER} 3602c0a8 ff"), "192.168.9.2", ""),
        (isc(f"{OFFER} 36040a000001 ff"), "10.0.0.1", ""),
        # Padding between options; the end need not be there.
        (isc(f"00 {OFFER} 0000 36040a000001"), "10.0.0.1", ""),
        # Option 67 comes before the field of the header.
        (isc(f"{OFFER} 4303 612e62 ff", file="780000"), "192.168.9.2", "a.b"),
        # RFC 3396: a value in two parts.
        (isc(f"{OFFER} 430161 43022e62 ff"), "192.168.9.2", "a.b"),
        # RFC 2131: options go on in the header's fields (option overload 1: file, 2: sname, 3: both).
        (isc(f"{OFFER} 340101 ff", file="36040a000001 4301 61 ff"), "10.0.0.1", "a"),
        (isc(f"{OFFER} 340102 ff", name="36040a000002 ff", file="78"), "10.0.0.2", "x"),
        (isc(f"{OFFER} 340103 ff", name="36040a000003 ff", file="430162 ff"), "10.0.0.3", "b"),
        (isc(f"{OFFER} 340101 ff", file="36040a000001 ff"), "10.0.0.1", ""),
        # What cannot be shown.
        (isc(f"{OFFER} 4304 611b5b62 ff"), "192.168.9.2", "a?[b"),
        # An option that is cut off.
        (isc(f"{OFFER} 36040a00"), "192.168.9.2", ""),
        (isc(f"{OFFER} 36"), "192.168.9.2", ""),
    ],
)
def test_options(frame: bytes, server: str, boot_file: str) -> None:
    said = dhcp.answer(frame)
    assert said is not None and (said.server, said.boot_file) == (server, boot_file)


def test_a_server_that_gives_boot_files_and_addresses_is_no_proxy() -> None:
    said = dhcp.answer(isc(f"{OFFER} 3c09505845436c69656e74 ff"))
    assert said is not None and said.address == "192.168.9.70" and not said.boot_only


def test_a_header_with_options_of_its_own() -> None:
    """RFC 791: four bytes more, and the ports after them."""
    frame = bytes.fromhex(ISC)
    longer = b"\x46" + frame[15:34] + b"\0" * 4 + frame[34:]
    assert dhcp.answer(frame[:14] + longer) == dhcp.answer(frame)


def changed(at: int, value: str) -> bytes:
    frame, new = bytes.fromhex(ISC), bytes.fromhex(value)
    return frame[:at] + new + frame[at + len(new) :]


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        bytes.fromhex(ISC)[:41],
        bytes.fromhex(ISC)[: 42 + 239],
        changed(12, "86dd"),  # IPv6
        changed(14, "4f"),  # a header that would be longer than that of a datagram
        changed(14, "40"),  # a header of no length
        changed(23, "06"),  # TCP
        changed(36, "0043"),  # to a server
        changed(42, "01"),  # a question
        changed(278, "00000000"),  # BOOTP
        isc("350106 ff"),  # DHCPNAK
        isc("3500 ff"),
        isc("ff"),
        dhcp.discover(SOURCE, CLIENT, 1, 0, dhcp.BIOS),
        struct.pack("!12sH", b"", 0x0800) + b"\x45" * 28,
    ],
)
def test_what_is_no_answer(frame: bytes) -> None:
    assert dhcp.answer(frame) is None
