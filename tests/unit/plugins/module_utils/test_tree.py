# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a tree's stamp changes when the tree does, and only then."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.netboot.diskless.plugins.module_utils import _tree
from ansible_collections.netboot.diskless.plugins.module_utils._tree import measure


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "tree/drivers/net").mkdir(parents=True)
    (tmp_path / "tree/.git").mkdir()
    for name in ("Makefile", "drivers/net/e1000.c", "drivers/net/e1000.o", ".git/HEAD"):
        (tmp_path / "tree" / name).write_text("text")
    (tmp_path / "tree/COPYING").symlink_to("LICENSE")
    return tmp_path / "tree"


def stamp(tree: Path, *exclude: str) -> str:
    return measure([str(tree)], list(exclude)).stamp


def link(path: Path, target: str) -> None:
    path.unlink()
    path.symlink_to(target)


CHANGES: dict[str, Callable[[Path], object]] = {
    "a file grows": lambda tree: (tree / "Makefile").write_text("longer text"),
    "a file of the same size is younger": lambda tree: os.utime(tree / "Makefile", (1, 1)),
    "a mode": lambda tree: (tree / "Makefile").chmod(0o755),
    "a directory's mode": lambda tree: (tree / "drivers").chmod(0o700),
    "a new file": lambda tree: (tree / "drivers/net/r8169.c").write_text(""),
    "a new directory": lambda tree: (tree / "empty").mkdir(),
    "a file less": lambda tree: (tree / "drivers/net/e1000.o").unlink(),
    "a name": lambda tree: os.rename(tree / "Makefile", tree / "makefile"),
    "a link's target": lambda tree: link(tree / "COPYING", "LICENSES"),
    "a file becomes a link": lambda tree: link(tree / "Makefile", "text"),
    "one byte of a name that is no UTF-8": lambda tree: os.rename(
        os.fsencode(tree) + b"/\xe4", os.fsencode(tree) + b"/\xe5"
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_changes_the_stamp(tree: Path, change: str) -> None:
    (tree / os.fsdecode(b"\xe4")).write_text("")
    before = stamp(tree)
    assert stamp(tree) == before
    CHANGES[change](tree)
    assert stamp(tree) != before


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        (".git", ".git/index"),
        ("*.o", "drivers/net/new.o"),
        ("{tree}/drivers", "drivers/net/new.c"),
        ("{tree}/drivers/*", "drivers/new.c"),
    ],
)
def test_what_is_excluded_does_not_matter(tree: Path, pattern: str, path: str) -> None:
    exclude = pattern.format(tree=tree)
    before = measure([str(tree)], [exclude])
    (tree / path).write_text("new")
    assert measure([str(tree)], [exclude]) == before
    assert measure([str(tree)], []) != before


def test_the_order_in_which_entries_are_listed_does_not_matter(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = stamp(tree)
    entries = _tree._entries
    monkeypatch.setattr(_tree, "_entries", lambda directory, exclude: reversed(list(entries(directory, exclude))))
    assert stamp(tree) == before


def test_counts_what_is_there(tree: Path) -> None:
    (tree / "large").write_bytes(b"x" * 100_000)
    found = measure([str(tree)], [".git"])
    assert found.inodes == 7
    assert 100_000 <= found.bytes <= 200_000


def test_missing_and_linked_roots_are_passed_over(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("tree")
    alone = measure([str(tree)], [])
    assert measure([str(tmp_path / "link"), str(tree), str(tmp_path / "nothing")], []) == alone
    assert measure([str(tmp_path / "link")], []).inodes == 0


def test_two_roots_are_told_apart(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    assert measure([str(tree), str(tmp_path / "other")], []) == measure([str(tmp_path / "other"), str(tree)], [])
    before = measure([str(tree), str(tmp_path / "other")], [])
    os.rename(tree / "Makefile", tmp_path / "other/Makefile")
    assert measure([str(tree), str(tmp_path / "other")], []) != before


def test_a_link_to_a_directory_is_not_entered(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tree / "out").symlink_to("../outside")
    before = stamp(tree)
    (tmp_path / "outside/file").write_text("")
    assert stamp(tree) == before


def test_a_file_that_goes_away_meanwhile_is_no_error(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = measure([str(tree)], ["*.o"])
    entries = _tree._entries

    def going(directory: str, exclude: list[str]) -> object:
        found = list(entries(directory, exclude))
        (tree / "drivers/net/e1000.o").unlink(missing_ok=True)
        return found

    monkeypatch.setattr(_tree, "_entries", going)
    assert measure([str(tree)], []) == expected
