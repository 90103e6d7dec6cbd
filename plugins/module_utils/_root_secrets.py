# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which files of the master stay on the master, and which of its /etc may leave it.

Two rules find them: what others cannot read on the master is a secret there, and what holds a private key is one
wherever it lies. A list of patterns adds what is no secret but belongs to the master alone.
"""

from __future__ import annotations

import fnmatch
import os
import re
import stat
from collections.abc import Iterator

# Relative to /etc, with shell wildcards; a directory's name covers what is below it.
MASTERS_OWN = (
    "conf.d/agetty.*",
    "conf.d/dhcpd",
    "conf.d/hostname",
    "conf.d/in.tftpd",
    "conf.d/net",
    "conf.d/net.*",
    "conf.d/nfs",
    "crypttab",
    "default/isc-dhcp-server",
    "default/nfs-kernel-server",
    "default/tftpd-hpa",
    "dhcp",
    "exports",
    "exports.d",
    "fstab",
    "hostid",
    "hostname",
    "hosts",
    "init.d/agetty.*",
    "init.d/net.eth*",
    "local.d/*.start",
    "local.d/*.stop",
    "machine-id",
    "mtab",
    "netplan",
    "network/interfaces",
    "network/interfaces.d",
    "nfs.conf",
    "nfs.conf.d",
    "portage",
    # Of System V's init, where systemd looks for what to start, too (systemd-sysv-generator(8)).
    "rc[0-6S].d",
    "resolv.conf",
    "runlevels",
    "systemd/network",
    "udev/rules.d/70-persistent-net.rules",
)
# A file there is a unit, and may leave when it is the administrator's own. A directory, a link, or a file that has the
# name of a unit of the packages, says what starts on this machine, or changes how.
UNITS = "systemd/system/"
SECRETS = (
    "*.key",
    "*.keytab",
    "*.p12",
    "*.pfx",
    "*-",
    "NetworkManager/system-connections",
    "ansible",
    "gshadow",
    "ipsec.secrets",
    "kea",
    "letsencrypt",
    "openvpn",
    "ppp/*-secrets",
    "shadow",
    "ssh/ssh_host_*",
    "ssl/private",
    "wireguard",
    "wpa_supplicant*",
)
# What others cannot read although it is no secret: Gentoo's openssh gives it mode 0600, and sshd does not start
# without it. A private key in it keeps it on the master all the same.
NO_SECRETS = ("ssh/sshd_config", "ssh/sshd_config.d", "ssh/sshd_config.d/*.conf")
# PEM's and OpenSSH's first line (RFC 7468), OpenPGP's (RFC 9580, 6.2.1), SSH2's (RFC 4716's form), and age's and
# WireGuard's keys.
PRIVATE_KEY = re.compile(
    rb"BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY|PuTTY-User-Key-File|AGE-SECRET-KEY-1|^\s*PrivateKey\s*=\s*\S", re.MULTILINE
)
# A key has a few kilobytes. What is larger is searched no further than this.
SEARCHED = 1 << 20


def _matches(relative: str, patterns: tuple[str, ...]) -> bool:
    """Whether a pattern with a slash fits the path, or one without the name."""
    name = os.path.basename(relative)
    return any(fnmatch.fnmatchcase(relative if "/" in pattern else name, pattern) for pattern in patterns if pattern)


def _is_masters_own(relative: str) -> bool:
    return any(fnmatch.fnmatchcase(relative, pattern) for pattern in MASTERS_OWN)


def holds_private_key(path: str) -> bool:
    """Whether the first mebibyte of a file holds a private key as text; yes when the file cannot be read."""
    try:
        with open(path, "rb") as stream:
            return bool(PRIVATE_KEY.search(stream.read(SEARCHED)))
    except OSError:
        return True


def _is_hidden(relative: str, mode: int) -> bool:
    """Whether others cannot read a file, or not read and enter a directory. A symbolic link has no mode of its own."""
    if stat.S_ISLNK(mode) or any(fnmatch.fnmatchcase(relative, pattern) for pattern in NO_SECRETS):
        return False
    needed = stat.S_IROTH | stat.S_IXOTH if stat.S_ISDIR(mode) else stat.S_IROTH
    return mode & needed != needed


def is_hidden_below(etc: str, relative: str) -> bool:
    """Whether others cannot read what a path leads to: the file behind all links, or a directory on the way to it.

    Args:
        etc: the master's /etc.
        relative: the path below it; what is not there is not hidden.
    """
    etc = os.path.realpath(etc)
    top = os.path.dirname(etc)
    path = os.path.realpath(os.path.join(etc, relative))
    while path not in (top, os.path.dirname(path)):
        try:
            if _is_hidden(os.path.relpath(path, etc), os.stat(path).st_mode):
                return True
        except FileNotFoundError:
            return False
        path = os.path.dirname(path)
    return False


def _is_own_unit(etc: str, relative: str) -> bool:
    """Whether a file among the units is no changed copy of one that packages have."""
    programs = os.path.join(os.path.dirname(etc), "usr/lib/systemd/system")
    return not os.path.lexists(os.path.join(programs, os.path.basename(relative)))


def _stays(etc: str, relative: str, secrets: tuple[str, ...]) -> bool:
    path = os.path.join(etc, relative)
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return True
    if _is_hidden(relative, mode) or _is_masters_own(relative) or _matches(relative, secrets):
        return True
    if relative.startswith(UNITS) and not (stat.S_ISREG(mode) and _is_own_unit(etc, relative)):
        return True
    if stat.S_ISREG(mode):
        return holds_private_key(path)
    return not (stat.S_ISDIR(mode) or stat.S_ISLNK(mode))


def passing(etc: str, extra: list[str]) -> Iterator[str]:
    """Paths relative to etc, directories and what they hold, that may reach a slave.

    What is below a directory that stays on the master stays there with it.

    Args:
        etc: the master's /etc.
        extra: patterns of the user for what stays besides, as those above.
    """
    secrets = (*SECRETS, *extra)
    for directory, names, files in os.walk(etc):
        for name in sorted([*names, *files]):
            relative = os.path.relpath(os.path.join(directory, name), etc)
            if not _stays(etc, relative, secrets):
                yield relative
            elif name in names:
                names.remove(name)


def hidden_programs(directory: str) -> Iterator[str]:
    """Paths of files below a directory of programs that are somebody's secret, such as a script with a password in it.

    Others can neither read nor run them, and they are no programs that run with an owner's or a group's rights, which
    packages close to others, too (dbus-daemon-launch-helper).

    Args:
        directory: path of the directory; it is where the paths begin.
    """
    # A link such as /bin -> usr/bin is copied as one; what is behind it has its own turn.
    for above, _names, files in os.walk(directory) if not os.path.islink(directory) else ():
        for name in files:
            path = os.path.join(above, name)
            try:
                mode = os.lstat(path).st_mode
            except FileNotFoundError:
                continue
            if stat.S_ISREG(mode) and not mode & (stat.S_IRWXO | stat.S_ISUID | stat.S_ISGID):
                yield path
