# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Listen on the lab's bridge while machines boot.

tcpdump writes its savefile format (pcap-savefile(5)) into a pipe: so packets are read as packets, not as text that
changes with tcpdump's version, and a copy is kept for a person to open. The pipe also spares tcpdump a file in a
hidden directory, which AppArmor's profile forbids it on some systems.
"""

import struct
import subprocess
from pathlib import Path
from typing import BinaryIO

from lab import network, wire
from lab.settings import BRIDGE, Settings

SNAP_LENGTH = 640
"""Bytes kept of a frame: a whole DHCP message of the usual size."""

_RPC = "tcp[((tcp[12] & 0xf0) >> 2)"
"""The start of a TCP segment's data, for pcap-filter(7); an offset and a length follow."""

FILTER = " or ".join(
    (
        # All UDP but the mass of a TFTP transfer: acknowledgements, and full blocks other than every 16th.
        "(udp and not (udp[8:2] = 4 and udp[4:2] = 12)"
        " and not (udp[8:2] = 3 and udp[10:2] & 15 > 1 and udp[4:2] > 524))",
        # How TCP connections to the portmapper and to nfsd begin, or why not.
        "(tcp and (port 111 or port 2049) and tcp[tcpflags] & (tcp-syn|tcp-rst) != 0)",
        # Answers of nfsd that carry an error: see wire.py for the layout.
        f"(tcp src port 2049 and {_RPC}+8:4] = 1 and {_RPC}+28:4] != 0)",
    )
)

_FILE_HEADER = 24
_RECORD_HEADER = struct.Struct("=IIII")
"""Seconds, microseconds, captured length, original length; in the byte order of this machine."""


class CaptureError(RuntimeError):
    """tcpdump did not start."""


class Records:
    """Cut a stream of pcap-savefile(5) bytes, which come in any portions, into packets."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._header_left = _FILE_HEADER

    def feed(self, data: bytes) -> list[tuple[float, bytes]]:
        """Packets that are complete now, each with its time in seconds since the epoch."""
        self._buffer += data
        if self._header_left:
            if len(self._buffer) < _FILE_HEADER:
                return []
            del self._buffer[:_FILE_HEADER]
            self._header_left = 0
        packets = []
        while len(self._buffer) >= _RECORD_HEADER.size:
            seconds, micros, length, _original = _RECORD_HEADER.unpack_from(self._buffer)
            end = _RECORD_HEADER.size + length
            if len(self._buffer) < end:
                break
            packets.append((seconds + micros / 1e6, bytes(self._buffer[_RECORD_HEADER.size : end])))
            del self._buffer[:end]
        return packets


class Capture:
    """A running tcpdump and what it has told so far. Use it in a `with` statement; it ends with the block."""

    def __init__(self, settings: Settings, name: str) -> None:
        self._settings = settings
        self.file = settings.captures / f"{name}.pcap"
        self._log = settings.captures / f"{name}.log"
        self._records = Records()
        self._decoder = wire.Decoder()

    def __enter__(self) -> "Capture":
        self.file.parent.mkdir(parents=True, exist_ok=True)
        options = ["--immediate-mode", "-U", "-n", "-s", str(SNAP_LENGTH), "-i", BRIDGE, "-w", "-"]
        command = network.inside(self._settings.lab_namespace, "tcpdump", *options, FILTER)
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, start_new_session=True, bufsize=0
            )
        self._copy: BinaryIO = self.file.open("wb")
        # The header comes once tcpdump listens: from here on nothing is missed.
        if self._take(_FILE_HEADER) or not self.file.stat().st_size:
            self.__exit__()
            raise CaptureError(f"tcpdump did not start: {tail(self._log)}")
        return self

    def __exit__(self, *_exception: object) -> None:
        self._process.terminate()
        self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()
        self._copy.close()

    def fileno(self) -> int:
        """Descriptor to wait on for reading."""
        assert self._process.stdout is not None
        return self._process.stdout.fileno()

    def _take(self, size: int) -> list[wire.Event]:
        assert self._process.stdout is not None
        data = self._process.stdout.read(size) or b""
        self._copy.write(data)
        self._copy.flush()
        return [event for time, frame in self._records.feed(data) for event in self._decoder.decode(time, frame)]

    def events(self) -> list[wire.Event]:
        """What has come in; waits when nothing has."""
        return self._take(65536)


def tail(file: Path, lines: int = 3) -> str:
    """The last lines of a log, on one line."""
    try:
        return " | ".join(file.read_text(errors="replace").splitlines()[-lines:])
    except FileNotFoundError:
        return ""
