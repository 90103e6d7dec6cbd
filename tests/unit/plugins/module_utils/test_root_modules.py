# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A root holds the modules of the kernel that its slave boots, and no others."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.netboot.diskless.plugins.module_utils._beneath import BeneathError
from ansible_collections.netboot.diskless.plugins.module_utils._packaged_kernel import NoKernel
from ansible_collections.netboot.diskless.plugins.module_utils._root_modules import (
    Modules,
    following,
    modules_of,
    modules_to_come,
)
from ansible_collections.netboot.diskless.plugins.module_utils._slave_root import Root, RootError

from tests.unit.packaged_kernel import dpkg, image, place
from tests.unit.root_world import World
from tests.unit.shared import needs_root, picture

KERNEL = "/srv/tftp/vmlinuz-package_x86_64"


def modules(tmp_path: Path, release: str, stamp: str = "one") -> Modules:
    directory = tmp_path / "modules" / release
    (directory / "kernel").mkdir(parents=True, exist_ok=True)
    (directory / "kernel/e1000.ko").write_text(f"{release} {stamp}")
    return Modules(release, str(directory), stamp)


@pytest.mark.parametrize(
    ("known", "wanted", "then"),
    [
        ([], None, []),
        (["b", "a"], None, ["b", "a"]),
        ([], "a", ["a"]),
        (["a"], "a", ["a"]),
        (["a"], "b", ["b", "a"]),
        (["b", "a"], "b", ["b", "a"]),
        (["b", "a"], "c", ["c", "b"]),
        (["b", "a"], "a", ["a", "b"]),
    ],
)
def test_the_release_before_stays_until_the_next(known: list[str], wanted: str | None, then: list[str]) -> None:
    records = [{"release": release, "stamp": "one"} for release in known]
    chosen = Modules(wanted, f"/lib/modules/{wanted}", "one") if wanted else None
    assert [entry["release"] for entry in following(records, chosen)] == then


def test_a_placed_kernel_tells_whose_modules(tmp_path: Path) -> None:
    place(tmp_path, "6.12.1-amd64")
    (tmp_path / "kernel").write_bytes(image("6.12.1-amd64"))
    found = modules_of(str(tmp_path / "kernel"), str(tmp_path / "lib/modules"))
    assert (found.release, found.directory) == ("6.12.1-amd64", f"{tmp_path}/lib/modules/6.12.1-amd64")
    (tmp_path / "lib/modules/6.12.1-amd64/kernel/e1000.ko").write_text("another one")
    assert modules_of(str(tmp_path / "kernel"), str(tmp_path / "lib/modules")).stamp != found.stamp
    (tmp_path / "kernel").write_bytes(image("6.12.2-amd64"))
    with pytest.raises(NoKernel, match="of release 6.12.2-amd64, but the master has no modules of it"):
        modules_of(str(tmp_path / "kernel"), str(tmp_path / "lib/modules"))


def test_check_mode_asks_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert modules_to_come("there-is-none") is None
    dpkg(tmp_path, {"linux": ("", place(tmp_path, "6.12.1"))})
    monkeypatch.setattr(
        "ansible_collections.netboot.diskless.plugins.module_utils._packaged_kernel.find_kernel.__defaults__",
        (str(tmp_path),),
    )
    found = modules_to_come("linux")
    assert found and found.release == "6.12.1"


def bring(world: World, wanted: Modules | None, dry: bool = False, kernel: str = KERNEL, **changes: Any) -> list[str]:
    source = world.source(modules={KERNEL: wanted}, **changes)
    return Root(world.slave(kernel=kernel), source, dry).bring()


def releases(world: World) -> list[str]:
    return sorted(path.name for path in (world.roots / "192.168.1.21").glob("usr/lib/modules/*"))


def root_of(world: World) -> Path:
    return world.roots / "192.168.1.21"


@needs_root
def test_a_new_root_has_them(world: World, tmp_path: Path) -> None:
    wanted = modules(tmp_path, "6.12.1")
    assert bring(world, wanted, dry=True) == [world.made_from()] and not root_of(world).exists()
    assert bring(world, wanted) == [world.made_from()]
    assert (root_of(world) / "usr/lib/modules/6.12.1/kernel/e1000.ko").read_text() == "6.12.1 one"
    before = picture(world.base)
    assert bring(world, wanted) == [] and picture(world.base) == before


@needs_root
def test_a_root_that_is_there_gets_them(standing: World, tmp_path: Path) -> None:
    wanted, root = modules(tmp_path, "6.12.1"), root_of(standing)
    told = [f"{root}/usr/lib/modules/6.12.1 gets the modules of the distribution's kernel"]
    assert bring(standing, None, dry=True) == [f"{root}/usr/lib/modules/ gets the modules of the distribution's kernel"]
    assert bring(standing, wanted, dry=True) == told and releases(standing) == []
    assert bring(standing, wanted) == told and releases(standing) == ["6.12.1"]
    assert bring(standing, wanted) == [] == bring(standing, wanted, dry=True)


