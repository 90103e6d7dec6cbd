# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kconfiglib, loaded from a file and taught today's words."""

from __future__ import annotations

import os
from pathlib import Path

import kconfiglib
import pytest
from ansible_collections.netboot.diskless.plugins.module_utils import _kconfig_library
from ansible_collections.netboot.diskless.plugins.module_utils._kconfig_configure import ConfigError, Request
from ansible_collections.netboot.diskless.plugins.module_utils._kconfig_library import (
    in_old_words,
    load,
    make_environment,
    parse,
)

from tests.unit.kconfig_tree import ROOT, KconfigTree


@pytest.mark.parametrize(
    ("today", "then"),
    [
        ("config MODULES\n\tbool\n\tmodules\n\thelp\n", "config MODULES\n\tbool\n\toption modules\n\thelp\n"),
        ("  modules  \n", "  option modules\n"),
        ("\t  Kernel modules\n", "\t  Kernel modules\n"),
        ("\tmodules are good\n", "\tmodules are good\n"),
        ("modules\n", "modules\n"),
        ("config A\n\tbool\n\ttransitional\n\thelp\n", "config A\n\tbool\n\n\thelp\n"),
        ("\tdepends on A if B\n", "\tdepends on (A) || B = n\n"),
        ("\tdepends on A || B if C && D # why\n", "\tdepends on (A || B) || !(C && D) # why\n"),
        ("\tdepends on A\n\tdefault y if B\n", "\tdepends on A\n\tdefault y if B\n"),
    ],
)
def test_words(today: str, then: str) -> None:
    text = in_old_words(today)
    assert text.count("\n") == today.count("\n")
    assert text == then


@pytest.mark.parametrize("condition", ["B", "A && B", "!B"])
@pytest.mark.parametrize("on", ["n", "y"])
def test_conditional_dependencies_mean_what_they_mean(tmp_path: Path, condition: str, on: str) -> None:
    """depends on X if Y is X || (Y = n)."""
    names = "".join(f'config {name}\n\tbool "{name}"\n' for name in "ABX")
    (tmp_path / "Kconfig").write_text(f'{names}config C\n\tbool "C"\n\tdepends on X if {condition}\n')
    (tmp_path / ".config").write_text("CONFIG_A=y\nCONFIG_C=y\n" + ("CONFIG_B=y\n" if on == "y" else ""))
    kconf = parse(kconfiglib, {"srctree": str(tmp_path)}, str(tmp_path), str(tmp_path / ".config"))
    holds = {"B": on == "y", "A && B": on == "y", "!B": on == "n"}[condition]
    assert kconf.syms["C"].str_value == ("n" if holds else "y")


def test_as_published_it_stops_at_todays_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When this fails, kconfiglib has learnt them and the dialect can go."""
    tree = KconfigTree(tmp_path)
    monkeypatch.setenv("srctree", str(tree.source))
    monkeypatch.setenv("SRCARCH", "x86")
    with pytest.raises(kconfiglib.KconfigError, match="modules"):
        kconfiglib.Kconfig("Kconfig", warn=False)


def test_loads_from_a_file_of_any_place(tmp_path: Path) -> None:
    copy = tmp_path / "kconfiglib.py"
    copy.write_bytes(Path(kconfiglib.__file__).read_bytes())
    library = load(str(copy))
    assert library.__file__ == str(copy) and library.VERSION == kconfiglib.VERSION


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("kconfiglib.py", None, "kconfiglib cannot be loaded from .*No such file"),
        ("kconfiglib.py", "def (:\n", "kconfiglib cannot be loaded from .*invalid syntax"),
        ("kconfiglib.py", "import nowhere_to_be_found\n", "kconfiglib cannot be loaded from .*nowhere_to_be_found"),
        ("kconfiglib.txt", "", "is no Python module"),
    ],
)
def test_what_cannot_be_loaded_says_so(tmp_path: Path, name: str, text: str | None, reason: str) -> None:
    path = tmp_path / name
    if text is not None:
        path.write_text(text)
    with pytest.raises(ConfigError, match=reason):
        load(str(path))


def test_the_version_is_the_pinned_one() -> None:
    assert f"kconfiglib=={_kconfig_library.VERSION}" in (ROOT / "requirements.txt").read_text().splitlines()
    assert ".".join(map(str, kconfiglib.VERSION)) == _kconfig_library.VERSION


def test_make_tells_its_environment(tmp_path: Path) -> None:
    tree = KconfigTree(tmp_path)
    tree.output.mkdir()
    environment = make_environment(Request(str(tree.source), str(tree.output), "i386"), str(tree.output))
    assert (environment["ARCH"], environment["SRCARCH"], environment["srctree"]) == ("i386", "x86", str(tree.source))
    assert environment["CC_VERSION_TEXT"] == "gcc 12"


def test_a_tree_beyond_it_says_so_and_leaves_the_process_alone(tmp_path: Path) -> None:
    (tmp_path / "Kconfig").write_text("config A\n\tquantum\n")
    (tmp_path / ".config").write_text("")
    before = dict(os.environ), os.getcwd()
    with pytest.raises(ConfigError, match="kconfiglib cannot read the tree: Kconfig:2: error: .*quantum"):
        parse(kconfiglib, {"srctree": str(tmp_path)}, str(tmp_path), str(tmp_path / ".config"))
    assert (dict(os.environ), os.getcwd()) == before
