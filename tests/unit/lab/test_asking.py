# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a client puts on the wire, and how it reads answers, byte by byte."""

from dataclasses import replace

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Packet, Raw

from lab import asking
from lab.asking import Answer, Asker
from lab.firmware import CLIENTS

MAC = "00:02:a5:04:3b:66"
COOKIE = b"\x63\x82\x53\x63"


def asker(name: str, **changes: object) -> Asker:
    return Asker(replace(CLIENTS[name], **changes), MAC, 0x01020304)  # type: ignore[arg-type]


def on_the_wire(frame: Packet) -> Packet:
    """As it arrives: Scapy fills in lengths and checksums when a packet becomes bytes."""
    return Ether(bytes(frame))


def payload(frame: Packet) -> bytes:
    return bytes(on_the_wire(frame)[UDP].payload)


def message(sname: bytes = b"", file: bytes = b"", data: bytes = b"", xid: int = 0x01020304, mac: str = MAC) -> bytes:
    """A server's message: the header of RFC 951, then options."""
    head = bytes((2, 1, 6, 0)) + xid.to_bytes(4, "big") + bytes(8)
    addresses = bytes((192, 168, 1, 21)) + bytes((192, 168, 1, 1)) + bytes(4)
    card = bytes.fromhex(mac.replace(":", "")) + bytes(10)
    return head + addresses + card + sname.ljust(64, b"\0") + file.ljust(128, b"\0") + COOKIE + data


def arriving(data: bytes, port: int = 68, target: str = "192.168.1.21") -> Packet:
    frame = Ether(src="02:00:00:00:00:01", dst=MAC) / IP(src="192.168.1.1", dst=target)
    return on_the_wire(frame / UDP(sport=67, dport=port) / Raw(data))


def test_a_discover_says_what_the_client_is() -> None:
    frame = on_the_wire(asker("bios").discover())
    assert (frame[Ether].src, frame[Ether].dst) == (MAC, "ff:ff:ff:ff:ff:ff")
    assert (frame[IP].src, frame[IP].dst) == ("0.0.0.0", "255.255.255.255")
    assert (frame[UDP].sport, frame[UDP].dport) == (68, 67)
    data = bytes(frame[UDP].payload)
    assert data[:8] == bytes((1, 1, 6, 0, 1, 2, 3, 4))
    assert data[28:34].hex(":") == MAC
    assert data[236:240] == COOKIE
    sent = asking.options(data[240:])
    assert sent[53] == b"\1"
    assert sent[60] == b"PXEClient:Arch:00000:UNDI:002001"
    assert sent[93] == b"\0\0"
    assert sent[94] == b"\1\2\1"
    assert sent[97] == bytes(11) + bytes.fromhex("0002a5043b66")


@pytest.mark.parametrize("wanted", [True, False])
def test_the_broadcast_flag(wanted: bool) -> None:
    assert payload(asker("bios", broadcast=wanted).discover())[10:12] == (b"\x80\0" if wanted else b"\0\0")


def test_bootp_has_no_type_and_64_bytes_for_vendors() -> None:
    data = payload(asker("bootp").discover())
    assert asking.options(data[240:]) == {}
    assert len(data) == 236 + 64


def test_linux_asks_by_bootp_with_empty_options() -> None:
    data = payload(asker("linux-bootp").discover())
    sent = asking.options(data[240:])
    assert 53 not in sent
    assert (sent[17], sent[12], sent[57]) == (bytes(40), bytes(32), b"\x01\x96")
    assert len(data) == 236 + 312


def test_what_clients_have_to_be_told() -> None:
    assert CLIENTS["bootp"].asks_for == {1, 3}
    assert CLIENTS["linux-bootp"].asks_for == {1, 3, 12, 17}
    assert CLIENTS["linux"].asks_for == {1, 3, 6, 12, 15, 17, 26, 40, 42}


@pytest.mark.parametrize("name", CLIENTS)
def test_every_client_fits_into_what_all_servers_take(name: str) -> None:
    assert 300 <= len(payload(asker(name).discover())) <= 548  # RFC 2131, 2: 576 bytes with its headers


