# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How Portage's source distribution gets here."""

import hashlib
import sys
from pathlib import Path

import pytest

from lab.contract import portage
from lab.contract.pip_backend import mesonpy


def test_backend_gives_pip_the_least_metadata(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "meson.build").write_text("project(\n    'portage',\n    'c',\n    version : '1.2.3',\n)\n")
    monkeypatch.chdir(tmp_path)
    name = mesonpy.prepare_metadata_for_build_wheel(str(tmp_path))
    assert name == "portage-1.2.3.dist-info"
    assert "Name: portage\nVersion: 1.2.3\n" in (tmp_path / name / "METADATA").read_text()


def test_backend_builds_nothing(tmp_path: Path) -> None:
    with pytest.raises(NotImplementedError):
        mesonpy.build_wheel(str(tmp_path))


def test_file_with_another_hash_is_removed(tmp_path: Path) -> None:
    archive = tmp_path / f"portage-{portage.VERSION}.tar.gz"
    archive.write_bytes(b"something else")
    with pytest.raises(RuntimeError, match="SHA-256"):
        portage.source(tmp_path)
    assert not archive.exists()


def test_known_file_is_taken_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = tmp_path / f"portage-{portage.VERSION}.tar.gz"
    archive.write_bytes(b"known")
    monkeypatch.setattr(portage, "SHA256", hashlib.sha256(b"known").hexdigest())
    assert portage.source(tmp_path) == archive


def test_failure_of_pip_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portage, "_pip", lambda: [sys.executable, "-c", "import sys; sys.exit('no network')"])
    with pytest.raises(RuntimeError, match="no network"):
        portage.source(tmp_path)
