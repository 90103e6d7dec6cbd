# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who else is on the network: which frames are heard, whose they are, and why nobody can be asked."""

from __future__ import annotations

import socket

import pytest
from ansible_collections.netboot.diskless.plugins.module_utils import _survey_dhcp as dhcp
from ansible_collections.netboot.diskless.plugins.module_utils import _survey_wire as wire

SOURCE = bytes.fromhex("525400aabb01")
OWN = wire.Own("192.168.1.1", frozenset({"52:54:00:aa:bb:01", "52:54:00:aa:bb:02"}), frozenset({7, 8}))
STRANGER, OTHER = "52:54:00:00:00:09", "52:54:00:00:00:0a"

# RFC 5227, section 2.1.1 (the sender's protocol address is zero), in the format of RFC 826.
PROBE = (
    "ffffffffffff 525400aabb01 0806 0001 0800 06 04 0001"
    "525400aabb01 00000000 000000000000 c0a80101"
)  # fmt: skip


def test_the_probe() -> None:
    assert wire.arp_probe(SOURCE, "192.168.1.1") == bytes.fromhex(PROBE)


def claim(mac: str, address: str, operation: int = 2) -> bytes:
    """A machine says that it has an address."""
    sender = wire.mac_bytes(mac)
    packed = socket.inet_aton(address)
    return SOURCE + sender + bytes.fromhex(f"08060001080006040{operation:03x}") + sender + packed + SOURCE + b"\0" * 4


def offer(server: str, mac: str, xid: int = 7, address: str = "0.0.0.0", options: str = "", target: int = 68) -> bytes:
    """An answer of a server, as the rest of dhcp.discover's frame would have it."""
    question = dhcp.discover(wire.mac_bytes(mac), b"\2" * 6, xid, 0, 0)
    said = bytes.fromhex("350102 3604") + socket.inet_aton(server) + bytes.fromhex(options) + b"\xff"
    ports = (67).to_bytes(2, "big") + target.to_bytes(2, "big")
    message = b"\2" + question[43:58] + socket.inet_aton(address) + question[62:282] + said.ljust(60, b"\0")
    return question[:34] + ports + (8 + len(message)).to_bytes(2, "big") + b"\0\0" + message


SERVER = {"address": "192.168.1.9", "mac": STRANGER, "offers": "", "boot_file": "", "boot_only": False}
BOOT_ONLY, FILE = "3c09 505845436c69656e74", "4303 612e62"


@pytest.mark.parametrize(
    ("frames", "servers", "others"),
    [
        ([], [], []),
        ([offer("192.168.1.9", STRANGER)], [SERVER], []),
        # It answers both questions: one server, of which everything is told.
        (
            [
                offer("192.168.1.9", STRANGER, 8),
                offer("192.168.1.9", STRANGER, 7, "192.168.1.77", FILE),
                offer("192.168.1.9", STRANGER, 7, "192.168.1.78"),
            ],
            [{**SERVER, "offers": "192.168.1.77", "boot_file": "a.b"}],
            [],
        ),
        ([offer("192.168.1.9", STRANGER, 7, "0.0.0.0", BOOT_ONLY)], [{**SERVER, "boot_only": True}], []),
        # A server that is both.
        (
            [
                offer("192.168.1.9", STRANGER, 7, "0.0.0.0", BOOT_ONLY),
                offer("192.168.1.9", STRANGER, 7, "192.168.1.77"),
            ],
            [{**SERVER, "offers": "192.168.1.77"}],
            [],
        ),
        # Two relays of one server, and another server.
        (
            [offer("192.168.1.9", OTHER), offer("192.168.1.9", STRANGER), offer("10.0.0.1", OTHER)],
            [{**SERVER, "address": "10.0.0.1", "mac": OTHER}, SERVER, {**SERVER, "mac": OTHER}],
            [],
        ),
        # The master's own: by a relay, from its second interface; somebody else's answer.
        ([offer("192.168.1.1", STRANGER)], [], []),
        ([offer("10.0.0.1", "52:54:00:aa:bb:02")], [], []),
        ([offer("192.168.1.9", STRANGER, xid=9)], [], []),
        ([claim(STRANGER, "192.168.1.1")], [], [STRANGER]),
        (
            [claim(OTHER, "192.168.1.1"), claim(STRANGER, "192.168.1.1", 1), claim(OTHER, "192.168.1.1")],
            [],
            [STRANGER, OTHER],
        ),
        ([claim("52:54:00:aa:bb:02", "192.168.1.1")], [], []),
        ([claim(STRANGER, "192.168.1.2"), wire.arp_probe(wire.mac_bytes(STRANGER), "192.168.1.1")], [], []),
    ],
)
def test_who_answers(frames: list[bytes], servers: list[dict[str, object]], others: list[str]) -> None:
    assert wire.sort(frames, OWN) == (servers, others)


