# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Boots of UEFI machines in the lab, as their serial lines and the wire gave them, well and not.

data/uefi: consoles as QEMU keeps them (a byte may come twice), of the two that went well with the middle cut out; a
capture with one packet of a kind.
"""

from pathlib import Path

import pytest

from lab.capture import Records
from lab.causes import cause, dead_end, sign_of_end
from lab.console import Dialogue
from lab.probe import Expected
from lab.terminal import Screen
from lab.timeline import Timeline
from lab.wire import Decoder, Event

DATA = Path(__file__).parent / "data" / "uefi"
MAC, ADDRESS = "00:02:a5:04:3b:66", "192.168.1.21"
EFI = "syslinux.efi"
OFFERED = [("dhcp-discover", ""), ("dhcp-offer", EFI)]
GIVEN = [*OFFERED, ("dhcp-request", ""), ("dhcp-ack", EFI)]
CONFIG = "pxelinux.cfg/01-00-02-a5-04-3b-66"


def got(name: str) -> list[tuple[str, ...]]:
    """A file that TFTP served."""
    return [("tftp-request", name), ("tftp-begin", name, "100")]


def missed(name: str) -> list[tuple[str, ...]]:
    """A file that the TFTP server does not have."""
    return [("tftp-request", name), ("tftp-error", name, "File not found")]


def console(name: str, timeline: Timeline) -> Screen:
    """Play a console's bytes to a timeline."""
    screen = Screen()
    for line in screen.feed((DATA / f"{name}.raw").read_bytes(), 150.0):
        timeline.console(line)
    return screen


def story(events: list[tuple[str, ...]]) -> Timeline:
    """A boot with these events, one each second."""
    one = Timeline(MAC, ADDRESS, 100.0)
    for second, (kind, *rest) in enumerate(events, 101):
        machine, subject = (MAC, ADDRESS) if kind.startswith("dhcp") else (ADDRESS, rest.pop(0))
        one.wire(Event(float(second), machine, kind, subject, rest[0] if rest else ""))
    return one


def test_a_boot_s_packets() -> None:
    decoder, one = Decoder(), Timeline(MAC, ADDRESS, 1000.0)
    for time, frame in Records().feed((DATA / "boot.pcap").read_bytes()):
        for event in decoder.decode(time, frame):
            assert one.concerns(event)
            one.wire(event)
    assert [(title, text) for _seconds, title, text in one.rows()] == [
        ("DHCP", "192.168.1.21, boot file syslinux.efi"),
        ("loader", "syslinux.efi, 171,456 bytes"),
        ("config file", "pxelinux.cfg/01-00-02-a5-04-3b-66, 290 bytes"),
        ("kernel", "/bzImage_x86_64, 4,338,688 bytes"),
    ]


@pytest.mark.parametrize(("name", "first"), [("boot", ">>Start PXE over IPv4."), ("boot-ipxe-rom", "iPXE 1.0.0")])
def test_a_boot_s_console(name: str, first: str) -> None:
    one = Timeline(MAC, ADDRESS, 100.0)
    screen = console(name, one)
    assert screen.lines[0].text.strip().startswith(first)
    assert "Loading /bzImage_x86_64... ok" in [line.text for line in screen.lines]
    assert [line.text[:28] for line in screen.lines if "Linux version" in line.text] == ["[    0.000000] Linux version"]
    assert list(one.stages) == ["start", "nfs"]
    assert dead_end(one) is None


@pytest.mark.parametrize("name", ["boot", "boot-ipxe-rom"])
def test_nothing_is_typed_before_the_login_prompt(name: str) -> None:
    talk = Dialogue("secret", Expected("slave21", ADDRESS))
    heard = (DATA / f"{name}.raw").read_text()
    prompt = heard.rindex("slave21 login: ") + len("slave21 login: ")
    for at in range(0, prompt, 7):
        talk.hear(heard[at : min(at + 7, prompt)], 0.0)
        assert talk.say(100.0) == ("root\r" if at + 7 >= prompt else "")


@pytest.mark.parametrize(
    ("name", "events", "end", "words"),
    [
        ("no-dhcp", [("dhcp-discover", "")] * 4, "over IPv4: BdsDxe: failed to load Boot0001", "no DHCP answer: is"),
        ("no-boot-file", [("dhcp-discover", ""), ("dhcp-offer", "")], None, "not taken up: it names no boot file"),
        ("no-loader", [*GIVEN, *missed(EFI)], "over IPv4", "file not found over TFTP: syslinux.efi"),
        ("no-tftp", [*GIVEN, ("tftp-request", EFI)], "over IPv4", "no TFTP answer for syslinux.efi"),
        (
            "bios-loader",
            [*GIVEN[:3], ("dhcp-ack", "pxelinux.0"), *got("pxelinux.0")],
            "over IPv4",
            "pxelinux.0 was fetched, but is it a loader for this firmware? the firmware could not boot over IPv4: "
            'BdsDxe: failed to load Boot0001 "UEFI PXEv4 (MAC:0002A5043B66)"',
        ),
        (
            "no-module",
            [*GIVEN, *got(EFI), *missed("ldlinux.e64"), *missed("/ldlinux.e64")],
            "the loader could not load its module: Failed to load ldlinux.e64",
            "file not found over TFTP: /ldlinux.e64, ldlinux.e64",
        ),
        (
            "no-configuration",
            [*GIVEN, *got(EFI), *got("ldlinux.e64"), *missed(CONFIG), *missed("pxelinux.cfg/default")],
            "the loader found no configuration: Unable to locate",
            f"file not found over TFTP: {CONFIG}, pxelinux.cfg/default",
        ),
        (
            "no-kernel",
            [
                *(*GIVEN, *got(EFI), *got("ldlinux.e64"), *got(CONFIG)),
                *(*missed("/bzImage_x86_64"), *missed("/bzImage_x86_64.previous")),
            ],
            "the loader found no kernel: Loading /bzImage_x86_64.previ18;30Hous... failed: No such file",
            "file not found over TFTP: /bzImage_x86_64, /bzImage_x86_64.previous",
        ),
    ],
)
def test_a_boot_that_fails(name: str, events: list[tuple[str, ...]], end: str | None, words: str) -> None:
    one = story(events)
    screen = console(name, one)
    sign = dead_end(one) or sign_of_end(screen.partial)
    if end is None:
        assert sign is None
    else:
        assert sign is not None
        assert end in sign
    assert words in cause(one, ended=1000.0)
