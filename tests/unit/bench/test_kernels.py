# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernels' benchmark: what it reads of a play, and when it says that something is amiss."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from bench import kernels

PROFILE = """
PLAY RECAP *********************************************************************
master.mydomain.com        : ok=40   changed=0    unreachable=0    failed=0    skipped=4    rescued=0    ignored=0

TASKS RECAP ********************************************************************
===============================================================================
netboot.diskless.fleet : preflight | Look at the master ----------------- 1.52s
netboot.diskless.slave_kernel : build | Build the kernel of each architecture --- 0.81s
netboot.diskless.slave_kernel : configure | Configure the kernel of each architecture --- 0.64s
Check the inventory ------------------------------------------------------ 0.05s
"""

OURS: dict[str, Any] = {"source": "build", "kernel_bytes": 4_300_000, "initrd_bytes": 0, "start": 7.0, "root": 10.0}
OTHER: dict[str, Any] = {
    "source": "package",
    "kernel_bytes": 12_000_000,
    "initrd_bytes": 30_000_000,
    "start": 14.0,
    "root": 30.0,
}


def figures(seconds: float = 1.45, **changes: Any) -> dict[str, object]:
    return {"kernels": [{**OURS, **changes}, OTHER], "no_change_seconds": seconds}


def test_the_seconds_of_a_plays_tasks_are_read_without_their_roles() -> None:
    found = kernels.task_seconds(PROFILE)
    assert found["preflight | Look at the master"] == 1.52 and found["Check the inventory"] == 0.05
    assert len(found) == 4
    assert kernels.no_change_seconds(found) == 1.45


def test_a_task_that_did_not_run_is_no_quick_one() -> None:
    with pytest.raises(KeyError):
        kernels.no_change_seconds(kernels.task_seconds(PROFILE.replace("Build the kernel", "Build nothing")))


@pytest.mark.parametrize(
    ("measured", "told"),
    [
        (figures(), []),
        (figures(2.1), ["a play without a change spends 2.1 s on the kernel, more than 2.0"]),
        (figures(kernel_bytes=(6 << 20) + 1), ["the slave's kernel has 6291457 bytes, more than 6291456"]),
        (figures(initrd_bytes=20_000_000), ["the slave's kernel is not half the size of the distribution's"]),
        (figures(root=30.0), ["the slave's kernel mounts its root no sooner than the distribution's"]),
    ],
)
def test_what_is_amiss_is_said(
    measured: dict[str, object], told: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert kernels.misses(measured) == told
    assert kernels.within_budget(measured) == (not told)
    assert capsys.readouterr().out == "".join(f"over budget: {line}\n" for line in told)


def test_what_was_not_measured_is_not_amiss() -> None:
    assert kernels.within_budget(None)


def test_the_table_compares_the_distributions_with_ours() -> None:
    ours, other = kernels.Kernel(**OURS), kernels.Kernel(**OTHER)
    assert kernels.table([ours, other]).splitlines()[-1] == "package / build: bytes 9.8, root 3.0"


def test_the_median_of_the_boots_counts() -> None:
    assert kernels.median([{"nfs": 9.0}, {"nfs": 30.0}, {"nfs": 10.0}], "nfs") == 10.0


def test_the_two_slaves_differ_in_their_kernels_alone(tmp_path: Path) -> None:
    kernels.write_inventory(tmp_path / "inventory")
    hosts = {path.stem: yaml.safe_load(path.read_text()) for path in (tmp_path / "inventory/host_vars").iterdir()}
    assert sorted(hosts) == ["slave21", "slave22"]
    assert {key for key in hosts["slave22"] if key not in hosts["slave21"]} == {"slave_kernel_source"}
    assert len({host["slave_mac"] for host in hosts.values()}) == 2
