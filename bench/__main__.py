# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmark: `python -m bench [fleets] [kernels] [transfer]`, all of it by default.

BENCH_SAVE=1 in the environment appends the figures to bench/history.jsonl.
"""

import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from bench import fleets, kernels, transfer

CHECKOUT = Path(__file__).resolve().parent.parent
HISTORY = CHECKOUT / "bench" / "history.jsonl"
# What each part's figures are called in the history.
PARTS: dict[str, tuple[str, Callable[[], object]]] = {
    "fleets": ("costs", fleets.main),
    "kernels": ("kernels", kernels.main),
    "transfer": ("transfer", transfer.main),
}


def save(figures: dict[str, object]) -> None:
    """Append this measurement to the history, with what is needed to compare it."""
    revision = ["git", "describe", "--always", "--dirty"]
    entry = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "revision": subprocess.run(revision, cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout.strip(),
        "ansible_core": version("ansible-core"),
        "python": platform.python_version(),
        "processors": os.cpu_count(),
        **figures,
    }
    with HISTORY.open("a", encoding="utf-8") as history:
        history.write(json.dumps(entry) + "\n")


def main() -> None:
    """Measure the parts that were asked for.

    :raises SystemExit: there is no such part, or a part failed or missed its budget.
    """
    wanted = sys.argv[1:] or list(PARTS)
    unknown = sorted(set(wanted) - set(PARTS))
    if unknown:
        raise SystemExit(f"there is no part {', '.join(unknown)}; there are {', '.join(PARTS)}")
    figures = {PARTS[part][0]: PARTS[part][1]() for part in wanted}
    if os.environ.get("BENCH_SAVE") == "1":
        save(figures)
    if not kernels.within_budget(figures.get("kernels")):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
