# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The services run, start with the machine, and wait at their ports. The packages are Portage's own record."""

import pytest
from testinfra.host import Host


@pytest.mark.parametrize("name", ["rpcbind", "nfs", "in.tftpd", "dhcpd"])
def test_running_and_enabled(master: Host, name: str) -> None:
    assert master.run(f"rc-service {name} status").succeeded
    enabled = [line.split("|")[0].strip() for line in master.check_output("rc-update show default").splitlines()]
    assert name in enabled


@pytest.mark.parametrize("socket", ["udp://0.0.0.0:67", "udp://192.168.1.1:69", "tcp://111", "tcp://2049"])
def test_listening(master: Host, socket: str) -> None:
    assert master.socket(socket).is_listening


@pytest.mark.parametrize(
    "package", ["net-misc/dhcp", "net-ftp/tftp-hpa", "net-fs/nfs-utils", "net-nds/rpcbind", "sys-boot/syslinux"]
)
def test_installed(master: Host, package: str) -> None:
    assert master.run(f"ls -d /var/db/pkg/{package}-[0-9]*").succeeded
