# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs that only look, that are refused, that fail or that are killed, and what the next run makes of that."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.netboot.diskless.plugins.module_utils import _root_copy, _slave_root
from ansible_collections.netboot.diskless.plugins.module_utils._beneath import Beneath
from ansible_collections.netboot.diskless.plugins.module_utils._slave_root import Root, RootError

from tests.unit.root_world import Killed, World
from tests.unit.shared import needs_root, picture

pytestmark = needs_root


def test_a_dry_run_of_a_new_root_touches_nothing(world: World) -> None:
    before = picture(world.base)
    assert world.bring(dry=True) == [world.made_from()]
    assert picture(world.base) == before


def test_a_dry_run_of_new_programs_touches_nothing(standing: World) -> None:
    root = Path(standing.slave()["root"])
    before = picture(standing.base)
    assert standing.bring(dry=True, stamp="two", root_hash="$6$salt$other") == [
        f"{root}/ gets the programs of {standing.master}",
        f"{root}/etc/shadow is written",
    ]
    assert picture(standing.base) == before


@pytest.mark.parametrize("dry", [True, False])
@pytest.mark.parametrize("there", [True, False])
def test_services_that_do_not_exist_are_refused_by_name(standing: World, there: bool, dry: bool) -> None:
    before = picture(standing.roots)
    with pytest.raises(RootError, match=r"slave2[12]: slave_rootfs_services asks for ntpd, cronie.*/etc/init.d/ntpd"):
        standing.bring(21 if there else 22, dry=dry, services=["ntpd", "sshd", "cronie"])
    assert picture(standing.roots) == before


def test_services_are_refused_where_there_are_no_scripts(world: World) -> None:
    for path in (world.base / "master/etc/init.d").iterdir():
        path.unlink()
    with pytest.raises(RootError, match="/etc/init.d/sshd"):
        world.bring()
    assert os.listdir(world.roots) == []
    assert not (world.made(services=[]) / "etc/runlevels").exists()


def test_a_failing_rsync_leaves_no_root(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_root_copy, "RECEIVER", "false")
    with pytest.raises(RootError, match=r"slave21: rsync ends with \d+"):
        world.bring()
    assert os.listdir(world.roots) == [".192.168.1.21.building"]
    assert not os.listdir(world.base / "state") or os.listdir(world.base / "state") == ["progress"]


def test_nothing_fails_without_ssh_keygen(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_slave_root.shutil, "which", lambda name: None)
    assert not (world.made() / _slave_root.HOST_KEY).exists()


# Which call of which function, and whether the run is killed before it or after it.
KILLS = [
    (_slave_root, "copy_programs", 1, "before"),
    (_slave_root, "copy_programs", 1, "after"),
    (_slave_root, "copy_etc", 1, "after"),
    (Beneath, "make_directory", 3, "before"),
    (Beneath, "write", 2, "after"),
    (Beneath, "write", 8, "before"),
    (Beneath, "link", 4, "after"),
    (os, "rename", 1, "before"),
    (os, "rename", 1, "after"),
]


@pytest.mark.parametrize(("place", "name", "call", "when"), KILLS)
def test_a_killed_run_leaves_no_half_root_and_the_next_one_finishes_it(
    world: World, kept: World, monkeypatch: pytest.MonkeyPatch, place: Any, name: str, call: int, when: str
) -> None:
    original, calls = getattr(place, name), []

    def killed(*args: Any, **options: Any) -> Any:
        calls.append(name)
        if len(calls) == call and when == "before":
            raise Killed
        result = original(*args, **options)
        if len(calls) == call:
            raise Killed
        return result

    final = world.roots / "192.168.1.21"
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(place, name, killed)
        world.bring()
    whole = (name, when) == ("rename", "after")
    assert final.exists() == whole
    assert Root(world.slave(), world.source(), True).is_new() != whole
    # What the master keeps for itself in the meantime must not remain of the first attempt.
    (world.base / "master/etc/profile").chmod(0o600)
    world.bring()
    assert os.listdir(world.roots) == ["192.168.1.21"]
    expected = set(picture(Path(f"{kept.base}.kept/diskless/192.168.1.21")))
    assert set(picture(final)) == (expected if whole else expected - {"etc/profile"})
    assert world.bring() == []


def test_a_kill_before_the_record_begins_again_and_no_root_is_nobodys(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(json, "dumps", lambda *_args: (_ for _ in ()).throw(Killed()))
        world.bring()
    # A root without a record would be somebody else's.
    assert not (world.roots / "192.168.1.21").exists()
    assert world.bring() == [world.made_from()]
    assert world.bring() == []


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"root": 1}', '{"programs": "one"}'])
def test_a_broken_record_only_repeats_the_copy(standing: World, text: str) -> None:
    (standing.base / "state/roots/192.168.1.21.json").write_text(text)
    assert standing.bring(dry=True) == [f"{standing.roots}/192.168.1.21/ gets the programs of {standing.master}"]


def test_a_root_that_moved_gets_its_programs(standing: World) -> None:
    moved = {**standing.slave(), "root": str(standing.roots / "elsewhere")}
    os.rename(standing.slave()["root"], moved["root"])
    assert Root(moved, standing.source(), True).programs_differ()
