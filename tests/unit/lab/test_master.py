# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which userlands a master sees, and when it has to start again to see others."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from lab import master
from lab.settings import USERLANDS, Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings("netboot-lab", tmp_path)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Of a lab whose master runs, the calls that would make it another."""
    found: list[str] = []
    running = [True]

    def note(name: str, runs: bool) -> Callable[[Settings], None]:
        def call(_settings: Settings) -> None:
            found.append(name)
            running[:] = [runs]

        return call

    monkeypatch.setattr(master, "is_up", lambda _settings: running[0])
    for name, runs in (("stop", False), ("start", True)):
        monkeypatch.setattr(master, name, note(name, runs))
    for name in ("unpack", "wait_ssh"):
        monkeypatch.setattr(master, name, lambda _settings: None)
    monkeypatch.setattr(master.kernel_source, "ensure", lambda _settings: None)
    return found


def test_only_the_userlands_that_were_asked_for_are_made(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    assert tuple(master._USERLANDS) == USERLANDS
    made = {name: (lambda found, name=name: found.cache / name) for name in USERLANDS}
    monkeypatch.setattr(master, "_USERLANDS", made)
    assert master.sources(settings) == {}
    asked = replace(settings, sources=("debian-i386", "debian"))
    assert master.sources(asked) == {name: settings.cache / name for name in ("debian-i386", "debian")}


@pytest.mark.parametrize(
    ("seen", "asked", "expected"),
    [
        (None, (), []),
        (None, ("debian",), ["stop", "start"]),
        ("contract\ndebian\n", ("debian",), []),
        ("contract\ndebian\n", ("debian", "debian-i386"), ["stop", "start"]),
        ("contract\n", (), []),
    ],
)
def test_a_running_master_starts_again_to_see_more(
    settings: Settings, calls: list[str], seen: str | None, asked: tuple[str, ...], expected: list[str]
) -> None:
    settings.run.mkdir(parents=True)
    if seen is not None:
        (settings.run / "master-sources").write_text(seen)
    master.up(replace(settings, sources=asked))
    assert calls == expected
