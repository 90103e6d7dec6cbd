# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module etherboot_image, below its AnsibleModule."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.netboot.diskless.plugins.module_utils._bzimage import ImageError
from ansible_collections.netboot.diskless.plugins.module_utils._etherboot_image import make
from ansible_collections.netboot.diskless.plugins.module_utils._placing import PlacingError
from ansible_collections.netboot.diskless.plugins.modules.etherboot_image import run

from tests.unit.boot_kernel import LINE, kernel
from tests.unit.shared import needs_root, picture

PLAIN = {"file": "vmlinuz_i386", "kernel_file": "bzImage_i386", "initrd_file": "", "command_line": LINE}
PACKAGE = {
    "file": "vmlinuz_i386-package",
    "kernel_file": "vmlinuz",
    "initrd_file": "initrd",
    "command_line": f"{LINE} quiet",
}


class World:
    """A TFTP root with kernels, and what the collection keeps."""

    def __init__(self, base: Path) -> None:
        self.base, self.tftp = base, base / "tftp"
        self.tftp.mkdir()
        (self.tftp / "bzImage_i386").write_bytes(kernel())
        (self.tftp / "vmlinuz").write_bytes(kernel(body=b"P" * 0x800))
        (self.tftp / "initrd").write_bytes(b"initrd")

    def run(self, *images: dict[str, str], check_mode: bool = False, form: str = "elf") -> dict[str, Any]:
        state = str(self.base / "state")
        params = {"directory": str(self.tftp), "format": form, "images": list(images), "state_directory": state}
        return run(params, check_mode)

    def path(self, name: str) -> str:
        return str(self.tftp / name)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@needs_root
def test_images_are_written_once(world: World) -> None:
    result = world.run(PLAIN, PACKAGE)
    assert result["changed"] and not result["removed"]
    assert result["written"] == [world.path("vmlinuz_i386"), world.path("vmlinuz_i386-package")]
    assert (world.tftp / "vmlinuz_i386").read_bytes() == make("elf", kernel(), LINE)
    package = make("elf", kernel(body=b"P" * 0x800), f"{LINE} quiet", b"initrd")
    assert (world.tftp / "vmlinuz_i386-package").read_bytes() == package
    assert (world.tftp / "vmlinuz_i386").stat().st_mode & 0o7777 == 0o644
    again = world.run(PLAIN, PACKAGE)
    assert not again["changed"] and again["written"] == again["diff"] == []
    assert again["layouts"] == result["layouts"]


@needs_root
def test_the_layout_is_told(world: World) -> None:
    assert world.run(PACKAGE)["layouts"] == [
        {
            "file": world.path("vmlinuz_i386-package"),
            "bytes": 512 + 0xA00 + len(f"{LINE} quiet") + 1 + 0x74 + 0x800 + 6,
            "format": "elf",
            "release": "6.1.9-slave",
            "command_line": f"{LINE} quiet",
            "kernel_bytes": 0x800,
            "initrd_bytes": 6,
            "initrd_address": 0x225B000,
            "memory_end": 0x225B006,
        }
    ]


@needs_root
@pytest.mark.parametrize("check_mode", [True, False])
def test_a_change_is_shown_in_words(world: World, check_mode: bool) -> None:
    world.run(PLAIN, PACKAGE)
    before = picture(world.base)
    result = world.run({**PLAIN, "command_line": f"{LINE} debug"}, check_mode=check_mode, form="nbi")
    changed, removed = result["diff"]
    assert changed["before_header"] == changed["after_header"] == world.path("vmlinuz_i386")
    assert f"command_line: {LINE}\n" in changed["before"] and "format: elf\n" in changed["before"]
    assert f"command_line: {LINE} debug\n" in changed["after"] and "format: nbi\n" in changed["after"]
    assert removed["after_header"] == f"{world.path('vmlinuz_i386-package')} (removed)"
    assert "initrd_bytes: 6\n" in removed["before"] and not removed["after"]
    assert (picture(world.base) == before) == check_mode
    assert (world.tftp / "vmlinuz_i386-package").exists() == check_mode


@needs_root
def test_what_is_not_ours_stays(world: World) -> None:
    (world.tftp / "vmlinuz_i386").write_bytes(b"somebody's")
    with pytest.raises(PlacingError, match="neither written by netboot.diskless"):
        world.run(PLAIN)
    (world.tftp / "vmlinuz_i386").unlink()
    world.run(PLAIN)
    (world.tftp / "vmlinuz_old").write_bytes(b"somebody's")
    assert world.run()["removed"] == [world.path("vmlinuz_i386")]
    assert sorted(path.name for path in world.tftp.iterdir()) == ["bzImage_i386", "initrd", "vmlinuz", "vmlinuz_old"]


@needs_root
@pytest.mark.parametrize("name", ["vmlinuz", "initrd"])
def test_a_dry_run_waits_for_what_is_not_there_yet(world: World, name: str) -> None:
    world.run(PLAIN, PACKAGE)
    (world.tftp / name).unlink()
    before = picture(world.base)
    result = world.run(PLAIN, PACKAGE, check_mode=True)
    assert result["changed"] and result["written"] == [world.path("vmlinuz_i386-package")] and not result["removed"]
    assert result["diff"][0]["after"] == f"made as soon as {world.path(name)} is there\n"
    assert [layout["file"] for layout in result["layouts"]] == [world.path("vmlinuz_i386")]
    with pytest.raises(ImageError, match=f"package cannot be made: {world.path(name)} does not exist"):
        world.run(PLAIN, PACKAGE)
    assert picture(world.base) == before


@needs_root
def test_every_reason_is_told_and_nothing_is_written(world: World) -> None:
    (world.tftp / "vmlinuz").write_bytes(b"no kernel")
    before = picture(world.base)
    with pytest.raises(ImageError) as refused:
        world.run(PLAIN, PACKAGE, {**PLAIN, "file": "long", "command_line": "x" * 2048})
    package, long = str(refused.value).splitlines()
    files = f"{world.path('vmlinuz')} and {world.path('initrd')}"
    assert package.startswith(f"{world.path('vmlinuz_i386-package')} cannot be made of {files}: it is no Linux kernel")
    assert long.startswith(f"{world.path('long')} cannot be made of {world.path('bzImage_i386')}: the command line has")
    assert picture(world.base) == before


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"file": "../vmlinuz"}, "'../vmlinuz'"),
        ({"file": ""}, "''"),
        ({"kernel_file": "/etc/shadow"}, "'/etc/shadow'"),
        ({"initrd_file": ".."}, r"'\.\.'"),
    ],
)
def test_only_names_of_files_in_the_directory(world: World, change: dict[str, str], name: str) -> None:
    with pytest.raises(ImageError, match=f"^{name} is no name of a file in {world.tftp}"):
        world.run({**PLAIN, **change}, check_mode=True)
