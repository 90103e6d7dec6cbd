# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module kernel_build, with a tree of two source files."""

from __future__ import annotations

import os
import signal
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
        "modules": False,
        "image": str(tree.base / "tftp/bzImage_x86_64"),
        "previous": str(tree.base / "tftp/bzImage_x86_64.previous"),
        "config": str(tree.base / "state/kernel/.config_x86_64"),
        "jobs": 1,
        "reconfigured": False,
        "allow_build": True,
        "state_directory": str(tree.base / "state"),
        **changes,
    }


def ran(tree: Tree, check_mode: bool = False, diff: bool = False, **changes: Any) -> dict[str, Any]:
    """The result of one run of the module."""
    module = SimpleNamespace(params=arguments(tree, **changes), check_mode=check_mode, _diff=diff)
    return run(cast(AnsibleModule, module))


def installed(tree: Tree) -> tuple[str, str]:
    """The image and the one to fall back on, as the slaves get them."""
    image, previous = (tree.base / "tftp" / name for name in ("bzImage_x86_64", "bzImage_x86_64.previous"))
    return image.read_text(), previous.read_text()


def test_arguments_become_a_build(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    (tree.base / "link").symlink_to("linux")
    monkeypatch.setattr("os.cpu_count", lambda: 7)
    build = build_from({**arguments(tree, jobs=0), "tree": str(tree.base / "link")})
    # The source is known by its real path: a link to it says nothing of what is in it.
    assert build.tree == str(tree.source)
    assert build.jobs == 7


def test_builds_and_installs_once(tree: Tree) -> None:
    tree.configure()
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
    tree.configure()
    before = picture(tree.base)
    result = ran(tree, diff=True, **options)
    assert result["changed"] and result["build_needed"] and "image_bytes" not in result
    assert result["diff"][0]["before"] == "" and result["diff"][0]["after"] == "to be built\n"
    assert picture(tree.base) == before


@pytest.mark.parametrize("configured", [False, True])
def test_a_dry_run_believes_what_it_is_told_of_the_configuration(tree: Tree, configured: bool) -> None:
    if configured:
        tree.configure()
        ran(tree)
    before = picture(tree.base)
    result = ran(tree, check_mode=True, diff=True, reconfigured=True)
    assert result["changed"] and result["build_needed"]
    assert ("bytes\n" in result["diff"][0]["before"]) == configured
    assert picture(tree.base) == before
    if configured:
        assert not ran(tree, reconfigured=True)["build_needed"]


def test_a_dry_run_tells_where_an_image_is_that_is_built_and_not_installed(tree: Tree) -> None:
    """A run may end between the two, and a dry run then has to look at the new image: no other is there."""
    tree.configure()
    ran(tree)
    (tree.base / "tftp/bzImage_x86_64").unlink()
    result = ran(tree, check_mode=True)
    assert result["changed"] and not result["build_needed"]
    assert result["built_image"] == f"{tree.output}/arch/x86/boot/bzImage"
    assert result["built_config"] == f"{tree.output}/.config"
    tree.configure(OTHER="y")
    assert "built_image" not in ran(tree, check_mode=True)


def test_the_kernel_before_the_last_one_can_be_fallen_back_on(tree: Tree) -> None:
    tree.configure()
    ran(tree)
    first = (tree.output / "arch/x86/boot/bzImage").read_text()
    # As long as there was no other, the entry starts what there is.
    assert installed(tree) == (first, first)
    tree.configure(ROOT_NFS="y")
    assert ran(tree)["changed"]
    second = (tree.output / "arch/x86/boot/bzImage").read_text()
    assert second != first and installed(tree) == (second, first)
    assert not ran(tree)["changed"]
    tree.configure(NFS_V2="y")
    ran(tree)
    assert installed(tree) == ((tree.output / "arch/x86/boot/bzImage").read_text(), second)


def test_a_kill_between_the_two_images_loses_neither(tree: Tree) -> None:
    for version in ('"-one"', '"-two"'):
        tree.configure(LOCALVERSION=version)
        ran(tree)
    second = installed(tree)[0]
    tree.configure(LOCALVERSION='"-three"')
    child = os.fork()
    if child == 0:
        replace = os.replace

        def dying(source: Any, target: Any) -> None:
            replace(source, target)
            if str(target) == str(tree.base / "tftp/bzImage_x86_64.previous"):
                os.kill(os.getpid(), signal.SIGKILL)

        # It takes no file descriptors, which nothing here gives it.
        os.replace = dying  # type: ignore[assignment]
        try:
            ran(tree)
        finally:
            os._exit(0)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
    assert installed(tree) == (second, second)
    assert ran(tree)["changed"]
    assert installed(tree) == ((tree.output / "arch/x86/boot/bzImage").read_text(), second)


def test_without_a_place_for_it_no_former_image_is_kept(tree: Tree) -> None:
    tree.configure()
    ran(tree, previous=None)
    assert sorted(path.name for path in (tree.base / "tftp").iterdir()) == ["bzImage_x86_64"]


def test_what_replaced_the_image_is_replaced(tree: Tree) -> None:
    tree.configure()
    ran(tree)
    image = tree.base / "tftp/bzImage_x86_64"
    image.write_bytes(b"another kernel")
    checked = ran(tree, check_mode=True, diff=True)
    assert checked["changed"] and not checked["build_needed"] and image.read_bytes() == b"another kernel"
    assert checked["diff"][0]["before"] == "14 bytes\n" and checked["diff"][0]["after"].endswith(" bytes\n")
    assert ran(tree)["changed"]
    assert image.read_bytes() == (tree.output / "arch/x86/boot/bzImage").read_bytes()
    assert not ran(tree)["changed"]


def test_an_image_that_goes_elsewhere_leaves_none_behind(tree: Tree) -> None:
    tree.configure()
    ran(tree)
    result = ran(tree, image=str(tree.base / "boot/bzImage"), previous=None)
    assert result["changed"] and not result["build_needed"]
    assert (tree.base / "boot/bzImage").exists() and not list((tree.base / "tftp").iterdir())


def test_a_failed_build_leaves_the_installed_kernel(tree: Tree) -> None:
    tree.configure()
    ran(tree)
    before = installed(tree)
    tree.configure(ROOT_NFS="y")
    (tree.output / "trap").write_text("exit 3\n")
    with pytest.raises(KernelError, match="bzImage failed with 2"):
        ran(tree)
    assert installed(tree) == before


@pytest.mark.parametrize("name", ["bzImage_x86_64", "bzImage_x86_64.previous"])
def test_somebodys_image_is_not_replaced(tree: Tree, name: str) -> None:
    tree.configure()
    (tree.base / "tftp").mkdir()
    (tree.base / "tftp" / name).write_bytes(b"somebody's")
    with pytest.raises(Exception, match="neither written by netboot.diskless"):
        ran(tree)
    assert [path.read_bytes() for path in (tree.base / "tftp").iterdir()] == [b"somebody's"]