@needs_root
def test_where_lib_is_a_directory_they_lie_there(standing: World, tmp_path: Path) -> None:
    (root_of(standing) / "lib").mkdir()
    bring(standing, modules(tmp_path, "6.12.1"))
    assert (root_of(standing) / "lib/modules/6.12.1/kernel/e1000.ko").exists()
    assert not (root_of(standing) / "usr/lib").exists()


@needs_root
def test_changed_modules_are_copied_again_and_what_they_lost_goes(standing: World, tmp_path: Path) -> None:
    bring(standing, modules(tmp_path, "6.12.1"))
    (root_of(standing) / "usr/lib/modules/6.12.1/kernel/old.ko").write_text("")
    bring(standing, modules(tmp_path, "6.12.1", "second"))
    kernel = root_of(standing) / "usr/lib/modules/6.12.1/kernel"
    assert os.listdir(kernel) == ["e1000.ko"] and (kernel / "e1000.ko").read_text() == "6.12.1 second"


@needs_root
def test_an_old_release_goes_with_the_second_after_it_and_nobody_elses(standing: World, tmp_path: Path) -> None:
    root = root_of(standing)
    bring(standing, modules(tmp_path, "6.12.1"))
    (root / "usr/lib/modules/slaves-own/extra").mkdir(parents=True)
    bring(standing, modules(tmp_path, "6.12.2"))
    assert releases(standing) == ["6.12.1", "6.12.2", "slaves-own"]
    third = modules(tmp_path, "6.12.3")
    told = [
        f"{root}/usr/lib/modules/6.12.3 gets the modules of the distribution's kernel",
        f"{root}/usr/lib/modules/6.12.1 is removed",
    ]
    assert bring(standing, third, dry=True) == told and releases(standing) == ["6.12.1", "6.12.2", "slaves-own"]
    assert bring(standing, third) == told
    assert releases(standing) == ["6.12.2", "6.12.3", "slaves-own"]


@needs_root
def test_a_built_kernel_brings_none_and_takes_none_away(standing: World, tmp_path: Path) -> None:
    assert bring(standing, None, kernel="") == [] and releases(standing) == []
    for release in ("6.12.1", "6.12.2"):
        bring(standing, modules(tmp_path, release))
    # The slave runs the distribution's kernel until it starts again.
    before = picture(standing.base)
    assert bring(standing, None, kernel="", dry=True) == [] == bring(standing, None, kernel="")
    assert picture(standing.base) == before and releases(standing) == ["6.12.1", "6.12.2"]
    # They are still known to be ours.
    bring(standing, modules(tmp_path, "6.12.3"))
    assert releases(standing) == ["6.12.2", "6.12.3"]


@needs_root
def test_a_kernel_to_come_takes_none_away(standing: World, tmp_path: Path) -> None:
    bring(standing, modules(tmp_path, "6.12.1"))
    told = [f"{root_of(standing)}/usr/lib/modules/ gets the modules of the distribution's kernel"]
    assert bring(standing, None, dry=True) == told


@needs_root
def test_programs_that_are_copied_leave_them(standing: World, tmp_path: Path) -> None:
    wanted = modules(tmp_path, "6.12.1")
    (Path(standing.master) / "usr/lib/modules/1.0-masters").mkdir(parents=True)
    exclude = ["/usr/src", "/lib/modules", "/usr/lib/modules"]
    bring(standing, wanted, exclude=exclude)
    assert bring(standing, wanted, stamp="two", exclude=exclude) != []
    assert releases(standing) == ["6.12.1"]


@needs_root
@pytest.mark.parametrize("trap", ["usr/lib", "usr/lib/modules", "usr/lib/modules/6.12.1"])
def test_a_slaves_link_does_not_lead_out(standing: World, tmp_path: Path, trap: str) -> None:
    outside = tmp_path / "precious"
    (outside / "6.12.1").mkdir(parents=True)
    (outside / "6.12.1/file").write_text("the master's")
    bring(standing, modules(tmp_path, "6.12.1"))
    path = root_of(standing) / trap
    path.rename(path.with_name("away"))
    path.symlink_to(outside / "6.12.1" if trap.endswith("1") else outside)
    before = picture(outside)
    for wanted, kernel in ((modules(tmp_path, "6.12.1", "second"), KERNEL), (None, "")):
        try:
            bring(standing, wanted, kernel=kernel)
        except RootError as error:
            assert isinstance(error.__cause__, BeneathError) or "rsync" in str(error)
        assert picture(outside) == before


@needs_root
def test_an_interrupted_copy_is_made_again(standing: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = modules(tmp_path, "6.12.1")
    name = "ansible_collections.netboot.diskless.plugins.module_utils._slave_root.copy_tree"
    with monkeypatch.context() as patch:
        patch.setattr(name, lambda *_args: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            bring(standing, wanted)
    assert Root(standing.slave(kernel=KERNEL), standing.source(modules={KERNEL: wanted}), True).modules_differ()
    bring(standing, wanted)
    assert releases(standing) == ["6.12.1"]
