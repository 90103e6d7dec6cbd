# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The matrix as a table in Markdown."""

from collections.abc import Mapping, Sequence

from matrix.axes import Plan
from matrix.cells import Cell
from matrix.results import PASSED, STAGES, Result


def _line(words: Sequence[str], widths: Sequence[int]) -> str:
    return "| " + " | ".join(word.ljust(width) for word, width in zip(words, widths, strict=True)) + " |"


def text(plan: Plan, cells: Sequence[Cell], results: Mapping[str, Result]) -> str:
    """A row for each cell: its values, how it went, seconds from power on to some stages, and why it did not pass."""
    heads = ["cell", *(axis.name for axis in plan.axes), "result", *(f"{title}, s" for title in STAGES.values())]
    rows = []
    for cell in cells:
        result = results[cell.name]
        seconds = [f"{result.seconds[stage]:.1f}" if stage in result.seconds else "" for stage in STAGES]
        rows.append([cell.name, *(cell.value(axis.name) for axis in plan.axes), result.status, *seconds])
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    lines = [_line(heads, widths), "|" + "|".join("-" * (width + 2) for width in widths) + "|"]
    lines += [_line(row, widths) for row in rows]
    passed = [results[cell.name] for cell in cells if results[cell.name].status == PASSED]
    dates = sorted(result.date for result in passed)
    lines += ["", f"{len(passed)} of {len(cells)} passed" + (f", {dates[0]} to {dates[-1]}." if dates else ".")]
    for cell in cells:
        result = results[cell.name]
        if result.status != PASSED:
            lines.append(f"- {cell.name}: {result.status}" + (f": {result.cause}" if result.cause else ""))
    return "\n".join(lines) + "\n"
