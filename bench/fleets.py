# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What playbooks/render.yml costs for fleets of 1, 100 and 1000 slaves.

Every size is rendered twice: into an empty directory, and again when nothing changed. Seconds of processor time count
every process of the run. BENCH_LARGE=1 in the environment adds 10000 slaves.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from bench import inventory

CHECKOUT = Path(__file__).resolve().parent.parent
SIZES = (1, 100, 1000)
LARGE = 10_000


@dataclass(frozen=True)
class Cost:
    """One run of the playbook; seconds."""

    slaves: int
    run: str
    wall: float
    cpu: float


def processor_seconds() -> float:
    """User and system time of all children that have ended. getrusage(2)."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def render(fleet: Path, target: Path) -> tuple[float, float]:
    """Run the playbook; wall and processor seconds.

    :raises SystemExit: it failed; its output is on standard error.
    """
    command = ["ansible-playbook", "playbooks/render.yml", "--inventory", str(fleet)]
    command += ["--extra-vars", json.dumps({"render_dir": str(target), "render_platform": "gentoo"})]
    wall, cpu = time.monotonic(), processor_seconds()
    done = subprocess.run(
        command, cwd=CHECKOUT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    cost = time.monotonic() - wall, processor_seconds() - cpu
    if done.returncode:
        sys.stderr.buffer.write(done.stdout)
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}")
    return cost


def measure(slaves: int) -> Iterator[Cost]:
    """The two runs of a fleet of this size."""
    with tempfile.TemporaryDirectory(prefix="netboot-bench-") as directory:
        fleet = Path(directory, "inventory")
        inventory.write(fleet, slaves)
        for run in ("first", "no change"):
            wall, cpu = render(fleet, Path(directory, "render"))
            yield Cost(slaves, run, round(wall, 2), round(cpu, 2))


def row(cost: Cost, one: Cost) -> str:
    """A line of the table, compared with the run with one slave."""
    beyond = cost.cpu - one.cpu
    each = 1000 * beyond / (cost.slaves - 1) if cost.slaves > 1 else 0.0
    ratio = cost.cpu / one.cpu
    return (
        f"{cost.slaves:>7} {cost.run:<10} {cost.wall:>8.2f} {cost.cpu:>8.2f} {ratio:>7.2f} {beyond:>8.2f} {each:>9.2f}"
    )


def main() -> list[dict[str, object]]:
    """Measure every size and print the table as it grows; returns the figures for the history."""
    sizes = SIZES + ((LARGE,) if os.environ.get("BENCH_LARGE") == "1" else ())
    print(f"{'slaves':>7} {'run':<10} {'wall s':>8} {'CPU s':>8} {'ratio':>7} {'beyond':>8} {'ms/slave':>9}")
    costs: list[Cost] = []
    for slaves in sizes:
        for cost in measure(slaves):
            costs.append(cost)
            print(row(cost, next(first for first in costs if first.run == cost.run)), flush=True)
    print("ratio, beyond (CPU s) and ms/slave: against the same run with one slave")
    return [asdict(cost) for cost in costs]
