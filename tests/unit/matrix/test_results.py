# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Results: kept, forgotten, and no longer valid when something that matters changes."""

import dataclasses
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from matrix import table
from matrix.axes import Axis, load
from matrix.cells import Cell, core, covering, together
from matrix.results import FAILED, MATTERS, NOT_RUN, PASSED, Result, Store, cell_key, tree_key

PLAN = load()
CELL = core(PLAN)[0]
DONE = Result("one", "k1", PASSED, "2026-01-02 03:04", {"start": 8.2, "nfs": 12.8, "login": 50.5})


def test_results_outlive_the_process(tmp_path: Path) -> None:
    Store(tmp_path / "a" / "results.json").put(DONE)
    assert Store(tmp_path / "a" / "results.json").get("one", "k1") == DONE


def test_what_is_not_known_was_not_run(tmp_path: Path) -> None:
    store = Store(tmp_path / "results.json")
    assert store.get("one", "k1") == Result("one", "k1", NOT_RUN)
    store.put(DONE)
    assert store.get("one", "k2") == Result("one", "k2", NOT_RUN, cause="changed since it passed, 2026-01-02 03:04")
    store.forget(["one", "two"])
    assert Store(tmp_path / "results.json").get("one", "k1").status == NOT_RUN


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    for name in ("site.yml", "roles/a.yml", "lab/boot.py", "lab/README.md", "docs/a.md", "matrix/axes.toml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("one\n")
    (tmp_path / ".gitignore").write_text("*.pyc\n")
    subprocess.run(["git", "-C", str(tmp_path), "add", "site.yml"], check=True)
    return tmp_path


@pytest.mark.parametrize(
    ("change", "matters"),
    [
        (lambda folder: (folder / "site.yml").write_text("two\n"), True),
        (lambda folder: (folder / "site.yml").unlink(), True),
        (lambda folder: (folder / "roles/b.yml").write_text("one\n"), True),
        (lambda folder: (folder / "lab/boot.py").rename(folder / "lab/boat.py"), True),
        (lambda folder: (folder / "site.yml").touch(), False),
        (lambda folder: (folder / "lab/README.md").write_text("two\n"), False),
        (lambda folder: (folder / "docs/a.md").write_text("two\n"), False),
        (lambda folder: (folder / "lab/boot.pyc").write_text("two\n"), False),
        (lambda folder: (folder / "matrix/axes.toml").write_text("two\n"), False),
    ],
)
def test_what_matters(checkout: Path, change: Callable[[Path], object], matters: bool) -> None:
    before = tree_key(checkout)
    change(checkout)
    assert (tree_key(checkout) != before) is matters


def test_all_that_matters_is_there() -> None:
    assert [name for name in MATTERS if not Path(name).exists()] == []


def test_a_cell_s_key_is_what_its_values_set() -> None:
    axes = [axis for axis in PLAN.axes if axis.name != "nfs"]
    other = Axis("nfs", "slave", {"4.2": {"slave_nfs_version": "4.1"}, "3": {"slave_nfs_version": "3"}})
    changed = dataclasses.replace(PLAN, axes=(*axes, other))
    assert cell_key("tree", PLAN, CELL) != cell_key("tree", changed, CELL)
    assert cell_key("tree", PLAN, core(PLAN)[1]) == cell_key("tree", changed, core(PLAN)[1])
    assert cell_key("tree", PLAN, CELL) != cell_key("eert", PLAN, CELL)
    assert cell_key("tree", PLAN, CELL) != cell_key("tree", PLAN, Cell(CELL.name, CELL.machines * 2))


def test_no_two_cells_have_the_same_key() -> None:
    cells = covering(PLAN)
    assert len({cell_key("tree", PLAN, cell) for cell in cells}) == len(cells)


def test_table() -> None:
    crowd = together(PLAN)
    assert crowd is not None
    one, two = core(PLAN)
    results = {
        one.name: dataclasses.replace(DONE, cell=one.name),
        two.name: Result(two.name, "", FAILED, "2026-01-02 03:05", {"start": 9.0}, "slave21: no DHCP answer"),
        crowd.name: Result(crowd.name, "", NOT_RUN),
    }
    lines = table.text(PLAN, [one, two, crowd], results).splitlines()
    assert [word.strip() for word in lines[0].split("|")] == [
        *("", "cell", *(axis.name for axis in PLAN.axes)),
        *("result", "kernel, s", "NFS root, s", "login, s", ""),
    ]
    assert [word.strip() for word in lines[2].split("|")][-5:-1] == ["passed", "8.2", "12.8", "50.5"]
    assert [word.strip() for word in lines[3].split("|")][-5:-1] == ["FAILED", "9.0", "", ""]
    assert [word.strip() for word in lines[4].split("|")][1:-4] == [
        *("4-at-once-debian-isc-tftp", "debian", "bios, uefi, secureboot", "pxelinux, ipxe, grub", "4.2, 3"),
        *("openrc, systemd", "isc", "tftp"),
        *("build, package", "x86_64, i386"),
        "not run",
    ]
    assert len({len(line) for line in lines[:5]}) == 1
    assert lines[5:] == [
        "",
        "1 of 3 passed, 2026-01-02 03:04 to 2026-01-02 03:04.",
        f"- {two.name}: FAILED: slave21: no DHCP answer",
        "- 4-at-once-debian-isc-tftp: not run",
    ]
