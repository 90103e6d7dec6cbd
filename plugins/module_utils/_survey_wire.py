# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who else is on the slaves' network: other DHCP servers, and other machines with the master's address.

One raw socket asks and listens for a moment. It needs no port and disturbs no client that runs; nothing is set up on
the interface, and what is asked reserves nothing beyond what a server holds back for an offer.

The addresses of slaves are not asked for: a thousand questions would take long and be heard by everybody.
"""

from __future__ import annotations

import ctypes
import dataclasses
import fcntl
import random
import socket
import struct
import time
from ipaddress import IPv4Address
from typing import Any

from ansible_collections.netboot.diskless.plugins.module_utils import _survey_dhcp as dhcp

# Counted from the first question. See docs/network.md for what servers need.
LISTEN_SECONDS = 1.5
# When the second question is sent, in case that the first one was lost.
AGAIN_SECONDS = 0.3
# linux/sockios.h
SIOCGIFFLAGS, SIOCGIFHWADDR = 0x8913, 0x8927
# linux/if.h; a carrier that is off takes RUNNING away.
IFF_UP, IFF_RUNNING = 0x1, 0x40
# linux/if_arp.h
ARPHRD_ETHER = 1
# linux/if_ether.h
ETH_P_ALL, ETH_P_ARP = 0x0003, 0x0806
# linux/if_packet.h
PACKET_OUTGOING = 4
SOL_PACKET, PACKET_ADD_MEMBERSHIP, PACKET_MR_UNICAST = 263, 1, 3
# asm-generic/socket.h
SO_ATTACH_FILTER = 26
# Classic BPF (Documentation/networking/filter.rst of Linux): ARP, and UDP to a DHCP client, save later fragments. On a
# network full of NFS everything else must stay in the kernel.
FILTER = (
    (0x28, 0, 0, 12),  # A = the type of the frame
    (0x15, 8, 0, ETH_P_ARP),
    (0x15, 0, 8, dhcp.ETHERTYPE_IPV4),
    (0x30, 0, 0, 23),  # A = the protocol
    (0x15, 0, 6, dhcp.UDP),
    (0x28, 0, 0, 20),  # A = flags and place of the fragment
    (0x45, 4, 0, 0x1FFF),
    (0xB1, 0, 0, 14),  # X = length of the IPv4 header
    (0x48, 0, 0, 16),  # A = the port that it goes to
    (0x15, 0, 1, dhcp.CLIENT_PORT),
    (0x06, 0, 0, 0x40000),  # take it
    (0x06, 0, 0, 0),  # leave it
)


def arp_probe(source: bytes, address: str) -> bytes:
    """The frame that asks whether anybody has an address, without claiming it (RFC 5227, section 2.1.1).

    Args:
        source: MAC address of the interface that it goes out of.
        address: what is asked for.
    """
    head = dhcp.BROADCAST_MAC + source + struct.pack("!HHHBBH", ETH_P_ARP, 1, dhcp.ETHERTYPE_IPV4, 6, 4, 1)
    return head + source + b"\0" * 4 + b"\0" * 6 + IPv4Address(address).packed


def arp_sender(frame: bytes) -> tuple[str, str] | None:
    """Address and MAC address that the sender of an ARP frame calls its own, or nothing for any other frame."""
    kind = struct.pack("!HHHBB", ETH_P_ARP, 1, dhcp.ETHERTYPE_IPV4, 6, 4)
    if len(frame) < 42 or frame[12:20] != kind:
        return None
    return str(IPv4Address(frame[28:32])), dhcp.mac_text(frame[22:28])


def mac_bytes(mac: str) -> bytes:
    """The bytes of a MAC address that is six hexadecimal pairs."""
    return bytes.fromhex(mac.replace(":", ""))


def attach_filter(listener: socket.socket) -> None:
    """Let a socket hear of frames that FILTER takes, and of no others."""
    program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in FILTER))
    listener.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HP", len(FILTER), ctypes.addressof(program)))


@dataclasses.dataclass(frozen=True)
class Own:
    """What is the master's own, and so is nobody else's.

    Args:
        address: the master's address.
        macs: MAC addresses of all its interfaces: of two on one network, either may answer for the other.
        xids: numbers of the questions.
    """

    address: str
    macs: frozenset[str]
    xids: frozenset[int]


def sort(frames: list[bytes], own: Own) -> tuple[list[dict[str, Any]], list[str]]:
    """Other servers that answered, and the MAC addresses of other machines with the master's address.

    A server whose identifier is the master's address is the master's own, seen through a relay.

    Args:
        frames: what was heard.
        own: what is the master's.
    """
    servers: dict[tuple[str, str], dict[str, Any]] = {}
    others = set()
    for frame in frames:
        claim = arp_sender(frame)
        if claim is not None and claim[0] == own.address and claim[1] not in own.macs:
            others.add(claim[1])
        said = dhcp.answer(frame)
        if said is None or said.xid not in own.xids or said.server == own.address or said.mac in own.macs:
            continue
        known = servers.setdefault(
            (said.server, said.mac),
            {"address": said.server, "mac": said.mac, "offers": "", "boot_file": "", "boot_only": False},
        )
        known["offers"] = known["offers"] or said.address
        known["boot_file"] = known["boot_file"] or said.boot_file
        known["boot_only"] = known["boot_only"] or said.boot_only
    for known in servers.values():
        known["boot_only"] = known["boot_only"] and not known["offers"]
    return [servers[key] for key in sorted(servers)], sorted(others)


@dataclasses.dataclass(frozen=True)
class Link:
    """An interface as the kernel has it (netdevice(7)).

    Args:
        flags: IFF_UP and the others.
        kind: what it is, a number of linux/if_arp.h.
        mac: its MAC address, where it is of Ethernet.
    """

    flags: int
    kind: int
    mac: bytes


def links() -> dict[str, Link]:
    """The interfaces of this network namespace by name.

    They are asked of the kernel and not read below /sys, which may be that of a container's host.
    """
    found = {}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        for _number, name in socket.if_nameindex():
            request = struct.pack("16s24x", name.encode())
            try:
                flags = struct.unpack_from("=H", fcntl.ioctl(asked, SIOCGIFFLAGS, request), 16)[0]
                kind, mac = struct.unpack_from("=H6s", fcntl.ioctl(asked, SIOCGIFHWADDR, request), 16)
            except OSError:
                # It has just gone.
                continue
            found[name] = Link(flags, kind, mac)
    return found


def hindrance(link: Link | None) -> str:
    """Why nobody can be asked through an interface: missing, kind (no Ethernet), carrier (no link), or nothing."""
    if link is None:
        return "missing"
    if link.kind != ARPHRD_ETHER:
        return "kind"
    return "" if link.flags & IFF_UP and link.flags & IFF_RUNNING else "carrier"


def _send(raw: socket.socket, frames: list[bytes]) -> None:
    for frame in frames:
        raw.send(frame)


def _listen(raw: socket.socket, end: float) -> list[bytes]:
    """What comes in until a time of the monotonic clock."""
    heard: list[bytes] = []
    while True:
        left = end - time.monotonic()
        if left <= 0:
            return heard
        raw.settimeout(left)
        try:
            frame, where = raw.recvfrom(2048)
        except socket.timeout:
            return heard
        # The master's own server answers the master's own question.
        if where[2] != PACKET_OUTGOING:
            heard.append(frame)


class Question:
    """Asks at once, so that the answers arrive while the caller does something else.

    Args:
        interface: the slaves' interface.
        address: the master's address.
        client: MAC address of the machine that is said to ask.
        may_inform: whether the interface has the master's address, so that the answer finds it.
        interfaces: all that there are; the kernel is asked by default.
    """

    def __init__(
        self,
        interface: str,
        address: str,
        client: str,
        may_inform: bool = True,
        interfaces: dict[str, Link] | None = None,
    ) -> None:
        present = links() if interfaces is None else interfaces
        link = present.get(interface)
        self.hindrance = hindrance(link)
        self._socket: socket.socket | None = None
        if link is None or self.hindrance:
            return
        macs = {dhcp.mac_text(each.mac) for each in present.values() if each.kind == ARPHRD_ETHER}
        xids = random.sample(range(1 << 32), 2)
        self._own = Own(address, frozenset(macs), frozenset(xids))
        source, asker = link.mac, mac_bytes(client)
        informing = [dhcp.inform(source, address, xids[1])] if may_inform else []
        # The quick question goes first: until a server has pinged an address for an offer, it may answer nobody.
        quick = [arp_probe(source, address), *informing]
        self._first = [*quick, dhcp.discover(source, asker, xids[0], 0, dhcp.BIOS)]
        # A machine that asks again; a server that answers one kind of firmware only hears its own.
        self._second = [*quick, dhcp.discover(source, asker, xids[0], 1, dhcp.EFI_X64)]
        try:
            self._socket = self._open(interface, asker)
            _send(self._socket, self._first)
        except OSError as error:
            self._give_up(error)
        self._began = time.monotonic()

    @staticmethod
    def _open(interface: str, client: bytes) -> socket.socket:
        # Of no protocol until it is bound: nothing is heard that the filter has not seen.
        raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        try:
            attach_filter(raw)
            raw.bind((interface, ETH_P_ALL))
            # For a server that does not heed the broadcast flag; gone with the socket (packet(7)).
            who = struct.pack("iHH8s", socket.if_nametoindex(interface), PACKET_MR_UNICAST, len(client), client)
            raw.setsockopt(SOL_PACKET, PACKET_ADD_MEMBERSHIP, who)
        except OSError:
            raw.close()
            raise
        return raw

    def _give_up(self, error: OSError) -> None:
        self.hindrance = str(error)
        if self._socket:
            self._socket.close()
            self._socket = None

    def answers(self) -> dict[str, Any]:
        """Wait for the rest of the time, and tell what was heard.

        Returns:
            hindrance: why nobody was asked; empty when somebody was.
            servers: other DHCP servers, with address, mac, offers (an address), boot_file and boot_only.
            same_address: MAC addresses of other machines that have the master's address.
        """
        frames: list[bytes] = []
        if self._socket:
            try:
                frames += _listen(self._socket, self._began + AGAIN_SECONDS)
                _send(self._socket, self._second)
                frames += _listen(self._socket, self._began + LISTEN_SECONDS)
            except OSError as error:
                self._give_up(error)
        if self._socket:
            self._socket.close()
        servers, others = sort(frames, self._own) if frames else ([], [])
        return {"hindrance": self.hindrance, "servers": servers, "same_address": others}
