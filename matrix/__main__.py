# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m matrix`: boot every cell that has not passed yet, and print the table. docs/boot-matrix.md."""

import argparse
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from matrix import axes, table
from matrix.axes import AxesError, Plan
from matrix.cells import Cell, core, covering, groups
from matrix.results import NOT_RUN, PASSED, Result, Store, cell_key, tree_key
from matrix.run import FOLDER, TROUBLE, Run

INTERRUPTED = 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m matrix",
        description="Boot every combination of the boot matrix that has not passed as things are now.",
        epilog="Environment: LAB_NAME (netboot-matrix), LAB_CACHE, LAB_ACCEL, LAB_BOOT_TIMEOUT: see lab/README.md.",
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--core", action="store_true", help="only the few cells that `make test` runs")
    which.add_argument("--cell", action="append", metavar="NAME", help="only this cell; may be given again")
    parser.add_argument("--list", action="store_true", help="show the cells and what is known of them; boot nothing")
    parser.add_argument("--fresh", action="store_true", help="forget what is known of the cells")
    return parser


def select(plan: Plan, asked: argparse.Namespace) -> list[Cell]:
    """The cells that the command line asks for.

    :raises AxesError: there is no such cell.
    """
    cells = covering(plan)
    if asked.core:
        return core(plan)
    if not asked.cell:
        return cells
    known = {cell.name: cell for cell in cells}
    for name in asked.cell:
        if name not in known:
            raise AxesError(f"there is no cell {name}: see --list")
    return [known[name] for name in dict.fromkeys(asked.cell)]


class Matrix:
    """One run: the plan, the cells that are asked for, and what is known of all cells."""

    def __init__(self, plan: Plan, wanted: Sequence[Cell], folder: Path) -> None:
        self.plan = plan
        self.cells = covering(plan)
        self.wanted = wanted
        self.folder = folder
        tree = tree_key()
        self.keys = {cell.name: cell_key(tree, plan, cell) for cell in self.cells}
        self.store = Store(folder / "results.json")

    def results(self) -> dict[str, Result]:
        """What is known of every cell as things are now."""
        return {name: self.store.get(name, key) for name, key in self.keys.items()}

    def left(self) -> list[Cell]:
        """The cells that are asked for and have not passed."""
        known = self.results()
        return [cell for cell in self.wanted if known[cell.name].status != PASSED]

    def run(self) -> None:
        """Boot what is left, a group after the other."""
        run = Run(self.plan, self.keys, self.store, self.folder)
        for group in groups(self.plan, self.left()):
            run.group(group)

    def show(self) -> None:
        """Print the table of the cells that are asked for; the file has them all."""
        known = self.results()
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "table.md").write_text(table.text(self.plan, self.cells, known), encoding="utf-8")
        print(f"\n{table.text(self.plan, self.wanted, known)}", end="")
        for cell in self.wanted:
            report = self.folder / f"{cell.name}.txt"
            if known[cell.name].status not in (PASSED, NOT_RUN) and report.exists():
                print(f"  its timeline and console: {report}")


def _interrupted(*_signal: object) -> None:
    raise KeyboardInterrupt


def main(arguments: Sequence[str], folder: Path = FOLDER) -> int:
    """Run the matrix; 0 when every cell that was asked for has passed."""
    asked = _parser().parse_args(arguments)
    try:
        plan = axes.load()
        matrix = Matrix(plan, select(plan, asked), folder)
        if asked.fresh:
            matrix.store.forget(cell.name for cell in matrix.wanted)
        try:
            if not asked.list:
                matrix.run()
        finally:
            matrix.show()
        return 0 if asked.list or not matrix.left() else 1
    except KeyboardInterrupt:
        print("\nmatrix: interrupted; the next run goes on from here", file=sys.stderr)
        return INTERRUPTED
    except (*TROUBLE, subprocess.CalledProcessError) as problem:
        print(f"matrix: {problem}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _interrupted)  # end the lab then, too
    sys.exit(main(sys.argv[1:]))
