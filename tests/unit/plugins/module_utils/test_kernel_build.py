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
from ansible_collections.netboot.diskless.plugins.module_utils._kconfig import read
from ansible_collections.netboot.diskless.plugins.module_utils._kernel_build import (
    KernelError,
    build_key,
    compile_kernel,
    compiler_version,
    configure,
    exclusive,
    is_built,
)

from tests.unit.kernel_tree import Tree, compiler, make_tree


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tree:
    return make_tree(tmp_path, monkeypatch)


def test_builds_an_image_of_the_wanted_configuration(tree: Tree) -> None:
    source = sorted(os.listdir(tree.source))
    build = tree.make()
    values = read(build.config)
    assert tree.symbols.items() <= values.items() and values["64BIT"] == "y" and values["ROOT_NFS"] == "n"
    assert Path(build.image).read_text().endswith("/* a.c */\n/* b.c */\n")
    assert is_built(build, build_key(build))
    assert "  ARCH x86_64" in tree.steps()
    assert sorted(os.listdir(tree.source)) == source
    assert not (tree.output / ".configure").exists()
    assert not (tree.output / "modules-installed").exists()


def test_a_second_build_compiles_nothing_and_leaves_the_configuration_untouched(tree: Tree) -> None:
    build = tree.make()
    before = os.stat(build.config).st_mtime_ns, os.stat(build.config).st_ino
    tree.make()
    assert (os.stat(build.config).st_mtime_ns, os.stat(build.config).st_ino) == before
    assert not [step for step in tree.steps() if "CC" in step]


def test_a_base_may_be_a_file_without_a_final_newline(tree: Tree) -> None:
    (tree.base / "mine.config").write_text("CONFIG_ROOT_NFS=y\nCONFIG_NFS_FS=n\nCONFIG_64BIT=y")
    # The first of the fragment's lines is the one that would be lost.
    values = read(tree.make(base=str(tree.base / "mine.config"), symbols={"64BIT": "y", "NFS_FS": "y"}).config)
    assert values["ROOT_NFS"] == "y" and values["NFS_FS"] == "y" and values["64BIT"] == "y"


@pytest.mark.parametrize(
    ("symbols", "told"),
    [
        ({"BROKEN": "y"}, "BROKEN=n instead of y"),
        ({"NO_SUCH": "y"}, "NO_SUCH=n instead of y"),
        ({"NO_SUCH": "y", "NFS_FS": "y", "BROKEN": "m"}, "BROKEN=n instead of m, NO_SUCH=n instead of y"),
    ],
)
def test_an_unmet_symbol_is_refused_by_name(tree: Tree, symbols: dict[str, str], told: str) -> None:
    with pytest.raises(KernelError, match=f"does not grant what is wanted: {told}$"):
        configure(tree.build(symbols=symbols))
    assert not os.path.exists(tree.build().config)


def test_a_refused_configuration_leaves_the_former_build_as_it_was(tree: Tree) -> None:
    build = tree.make()
    config = Path(build.config).read_bytes()
    with pytest.raises(KernelError):
        configure(tree.build(symbols={"BROKEN": "y"}))
    assert Path(build.config).read_bytes() == config
    assert is_built(build, build_key(build))


def test_an_interrupted_build_resumes(tree: Tree) -> None:
    build = tree.build()
    configure(build)
    (tree.output / "trap").write_text("exit 3\n")
    with pytest.raises(KernelError, match="CC a.o"):
        compile_kernel(build, build_key(build))
    assert not is_built(build, build_key(build))
    (tree.output / "trap").unlink()
    # The failed step is done again, so only what was finished before it counts.
    (tree.output / "a.o").write_text("/* a.c, compiled before */\n")
    tree.make()
    assert [step for step in tree.steps() if "CC" in step] == ["  CC b.o"]
    assert "/* a.c, compiled before */" in Path(build.image).read_text()


@pytest.mark.parametrize("when", ["configured", "compiling"])
def test_going_back_from_an_interrupted_build_builds_again(tree: Tree, when: str) -> None:
    """The image of the first symbols is still there, but neither it nor its configuration can be relied upon."""
    first = tree.make()
    other = tree.build(symbols={**tree.symbols, "ROOT_NFS": "y"})
    configure(other)
    if when == "compiling":
        (tree.output / "trap").write_text("exit 3\n")
        with pytest.raises(KernelError):
            compile_kernel(other, build_key(other))
        (tree.output / "trap").unlink()
    assert not is_built(first, build_key(first)) and not is_built(other, build_key(other))
    again = tree.make()
    assert read(again.config)["ROOT_NFS"] == "n"
    assert Path(again.image).read_text().startswith(Path(again.config).read_text())


