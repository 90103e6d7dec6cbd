# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel's own NFS server with the exports and settings that elsewhere a stand-in reads; a slave boots from it."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

from testinfra.host import Host

from lab.homes import Home
from lab.settings import CHECKOUT

Run = Callable[..., "CompletedProcess[bytes]"]

SLAVE_ROOT = "/diskless/192.168.1.21"


def test_the_kernel_serves(master: Host, home: Home) -> None:
    """nfsd(7): the kernel's threads have no program, and its file system shows what runs."""
    assert int(master.file("/proc/fs/nfsd/threads").content_string) > 0
    assert master.run("pgrep -f ganesha").failed
    for name in home.services:
        assert master.service(name).is_running, name
        assert master.service(name).is_enabled, name


def test_the_kernels_module_is_loaded_by_our_file(master: Host) -> None:
    """Debian's kernel has NFSD=m. The role loads it, and the file does at each boot: systemd reads it here again."""
    release = master.check_output("uname -r")
    assert master.file(f"/boot/config-{release}").contains("^CONFIG_NFSD=m$")
    assert master.file("/sys/module/nfsd").is_directory
    file = master.file("/etc/modules-load.d/netboot-diskless.conf")
    assert file.content_string.splitlines()[-1] == "nfsd" and file.mode == 0o644
    report = master.check_output(
        "SYSTEMD_LOG_LEVEL=debug /usr/lib/systemd/systemd-modules-load /etc/modules-load.d/netboot-diskless.conf 2>&1"
    )
    assert "nfsd" in report and "Failed" not in report


def test_it_offers_what_was_asked(master: Host) -> None:
    offered = master.file("/proc/fs/nfsd/versions").content_string.split()
    assert {"+3", "+4.1", "+4.2"} <= set(offered)
    assert "-4.0" in offered


def test_it_exports_to_the_slave_alone(master: Host, outside: Run) -> None:
    lines = [line.split() for line in master.check_output("exportfs -s").splitlines()]
    assert [line[0] for line in lines] == [SLAVE_ROOT]
    assert lines[0][1].startswith("192.168.1.21")
    done = outside("nfs-ls", f"nfs://192.168.1.1{SLAVE_ROOT}?version=3")
    assert done.returncode != 0
    assert b"MNT3ERR_ACCES" in done.stderr


def test_a_slave_boots_from_it(master: Host, instance: object, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    command = [sys.executable, "-m", "lab", "boot", "slave21", "--json", str(report)]
    done = subprocess.run(command, cwd=CHECKOUT, check=False)
    assert done.returncode == 0, "slave21 did not reach its login: see the timeline and its console above"
    facts = json.loads(report.read_text())["slaves"]["slave21"]["facts"]
    assert f"192.168.1.1:{SLAVE_ROOT}" in facts["root"] and "vers=4.2" in facts["root"]
    # It mounted what the kernel serves: nfsd knows its clients (nfsd(7), /proc/fs/nfsd/clients).
    assert "192.168.1.21" in master.check_output("cat /proc/fs/nfsd/clients/*/info")
