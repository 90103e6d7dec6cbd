# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A master of a few files for all tests of roots, and one whose slave21 has its root already."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.unit.root_world import HASH, World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A world with the root of slave21 in it, and a copy of it beside it."""
    kept = World(tmp_path_factory.mktemp("world"))
    kept.made(root_hash=HASH)
    subprocess.run(["cp", "-a", kept.base, f"{kept.base}.kept"], check=True)
    return kept


@pytest.fixture
def standing(kept: World) -> World:
    """A world in which slave21 has its root: copied, because making one takes many times as long."""
    shutil.rmtree(kept.base)
    subprocess.run(["cp", "-a", f"{kept.base}.kept", kept.base], check=True)
    return kept


@pytest.fixture(params=["lost+found", ""])
def mounted(world: World, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Path:
    """The place of slave21's root as a new file system of its own, which no rename can put a root on."""
    root = world.roots / "192.168.1.21"
    (root / request.param).mkdir(mode=0o700, parents=True)

    def busy(_source: str, target: str) -> None:
        raise OSError(16, "Device or resource busy", target)

    monkeypatch.setattr(os.path, "ismount", lambda path: path == str(root))
    monkeypatch.setattr(os, "rename", busy)
    return root
