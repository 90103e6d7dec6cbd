# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who listens at the ports that the roles' services need: read from the kernel, by no tool of a package."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import socket
import struct
import subprocess
import sys
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address
from typing import Any

# net/tcp_states.h of Linux; a UDP socket that has no peer is in TCP_CLOSE.
TCP_ESTABLISHED, TCP_CLOSE, TCP_LISTEN = 1, 7, 10
# linux/netlink.h, linux/sock_diag.h, linux/inet_diag.h
NETLINK_SOCK_DIAG, SOCK_DIAG_BY_FAMILY = 4, 20
NLMSG_ERROR, NLMSG_DONE = 2, 3
NLM_F_REQUEST, NLM_F_DUMP = 0x1, 0x300
MESSAGE_HEAD = struct.Struct("=IHHII")
MESSAGE_SIZE = 72
PROTOCOLS = {"tcp": socket.IPPROTO_TCP, "udp": socket.IPPROTO_UDP}


@dataclasses.dataclass(frozen=True)
class Socket:
    """A row of the kernel's tables.

    Args:
        protocol: tcp or udp.
        address: the one that it is bound to.
        port: the one that it is bound to.
        state: a number of net/tcp_states.h.
        inode: its name below /proc/PID/fd.
    """

    protocol: str
    address: str
    port: int
    state: int
    inode: int


def _address(text: str, byteorder: Any) -> str:
    """An address of proc(5): hexadecimal words of 32 bits, each in the machine's own order of bytes."""
    words = [int(text[at : at + 8], 16).to_bytes(4, byteorder) for at in range(0, len(text), 8)]
    packed = ip_address(b"".join(words))
    mapped = packed.ipv4_mapped if isinstance(packed, IPv6Address) else None
    return str(mapped or packed)


def table(text: str, protocol: str, byteorder: str = sys.byteorder) -> list[Socket]:
    """The sockets of a file such as /proc/net/udp (proc(5), and Documentation/networking/proc_net_tcp.rst of Linux).

    Args:
        text: what the file says.
        protocol: tcp or udp.
        byteorder: of the machine that said so.
    """
    found = []
    for line in text.splitlines()[1:]:
        fields = line.split()
        if len(fields) > 9:
            address, _colon, port = fields[1].partition(":")
            found.append(
                Socket(protocol, _address(address, byteorder), int(port, 16), int(fields[3], 16), int(fields[9]))
            )
    return found


def waiting(sockets: list[Socket], wanted: set[tuple[str, int]]) -> list[Socket]:
    """The sockets that hold a wanted port: all of UDP, and those of TCP that listen."""
    return [
        each
        for each in sockets
        if (each.protocol, each.port) in wanted and (each.protocol == "udp" or each.state == TCP_LISTEN)
    ]


def _program(pid: str, proc: str) -> dict[str, Any]:
    """A process: its pid, the names that it goes by, and its command line."""
    base = os.path.join(proc, pid)
    with open(os.path.join(base, "comm"), encoding="utf-8", errors="replace") as stream:
        names = [stream.read().rstrip("\n")]
    with open(os.path.join(base, "cmdline"), "rb") as stream:
        words = stream.read().decode(errors="replace").split("\0")
    with contextlib.suppress(OSError):
        # comm has 15 letters at most, and a process may change it.
        names.append(os.path.basename(os.readlink(os.path.join(base, "exe"))).replace(" (deleted)", ""))
    return {"pid": int(pid), "names": list(dict.fromkeys(names)), "command": " ".join(words).strip()}


def holders(inodes: set[int], proc: str = "/proc") -> dict[int, list[dict[str, Any]]]:
    """The processes that have each socket. One of the kernel itself, such as the NFS server's, is nobody's.

    Args:
        inodes: the sockets.
        proc: where proc(5) is.
    """
    found: dict[int, list[dict[str, Any]]] = {inode: [] for inode in inodes}
    links = {f"socket:[{inode}]": inode for inode in inodes}
    for pid in sorted((name for name in os.listdir(proc) if name.isdigit()), key=int) if inodes else []:
        descriptors = os.path.join(proc, pid, "fd")
        try:
            held = set()
            for name in os.listdir(descriptors):
                try:
                    held.add(os.readlink(os.path.join(descriptors, name)))
                except OSError:
                    continue
            mine = links.keys() & held
            program = _program(pid, proc) if mine else {}
        except OSError:
            # It has ended meanwhile.
            continue
        for link in mine:
            found[links[link]].append(program)
    return found


def diagnosis(family: int, protocol: int, states: int) -> bytes:
    """The request that lists sockets with the interface that each is bound to (sock_diag(7))."""
    what = struct.pack("=BBBBI48s", family, protocol, 0, 0, states, b"")
    size = MESSAGE_HEAD.size + len(what)
    return MESSAGE_HEAD.pack(size, SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST | NLM_F_DUMP, 1, 0) + what


