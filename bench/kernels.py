# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The slave's kernel against the distribution's, in the lab, one after the other on the same master.

Both boot the same kind of root. What is compared: bytes that the firmware's loader has to fetch, and seconds from power
on until the root is mounted, the median of ROUNDS boots in turn. A play that changes nothing shows what asking for the
kernel costs when it is there. Needs root; the lab's instance netboot-bench is made for it and removed in the end.
"""

import json
import os
import re
import shutil
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from lab import commands, settings

CHECKOUT = Path(__file__).resolve().parent.parent
FOLDER = CHECKOUT / ".cache" / "bench"
INSTANCE = "netboot-bench"
ROUNDS = 3
SIZE_BUDGET = 6 << 20
"""Bytes that the slave's kernel may have. It has some 4.3 MB; what makes it larger should be noticed."""
NO_CHANGE_BUDGET = 2.0
"""Seconds that the kernel's tasks may take in a play that changes nothing."""
TASKS = ("configure | Configure the kernel of each architecture", "build | Build the kernel of each architecture")

SLAVES = {"build": ("slave21", {}), "package": ("slave22", {"slave_kernel_source": "package"})}
_SECONDS = re.compile(r"^(?P<name>\S.*?) -+ (?P<seconds>[0-9.]+)s$")


@dataclass(frozen=True)
class Kernel:
    """One kernel's figures. Seconds are medians since power on; bytes are the kernel's and its initial RAM disk's."""

    source: str
    kernel_bytes: int
    initrd_bytes: int
    start: float
    root: float


def task_seconds(output: str) -> dict[str, float]:
    """Seconds by task of the summary that ansible.posix.profile_tasks prints; names without their role's."""
    found = {}
    for line in output.splitlines():
        match = _SECONDS.match(line)
        if match:
            found[match["name"].split(" : ", 1)[-1]] = float(match["seconds"])
    return found


def no_change_seconds(tasks: Mapping[str, float]) -> float:
    """What the kernel's tasks took together.

    :raises KeyError: one of them did not run.
    """
    return round(sum(tasks[name] for name in TASKS), 2)


def table(kernels: Sequence[Kernel]) -> str:
    """The kernels side by side, and how many times as much the last one takes as the first."""
    rows = [f"{'':<22} {'kernel MB':>10} {'initrd MB':>10} {'starts s':>9} {'root s':>7}"]
    for one in kernels:
        mega = (one.kernel_bytes / 1e6, one.initrd_bytes / 1e6)
        rows.append(f"{one.source:<22} {mega[0]:>10.2f} {mega[1]:>10.2f} {one.start:>9.1f} {one.root:>7.1f}")
    ours, other = kernels[0], kernels[-1]
    total = (other.kernel_bytes + other.initrd_bytes) / (ours.kernel_bytes + ours.initrd_bytes)
    rows.append(f"{other.source} / {ours.source}: bytes {total:.1f}, root {other.root / ours.root:.1f}")
    return "\n".join(rows)


def misses(figures: Mapping[str, Any]) -> list[str]:
    """What is not as it shall be: the size and the speed of the slave's kernel, and what asking for it costs."""
    ours, other = (Kernel(**entry) for entry in figures["kernels"])
    seconds = figures["no_change_seconds"]
    found = []
    if ours.kernel_bytes > SIZE_BUDGET:
        found.append(f"the slave's kernel has {ours.kernel_bytes} bytes, more than {SIZE_BUDGET}")
    if (ours.kernel_bytes + ours.initrd_bytes) * 2 > other.kernel_bytes + other.initrd_bytes:
        found.append("the slave's kernel is not half the size of the distribution's")
    if ours.root >= other.root:
        found.append("the slave's kernel mounts its root no sooner than the distribution's")
    if seconds > NO_CHANGE_BUDGET:
        found.append(f"a play without a change spends {seconds} s on the kernel, more than {NO_CHANGE_BUDGET}")
    return found