def test_a_changed_source_that_fails_to_build_is_not_taken_for_built(tree: Tree) -> None:
    build = tree.make()
    key = build_key(build)
    (tree.output / "trap").write_text("exit 3\n")
    (tree.source / "a.c").write_text("/* changed */\n")
    with pytest.raises(KernelError):
        tree.make()
    assert not is_built(build, key)


@pytest.mark.parametrize("function", ["_run", "_same"])
def test_a_kill_while_building_is_finished_by_the_next_run(tree: Tree, function: str) -> None:
    child = os.fork()
    if child == 0:
        setattr(_kernel_build, function, lambda *_args: os.kill(os.getpid(), signal.SIGKILL))
        try:
            tree.make()
        finally:
            os._exit(0)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
    build = tree.make()
    assert is_built(build, build_key(build)) and not (tree.output / ".configure").exists()


def test_modules_are_built_and_installed(tree: Tree) -> None:
    tree.make(modules=True)
    assert (tree.output / "modules-installed").exists() and "  LD modules" in tree.steps()


def test_modules_that_could_not_be_installed_do_not_count_as_built(tree: Tree) -> None:
    tree.output.mkdir()
    (tree.output / "no-space").write_text("")
    with pytest.raises(KernelError, match="(?s)modules_install failed with 2.*cannot install"):
        tree.make(modules=True)
    build = tree.build(modules=True)
    assert not is_built(build, build_key(build))


CHANGES: dict[str, Callable[[Tree], dict[str, Any]]] = {
    "a source file": lambda tree: {} if (tree.source / "a.c").write_text("changed") else {},
    "a new source file": lambda tree: {} if (tree.source / "c.c").write_text("new") else {},
    "a symbol more": lambda tree: {"symbols": {**tree.symbols, "ROOT_NFS": "y"}},
    "a symbol's value": lambda tree: {"symbols": {**tree.symbols, "NFS_FS": "n"}},
    "a symbol less": lambda tree: {"symbols": {"NFS_FS": "y"}},
    "another base": lambda tree: {"base": "defconfig"},
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


def test_the_key_changes_with_the_bases_text_and_not_its_name(tree: Tree) -> None:
    for name in ("one", "other"):
        (tree.base / name).write_text("CONFIG_ROOT_NFS=y\n")
    keys = [build_key(tree.build(base=str(tree.base / name))) for name in ("one", "other")]
    assert keys[0] == keys[1]
    (tree.base / "one").write_text("CONFIG_ROOT_NFS=n\n")
    assert build_key(tree.build(base=str(tree.base / "one"))) != keys[0]


@pytest.mark.parametrize(
    "same",
    [
        lambda tree: {},
        lambda tree: {"jobs": 8},
        lambda tree: {"output": str(tree.base / "elsewhere")},
        lambda tree: {"symbols": dict(reversed(tree.symbols.items()))},
        lambda tree: {} if (tree.source / ".git").mkdir() or (tree.source / ".git/index").write_text("") else {},
    ],
    ids=["nothing", "jobs", "output", "order", "git"],
)
def test_the_key_changes_with_nothing_else(tree: Tree, same: Callable[[Tree], dict[str, Any]]) -> None:
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
    configure(build)
    (tree.output / "trap").write_text(f"if [ -e {tree.output}/z.o ]; then echo 'z.c:1: error' >&2; exit 1; fi\n")
    with pytest.raises(KernelError) as failure:
        compile_kernel(build, "key")
    first, *tail = str(failure.value).splitlines()
    assert f"bzImage failed with 2; {build.log} ends with:" in first
    assert "z.c:1: error" in tail and len(tail) <= 25 and "  CC c00.o" not in tail


def test_a_target_that_does_not_exist_is_told(tree: Tree) -> None:
    with pytest.raises(KernelError, match="(?s)nosuchconfig failed with 2; .*No rule to make target"):
        configure(tree.build(base="nosuchconfig"))


def test_no_source_is_told(tree: Tree) -> None:
    (tree.source / "Kconfig").unlink()
    with pytest.raises(KernelError, match=f"{tree.source} holds no Linux source"):
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


def test_the_command_of_each_architecture(tree: Tree) -> None:
    build = tree.build(architecture="i386", jobs=3)
    command = ["make", "-C", str(tree.source), f"O={tree.output}", "ARCH=i386", "-j3", "bzImage"]
    assert build.make("bzImage") == command
    assert build.image == f"{tree.output}/arch/x86/boot/bzImage"
