# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian packages that the lab needs on its host; `python -m lab` installs the missing ones with apt."""

import os
import shutil
import subprocess

from lab.report import say

MASTER = (
    "arch-test",  # tells mmdebstrap that this machine runs 32-bit programs
    "debian-archive-keyring",  # signs the suite that the masters are made of
    "e2fsprogs",  # makes the disks of a master that is an emulated machine
    "iproute2",
    "linux-source-6.1",  # /usr/src/linux of the master; every slave's kernel comes from it
    "mmdebstrap",
    "mount",
    "openssh-client",
    "python3-pip",  # fetches Portage's source distribution
    "socat",  # ssh's way into the master's network namespace
    "systemd-container",  # runs the Debian master
    "tar",
    "util-linux",
    "xz-utils",
    "zstd",
)
SLAVES = (
    "dnsmasq-base",  # the other DHCP server of a network
    "ipxe-qemu",  # the emulated network cards' boot ROMs
    "iproute2",
    "ovmf",  # UEFI firmware
    "openssl",  # hashes the password of the slaves' root
    "qemu-system-x86",
    "seabios",
    "socat",  # attaches a terminal to a serial line
    "tcpdump",
)
TESTS = (
    "bison",  # with flex: Linux makes its conf of them
    "curl",
    "dnsmasq-base",  # the other DHCP server of a network
    "e2fsprogs",
    "fdisk",  # with e2fsprogs: the disk that `make bootloader` starts from
    "flex",
    "gcc",  # unit tests build a kernel of two files
    "libc6-dev",
    "libnfs-utils",  # an NFS client in user space
    "make",
    "openssh-client",
    "rsync",
    "tftp-hpa",
)
ARM64 = (  # for `make arm64` alone
    "bc",
    "bison",
    "flex",
    "gcc",  # Linux makes its tools with it, and the kernel with the next one
    "gcc-aarch64-linux-gnu",
    "libc6-dev",
    "make",
    "qemu-efi-aarch64",
    "qemu-system-arm",
)
ALL = tuple(dict.fromkeys(MASTER + SLAVES))


def missing(packages: tuple[str, ...]) -> list[str]:
    """The packages of *packages* that dpkg does not know as installed."""
    query = ["dpkg-query", "--show", "--showformat=${Package} ${db:Status-Status}\\n", *packages]
    known = subprocess.run(query, capture_output=True, text=True, check=False).stdout
    present = {line.split()[0] for line in known.splitlines() if line.endswith(" installed")}
    return [package for package in packages if package not in present]


def install(packages: tuple[str, ...]) -> None:
    """Install what is missing of *packages*.

    :raises RuntimeError: the host has no apt.
    :raises subprocess.CalledProcessError: apt failed; its own message is on the terminal.
    """
    wanted = missing(packages) if shutil.which("dpkg-query") else list(packages)
    if not wanted:
        return
    if not shutil.which("apt-get"):
        raise RuntimeError(f"the lab runs on Debian 12; without apt, install these yourself: {' '.join(wanted)}")
    say(f"host: installing {' '.join(wanted)}")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}  # the environment may name a proxy
    subprocess.run(["apt-get", "update", "-qq"], check=True, env=quiet)
    subprocess.run(["apt-get", "install", "-qq", "--no-install-recommends", *wanted], check=True, env=quiet)
