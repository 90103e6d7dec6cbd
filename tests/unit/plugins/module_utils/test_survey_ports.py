# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who has a port: the kernel's tables as text and bytes, and this process's own sockets."""

from __future__ import annotations

import os
import socket
import struct
import sys
from pathlib import Path

import pytest
from ansible_collections.netboot.diskless.plugins.module_utils import _survey_ports as ports

# /proc/net/udp and the others, as a Debian master shows them.
UDP = """\
   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  120: 00000000:0043 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 4011 2 0000000000000000 0
  121: 0101A8C0:0045 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 4012 2 0000000000000000 0
  122: 3500007F:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000   991        0 4013 2 0000000000000000 0
  123: 0101A8C0:0801 0201A8C0:0801 01 00000000:00000000 00:00000000 00000000     0        0 4014 2 0000000000000000 0
"""
TCP = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:0801 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 5011 1 0 100 0 0 10 0
   1: 0101A8C0:0801 1501A8C0:03E0 01 00000000:00000000 02:000A 00000000     0        0 0 2 0 20 4 30 10 -1
   2: 0101A8C0:0801 1501A8C0:03E1 06 00000000:00000000 03:00001 00000000     0        0 0 3 0
"""
TCP6 = """\
  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm inode
   0: 00000000000000000000000000000000:006F 00000000000000000000000000000000:0000 0A 00000000:00000000 00:0 0 0 0 6011 1
   1: 0000000000000000FFFF00000101A8C0:0801 00000000000000000000000000000000:0000 0A 00000000:00000000 00:0 0 0 0 6012 1
   2: 000080FE00000000FFAC5452FE010000:0801 00000000000000000000000000000000:0000 0A 00000000:00000000 00:0 0 0 0 6013 1