def test_a_request_names_the_address_and_the_server() -> None:
    offer = Answer("offer", "192.168.1.1", 67, False, "192.168.1.21", "", "", "", {54: bytes((192, 168, 1, 2))})
    sent = asking.options(payload(asker("linux").request(offer))[240:])
    assert (sent[53], sent[50], sent[54]) == (b"\3", bytes((192, 168, 1, 21)), bytes((192, 168, 1, 2)))


def test_a_boot_request_goes_to_one_server_from_the_clients_address() -> None:
    frame = on_the_wire(asker("bios").boot_request("192.168.1.21", "192.168.1.1", "02:00:00:00:00:01"))
    assert (frame[Ether].dst, frame[IP].src, frame[IP].dst) == ("02:00:00:00:00:01", "192.168.1.21", "192.168.1.1")
    assert frame[UDP].dport == 4011
    data = bytes(frame[UDP].payload)
    assert data[10:16] == bytes((0, 0, 192, 168, 1, 21))
    assert asking.options(data[240:])[53] == b"\3"


def test_reads_fields() -> None:
    answer = asker("bios").answer(arriving(message(b"master", b"pxelinux.0", b"\x35\1\2\x0c\7slave21\xff")))
    assert answer == Answer(
        "offer", "192.168.1.1", 67, False, "192.168.1.21", "192.168.1.1", "master", "pxelinux.0", {12: b"slave21"}
    )


def test_options_66_and_67_come_before_the_fields() -> None:
    data = b"\x35\1\5\x42\1s\x43\1f\xff"
    answer = asker("bios").answer(arriving(message(b"other", b"other", data)))
    assert answer and (answer.kind, answer.server_name, answer.file, answer.options) == ("ack", "s", "f", {})


def test_reads_options_in_the_fields() -> None:
    data = b"\x34\1\3\x35\1\2\xff"
    answer = asker("bios").answer(arriving(message(b"\x42\1s\x0c\1n\xff", b"\x43\1f\x11\1r\xff", data)))
    assert answer and (answer.server_name, answer.file, answer.options) == ("s", "f", {12: b"n", 17: b"r"})


def test_puts_a_long_option_together() -> None:
    assert asking.options(b"\x11\2ab\0\x0c\1n\x11\1c\xff\x11\1d") == {17: b"abc", 12: b"n"}


@pytest.mark.parametrize("data", [b"\x11\5ab", b"\x11"])
def test_an_option_that_is_cut_off_is_an_error(data: bytes) -> None:
    with pytest.raises(ValueError, match="option 17"):
        asking.options(data)


@pytest.mark.parametrize(
    ("target", "expected"), [("255.255.255.255", True), ("192.168.1.21", False)], ids=["everybody", "one"]
)
def test_knows_a_broadcast(target: str, expected: bool) -> None:
    answer = asker("bios").answer(arriving(message(), target=target))
    assert answer and answer.broadcast is expected


@pytest.mark.parametrize(
    "frame",
    [
        arriving(message(xid=5)),
        arriving(message(mac="00:02:a5:04:3b:67")),
        arriving(message(), port=67),
        arriving(b"\1" + message()[1:]),
        arriving(message()[:236] + b"none"),
        arriving(message()[:100]),
        on_the_wire(asking.who_has(MAC, "192.168.1.21", "192.168.1.1")),
    ],
    ids=["conversation", "card", "port", "request", "cookie", "short", "arp"],
)
def test_passes_over_what_is_for_others(frame: Packet) -> None:
    assert asker("bios").answer(frame) is None


def test_answers_for_its_address_alone() -> None:
    question = on_the_wire(asking.who_has("02:00:00:00:00:01", "192.168.1.1", "192.168.1.21"))
    reply = asking.is_here(question, MAC, "192.168.1.21")
    assert reply is not None
    told = on_the_wire(reply)
    assert (told[Ether].dst, told[ARP].hwsrc, told[ARP].psrc) == ("02:00:00:00:00:01", MAC, "192.168.1.21")
    assert asking.is_here(question, MAC, "192.168.1.22") is None
    assert asking.is_here(arriving(message()), MAC, "192.168.1.21") is None