def fragment(frame: bytes, flags: int) -> bytes:
    return frame[:20] + flags.to_bytes(2, "big") + frame[22:]


ANSWER = offer("192.168.1.9", STRANGER)
# The kernel judges each frame: heard or not. A filter works on any socket's bytes; those of a raw one begin alike.
HEARD = {
    "an answer": (ANSWER, True),
    "a first fragment": (fragment(ANSWER, 0x2000), True),
    "one that must not be cut": (fragment(ANSWER, 0x4000), True),
    "a later fragment": (fragment(ANSWER, 0x2001), False),
    "an answer behind a longer header": (ANSWER[:14] + b"\x46" + ANSWER[15:34] + b"\0" * 4 + ANSWER[34:], True),
    "an ARP answer": (claim(STRANGER, "192.168.1.1"), True),
    "a question to a server": (offer("192.168.1.9", STRANGER, target=67), False),
    "TCP": (ANSWER[:23] + b"\x06" + ANSWER[24:], False),
    "IPv6": (ANSWER[:12] + b"\x86\xdd" + ANSWER[14:], False),
    "nearly nothing": (b"\0" * 10, False),
}


@pytest.mark.parametrize("case", HEARD)
def test_the_filter(case: str) -> None:
    frame, heard = HEARD[case]
    near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with near, far:
        wire.attach_filter(far)
        far.settimeout(0)
        near.send(frame)
        if heard:
            assert far.recv(2048) == frame
        else:
            with pytest.raises(BlockingIOError):
                far.recv(2048)


UP, RUNNING, ETHERNET, LOOPBACK = 0x1, 0x40, 1, 772


@pytest.mark.parametrize(
    ("link", "why"),
    [
        (None, "missing"),
        (wire.Link(UP | RUNNING, ETHERNET, SOURCE), ""),
        (wire.Link(UP | RUNNING | 0x1002, ETHERNET, SOURCE), ""),
        (wire.Link(UP, ETHERNET, SOURCE), "carrier"),
        (wire.Link(RUNNING, ETHERNET, SOURCE), "carrier"),
        (wire.Link(UP | RUNNING, LOOPBACK, b"\0" * 6), "kind"),
    ],
)
def test_why_nobody_can_be_asked(link: wire.Link | None, why: str) -> None:
    assert wire.hindrance(link) == why


def test_the_interfaces_of_this_machine() -> None:
    found = wire.links()
    assert set(found) == {name for _number, name in socket.if_nameindex()}
    assert found["lo"].kind == LOOPBACK and found["lo"].flags & 0x8


def test_nobody_is_asked_and_nobody_waited_for() -> None:
    question = wire.Question("eth0", "192.168.1.1", "02:00:00:00:00:01", interfaces={})
    assert question.answers() == {"hindrance": "missing", "servers": [], "same_address": []}


