# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A slave's root goes to the slave's own address and to no other. Asked by an NFS client, not read from a file."""

import re
from collections.abc import Callable
from subprocess import CompletedProcess

import pytest
from testinfra.host import Host

Run = Callable[..., "CompletedProcess[bytes]"]

SLAVE_ROOT = "/diskless/192.168.1.21"
VERSIONS = ("3", "4")


def listing(run: Run, version: str, path: str) -> "tuple[int, bytes, bytes]":
    """What nfs-ls, a client in user space, sees below an exported directory."""
    done = run("nfs-ls", f"nfs://192.168.1.1{path}?version={version}")
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("version", VERSIONS)
def test_the_slave_reads_its_root(as_slave: Run, version: str) -> None:
    code, names, error = listing(as_slave, version, SLAVE_ROOT)
    assert code == 0, error
    assert {b"etc", b"sbin", b"var"} <= set(re.split(rb"\s+", names))


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("path", [SLAVE_ROOT, f"{SLAVE_ROOT}/etc", "/diskless"])
def test_a_stranger_reads_nothing(outside: Run, version: str, path: str) -> None:
    code, names, error = listing(outside, version, path)
    assert code != 0 or b"shadow" not in names + error
    assert b"etc" not in names


def test_exports_name_single_addresses(master: Host) -> None:
    lines = [line.split() for line in master.check_output("exportfs -s").splitlines()]
    assert [line[0] for line in lines] == [SLAVE_ROOT]
    assert all(re.fullmatch(r"192\.168\.1\.21(/32)?\(.*\)", client) for line in lines for client in line[1:])
