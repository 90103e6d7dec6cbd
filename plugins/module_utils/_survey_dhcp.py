# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The questions that find other DHCP servers, and their answers, as Ethernet frames. Pure: nothing is sent here.

Formats: RFC 2131 and RFC 2132 (DHCP), RFC 4578 (PXE), RFC 768 (UDP), RFC 791 (IPv4).
"""

from __future__ import annotations

import dataclasses
import struct
from ipaddress import IPv4Address

BROADCAST_MAC = b"\xff" * 6
ETHERTYPE_IPV4 = 0x0800
SERVER_PORT, CLIENT_PORT = 67, 68
UDP = 17
REQUEST, ANSWER = 1, 2
COOKIE = b"\x63\x82\x53\x63"
BROADCAST_FLAG = 0x8000
DISCOVER, OFFER, ACK, INFORM = 1, 2, 5, 8
# RFC 2132
PAD, END = 0, 255
MESSAGE_TYPE, SERVER_IDENTIFIER, PARAMETERS, VENDOR_CLASS, OVERLOAD, BOOT_FILE = 53, 54, 55, 60, 52, 67
# RFC 4578
ARCHITECTURE, INTERFACE_IDENTIFIER, MACHINE_IDENTIFIER = 93, 94, 97
# RFC 4578, section 2.1; some servers answer one kind of firmware only.
BIOS, EFI_X64 = 0, 7
# A subnet mask, a router, name servers, a domain, and what PXE asks for: a next server and a boot file.
WANTED = bytes((1, 3, 6, 15, SERVER_IDENTIFIER, VENDOR_CLASS, 66, BOOT_FILE))
HEADER = struct.Struct("!4BIHH4s4s4s4s16s64s128s4s")


def mac_text(mac: bytes) -> str:
    """A MAC address as six hexadecimal pairs."""
    return ":".join(f"{byte:02x}" for byte in mac)


def checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    padded = data + b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(padded) // 2}H", padded))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _option(code: int, value: bytes) -> bytes:
    return bytes((code, len(value))) + value


def _frame(source: bytes, address: bytes, payload: bytes) -> bytes:
    """A UDP datagram from a client's port to everybody's server port."""
    target = b"\xff" * 4
    length = 8 + len(payload)
    ports = struct.pack("!HHH", CLIENT_PORT, SERVER_PORT, length)
    total = checksum(address + target + struct.pack("!HH", UDP, length) + ports + b"\0\0" + payload)
    # RFC 768: a checksum of zero is sent as all ones, since zero says that there is none.
    datagram = ports + struct.pack("!H", total or 0xFFFF) + payload
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + length, 0, 0, 64, UDP, 0, address, target)
    header = header[:10] + struct.pack("!H", checksum(header)) + header[12:]
    return BROADCAST_MAC + source + struct.pack("!H", ETHERTYPE_IPV4) + header + datagram


def _message(client: bytes, xid: int, seconds: int, flags: int, address: bytes, options: bytes) -> bytes:
    none = b"\0" * 4
    head = HEADER.pack(REQUEST, 1, 6, 0, xid, seconds, flags, address, none, none, none, client, b"", b"", COOKIE)
    # RFC 951: servers may drop what is shorter than 300 bytes.
    return (head + options + bytes((END,))).ljust(300, b"\0")


def discover(source: bytes, client: bytes, xid: int, seconds: int, architecture: int) -> bytes:
    """The frame in which a machine that wants to boot by PXE asks who serves addresses or boot files.

    The sender of the frame is the interface itself: a switch may close a port on which a second MAC address appears.

    Args:
        source: MAC address of the interface that it goes out of.
        client: MAC address of the machine that is said to ask.
        xid: number by which its answers are known.
        seconds: how long it has been asking.
        architecture: kind of firmware, RFC 4578.
    """
    kind = f"PXEClient:Arch:{architecture:05}:UNDI:002001".encode("ascii")
    options = (
        _option(MESSAGE_TYPE, bytes((DISCOVER,)))
        + _option(PARAMETERS, WANTED)
        + _option(VENDOR_CLASS, kind)
        + _option(ARCHITECTURE, struct.pack("!H", architecture))
        + _option(INTERFACE_IDENTIFIER, b"\1\2\1")
        + _option(MACHINE_IDENTIFIER, b"\0" + client.rjust(16, b"\0"))
    )
    none = b"\0" * 4
    return _frame(source, none, _message(client, xid, seconds, BROADCAST_FLAG, none, options))


def inform(source: bytes, address: str, xid: int) -> bytes:
    """The frame in which the master, which has an address, asks for the rest.

    Servers answer it at once, where an offer of an address may have to wait for a ping of that address; and they do so
    without an address to give, and to what is no PXE client.

    Args:
        source: MAC address of the interface that it goes out of.
        address: the interface's own address, which the answer goes to.
        xid: number by which its answers are known.
    """
    own = IPv4Address(address).packed
    options = _option(MESSAGE_TYPE, bytes((INFORM,))) + _option(PARAMETERS, WANTED)
    return _frame(source, own, _message(source, xid, 0, 0, own, options))


@dataclasses.dataclass(frozen=True)
class Answer:
    """What a server said.

    Args:
        xid: number of the question.
        server: address that the server calls its own, or else the one that the packet came from.
        mac: MAC address that the frame came from: the server's, or that of a relay.
        address: what it offers to the machine; empty for no address.
        boot_file: what it lets the machine boot.
        boot_only: whether it is a boot server that leaves addresses to others (proxyDHCP).
    """

    xid: int
    server: str
    mac: str
    address: str
    boot_file: str
    boot_only: bool


def _options(data: bytes) -> dict[int, bytes]:
    """Options by number; an option that is cut off ends the walk."""
    found: dict[int, bytes] = {}
    at = 0
    while at < len(data) and data[at] != END:
        if data[at] == PAD:
            at += 1
            continue
        if at + 1 >= len(data) or at + 2 + data[at + 1] > len(data):
            break
        # RFC 3396: the parts of a long option follow each other.
        found[data[at]] = found.get(data[at], b"") + data[at + 2 : at + 2 + data[at + 1]]
        at += 2 + data[at + 1]
    return found


def _text(data: bytes) -> str:
    text = data.split(b"\0", 1)[0].decode("ascii", "replace")
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _all_options(payload: bytes) -> tuple[dict[int, bytes], bytes]:
    """All options, and the boot file's name of the header; either field of a name may hold options instead."""
    options = _options(payload[240:])
    name, file = payload[44:108], payload[108:236]
    where = (options.get(OVERLOAD) or b"\0")[0]
    if where & 1:
        options = {**_options(file), **options}
    if where & 2:
        options = {**_options(name), **options}
    return options, b"" if where & 1 else file


