# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answer IPv6 router solicitations on one interface: `advertise.py INTERFACE PID_FILE`, run inside a namespace.

iPXE looks for an IPv6 router before it gives up on IPv6 and goes on; without one that costs 13 seconds per boot.
One advertisement that promises nothing (RFC 4861 section 4.2: router lifetime 0, no prefix, neither M nor O flag)
ends the wait and leaves every other machine's configuration alone.
"""

import socket
import struct
import sys
import time

ROUTER_SOLICITATION = 133
ROUTER_ADVERTISEMENT = 134
ALL_NODES = "ff02::1"
ALL_ROUTERS = "ff02::2"
HOP_LIMIT = 255
"""RFC 4861: receivers drop neighbour discovery with any other hop limit."""


def advertisement() -> bytes:
    """An ICMPv6 router advertisement without options; the kernel fills in the checksum (RFC 3542 section 3.1)."""
    current_hop_limit, flags, lifetime, reachable, retransmit = 64, 0, 0, 0, 0
    head = (ROUTER_ADVERTISEMENT, 0, 0, current_hop_limit, flags, lifetime, reachable, retransmit)
    return struct.pack("!BBHBBHII", *head)


def open_socket(interface: str) -> socket.socket:
    """Raw ICMPv6 socket that hears the solicitations of one interface."""
    index = socket.if_nametoindex(interface)
    sock = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, HOP_LIMIT)
    group = socket.inet_pton(socket.AF_INET6, ALL_ROUTERS) + struct.pack("@I", index)
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, group)
    return sock


def serve(interface: str) -> None:
    """Advertise once for every solicitation, for ever."""
    sock = open_socket(interface)
    while True:
        message, _sender = sock.recvfrom(1500)
        if message[:1] != bytes([ROUTER_SOLICITATION]):
            continue
        try:
            sock.sendto(advertisement(), (ALL_NODES, 0))
        except OSError as problem:
            # The bridge's own address is tentative for its first second; the solicitation will be repeated.
            print(f"{time.time():.3f} not sent: {problem}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    serve(sys.argv[1])
