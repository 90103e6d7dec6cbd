# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kernels, built by the real make of a tree of two source files."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.netboot.diskless.plugins.module_utils import _kernel_build
from ansible_collections.netboot.diskless.plugins.module_utils._kernel_build import (
    KernelError,
    build_key,
    compile_kernel,
    compiler_version,
    exclusive,
    is_built,
)

from tests.unit.kernel_tree import Tree, compiler, make_tree


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tree:
    made = make_tree(tmp_path, monkeypatch)
    monkeypatch.setattr(_kernel_build, "CCACHE_DIRECTORIES", (str(tmp_path / "ccache"),))
    monkeypatch.setattr(os, "uname", lambda: os.uname_result(("Linux", "master", "6.12", "", "x86_64")))
    return made


def test_builds_an_image_of_the_configuration_outside_the_source(tree: Tree) -> None:
    source = sorted(os.listdir(tree.source))
    build = tree.make()
    assert Path(build.image).read_text() == Path(build.config).read_text() + "/* a.c */\n/* b.c */\n"
    assert is_built(build, build_key(build))
    assert sorted(os.listdir(tree.source)) == source
    assert not (tree.output / "modules-installed").exists()


def test_a_second_build_compiles_nothing(tree: Tree) -> None:
    tree.make()
    tree.make()
    assert not [step for step in tree.steps() if "CC" in step]


def test_an_interrupted_build_resumes(tree: Tree) -> None:
    build = tree.build()
    tree.configure()
    (tree.output / "trap").write_text("exit 3\n")
    with pytest.raises(KernelError, match="CC a.o"):
        compile_kernel(build, build_key(build))
    assert not is_built(build, build_key(build))
    (tree.output / "trap").unlink()
    # The failed step is done again, so only what was finished before it counts.
    (tree.output / "a.o").write_text("/* a.c, compiled before */\n")
    tree.make()
    assert [step.split()[1] for step in tree.steps() if "CC" in step] == ["b.o"]
    assert "/* a.c, compiled before */" in Path(build.image).read_text()


def test_going_back_from_an_interrupted_build_builds_again(tree: Tree) -> None:
    """The image of the first configuration is still there, but it cannot be relied upon."""
    first = tree.make()
    tree.configure(ROOT_NFS="y")
    (tree.output / "trap").write_text("exit 3\n")
    with pytest.raises(KernelError):
        tree.make()
    (tree.output / "trap").unlink()
    tree.configure()
    assert not is_built(first, build_key(first))
    again = tree.make()
    assert "ROOT_NFS" not in Path(again.image).read_text()


def test_a_changed_source_that_fails_to_build_is_not_taken_for_built(tree: Tree) -> None:
    build = tree.make()
    key = build_key(build)
    (tree.output / "trap").write_text("exit 3\n")
    (tree.source / "a.c").write_text("/* changed */\n")
    with pytest.raises(KernelError):
        tree.make()
    assert not is_built(build, key)


def test_a_kill_while_building_is_finished_by_the_next_run(tree: Tree) -> None:
    tree.configure()
    child = os.fork()
    if child == 0:
        _kernel_build._run = lambda *_args: os.kill(os.getpid(), signal.SIGKILL)
        try:
            tree.make()
        finally:
            os._exit(0)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
    build = tree.make()
    assert is_built(build, build_key(build))


def test_modules_are_built_and_installed(tree: Tree) -> None:
    tree.make(modules=True)
    assert (tree.output / "modules-installed").exists() and "  LD modules" in tree.steps()


def test_no_two_builds_with_modules_have_one_release(tree: Tree) -> None:
    """scripts/setlocalversion appends LOCALVERSION: the modules of each release lie in a folder of their own."""
    keys = [build_key(tree.make(modules=True))]
    releases = [(tree.output / "modules-installed").read_text().strip()]
    (tree.source / "a.c").write_text("/* another */\n")
    keys.append(build_key(tree.make(modules=True)))
    releases.append((tree.output / "modules-installed").read_text().strip())
    assert releases == [f"-{key[:8]}" for key in keys] and releases[0] != releases[1]


def test_modules_that_could_not_be_installed_do_not_count_as_built(tree: Tree) -> None:
    tree.configure()
    (tree.output / "no-space").write_text("")
    with pytest.raises(KernelError, match="(?s)modules_install failed with 2.*cannot install"):
        tree.make(modules=True)
    build = tree.build(modules=True)
    assert not is_built(build, build_key(build))


# What is ignored: a function that returns nothing stands before "or", so that a lambda can call it.
CHANGES: dict[str, Callable[[Tree], dict[str, Any]]] = {
    "a source file": lambda tree: {} if (tree.source / "a.c").write_text("changed") else {},
    "a new source file": lambda tree: {} if (tree.source / "c.c").write_text("new") else {},
    "a symbol more": lambda tree: tree.configure(ROOT_NFS="y") or {},  # type: ignore[func-returns-value]
    "a symbol's value": lambda tree: tree.configure(NFS_FS="n") or {},  # type: ignore[func-returns-value]
    "the architecture": lambda tree: {"architecture": "i386"},
    "modules": lambda tree: {"modules": True},
    "the compiler": lambda tree: compiler(tree.base, "gcc 13") or {},  # type: ignore[func-returns-value]
}


