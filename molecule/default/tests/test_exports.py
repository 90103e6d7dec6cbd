# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A slave's root goes to the slave's own address and to no other. Asked by an NFS client, not read from a file.

The client is nfs-ls, in user space, with NFS 3: it speaks no 4.1 or later, which are the versions 4 that the master
offers. That the slave mounts its root with 4.2 is proved by its boot.
"""

import re
from collections.abc import Callable
from subprocess import CompletedProcess

import pytest
from testinfra.host import Host

Run = Callable[..., "CompletedProcess[bytes]"]

SLAVE_ROOT = "/diskless/192.168.1.21"


def listing(run: Run, path: str) -> "tuple[int, set[str], str]":
    """Exit code, names and error message of a listing of an exported directory."""
    done = run("nfs-ls", f"nfs://192.168.1.1{path}?version=3")
    names = {line.split()[-1] for line in done.stdout.decode().splitlines() if line}
    return done.returncode, names, done.stderr.decode()


def test_the_slave_reads_its_root(as_slave: Run) -> None:
    code, names, error = listing(as_slave, SLAVE_ROOT)
    assert code == 0, error
    assert {"etc", "sbin", "var"} <= names


@pytest.mark.parametrize("path", [SLAVE_ROOT, f"{SLAVE_ROOT}/etc", "/diskless", "/"])
def test_a_stranger_is_refused(outside: Run, path: str) -> None:
    code, names, error = listing(outside, path)
    assert code != 0 and not names
    assert "MNT3ERR_" in error  # the server's own refusal, not its silence


@pytest.mark.parametrize("path", ["/diskless", "/", "/etc", "/srv/tftp"])
def test_the_slave_is_refused_the_rest(as_slave: Run, path: str) -> None:
    code, names, error = listing(as_slave, path)
    assert code != 0 and not names
    assert "MNT3ERR_" in error


def test_exports_name_single_addresses(master: Host) -> None:
    lines = [line.split() for line in master.check_output("exportfs -s").splitlines()]
    assert [line[0] for line in lines] == [SLAVE_ROOT]
    assert all(re.fullmatch(r"192\.168\.1\.21(/32)?\(.*\)", client) for line in lines for client in line[1:])
