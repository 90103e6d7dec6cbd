# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fingerprint that proves a dry run harmless must itself see every kind of change."""

import importlib.util
import json
import os
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[3] / "molecule" / "default" / "files" / "fingerprint.py"


def load() -> ModuleType:
    """The script, which runs on the master and is no part of a package."""
    spec = importlib.util.spec_from_file_location("fingerprint", SCRIPT)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


fingerprint = load()


def rewrite_in_secret(path: Path) -> None:
    """Other content of the same size, with the old time put back."""
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    path.write_text("xyz", encoding="ascii")
    os.utime(path, ns=times)


def replace_by_link(path: Path) -> None:
    path.unlink()
    path.symlink_to("/etc/hostname")


@pytest.mark.parametrize(
    "change",
    [
        lambda path: path.chmod(0o600),
        lambda path: os.utime(path, ns=(0, 1)),
        lambda path: path.write_text("abcd", encoding="ascii"),
        rewrite_in_secret,
        replace_by_link,
    ],
)
def test_describe_sees(tmp_path: Path, change: Callable[[Path], object]) -> None:
    path = tmp_path / "file"
    path.write_text("abc", encoding="ascii")
    path.chmod(0o644)
    before = fingerprint.describe(str(path))
    assert fingerprint.describe(str(path)) == before
    change(path)
    assert fingerprint.describe(str(path)) != before


@pytest.mark.parametrize(
    "path", ["/proc/1", "/tmp", "/run/x.sock", "/var/log/messages", "/root/.ansible/tmp/x", "/a.pid"]
)
def test_noise(path: str) -> None:
    assert fingerprint.NOISE.fullmatch(path)


@pytest.mark.parametrize("path", ["/etc/exports", "/root/.ssh", "/etc/run", "/var/db/pkg", "/srv/tftp/tmp", "/process"])
def test_no_noise(path: str) -> None:
    assert not fingerprint.NOISE.fullmatch(path)


@pytest.mark.parametrize(
    ("before", "after", "status", "said"),
    [
        ({"/a": "1"}, {"/a": "1"}, 0, "1 things compared, 0 differ"),
        ({}, {"/a": "1"}, 1, "created: /a: 1"),
        ({"/a": "1"}, {}, 1, "removed: /a"),
        ({"/a": "1"}, {"/a": "2"}, 1, "changed: /a: 1 -> 2"),
    ],
)
def test_compare(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    before: dict[str, str],
    after: dict[str, str],
    status: int,
    said: str,
) -> None:
    files = [tmp_path / "before", tmp_path / "after"]
    for file, content in zip(files, (before, after), strict=True):
        file.write_text(json.dumps(content), encoding="utf-8")
    assert fingerprint.main("compare", *map(str, files)) == status
    assert said in capsys.readouterr().out
