# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask DHCP and PXE servers as a machine's firmware would, and read their answers as data. Does no I/O.

Scapy makes the packets and takes them apart down to the BOOTP message. The options are read here: an answer may go on
in the fields for the names of the server and the file (RFC 2131, 4.1: option 52), and an option may come in parts (RFC
3396).
"""

from dataclasses import dataclass, field
from ipaddress import IPv4Address

from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Packet, Raw

from lab.firmware import Client

SERVER_PORT, CLIENT_PORT, BOOT_SERVER_PORT = 67, 68, 4011
"""RFC 2131; PXE 2.1, 2.1.3: a client that has its address asks a boot server at 4011."""

DISCOVER, OFFER, REQUEST, ACK, NAK = 1, 2, 3, 5, 6
KINDS = {0: "bootp", OFFER: "offer", ACK: "ack", NAK: "nak"}
"""Answers by option 53; a BOOTP server's have none."""

_ADDRESS, _OVERLOAD, _TYPE, _SERVER, _SERVER_NAME, _FILE, _PAD, _END = 50, 52, 53, 54, 66, 67, 0, 255
_COOKIE = b"\x63\x82\x53\x63"
_FIXED = 236  # bytes of a BOOTP message before its options
_BROADCAST_FLAG = 0x8000
_NOWHERE, _EVERYWHERE = "0.0.0.0", "255.255.255.255"  # noqa: S104  # no socket is bound to them
_EVERYBODY = "ff:ff:ff:ff:ff:ff"


