# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the cells' boots gave, kept between runs: what passed is not run again while nothing that matters changed."""

import hashlib
import json
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from lab.settings import CHECKOUT
from matrix.axes import SCOPES, Plan
from matrix.cells import Cell

PASSED, FAILED, NOT_RUN = "passed", "FAILED", "not run"

MATTERS = (
    *("site.yml", "playbooks", "roles", "plugins", "meta", "galaxy.yml", "ansible.cfg", "requirements.txt"),
    *("lab", "matrix"),
)
"""What a boot's outcome depends on, below the checkout: the product, the lab, and how cells are made."""

_NOT = (":!*.md", ":!matrix/axes.toml", ":!matrix/table.py", ":!matrix/__main__.py")
"""Words for people, and what a cell's key holds already: git-ls-files(1)'s way to leave files out."""

STAGES = {"start": "kernel", "nfs": "NFS root", "login": "login"}
"""The stages of lab.timeline whose seconds the table shows, with its heads."""


@dataclass(frozen=True)
class Result:
    """One cell's outcome. `seconds` by stage, of the slowest machine; `cause` is empty when it passed."""

    cell: str
    key: str
    status: str
    date: str = ""
    seconds: Mapping[str, float] = field(default_factory=dict)
    cause: str = ""


def tree_key(checkout: Path = CHECKOUT, matters: Sequence[str] = MATTERS) -> str:
    """A hash of every file that matters, committed or not.

    :raises subprocess.CalledProcessError: this is no checkout.
    """
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate", "--", *matters]
    listed = subprocess.run([*command, *_NOT], cwd=checkout, capture_output=True, check=True).stdout.decode()
    digest = hashlib.sha256()
    for name in sorted(filter(None, listed.split("\0"))):
        file = checkout / name
        if file.is_file():
            digest.update(f"{name}\0{hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()


def cell_key(tree: str, plan: Plan, cell: Cell) -> str:
    """A hash of what decides a cell's outcome: the files, and all that its values set."""
    settings = [{scope: plan.settings(scope, values) for scope in SCOPES} for values in cell.machines]
    return hashlib.sha256(json.dumps([tree, settings], sort_keys=True).encode()).hexdigest()[:16]


class Store:
    """Results in a JSON file, by cell; written whole after each change."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._results: dict[str, Result] = {}
        if file.exists():
            for entry in json.loads(file.read_text(encoding="utf-8")):
                self._results[entry["cell"]] = Result(**entry)

    def put(self, result: Result) -> None:
        """Keep a result in place of the cell's earlier one."""
        self._results[result.cell] = result
        self._write()

    def forget(self, cells: Iterable[str]) -> None:
        """Forget what is known of cells."""
        for cell in cells:
            self._results.pop(cell, None)
        self._write()

    def get(self, cell: str, key: str) -> Result:
        """What is known of a cell as it is now; an older result says when it was."""
        found = self._results.get(cell)
        if found is None:
            return Result(cell, key, NOT_RUN)
        if found.key != key:
            return Result(cell, key, NOT_RUN, cause=f"changed since it {found.status}, {found.date}")
        return found

    def _write(self) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        draft = self._file.with_suffix(".new")
        entries = [asdict(result) for result in self._results.values()]
        draft.write_text(json.dumps(entries, indent=2) + "\n", encoding="utf-8")
        draft.rename(self._file)
