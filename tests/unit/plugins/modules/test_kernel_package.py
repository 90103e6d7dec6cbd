# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module kernel_package: what it places, keeps and tells, with a tool that writes a RAM disk of a few bytes."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.netboot.diskless.plugins.module_utils._ledger import sha256
from ansible_collections.netboot.diskless.plugins.module_utils._packaged_initrd import InitrdError
from ansible_collections.netboot.diskless.plugins.module_utils._packaged_kernel import NoKernel, find_kernel
from ansible_collections.netboot.diskless.plugins.module_utils._placing import PlacingError
from ansible_collections.netboot.diskless.plugins.modules import kernel_package
from ansible_collections.netboot.diskless.plugins.modules.kernel_package import Pair, run, wanted_files

from tests.unit.packaged_kernel import PACKED, dpkg, image, place, ram_disk
from tests.unit.shared import needs_root, picture

pytestmark = needs_root
PACKAGE = "linux-image-amd64"
NAMES = ("kernel", "initrd", "previous_kernel", "previous_initrd")


class World:
    """A master with a distribution's kernel, and a TFTP root."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.made: list[str] = []
        self.tftp = base / "tftp"
        self.tftp.mkdir()
        (base / "configuration").mkdir()
        self.params: dict[str, Any] = {
            "package": PACKAGE,
            "tool": "initramfs-tools",
            "configuration": str(base / "configuration"),
            "configuration_changes": False,
            "drivers": ["e1000"],
            "work": str(base / "work"),
            "state_directory": str(base / "state"),
            **{name: str(self.tftp / name) for name in NAMES},
        }

    def install(self, release: str) -> None:
        dpkg(self.base, {PACKAGE: ("", place(self.base, release))})

    def run(self, check_mode: bool = False, **changes: Any) -> dict[str, Any]:
        return run({**self.params, **changes}, check_mode)

    def placed(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.tftp.iterdir()}


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    world = World(tmp_path)
    monkeypatch.setattr(kernel_package, "find_kernel", lambda package: find_kernel(package, str(tmp_path)))

    def tool(command: list[str]) -> None:
        release = command[-1]
        world.made.append(release)
        Path(command[-2]).write_bytes(ram_disk(packed={**PACKED, "release": release.encode()}))

    monkeypatch.setattr(
        "ansible_collections.netboot.diskless.plugins.module_utils._packaged_initrd._run",
        tool,
    )
    return world


def releases(placed: dict[str, bytes]) -> dict[str, str]:
    """The releases that the placed kernels and RAM disks are of."""
    found = {}
    for name, data in placed.items():
        if name.endswith("kernel"):
            found[name] = data[0x600:].split()[0].decode()
        else:
            made = {
                release: ram_disk(packed={**PACKED, "release": release.encode()}) for release in ("1.0", "2.0", "3.0")
            }
            found[name] = next(release for release, content in made.items() if content == data)
    return found


def test_the_kernel_of_a_package_that_is_missing(world: World) -> None:
    result = world.run(check_mode=True)
    assert result["changed"] and result["initrd_made"] and result["release"] == ""
    assert "once it is installed" in result["diff"][0]["after"]
    with pytest.raises(NoKernel, match=f"{PACKAGE} has installed no kernel"):
        world.run()
    assert world.placed() == {} and world.made == []


def test_it_is_placed_once_with_itself_to_fall_back_on(world: World) -> None:
    world.install("1.0")
    before = picture(world.base)
    told = world.run(check_mode=True)
    assert picture(world.base) == before and world.made == []
    result = world.run()
    assert told["changed"] and result["changed"] and told["release"] == result["release"] == "1.0"
    assert told["diff"] == result["diff"]
    assert result["kernel_bytes"] == len(image("1.0")) and result["initrd_bytes"] > 1000
    assert releases(world.placed()) == dict.fromkeys(NAMES, "1.0")
    before = picture(world.base)
    for check_mode in (True, False):
        result = world.run(check_mode=check_mode)
        assert not result["changed"] and not result["initrd_made"] and result["release"] == "1.0"
        assert result["diff"][0]["before"] == result["diff"][0]["after"] == "1.0\n"
    assert picture(world.base) == before and world.made == ["1.0"]


def test_the_pair_before_stays_to_fall_back_on(world: World) -> None:
    world.install("1.0")
    world.run()
    world.install("2.0")
    told = world.run(check_mode=True)
    assert told["diff"][0]["before"] == "1.0\n" and told["diff"][0]["after"] == "2.0\n"
    assert world.run()["changed"] and not world.run()["changed"]
    both = {"kernel": "2.0", "initrd": "2.0", "previous_kernel": "1.0", "previous_initrd": "1.0"}
    assert releases(world.placed()) == both
    world.install("3.0")
    world.run()
    assert releases(world.placed()) == {**dict.fromkeys(NAMES[:2], "3.0"), **dict.fromkeys(NAMES[2:], "2.0")}


def killed(world: World, name: str) -> None:
    """Runs the module and kills it just after it has renamed a file of this name into its place."""
    child = os.fork()
    if child == 0:
        replace = os.replace

        def dying(source: Any, target: Any) -> None:
            replace(source, target)
            if str(target) == str(world.tftp / name):
                os.kill(os.getpid(), signal.SIGKILL)

        # It takes no file descriptors, which nothing here gives it.
        os.replace = dying  # type: ignore[assignment]
        try:
            world.run()
        finally:
            os._exit(0)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL


@pytest.mark.parametrize(
    ("name", "left"),
    [
        # The releases of NAMES: the kernel and its RAM disk, the previous kernel and its RAM disk.
        ("previous_kernel", "2 2 2 1"),
        ("previous_initrd", "2 2 2 2"),
        ("kernel", "3 2 2 2"),
        ("initrd", "3 3 2 2"),
    ],
)
def test_a_kill_after_any_rename_leaves_a_pair_that_fits(world: World, name: str, left: str) -> None:
    for release in ("1.0", "2.0"):
        world.install(release)
        world.run()
    world.install("3.0")
    killed(world, name)
    # What was staged lies beside it under a hidden name, until the next run.
    there = {name: data for name, data in world.placed().items() if name in NAMES}
    assert releases(there) == dict(zip(NAMES, [f"{one}.0" for one in left.split()], strict=True))
    # The next run finds it, and falls back on it.
    world.run()
    assert releases(world.placed()) == {**dict.fromkeys(NAMES[:2], "3.0"), **dict.fromkeys(NAMES[2:], "2.0")}
    assert not world.run()["changed"]


def test_check_mode_tells_of_a_configuration_to_come(world: World) -> None:
    world.install("1.0")
    world.run()
    assert world.run(check_mode=True, configuration_changes=True)["changed"]
    # What a run has placed by then, it sees for itself.
    assert not world.run(configuration_changes=True)["changed"]


def test_a_ram_disk_that_does_not_do_is_not_placed(world: World) -> None:
    world.install("1.0")
    world.run()
    before = world.placed()
    world.install("2.0")
    with pytest.raises(InitrdError, match="lacks the network driver e1000e"):
        world.run(drivers=["e1000e"])
    assert world.placed() == before


def test_somebody_elses_file_is_not_replaced(world: World) -> None:
    world.install("1.0")
    (world.tftp / "kernel").write_text("somebody's")
    with pytest.raises(PlacingError, match="neither written by netboot.diskless"):
        world.run()
    assert world.placed() == {"kernel": b"somebody's"}


OLD, NEW, OLDER = (Pair(f"{age} kernel".encode(), f"{age} initrd".encode()) for age in ("old", "new", "older"))
HALF = Pair(NEW.kernel, OLD.initrd)


@pytest.mark.parametrize(
    ("installed", "kept", "new", "previous"),
    [
        (None, None, NEW, NEW),
        (OLD, None, NEW, OLD),
        (OLD, OLDER, NEW, OLD),
        (NEW, OLD, NEW, OLD),
        (NEW, None, NEW, NEW),
        # A run was killed when the first half of the new pair was there.
        (HALF, OLD, NEW, OLD),
    ],
)
def test_there_is_always_a_pair_that_fits(
    tmp_path: Path, installed: Pair | None, kept: Pair | None, new: Pair, previous: Pair
) -> None:
    params = {name: str(tmp_path / name) for name in NAMES}
    recorded = {}
    for pair, names in ((installed, NAMES[:2]), (kept, NAMES[2:])):
        for name, content in zip(names, pair or (), strict=False):
            (tmp_path / name).write_bytes(content or b"")
            # The ledger has what was to come.
            meant = NEW[NAMES.index(name)] if pair is HALF else content
            recorded[str(tmp_path / name)] = sha256(meant or b"")
    wanted = wanted_files(params, new, recorded)
    assert [(file.path, file.content) for file in wanted] == [
        (params["previous_kernel"], previous.kernel),
        (params["previous_initrd"], previous.initrd),
        (params["kernel"], new.kernel),
        (params["initrd"], new.initrd),
    ]