def bound(data: bytes) -> tuple[dict[int, int], bool]:
    """Interface numbers by inode of the sockets that are bound to an interface, and whether the answer is complete.

    Args:
        data: netlink messages (netlink(7)), each with a struct inet_diag_msg.

    Raises:
        OSError: the kernel refuses the question, as one without this interface does.
    """
    found: dict[int, int] = {}
    at = 0
    while at + MESSAGE_HEAD.size <= len(data):
        size, kind = MESSAGE_HEAD.unpack_from(data, at)[:2]
        if kind == NLMSG_DONE:
            return found, True
        if kind == NLMSG_ERROR:
            code = -struct.unpack_from("=i", data, at + MESSAGE_HEAD.size)[0]
            raise OSError(code, os.strerror(code))
        if size < MESSAGE_HEAD.size:
            break
        if size >= MESSAGE_HEAD.size + MESSAGE_SIZE:
            body = at + MESSAGE_HEAD.size
            interface, inode = (
                struct.unpack_from("=I", data, body + 40)[0],
                struct.unpack_from("=I", data, body + 68)[0],
            )
            if interface:
                found[inode] = interface
        at += size + (-size % 4)
    return found, False


def devices(protocols: set[str]) -> dict[int, str]:
    """Names of interfaces by inode, of sockets that hear of one interface only (SO_BINDTODEVICE, socket(7)).

    /proc/net does not tell it. A kernel without INET_DIAG and INET_UDP_DIAG does not tell it either: nothing is known
    of such sockets then, and they count as listening everywhere.
    """
    states = {"tcp": 1 << TCP_LISTEN, "udp": 1 << TCP_CLOSE | 1 << TCP_ESTABLISHED}
    found: dict[int, int] = {}
    for protocol in sorted(protocols):
        for family in (socket.AF_INET, socket.AF_INET6):
            try:
                with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_SOCK_DIAG) as asked:
                    asked.settimeout(1)
                    asked.send(diagnosis(family, PROTOCOLS[protocol], states[protocol]))
                    complete = False
                    while not complete:
                        some, complete = bound(asked.recv(1 << 16))
                        found.update(some)
            except OSError:
                continue
    names = dict(socket.if_nameindex())
    return {inode: names.get(number, str(number)) for inode, number in found.items()}


def units(text: str) -> dict[tuple[str, str, int], str]:
    """Units by protocol, address and port, of what systemctl(1) lists of sockets, with their types."""
    types = {"Stream": "tcp", "Datagram": "udp"}
    found = {}
    for line in text.splitlines():
        fields = line.split()
        if len(fields) >= 3 and fields[1] in types:
            address, _colon, port = fields[0].rpartition(":")
            if port.isdigit():
                # A socket for a port alone is listed with the address that it got, in brackets when it has colons.
                address = address.partition("%")[0].strip("[]")
                found[types[fields[1]], "::" if address == "*" else address, int(port)] = fields[2]
    return found


def _ask_systemd() -> str:
    command = ["systemctl", "list-sockets", "--all", "--full", "--no-legend", "--no-pager", "--show-types"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=10).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""


def _read(path: str) -> str:
    try:
        with open(path, encoding="ascii") as stream:
            return stream.read()
    except OSError:
        # A kernel without IPv6 has no tables of it.
        return ""


def listeners(
    wanted: set[tuple[str, int]],
    proc: str = "/proc",
    ask_devices: Callable[[set[str]], dict[int, str]] = devices,
    ask_systemd: Callable[[], str] = _ask_systemd,
) -> list[dict[str, Any]]:
    """All sockets that hold a wanted port.

    Args:
        wanted: protocols and ports.
        proc: where proc(5) is.
        ask_devices: tells the interfaces that sockets are bound to.
        ask_systemd: tells the units for which pid 1 holds sockets.

    Returns:
        A dictionary for each: protocol, port and address; device (empty: all), programs (pid, names, command), and
        unit, for which systemd alone holds it (empty: none).
    """
    protocols = {protocol for protocol, _port in wanted}
    sockets = [
        row
        for protocol in sorted(protocols)
        for suffix in ("", "6")
        for row in waiting(table(_read(os.path.join(proc, "net", protocol + suffix)), protocol), wanted)
    ]
    if not sockets:
        return []
    processes, interfaces = holders({each.inode for each in sockets}, proc), ask_devices(protocols)
    activated = {
        each for each in sockets if [(one["pid"], one["names"][0]) for one in processes[each.inode]] == [(1, "systemd")]
    }
    names = units(ask_systemd()) if activated else {}
    return [
        {
            "protocol": each.protocol,
            "port": each.port,
            "address": each.address,
            "device": interfaces.get(each.inode, ""),
            "programs": processes[each.inode],
            "unit": names.get((each.protocol, each.address, each.port), "") if each in activated else "",
        }
        for each in sockets
    ]
