# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmark of TFTP and HTTP, without a lab: what is asked, and the figures' table."""

from typing import Any

import pytest

from bench import transfer


class Curl:
    """Stands for the clients; `codes` says how each ends."""

    def __init__(self, codes: list[int]) -> None:
        self.codes = codes
        self.commands: list[list[str]] = []

    def __call__(self, command: list[str]) -> Any:
        self.commands.append(command)
        code = self.codes[(len(self.commands) - 1) % len(self.codes)]

        class Process:
            def wait(self) -> int:
                return code

        return Process()


def test_all_clients_ask_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    curl = Curl([0])
    monkeypatch.setattr(transfer.subprocess, "Popen", curl)
    assert transfer.seconds("tftp", 3) >= 0
    assert len(curl.commands) == 3
    assert curl.commands[0][-1] == "tftp://192.168.1.1/bzImage_x86_64"
    assert "--tftp-blksize" in curl.commands[0]


def test_a_client_without_the_file_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer.subprocess, "Popen", Curl([0, 22, 0]))
    with pytest.raises(SystemExit, match="http://192.168.1.1/bzImage_x86_64: not every client got it"):
        transfer.seconds("http", 3)


def test_rates_and_their_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "seconds", lambda scheme, clients: clients / (10 if scheme == "http" else 5))
    figures = transfer.rates(2_000_000)
    assert figures == {"tftp": dict.fromkeys((1, 10, 50), 10.0), "http": dict.fromkeys((1, 10, 50), 20.0)}
    lines = transfer.table(figures).splitlines()
    assert [line.split()[0] for line in lines] == ["MB/s", "tftp", "http", "ratio"]
    assert lines[-1].split() == ["ratio", "2.0", "2.0", "2.0"]