def test_a_refusal_of_the_kernel_is_told() -> None:
    """As without CAP_NET_RAW; here the interface is not the kernel's."""
    interfaces = {"no-such-nic": wire.Link(UP | RUNNING, ETHERNET, SOURCE)}
    said = wire.Question("no-such-nic", "192.168.1.1", "02:00:00:00:00:01", interfaces=interfaces).answers()
    assert said["hindrance"].startswith("[Errno") and said["servers"] == []


class Heard:
    """A raw socket that hears given frames, each once it has been asked so often."""

    def __init__(self, frames: list[tuple[int, bytes, int]]) -> None:
        self.frames = frames
        self.sent: list[bytes] = []
        self.closed = False

    def send(self, frame: bytes) -> None:
        self.sent.append(frame)

    def settimeout(self, seconds: float) -> None:
        assert seconds > 0

    def recvfrom(self, _size: int) -> tuple[bytes, tuple[str, int, int, int, bytes]]:
        if self.frames and self.frames[0][0] <= len(self.sent):
            _after, frame, kind = self.frames.pop(0)
            return frame, ("eth0", 0x0800, kind, 1, b"")
        raise TimeoutError

    def close(self) -> None:
        self.closed = True


def asked(
    monkeypatch: pytest.MonkeyPatch, frames: list[tuple[int, bytes, int]], may_inform: bool
) -> tuple[Heard, object]:
    heard = Heard(frames)
    monkeypatch.setattr(wire.Question, "_open", staticmethod(lambda interface, client: heard))
    monkeypatch.setattr(wire.random, "sample", lambda numbers, count: [7, 8])
    interfaces = {
        "eth0": wire.Link(UP | RUNNING, ETHERNET, SOURCE),
        "eth1": wire.Link(UP, ETHERNET, wire.mac_bytes("52:54:00:aa:bb:02")),
        "lo": wire.Link(UP | RUNNING, LOOPBACK, b"\0" * 6),
    }
    question = wire.Question("eth0", "192.168.1.1", "02:00:00:00:00:01", may_inform, interfaces)
    return heard, question.answers()


INFORM = dhcp.inform(SOURCE, "192.168.1.1", 8)
BIOS, EFI = (
    dhcp.discover(SOURCE, b"\2\0\0\0\0\1", 7, seconds, architecture) for seconds, architecture in ((0, 0), (1, 7))
)
PROBED = wire.arp_probe(SOURCE, "192.168.1.1")


def test_all_is_asked_twice_and_what_is_answered_at_once_first(monkeypatch: pytest.MonkeyPatch) -> None:
    heard, _said = asked(monkeypatch, [], True)
    assert heard.sent == [PROBED, INFORM, BIOS, PROBED, INFORM, EFI]
    assert heard.closed


def test_an_interface_without_the_address_does_not_ask_as_if_it_had(monkeypatch: pytest.MonkeyPatch) -> None:
    heard, _said = asked(monkeypatch, [], False)
    assert heard.sent == [PROBED, BIOS, PROBED, EFI]


def test_what_comes_in_counts_and_what_goes_out_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    incoming, outgoing = 0, 4
    late = offer("10.0.0.1", OTHER)
    frames = [
        (3, claim(STRANGER, "192.168.1.1"), incoming),
        (3, offer("10.0.0.2", STRANGER), outgoing),
        (3, offer("10.0.0.3", "52:54:00:aa:bb:02"), incoming),
        (6, late, incoming),
    ]
    _heard, said = asked(monkeypatch, frames, True)
    server = {**SERVER, "address": "10.0.0.1", "mac": OTHER}
    assert said == {"hindrance": "", "servers": [server], "same_address": [STRANGER]}


def test_a_network_that_is_never_silent_is_not_heard_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "AGAIN_SECONDS", 0.01)
    monkeypatch.setattr(wire, "LISTEN_SECONDS", 0.02)
    monkeypatch.setattr(Heard, "recvfrom", lambda self, size: (b"", ("eth0", 0x0800, 0, 1, b"")))
    heard, said = asked(monkeypatch, [], True)
    assert len(heard.sent) == 6 and said == {"hindrance": "", "servers": [], "same_address": []}
