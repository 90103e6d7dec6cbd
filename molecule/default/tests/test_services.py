# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The services run, start with the machine, and wait at their ports. The packages are the package manager's record."""

import pytest
from testinfra.host import Host

from lab.homes import DEBIAN, Home


def test_running_and_enabled(master: Host, home: Home) -> None:
    for name in home.services:
        assert master.service(name).is_running, name
        assert master.service(name).is_enabled, name


@pytest.mark.parametrize("socket", ["udp://0.0.0.0:67", "udp://192.168.1.1:69", "tcp://111", "tcp://2049"])
def test_listening(master: Host, socket: str) -> None:
    assert master.socket(socket).is_listening


def test_installed(master: Host, home: Home) -> None:
    for package in home.packages:
        if "/" in package:
            assert master.run(f"ls -d /var/db/pkg/{package}-[0-9]*").succeeded, package
        else:
            assert master.package(package).is_installed, package


def test_no_unit_failed(master: Host, home: Home) -> None:
    """Also not for want of something that only the package's own configuration had."""
    if home is DEBIAN:
        assert master.check_output("systemctl list-units --failed --plain --no-legend") == ""
    else:
        assert "crashed" not in master.check_output("rc-status --all")