def within_budget(figures: object) -> bool:
    """Whether nothing is amiss; says what is. Nothing was measured: nothing is amiss."""
    found = misses(figures) if isinstance(figures, Mapping) else []
    for line in found:
        print(f"over budget: {line}")
    return not found


def write_inventory(folder: Path) -> None:
    """The article's network with a slave of each kernel, into an empty folder."""
    shutil.copytree(CHECKOUT / "inventory", folder)
    for number, (name, variables) in enumerate(SLAVES.values(), 21):
        given = {"slave_mac": f"02:00:00:00:00:{number:02x}", "slave_address": f"192.168.1.{number}", **variables}
        (folder / "host_vars" / f"{name}.yml").write_text(yaml.safe_dump(given, explicit_start=True))


def lab(*arguments: str, environment: Mapping[str, str] | None = None) -> str:
    """Run a command of the lab; returns what it printed.

    :raises SystemExit: it failed; its output is on standard error.
    """
    command = [sys.executable, "-m", "lab", *arguments]
    done = subprocess.run(
        command,
        cwd=CHECKOUT,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.stderr.write(done.stdout)
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}")
    return done.stdout


def size(name: str) -> int:
    """Bytes of a file of the TFTP root; 0 when there is none."""
    listed = lab("shell", f"stat -c 'bytes %s' /srv/tftp/{name} 2>/dev/null || echo bytes 0")
    match = re.search(r"^bytes (\d+)$", listed, re.MULTILINE)
    if not match:
        raise SystemExit(f"the master does not say how large {name} is: {listed}")
    return int(match[1])


def boots() -> dict[str, list[dict[str, float]]]:
    """The stages of ROUNDS boots of each kernel, in turn, so that what else the machine does meets both."""
    stages: dict[str, list[dict[str, float]]] = {source: [] for source in SLAVES}
    for number in range(ROUNDS):
        for source, (name, _variables) in SLAVES.items():
            report = FOLDER / "boot.json"
            lab("boot", name, "--json", str(report))
            reached = json.loads(report.read_text())["slaves"][name]["stages"]
            stages[source].append(reached)
            print(f"boot {number + 1} of {ROUNDS}, {source}: root after {reached['nfs']:.1f} s", flush=True)
            # An idle slave still takes its share of the processors.
            for machine in commands.machines(settings.from_environment()):
                machine.power_off()
    return stages


def median(stages: Sequence[Mapping[str, float]], stage: str) -> float:
    """Median of a stage's seconds."""
    return round(statistics.median(reached[stage] for reached in stages), 2)


def measure() -> dict[str, object]:
    """The figures of both kernels, from a master that is up."""
    lab("play")
    profiled = {"ANSIBLE_CALLBACKS_ENABLED": "ansible.posix.profile_tasks", "PROFILE_TASKS_TASK_OUTPUT_LIMIT": "all"}
    seconds = no_change_seconds(task_seconds(lab("play", environment=profiled)))
    names = {
        "build": ("bzImage_x86_64", ""),
        "package": ("vmlinuz-package_x86_64", "initrd-package_x86_64"),
    }
    stages = boots()
    kernels = [
        Kernel(
            source,
            size(kernel),
            size(initrd) if initrd else 0,
            median(stages[source], "start"),
            median(stages[source], "nfs"),
        )
        for source, (kernel, initrd) in names.items()
    ]
    print(table(kernels))
    print(f"the kernel's tasks in a play without a change: {seconds} s")
    return {"kernels": [asdict(kernel) for kernel in kernels], "no_change_seconds": seconds}


def main() -> dict[str, object]:
    """Make a master with two slaves, measure, and take it away.

    :raises SystemExit: a command of the lab failed.
    """
    # It is not there before the first run.
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    write_inventory(FOLDER / "inventory")
    os.environ |= {
        "LAB_NAME": INSTANCE,
        "LAB_MASTER": "debian",
        "LAB_INVENTORY": str(FOLDER / "inventory"),
    }
    try:
        lab("master-up")
        return measure()
    finally:
        lab("down")
