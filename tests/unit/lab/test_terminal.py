# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The terminal: what a serial line prints, as plain lines."""

import pytest

from lab.terminal import Line, Screen, plain


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("slave21 login: ", "slave21 login: "),
        # SeaBIOS clears the screen first.
        (
            "\x1bc\x1b[?7l\x1b[2J\x1b[0mSeaBIOS (version 1.16.2-debian-1.16.2-1)",
            "SeaBIOS (version 1.16.2-debian-1.16.2-1)",
        ),
        # iPXE takes its hint back.
        ("Press Ctrl-B\x08 \x08\x08 \x08\x08 \x08net0: open", "Press Ctrnet0: open"),
        ("\x1b[0;1miPXE 1.0.0\x1b[0m -- Open Source", "iPXE 1.0.0 -- Open Source"),
        # busybox asks for the cursor's place, bash switches bracketed paste on and sets a title.
        ("~ # \x1b[6n", "~ # "),
        ("\x1b[?2004h\x1b]0;root@slave21:~\x07root@slave21:~# ", "root@slave21:~# "),
        ("bell\x07 and null\x00", "bell and null"),
    ],
)
def test_plain(raw: str, shown: str) -> None:
    assert plain(raw) == shown


def test_lines_carry_the_time_of_their_first_byte() -> None:
    screen = Screen()
    assert screen.feed(b"[    0.000000] Linux ver", 1.0) == []
    assert screen.feed(b"sion 6.1\r\nslave21 lo", 2.0) == [Line(1.0, "[    0.000000] Linux version 6.1")]
    assert screen.partial == "slave21 lo"
    assert screen.feed(b"gin: ", 3.0) == []
    assert screen.partial == "slave21 login: "
    assert screen.feed(b"\r\n", 4.0) == [Line(2.0, "slave21 login:")]


def test_empty_lines_are_left_out() -> None:
    assert [line.text for line in Screen().feed(b"\r\r\n\r\none\r\n\r\n\x1b[0m\r\ntwo\r\n", 0.0)] == ["one", "two"]


def test_a_sequence_in_two_pieces_is_not_shown() -> None:
    screen = Screen()
    screen.feed(b"~ # \x1b[", 0.0)
    assert screen.partial == "~ # "
    screen.feed(b"6n", 0.1)
    assert screen.partial == "~ # "


SYSLINUX_EFI = (
    b"My IP is 192.168.1.21\r\n\x1b[17;01HL\x1b[17;02H\x1b[17;02Ho\x1b[17;03H\x1b[18;01H[    0.0] Linux version 6"
)
"""As it comes from syslinux.efi: one letter at its place after the other, and no end of line before the kernel's."""


def test_a_move_to_the_first_column_is_a_new_line() -> None:
    screen = Screen()
    screen.feed(SYSLINUX_EFI[:60], 1.0)
    screen.feed(SYSLINUX_EFI[60:] + b"\n", 2.0)
    assert [line.text for line in screen.lines] == ["My IP is 192.168.1.21", "Lo", "[    0.0] Linux version 6"]
    assert screen.lines[-1].time == 2.0


def test_moves_within_a_line_do_not_end_it() -> None:
    assert [line.text for line in Screen().feed(b"\x1b[2J\x1b[3;11Hone \x1b[3;21Htwo\r\n", 0.0)] == ["one two"]


def test_every_split_gives_the_same_lines() -> None:
    stream = b"\x1b[2Jone\r\n\x1b[18;01H[    1.0] two \x1b[1mbold\x1b[0m\r\nslave21 login: "
    for at in range(len(stream)):
        screen = Screen()
        screen.feed(stream[:at], 0.0)
        screen.feed(stream[at:], 0.0)
        assert [line.text for line in screen.lines] == ["one", "[    1.0] two bold"], at
        assert screen.partial == "slave21 login: "


def test_a_line_for_the_log() -> None:
    assert str(Line(12.3456, "login:")) == "  12.346 login:"