"""


@pytest.mark.parametrize(
    ("text", "protocol", "rows"),
    [
        (
            UDP,
            "udp",
            [
                ("0.0.0.0", 67, 7, 4011),
                ("192.168.1.1", 69, 7, 4012),
                ("127.0.0.53", 53, 7, 4013),
                ("192.168.1.1", 2049, 1, 4014),
            ],
        ),
        (
            TCP,
            "tcp",
            [("0.0.0.0", 2049, 10, 5011), ("192.168.1.1", 2049, 1, 0), ("192.168.1.1", 2049, 6, 0)],
        ),
        (
            TCP6,
            "tcp",
            [
                ("::", 111, 10, 6011),
                ("192.168.1.1", 2049, 10, 6012),
                ("fe80::5254:acff:0:1fe", 2049, 10, 6013),
            ],
        ),
        ("", "tcp", []),
        ("sl local_address\n0: short\n", "udp", []),
    ],
)
def test_tables(text: str, protocol: str, rows: list[tuple[str, int, int, int]]) -> None:
    assert ports.table(text, protocol, "little") == [ports.Socket(protocol, *row) for row in rows]


def test_a_table_of_a_machine_with_the_other_order_of_bytes() -> None:
    assert ports.table(UDP.replace("0101A8C0", "C0A80101"), "udp", "big")[1].address == "192.168.1.1"


def test_only_what_holds_a_wanted_port_counts() -> None:
    rows = ports.table(UDP, "udp", "little") + ports.table(TCP, "tcp", "little")
    wanted = {("udp", 67), ("tcp", 2049), ("tcp", 69)}
    assert [each.inode for each in ports.waiting(rows, wanted)] == [4011, 5011]
    # A socket of UDP is in the way even when it talks to one machine only.
    assert [each.inode for each in ports.waiting(rows, {("udp", 2049)})] == [4014]


def process(proc: Path, pid: int, comm: str, program: str, words: list[str], descriptors: list[str]) -> None:
    (proc / f"{pid}/fd").mkdir(parents=True)
    (proc / f"{pid}/comm").write_text(f"{comm}\n")
    (proc / f"{pid}/cmdline").write_bytes(b"".join(word.encode() + b"\0" for word in words))
    if program:
        (proc / f"{pid}/exe").symlink_to(program)
    for number, target in enumerate(descriptors):
        (proc / f"{pid}/fd/{number}").symlink_to(target)


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    (tmp_path / "net").mkdir()
    native = sys.byteorder == "little"
    assert native, "the tables above are those of a PC"
    for name, text in {"udp": UDP, "tcp": TCP, "tcp6": TCP6}.items():
        (tmp_path / "net" / name).write_text(text)
    process(tmp_path, 1, "systemd", "/usr/lib/systemd/systemd", ["/sbin/init"], ["socket:[6011]", "socket:[4012]"])
    process(
        tmp_path, 20, "dhcpd", "/usr/sbin/dhcpd (deleted)", ["/usr/sbin/dhcpd", "-q"], ["/dev/null", "socket:[4011]"]
    )
    process(tmp_path, 21, "rpcbind", "/usr/sbin/rpcbind", ["rpcbind", "-w"], ["socket:[6011]", "socket:[6011]"])
    process(tmp_path, 22, "[kthreadd]", "", [], [])
    return tmp_path


DHCPD = {"pid": 20, "names": ["dhcpd"], "command": "/usr/sbin/dhcpd -q"}
SYSTEMD = {"pid": 1, "names": ["systemd"], "command": "/sbin/init"}
RPCBIND = {"pid": 21, "names": ["rpcbind"], "command": "rpcbind -w"}
SOCKETS = """\
[::]:111         Stream   rpcbind.socket             rpcbind.service
192.168.1.1:69   Datagram tftp.socket                tftp.service
[::]:22          Stream   ssh.socket                 ssh.service
/run/x.sock      Stream   x.socket                   x.service
[fe80::1%eth0]:7 Datagram echo.socket                echo.service
*:8              Datagram star.socket                -
kobject-uevent 1 Netlink  systemd-udevd-kernel.socket systemd-udevd.service
"""


def test_units() -> None:
    assert ports.units(SOCKETS) == {
        ("tcp", "::", 111): "rpcbind.socket",
        ("udp", "192.168.1.1", 69): "tftp.socket",
        ("tcp", "::", 22): "ssh.socket",
        ("udp", "fe80::1", 7): "echo.socket",
        ("udp", "::", 8): "star.socket",
    }
    assert ports.units("") == {}


def test_holders(proc: Path) -> None:
    assert ports.holders({4011, 6011, 5011}, str(proc)) == {4011: [DHCPD], 6011: [SYSTEMD, RPCBIND], 5011: []}
    assert ports.holders(set(), "/no/such/directory") == {}


def test_listeners(proc: Path) -> None:
    asked = []

    def devices(protocols: set[str]) -> dict[int, str]:
        asked.append(protocols)
        return {4011: "virbr0"}

    wanted = {("udp", 67), ("udp", 69), ("tcp", 111), ("tcp", 2049), ("udp", 111)}
    found = ports.listeners(wanted, str(proc), devices, lambda: SOCKETS)
    assert asked == [{"udp", "tcp"}]
    keys = ("protocol", "port", "address", "device", "programs", "unit")
    assert [tuple(each[key] for key in keys) for each in found] == [
        ("tcp", 2049, "0.0.0.0", "", [], ""),
        # Its service has started: the unit does not matter.
        ("tcp", 111, "::", "", [SYSTEMD, RPCBIND], ""),
        ("tcp", 2049, "192.168.1.1", "", [], ""),
        ("tcp", 2049, "fe80::5254:acff:0:1fe", "", [], ""),
        ("udp", 67, "0.0.0.0", "virbr0", [DHCPD], ""),
        ("udp", 69, "192.168.1.1", "", [SYSTEMD], "tftp.socket"),
    ]


def test_nothing_is_looked_for_where_nobody_listens(proc: Path) -> None:
    def never(*_arguments: object) -> dict[int, str]:
        raise AssertionError

    assert ports.listeners({("udp", 4011)}, str(proc), never, lambda: str(never())) == []


def row(interface: int, inode: int) -> bytes:
    """A struct inet_diag_msg (linux/inet_diag.h) behind its struct nlmsghdr."""
    message = struct.pack("=40xI24xI", interface, inode)
    return struct.pack("=IHHII", 16 + len(message), 20, 2, 1, 0) + message


DONE = struct.pack("=IHHIIi", 20, 3, 2, 1, 0, 0)


@pytest.mark.parametrize(
    ("data", "found", "complete"),
    [
        (row(3, 4011) + row(0, 4012) + row(4, 4013), {4011: 3, 4013: 4}, False),
        (row(3, 4011) + DONE, {4011: 3}, True),
        (DONE + row(3, 4011), {}, True),
        # An attribute behind a row; what is cut off; a length that leads nowhere.
        (struct.pack("=I", 90) + row(3, 1)[4:] + b"\0" * 4 + row(4, 2), {1: 3, 2: 4}, False),
        (row(3, 4011) + row(4, 4012)[:15], {4011: 3}, False),
        (struct.pack("=IHHII", 0, 20, 2, 1, 0), {}, False),
        (b"", {}, False),
    ],
)
def test_interfaces_of_sockets(data: bytes, found: dict[int, int], complete: bool) -> None:
    assert ports.bound(data) == (found, complete)


def test_a_kernel_that_does_not_tell_interfaces() -> None:
    with pytest.raises(FileNotFoundError):
        ports.bound(struct.pack("=IHHIIi", 36, 2, 0, 1, 0, -2) + b"\0" * 16)


def test_the_real_kernel_tells_of_this_process() -> None:
    """Both ways to the kernel at once, with nothing in between."""
    with socket.socket(socket.AF_INET) as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo\0")
        for each in (tcp, udp):
            each.bind(("127.0.0.1", 0))
        tcp.listen()
        wanted = {("tcp", tcp.getsockname()[1]), ("udp", udp.getsockname()[1])}
        inodes = {os.fstat(each.fileno()).st_ino: each for each in (tcp, udp)}
        found = ports.listeners(wanted)
        told = ports.devices({"udp", "tcp"})
    assert {(each["protocol"], each["port"]) for each in found} == wanted
    assert all(each["address"] == "127.0.0.1" for each in found)
    assert all([program["pid"] for program in each["programs"]] == [os.getpid()] for each in found)
    by_inode = {inode: told.get(inode, "") for inode in inodes}
    # A kernel without INET_UDP_DIAG tells nothing.
    assert by_inode in (
        {inode: "lo" if each is udp else "" for inode, each in inodes.items()},
        dict.fromkeys(inodes, ""),
    )
    assert {each["device"] for each in found} == set(by_inode.values())
