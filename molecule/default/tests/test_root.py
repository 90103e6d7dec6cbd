# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The slave's root on the master: its own identity, none of the master's secrets."""

import re

import pytest
from testinfra.host import Host

from lab.homes import Home

ROOT = "/diskless/192.168.1.21"


def test_has_none_of_the_masters_secrets(master: Host) -> None:
    masters = master.check_output("cat /etc/ssh/ssh_host_*_key.pub | cut -d' ' -f2").split()
    slaves = master.check_output(f"cat {ROOT}/etc/ssh/ssh_host_*_key.pub | cut -d' ' -f2").split()
    assert masters and slaves and not set(masters) & set(slaves)
    root_hash = master.check_output("awk -F: '$1 == \"root\" {print $2}' /etc/shadow")
    assert root_hash and root_hash not in master.file(f"{ROOT}/etc/shadow").content_string
    assert master.run(f"grep -rlE 'PRIVATE KEY-----' {ROOT}/etc").stdout.split() == [
        f"{ROOT}/etc/ssh/ssh_host_ed25519_key"
    ]
    assert not master.file(f"{ROOT}/root/.ssh").exists
    own = master.file(f"{ROOT}/etc/machine-id").content_string.strip()
    assert re.fullmatch("[0-9a-f]{32}", own)
    # A master with OpenRC may have none.
    assert own != master.run("cat /etc/machine-id").stdout.strip()


@pytest.mark.parametrize(
    ("path", "mode"), [("tmp", 0o1777), ("var/tmp", 0o1777), ("run", 0o755), ("root", 0o700), ("etc/shadow", 0o600)]
)
def test_modes(master: Host, path: str, mode: int) -> None:
    assert master.file(f"{ROOT}/{path}").mode == mode


def test_identity(master: Host) -> None:
    assert master.file(f"{ROOT}/etc/hostname").content_string == "slave21\n"
    assert "192.168.1.1:/diskless/192.168.1.21 / nfs rw,hard,vers=" in master.file(f"{ROOT}/etc/fstab").content_string
    console = master.file(f"{ROOT}/dev/console")
    assert console.exists and master.check_output(f"stat -c %t,%T {ROOT}/dev/console") == "5,1"


def test_starts_what_the_inventory_says(master: Host, home: Home) -> None:
    {"openrc-init": starts_with_openrc, "systemd": starts_with_systemd}[home.init](master)


def starts_with_openrc(master: Host) -> None:
    default = master.check_output(f"ls {ROOT}/etc/runlevels/default").split()
    assert {"agetty.ttyS0", "local", "netmount"} <= set(default)
    assert "dhcpd" not in default and "nfs" not in default
    assert master.file(f"{ROOT}/etc/runlevels/default/local").linked_to == "/etc/init.d/local"
    assert "agetty.ttyS0" not in master.check_output("ls /etc/runlevels/default").split()
    assert 'config_eth0="noop"' in master.file(f"{ROOT}/etc/conf.d/net").content_string


def starts_with_systemd(master: Host) -> None:
    wanted = set(master.check_output(f"find {ROOT}/etc/systemd/system -path '*.wants/*' -printf '%f\\n'").split())
    assert "ssh.service" in wanted
    assert not wanted & {"isc-dhcp-server.service", "tftpd-hpa.service", "nfs-server.service", "rpcbind.service"}
    assert master.run(f"ls {ROOT}/etc/rc?.d/S*isc-dhcp-server").failed  # systemd's generator would start it
    assert "KeepConfiguration=yes" in master.check_output(f"cat {ROOT}/etc/systemd/network/*.network")


def test_kernel_modules_of_the_master_are_not_the_slaves(master: Host) -> None:
    assert not master.file(f"{ROOT}/usr/lib/modules").exists