@pytest.mark.parametrize("change", CHANGES)
def test_the_key_changes_with_what_the_image_depends_on(tree: Tree, change: str) -> None:
    build = tree.make()
    key = build_key(build)
    changed = tree.build(**CHANGES[change](tree))
    assert build_key(changed) != key
    assert not is_built(changed, build_key(changed))


def _commented(tree: Tree) -> dict[str, Any]:
    config = tree.output / ".config"
    config.write_text("# Linux/x86 6.1.0 Kernel Configuration\n" + config.read_text())
    return {}


@pytest.mark.parametrize(
    "same",
    [
        lambda tree: {},
        lambda tree: {"jobs": 8},
        lambda tree: {} if (tree.source / ".git").mkdir() or (tree.source / ".git/index").write_text("") else {},
        _commented,
    ],
    ids=["nothing", "jobs", "git", "a comment"],
)
def test_the_key_changes_with_nothing_else(tree: Tree, same: Callable[[Tree], dict[str, Any]]) -> None:
    tree.configure()
    key = build_key(tree.build())
    assert build_key(tree.build(**same(tree))) == key


@pytest.mark.parametrize("missing", ["image", ".netboot-key"])
def test_what_is_not_there_is_not_built(tree: Tree, missing: str) -> None:
    build = tree.make()
    os.unlink(build.image if missing == "image" else tree.output / missing)
    assert not is_built(build, build_key(build))


def test_a_failing_build_shows_the_end_of_its_log(tree: Tree) -> None:
    for number in range(40):
        (tree.source / f"c{number:02}.c").write_text("")
    (tree.source / "z.c").write_text("")
    build = tree.build()
    tree.configure()
    (tree.output / "trap").write_text(f"if [ -e {tree.output}/z.o ]; then echo 'z.c:1: error' >&2; exit 1; fi\n")
    with pytest.raises(KernelError) as failure:
        compile_kernel(build, "key")
    first, *tail = str(failure.value).splitlines()
    assert f"bzImage failed with 2; {build.log} ends with:" in first
    assert "z.c:1: error" in tail and len(tail) <= 25 and not [line for line in tail if "CC c00.o" in line]


def test_no_source_is_told(tree: Tree) -> None:
    tree.configure()
    (tree.source / "Kconfig").unlink()
    with pytest.raises(KernelError, match=f"{tree.source} holds no Linux source"):
        build_key(tree.build())


def test_no_configuration_is_told(tree: Tree) -> None:
    with pytest.raises(KernelError, match=f"{tree.output}/.config is not there: configure the kernel first"):
        build_key(tree.build())


def test_no_compiler_is_told(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    assert compiler_version() == "gcc 12"
    (tree.base / "bin/gcc").write_text("#!/bin/sh\nexit 1\n")
    with pytest.raises(KernelError, match="there is no working gcc here"):
        compiler_version()
    monkeypatch.setenv("PATH", "")
    with pytest.raises(KernelError, match="there is no working gcc here"):
        compiler_version()


def test_the_output_directory_is_held_for_one_build(tree: Tree) -> None:
    with exclusive(tree.build()):
        assert (tree.output / ".netboot-lock").exists()
    (tree.output / ".netboot-lock").unlink()
    tree.make()


def test_the_command_of_another_architecture_of_the_same_machine(tree: Tree) -> None:
    build = tree.build(architecture="i386", jobs=3)
    command = ["make", "-C", str(tree.source), f"O={tree.output}", "ARCH=i386", "-j3", "bzImage"]
    assert build.make("bzImage") == command
    assert build.image == f"{tree.output}/arch/x86/boot/bzImage"


def test_another_machines_kernel_is_built_by_its_own_compiler(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    tree.configure()
    with monkeypatch.context() as alone:
        # This machine may have one.
        alone.setenv("PATH", f"{tree.base}/bin")
        with pytest.raises(KernelError, match="there is no working aarch64-linux-gnu-gcc here"):
            build_key(tree.build(architecture="arm64"))
    compiler(tree.base, "aarch64 gcc 12", "aarch64-linux-gnu-gcc")
    build = tree.make(architecture="arm64")
    assert [step.split()[2:4] for step in tree.steps() if "CC" in step] == [["arm64", "aarch64-linux-gnu-"]] * 2
    assert Path(build.image) == tree.output / "arch/arm64/boot/Image" and is_built(build, build_key(build))
    key = build_key(build)
    compiler(tree.base, "aarch64 gcc 13", "aarch64-linux-gnu-gcc")
    assert build_key(build) != key


def test_ccache_is_used_where_it_is_and_makes_no_other_kernel(tree: Tree) -> None:
    before = build_key(tree.make())
    assert [step.split()[-1] for step in tree.steps() if "CC" in step] == [f"{tree.base}/bin/gcc"] * 2
    (tree.base / "ccache").mkdir()
    (tree.base / "ccache/gcc").write_text("#!/bin/sh\n")
    (tree.base / "ccache/gcc").chmod(0o755)
    assert build_key(tree.build()) == before
    (tree.source / "a.c").write_text("/* changed */")
    tree.make()
    # What did not change was not compiled again: the compiler is still called gcc.
    assert [step.split()[-1] for step in tree.steps() if "CC" in step] == [f"{tree.base}/ccache/gcc"]