@dataclass(frozen=True)
class Answer:
    """One answer of a server.

    :param kind: `offer`, `ack`, `nak`, or `bootp` when it has no option 53
    :param source: the server's address, from the packet's header
    :param port: the server's port, from the packet's header
    :param broadcast: whether its IP packet was for everybody; ISC's server puts such a one into a frame for one card
    :param yiaddr: the client's address; "0.0.0.0" where the server gives none, as one for PXE alone
    :param siaddr: the next server
    :param server_name: option 66, else the field `sname`
    :param file: option 67, else the field `file`
    :param options: by number; what only says how the message is laid out (52, 53) is left out, and so are 66 and 67
    """

    kind: str
    source: str
    port: int
    broadcast: bool
    yiaddr: str
    siaddr: str
    server_name: str
    file: str
    options: dict[int, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class Asker:
    """A client with its card and the number of its conversation."""

    client: Client
    mac: str
    xid: int

    def _message(self, ciaddr: str, options: list[tuple[int, bytes]]) -> Packet:
        flags = _BROADCAST_FLAG if self.client.broadcast and ciaddr == _NOWHERE else 0
        card = bytes.fromhex(self.mac.replace(":", "")) + bytes(10)
        bootp = BOOTP(op=1, xid=self.xid, flags=flags, ciaddr=ciaddr, chaddr=card, options=_COOKIE)
        # Less than the 64 bytes for vendors of RFC 951 servers of that time do not take.
        words: list[object] = [*options, *self.client.options(self.mac), "end"]
        length = 2 + sum(2 + len(word[1]) for word in words if isinstance(word, tuple))
        return bootp / DHCP(options=words) / Raw(bytes(max(0, self.client.vendor_bytes - 3 - length)))

    def _to_everybody(self, message: Packet) -> Packet:
        frame = Ether(src=self.mac, dst=_EVERYBODY) / IP(src=_NOWHERE, dst=_EVERYWHERE)
        return frame / UDP(sport=CLIENT_PORT, dport=SERVER_PORT) / message

    def discover(self) -> Packet:
        """DHCPDISCOVER, or the request of a client that speaks BOOTP: both ask whoever listens."""
        kind = [(_TYPE, bytes([DISCOVER]))] if self.client.speaks_dhcp else []
        return self._to_everybody(self._message(_NOWHERE, kind))

    def request(self, offer: Answer) -> Packet:
        """DHCPREQUEST for an offer; the offers of other servers are turned down with it."""
        wanted = [
            (_TYPE, bytes([REQUEST])),
            (_ADDRESS, IPv4Address(offer.yiaddr).packed),
            (_SERVER, offer.options.get(_SERVER, IPv4Address(offer.source).packed)),
        ]
        return self._to_everybody(self._message(_NOWHERE, wanted))

    def boot_request(self, address: str, server: str, server_mac: str) -> Packet:
        """A client with an address asks one boot server what to load (PXE 2.1, 2.2.3)."""
        frame = Ether(src=self.mac, dst=server_mac) / IP(src=address, dst=server)
        ports = UDP(sport=CLIENT_PORT, dport=BOOT_SERVER_PORT)
        return frame / ports / self._message(address, [(_TYPE, bytes([REQUEST]))])

    def answer(self, frame: Packet) -> Answer | None:
        """What a frame answers this client; None for a frame that is something else or for somebody else."""
        if UDP not in frame or frame[UDP].dport != CLIENT_PORT:
            return None
        message = bytes(frame[UDP].payload)
        if len(message) < _FIXED + 4 or message[0] != 2 or message[4:8] != self.xid.to_bytes(4, "big"):
            return None
        if message[_FIXED : _FIXED + 4] != _COOKIE or message[28:34].hex(":") != self.mac:
            return None
        return read_answer(message, frame[IP].src, frame[UDP].sport, frame[IP].dst == _EVERYWHERE)


def who_has(mac: str, address: str, asked: str) -> Packet:
    """ARP's question for the card of `asked`."""
    return Ether(src=mac, dst=_EVERYBODY) / ARP(op=1, hwsrc=mac, psrc=address, pdst=asked)


def is_here(question: Packet, mac: str, address: str) -> Packet | None:
    """ARP's answer of a machine that has an address; None when the frame does not ask for it."""
    if ARP not in question or question[ARP].op != 1 or question[ARP].pdst != address:
        return None
    asker = question[ARP].hwsrc
    return Ether(src=mac, dst=asker) / ARP(op=2, hwsrc=mac, psrc=address, hwdst=asker, pdst=question[ARP].psrc)


def options(data: bytes) -> dict[int, bytes]:
    """DHCP options by number, the parts of a long one put together (RFC 3396).

    :raises ValueError: the data is cut off inside of an option.
    """
    found: dict[int, bytes] = {}
    at = 0
    while at < len(data) and data[at] != _END:
        if data[at] == _PAD:
            at += 1
            continue
        if at + 1 >= len(data) or at + 2 + data[at + 1] > len(data):
            raise ValueError(f"option {data[at]} goes beyond the end of its field")
        found[data[at]] = found.get(data[at], b"") + data[at + 2 : at + 2 + data[at + 1]]
        at += 2 + data[at + 1]
    return found


def _text(data: bytes) -> str:
    return data.split(b"\0", 1)[0].decode("ascii", "backslashreplace")


def read_answer(message: bytes, source: str, port: int, broadcast: bool) -> Answer:
    """Read a BOOTP message with options (RFC 951, RFC 2131).

    :param message: the payload of its UDP datagram
    :param source: the sender's address
    :param port: the sender's port
    :param broadcast: whether it came to everybody
    :raises ValueError: an option is cut off.
    """
    server_name, file = message[44:108], message[108:236]
    found = options(message[_FIXED + 4 :])
    overload = found.pop(_OVERLOAD, b"\0")[0]
    if overload & 1:
        found.update(options(file))
        file = b""
    if overload & 2:
        found.update(options(server_name))
        server_name = b""
    kind = found.pop(_TYPE, b"\0")[0]
    return Answer(
        kind=KINDS.get(kind, f"type {kind}"),
        source=source,
        port=port,
        broadcast=broadcast,
        yiaddr=str(IPv4Address(message[16:20])),
        siaddr=str(IPv4Address(message[20:24])),
        server_name=_text(found.pop(_SERVER_NAME, b"") or server_name),
        file=_text(found.pop(_FILE, b"") or file),
        options=found,
    )
