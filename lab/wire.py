# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Ethernet frames say about a machine that boots: DHCP, TFTP, and the first packets of NFS.

Pure functions and one small state (which file a TFTP transfer carries); fed with frames by lab/capture.py.
"""

import struct
from dataclasses import dataclass
from ipaddress import IPv4Address

BOOTPS, BOOTPC, TFTP, PORTMAP, NFS = 67, 68, 69, 111, 2049

_ETHERTYPE_IPV4 = 0x0800
_TCP, _UDP = 6, 17
_SYN, _RST, _ACK = 0x02, 0x04, 0x10

_RPC_ANSWER = struct.Struct("!4x4xII4xIII")
"""RFC 5531 over TCP: record mark, xid; message type (1: reply), reply status; verifier's flavour, its length, accept
status; then the first word of the result, which for NFS is its status (RFC 1813, RFC 8881)."""

_DHCP_COOKIE = b"\x63\x82\x53\x63"
_DHCP_TYPES = {1: "discover", 2: "offer", 3: "request", 4: "decline", 5: "ack", 6: "nak", 7: "release", 8: "inform"}
_OPTION_MESSAGE_TYPE, _OPTION_BOOT_FILE, _OPTION_PAD, _OPTION_END = 53, 67, 0, 255
"""RFC 2131 and RFC 2132."""

_TFTP_REQUEST, _TFTP_DATA, _TFTP_ERROR, _TFTP_OACK = 1, 3, 5, 6
"""Opcodes of RFC 1350 and RFC 2347."""


@dataclass(frozen=True)
class Event:
    """One fact from the wire.

    :ivar time: seconds since the epoch
    :ivar machine: the machine that boots: its MAC address for DHCP, its IPv4 address for the rest
    :ivar kind: `dhcp-discover`, `dhcp-ack`, `tftp-request`, `tftp-begin`, `tftp-data`, `tftp-error`, `nfs-call`,
        `nfs-answer`, `nfs-refused`, `nfs-error`, the first three of these for `portmap`, too
    :ivar subject: an address for DHCP, a file name for TFTP
    :ivar detail: a boot file's name, an error's text or number, a number of bytes
    """

    time: float
    machine: str
    kind: str
    subject: str = ""
    detail: str = ""


@dataclass(frozen=True)
class _Datagram:
    source: str
    source_port: int
    target: str
    target_port: int
    payload: bytes


def _options(data: bytes) -> dict[int, bytes]:
    """DHCP options by number; data that is cut off ends the walk."""
    found: dict[int, bytes] = {}
    at = 0
    while at < len(data) and data[at] != _OPTION_END:
        if data[at] == _OPTION_PAD:
            at += 1
            continue
        if at + 1 >= len(data):
            break
        length = data[at + 1]
        found[data[at]] = data[at + 2 : at + 2 + length]
        at += 2 + length
    return found


def _text(data: bytes) -> str:
    return data.split(b"\0", 1)[0].decode("ascii", "replace")


def _dhcp(time: float, payload: bytes) -> list[Event]:
    if len(payload) < 240 or payload[236:240] != _DHCP_COOKIE:
        return []
    options = _options(payload[240:])
    kind = _DHCP_TYPES.get((options.get(_OPTION_MESSAGE_TYPE) or b"\0")[0])
    if kind is None:
        return []
    mac = payload[28:34].hex(":")
    boot_file = _text(options.get(_OPTION_BOOT_FILE, b"") or payload[108:236])
    return [Event(time, mac, f"dhcp-{kind}", str(IPv4Address(payload[16:20])), boot_file)]


def _transfer_size(payload: bytes) -> str:
    """Value of the `tsize` option (RFC 2349) of an option acknowledgement, or nothing."""
    words = payload[2:].split(b"\0")
    return next((_text(value) for name, value in zip(words, words[1:], strict=False) if name.lower() == b"tsize"), "")


class Decoder:
    """Turn frames into events; remembers the file names of the TFTP transfers under way."""

    def __init__(self) -> None:
        self._files: dict[tuple[str, int], str] = {}

    def decode(self, time: float, frame: bytes) -> list[Event]:
        """Events of one Ethernet frame; an empty list for a frame that says nothing of a boot."""
        if len(frame) < 34 or struct.unpack_from("!H", frame, 12)[0] != _ETHERTYPE_IPV4:
            return []
        packet = frame[14:]
        body = packet[(packet[0] & 0x0F) * 4 :]
        if len(body) < 8 or struct.unpack_from("!H", packet, 6)[0] & 0x1FFF:
            return []  # a later fragment: no header to read
        source_port, target_port = struct.unpack_from("!HH", body)
        addresses = str(IPv4Address(packet[12:16])), str(IPv4Address(packet[16:20]))
        payload = body[8:] if packet[9] == _UDP else body
        datagram = _Datagram(addresses[0], source_port, addresses[1], target_port, payload)
        if packet[9] == _TCP:
            return self._tcp(time, datagram)
        return self._udp(time, datagram) if packet[9] == _UDP else []

    def _udp(self, time: float, datagram: _Datagram) -> list[Event]:
        ports = {datagram.source_port, datagram.target_port}
        if ports & {BOOTPS, BOOTPC}:
            return _dhcp(time, datagram.payload)
        if datagram.target_port == TFTP:
            return self._tftp_request(time, datagram)
        for port, name in ((PORTMAP, "portmap"), (NFS, "nfs")):
            if datagram.target_port == port:
                return [Event(time, datagram.source, f"{name}-call")]
            if datagram.source_port == port:
                return [Event(time, datagram.target, f"{name}-answer")]
        return self._tftp_answer(time, datagram)

    def _tftp_request(self, time: float, datagram: _Datagram) -> list[Event]:
        if datagram.payload[:2] != struct.pack("!H", _TFTP_REQUEST):
            return []
        name = _text(datagram.payload[2:])
        self._files[datagram.source, datagram.source_port] = name
        return [Event(time, datagram.source, "tftp-request", name)]

    def _tftp_answer(self, time: float, datagram: _Datagram) -> list[Event]:
        """The server answers from a port of its own to the one that the request came from."""
        name = self._files.get((datagram.target, datagram.target_port))
        if name is None or len(datagram.payload) < 4:
            return []
        opcode, number = struct.unpack_from("!HH", datagram.payload)
        if opcode == _TFTP_ERROR:
            return [Event(time, datagram.target, "tftp-error", name, _text(datagram.payload[4:]) or f"error {number}")]
        if opcode == _TFTP_OACK:
            return [Event(time, datagram.target, "tftp-begin", name, _transfer_size(datagram.payload))]
        if opcode == _TFTP_DATA:
            return [Event(time, datagram.target, "tftp-begin" if number == 1 else "tftp-data", name)]
        return []

    def _tcp(self, time: float, datagram: _Datagram) -> list[Event]:
        if len(datagram.payload) < 14:
            return []
        flags = datagram.payload[13]
        for port, name in ((PORTMAP, "portmap"), (NFS, "nfs")):
            if datagram.target_port == port and flags & (_SYN | _ACK) == _SYN:
                return [Event(time, datagram.source, f"{name}-call")]
            if datagram.source_port == port and flags & _RST:
                return [Event(time, datagram.target, f"{name}-refused")]
            if datagram.source_port == port and flags & _SYN:
                return [Event(time, datagram.target, f"{name}-answer")]
        return self._nfs_error(time, datagram) if datagram.source_port == NFS else []

    def _nfs_error(self, time: float, datagram: _Datagram) -> list[Event]:
        answer = datagram.payload[(datagram.payload[12] >> 4) * 4 :]
        if len(answer) < _RPC_ANSWER.size:
            return []
        message, reply, verifier, accepted, status = _RPC_ANSWER.unpack_from(answer)
        if (message, reply, verifier, accepted) != (1, 0, 0, 0) or status == 0:
            return []
        return [Event(time, datagram.target, "nfs-error", "", str(status))]
