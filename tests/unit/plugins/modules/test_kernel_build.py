# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module kernel_build, with a tree of two source files."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible_collections.netboot.diskless.plugins.module_utils._kernel_build import KernelError
from ansible_collections.netboot.diskless.plugins.modules.kernel_build import build_from, run

from tests.unit.kernel_tree import Tree, make_tree
from tests.unit.shared import needs_root, picture

pytestmark = needs_root


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tree:
    return make_tree(tmp_path, monkeypatch)


def arguments(tree: Tree, **changes: Any) -> dict[str, Any]:
    return {
        "tree": str(tree.source),
        "output": str(tree.output),
        "architecture": "x86_64",
        "base": "tinyconfig",
        "symbols": dict(tree.symbols),
        "modules": False,
        "image": str(tree.base / "tftp/bzImage_x86_64"),
        "config": str(tree.base / "state/kernel/.config_x86_64"),
        "jobs": 1,
        "allow_build": True,
        "state_directory": str(tree.base / "state"),
        **changes,
    }


def ran(tree: Tree, check_mode: bool = False, diff: bool = False, **changes: Any) -> dict[str, Any]:
    """The result of one run of the module."""
    module = SimpleNamespace(params=arguments(tree, **changes), check_mode=check_mode, _diff=diff)
    return run(cast(AnsibleModule, module))


def test_arguments_become_a_build(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    (tree.base / "link").symlink_to("linux")
    monkeypatch.setattr("os.cpu_count", lambda: 7)
    given = arguments(tree, symbols={"NR_CPUS": 8, "SMP": "y"}, jobs=0)
    build = build_from({**given, "tree": str(tree.base / "link")})
    # The source is known by its real path: a link to it says nothing of what is in it.
    assert build.tree == str(tree.source)
    assert build.symbols == {"NR_CPUS": "8", "SMP": "y"}
    assert build.jobs == 7


def test_builds_and_installs_once(tree: Tree) -> None:
    first = ran(tree)
    assert first["changed"] and first["build_needed"] and first["log"] == f"{tree.output}/build.log"
    image, config = tree.base / "tftp/bzImage_x86_64", tree.base / "state/kernel/.config_x86_64"
    assert image.read_bytes() == (tree.output / "arch/x86/boot/bzImage").read_bytes()
    assert config.read_bytes() == (tree.output / ".config").read_bytes()
    assert first["image_bytes"] == image.stat().st_size
    before = picture(tree.base)
    for again in (ran(tree), ran(tree, check_mode=True), ran(tree, allow_build=False)):
        assert not again["changed"] and not again["build_needed"]
    assert picture(tree.base) == before


@pytest.mark.parametrize("options", [{"check_mode": True}, {"allow_build": False}])
def test_only_says_that_a_build_is_needed(tree: Tree, options: dict[str, Any]) -> None:
    before = picture(tree.base)
    result = ran(tree, diff=True, **options)
    assert result["changed"] and result["build_needed"] and "image_bytes" not in result
    assert "CONFIG_NFS_FS=y\n" in result["diff"][0]["after"]
    assert picture(tree.base) == before


def test_what_replaced_the_image_is_replaced(tree: Tree) -> None:
    ran(tree)
    image = tree.base / "tftp/bzImage_x86_64"
    image.write_bytes(b"another kernel")
    checked = ran(tree, check_mode=True)
    assert checked["changed"] and not checked["build_needed"] and image.read_bytes() == b"another kernel"
    assert ran(tree)["changed"]
    assert image.read_bytes() == (tree.output / "arch/x86/boot/bzImage").read_bytes()
    assert not ran(tree)["changed"]


def test_an_image_that_goes_elsewhere_leaves_none_behind(tree: Tree) -> None:
    ran(tree)
    result = ran(tree, image=str(tree.base / "boot/bzImage"))
    assert result["changed"] and not result["build_needed"]
    assert (tree.base / "boot/bzImage").exists() and not (tree.base / "tftp/bzImage_x86_64").exists()


def test_the_configurations_difference_is_shown(tree: Tree) -> None:
    ran(tree)
    result = ran(tree, diff=True, symbols={**tree.symbols, "ROOT_NFS": "y"})
    (difference,) = result["diff"]
    assert difference["before_header"] == str(tree.base / "state/kernel/.config_x86_64")
    assert "# CONFIG_ROOT_NFS is not set" in difference["before"] and "CONFIG_ROOT_NFS=y" in difference["after"]


def test_a_wrong_symbol_is_refused_before_anything_is_made(tree: Tree) -> None:
    before = picture(tree.base)
    with pytest.raises(ValueError, match="NFS_FS='yes'"):
        ran(tree, symbols={"NFS_FS": "yes"})
    assert picture(tree.base) == before


def test_a_failed_build_leaves_the_installed_kernel(tree: Tree) -> None:
    ran(tree)
    image = (tree.base / "tftp/bzImage_x86_64").read_bytes()
    with pytest.raises(KernelError, match="BROKEN=n instead of y"):
        ran(tree, symbols={"BROKEN": "y"})
    assert (tree.base / "tftp/bzImage_x86_64").read_bytes() == image


def test_somebodys_image_is_not_replaced(tree: Tree) -> None:
    (tree.base / "tftp").mkdir()
    (tree.base / "tftp/bzImage_x86_64").write_bytes(b"somebody's")
    with pytest.raises(Exception, match="neither written by netboot.diskless"):
        ran(tree)
    assert (tree.base / "tftp/bzImage_x86_64").read_bytes() == b"somebody's"
