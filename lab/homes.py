# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests expect of a master by its platform: names that the product's own data must agree with."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Home:
    """What the tests expect of a platform.

    Args:
        platform: its file in roles/fleet/vars/platforms.
        services: names of the services that the playbook starts.
        packages: names of the packages that it installs.
        init: what a slave's pid 1 is called.
    """

    platform: str
    services: tuple[str, ...]
    packages: tuple[str, ...]
    init: str


GENTOO = Home(
    "gentoo",
    ("rpcbind", "nfs", "in.tftpd", "dhcpd"),
    ("net-misc/dhcp", "net-ftp/tftp-hpa", "net-fs/nfs-utils", "net-nds/rpcbind", "sys-boot/syslinux"),
    "openrc-init",
)
DEBIAN = Home(
    "debian",
    ("rpcbind", "nfs-server", "tftpd-hpa", "isc-dhcp-server"),
    ("isc-dhcp-server", "tftpd-hpa", "nfs-kernel-server", "rpcbind", "pxelinux", "syslinux-efi"),
    "systemd",
)
