# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What became of the running kernel's modules, from a /proc and /sys given to it."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.netboot.diskless.plugins.module_utils import _kernel_modules
from ansible_collections.netboot.diskless.plugins.module_utils._kernel_modules import BY_HAND, MODULES, states
from ansible_collections.netboot.diskless.plugins.module_utils._kernel_symbols import master_symbols

# CapEff of root on a machine, of root in a container of systemd-nspawn, and of nobody (capabilities(7)).
ROOT, CONTAINER, NOBODY = "000001ffffffffff", "00000000fdecbfff", "0000000000000000"


def machine(tmp_path: Path, capabilities: str = ROOT, disabled: str | None = "0", loaded: str = "") -> str:
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/sys/kernel").mkdir(parents=True)
    (tmp_path / "proc/self/status").write_text(f"Name:\tpython3\nCapPrm:\t{NOBODY}\nCapEff:\t{capabilities}\n")
    if disabled is not None:
        (tmp_path / "proc/sys/kernel/modules_disabled").write_text(f"{disabled}\n")
    for module in loaded.split():
        (tmp_path / "sys/module" / module).mkdir(parents=True)
    return str(tmp_path)


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The modules of which modprobe finds a file."""
    found = ["nfsd", "nf_tables"]

    def modprobe(command: list[str], **_options: Any) -> subprocess.CompletedProcess[bytes]:
        assert command[:3] == ["modprobe", "--dry-run", "--quiet"]
        return subprocess.CompletedProcess(command, 0 if command[3] in found else 1, b"", b"")

    monkeypatch.setattr(_kernel_modules.subprocess, "run", modprobe)
    return found


@pytest.mark.parametrize(
    ("given", "state"),
    [
        ({}, "loadable"),
        ({"loaded": "nfsd"}, "loaded"),
        ({"loaded": "nfs"}, "loadable"),
        ({"capabilities": CONTAINER}, "forbidden"),
        ({"capabilities": NOBODY}, "forbidden"),
        ({"capabilities": CONTAINER, "loaded": "nfsd"}, "loaded"),
        ({"disabled": "1"}, "forbidden"),
        ({"disabled": None}, "forbidden"),
    ],
)
def test_a_module(tmp_path: Path, files: list[str], given: dict[str, Any], state: str) -> None:
    assert states({"NFSD": "m"}, machine(tmp_path, **given)) == {"NFSD": state}


def test_a_module_without_a_file(tmp_path: Path, files: list[str]) -> None:
    files.remove("nfsd")
    assert states({"NFSD": "m", "NF_TABLES": "m"}, machine(tmp_path)) == {"NFSD": "missing", "NF_TABLES": "loadable"}


def test_no_modprobe_finds_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert states({"NFSD": "m"}, machine(tmp_path)) == {"NFSD": "missing"}


def test_only_modules_are_looked_at(tmp_path: Path, files: list[str]) -> None:
    assert states({"NFSD": "y", "PACKET": "n", "INET": "m", "NF_TABLES": "m"}, machine(tmp_path)) == {
        "NF_TABLES": "loadable"
    }


# What a master needs that can be no module (bool in the Kconfig files of Linux 5.10 and 6.1).
NO_MODULES = {
    "INET",
    "IP_MULTICAST",
    "NET",
    "NETFILTER",
    "NFSD_V3",
    "NFSD_V4",
    "NF_TABLES_INET",
    "NF_TABLES_IPV4",
    "PROC_FS",
}


@pytest.mark.parametrize("version", ["", "5.10", "6.1"])
def test_the_table_is_of_every_module_that_a_master_may_need(version: str) -> None:
    assert set(master_symbols(nat=True, firewall=True, version=version)) - NO_MODULES == set(MODULES)
    assert set(BY_HAND) <= set(MODULES)