def _datagram(frame: bytes) -> tuple[bytes, bytes] | None:
    """Source address and payload of a datagram to a DHCP client."""
    if len(frame) < 42 or struct.unpack_from("!H", frame, 12)[0] != ETHERTYPE_IPV4:
        return None
    packet = frame[14:]
    head = (packet[0] & 0x0F) * 4
    if packet[9] != UDP or len(packet) < head + 8:
        return None
    target, length = struct.unpack_from("!HH", packet, head + 2)
    return (packet[12:16], packet[head + 8 : head + length]) if target == CLIENT_PORT else None


def answer(frame: bytes) -> Answer | None:
    """What a frame says when it is an offer or an acknowledgement of a DHCP server, and else nothing."""
    datagram = _datagram(frame)
    if datagram is None:
        return None
    source, payload = datagram
    if len(payload) < 240 or payload[0] != ANSWER or payload[236:240] != COOKIE:
        return None
    options, file = _all_options(payload)
    if (options.get(MESSAGE_TYPE) or b"\0")[0] not in (OFFER, ACK):
        return None
    identifier = options.get(SERVER_IDENTIFIER, b"")
    address = payload[16:20]
    given = any(address)
    return Answer(
        xid=struct.unpack_from("!I", payload, 4)[0],
        server=str(IPv4Address(identifier if len(identifier) == 4 else source)),
        mac=mac_text(frame[6:12]),
        address=str(IPv4Address(address)) if given else "",
        boot_file=_text(options.get(BOOT_FILE, b"") or file),
        boot_only=not given and options.get(VENDOR_CLASS, b"").startswith(b"PXEClient"),
    )
