# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a serial console prints, as lines of plain text with the time they began."""

import re
from dataclasses import dataclass

_ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # control sequences (ECMA-48): colours, cursor moves, bracketed paste
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"  # operating system commands: window titles
    r"|\x1b[()][0-9A-B]"  # character sets
    r"|\x1b[@-Z\\^_a-z=>78]"  # single functions, such as reset
)
_LINE_BREAK = re.compile(r"[\r\n]+|\x1b\[(?:\d+;0*1)?H")
"""What begins a line. UEFI programs, syslinux.efi among them, say where a line goes: row and column, from 1."""

_OTHER_CONTROLS = re.compile(r"[\x00-\x07\x0b-\x0c\x0e-\x1a\x1c-\x1f\x7f]")
_BACKSPACED = re.compile(r"[^\x08\n]\x08")
_UNFINISHED_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|\][^\x07]*|[()]?)$")


def plain(text: str) -> str:
    """Text without escape sequences and controls; backspace removes what stands before it."""
    text = _ESCAPES.sub("", text)
    while True:
        shorter = _BACKSPACED.sub("", text)
        if shorter == text:
            break
        text = shorter
    return _OTHER_CONTROLS.sub("", text).replace("\b", "")


@dataclass(frozen=True)
class Line:
    """One line; `time` is when its first byte came, in seconds of the caller's clock."""

    time: float
    text: str

    def __str__(self) -> str:
        return f"{self.time:8.3f} {self.text}"


class Screen:
    """Collects bytes into lines. `partial` is the line that has not ended: a prompt waits there."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self._raw = ""
        self._since = 0.0

    @property
    def partial(self) -> str:
        """The unfinished line, plain."""
        return plain(_UNFINISHED_ESCAPE.sub("", self._raw))

    def feed(self, data: bytes, now: float) -> list[Line]:
        """Take bytes that came at `now`; returns the lines that they complete. Empty lines are left out."""
        if not self._raw:
            self._since = now
        *complete, self._raw = _LINE_BREAK.split(self._raw + data.decode("utf-8", "replace"))
        lines = []
        for raw in complete:
            text = plain(raw).rstrip()
            if text:
                lines.append(Line(self._since, text))
            self._since = now
        self.lines += lines
        return lines
