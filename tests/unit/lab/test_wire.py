# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packets to events. data/boot.pcap holds frames of real boots in the lab, one of a kind; data blocks are cut off."""

import struct
from pathlib import Path

import pytest

from lab.advertise import advertisement
from lab.capture import FILTER, SNAP_LENGTH, Records, tail
from lab.wire import Decoder, Event

CAPTURE = (Path(__file__).parent / "data" / "boot.pcap").read_bytes()
MAC, ADDRESS = "00:02:a5:04:3b:66", "192.168.1.21"
BY_MAC = "pxelinux.cfg/01-00-02-a5-04-3b-66"
EVENTS = [
    (MAC, "dhcp-discover", "0.0.0.0", ""),
    (MAC, "dhcp-offer", ADDRESS, "pxelinux.0"),
    (MAC, "dhcp-request", "0.0.0.0", ""),
    (MAC, "dhcp-ack", ADDRESS, "pxelinux.0"),
    (ADDRESS, "tftp-request", "pxelinux.0", ""),
    (ADDRESS, "tftp-begin", "pxelinux.0", "42339"),
    (ADDRESS, "tftp-data", "pxelinux.0", ""),
    (ADDRESS, "tftp-request", "ldlinux.c32", ""),
    (ADDRESS, "tftp-begin", "ldlinux.c32", "118724"),
    (ADDRESS, "tftp-data", "ldlinux.c32", ""),
    (ADDRESS, "tftp-request", BY_MAC, ""),
    (ADDRESS, "tftp-error", BY_MAC, "File not found"),
    (ADDRESS, "tftp-request", "pxelinux.cfg/C0A80115", ""),
    (ADDRESS, "tftp-begin", "pxelinux.cfg/C0A80115", "262"),
    (ADDRESS, "tftp-request", "/bzImage_x86_64", ""),
    (ADDRESS, "tftp-error", "/bzImage_x86_64", "File not found"),
    (ADDRESS, "nfs-call", "", ""),
    (ADDRESS, "nfs-answer", "", ""),
    (ADDRESS, "nfs-error", "", "2"),
    (ADDRESS, "nfs-refused", "", ""),
    (ADDRESS, "portmap-call", "", ""),
    (ADDRESS, "portmap-answer", "", ""),
]


def events(packets: list[tuple[float, bytes]]) -> list[tuple[str, str, str, str]]:
    decoder = Decoder()
    found = [event for time, frame in packets for event in decoder.decode(time, frame)]
    return [(event.machine, event.kind, event.subject, event.detail) for event in found]


def test_frames_of_real_boots() -> None:
    assert events(Records().feed(CAPTURE)) == EVENTS


@pytest.mark.parametrize("portion", [1, 2, 23, 24, 25, 100, 1000])
def test_a_capture_may_come_in_any_portions(portion: int) -> None:
    records = Records()
    packets = []
    for at in range(0, len(CAPTURE), portion):
        packets += records.feed(CAPTURE[at : at + portion])
    assert packets == Records().feed(CAPTURE)


def test_times_are_those_of_the_capture() -> None:
    time, frame = Records().feed(CAPTURE)[0]
    assert time == 1000.25
    assert Decoder().decode(time, frame) == [Event(1000.25, MAC, "dhcp-discover", "0.0.0.0")]


def test_no_part_of_a_frame_is_too_short() -> None:
    for _time, frame in Records().feed(CAPTURE):
        for length in range(len(frame)):
            decoder = Decoder()
            decoder.decode(0.0, frame[:length])
            decoder.decode(0.0, frame)


def test_an_answer_to_nobody_is_not_tftp() -> None:
    oack = Records().feed(CAPTURE)[5][1]
    assert Decoder().decode(0.0, oack) == []


@pytest.mark.parametrize(
    ("change", "what"),
    [((12, b"\x86\xdd"), "IPv6"), ((20, b"\x00\x10"), "a later fragment"), ((23, b"\x01"), "ICMP")],
)
def test_other_frames_say_nothing(change: tuple[int, bytes], what: str) -> None:
    at, octets = change
    frame = Records().feed(CAPTURE)[0][1]
    assert Decoder().decode(0.0, frame[:at] + octets + frame[at + len(octets) :]) == [], what


def test_a_whole_dhcp_message_is_kept() -> None:
    assert all(len(frame) < SNAP_LENGTH for _time, frame in Records().feed(CAPTURE))


def test_the_filter_is_one_expression() -> None:
    assert FILTER.count("(") == FILTER.count(")")
    assert "\n" not in FILTER


def test_the_router_advertisement_promises_nothing() -> None:
    kind, code, _checksum, hop_limit, flags, lifetime, reachable, retransmit = struct.unpack(
        "!BBHBBHII", advertisement()
    )
    assert (kind, code, hop_limit) == (134, 0, 64)
    assert (flags, lifetime, reachable, retransmit) == (0, 0, 0, 0)


def test_tail(tmp_path: Path) -> None:
    log = tmp_path / "qemu.log"
    assert tail(log) == ""
    log.write_text("one\ntwo\nthree\nfour\n")
    assert tail(log) == "two | three | four"
