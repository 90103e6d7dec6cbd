# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which files of the master's /etc stay on the master.

Two rules find them: what others cannot read on the master is a secret there, and what holds a private key is one
wherever it lies. A list of patterns adds what is no secret but belongs to the master alone.
"""

from __future__ import annotations

import fnmatch
import os
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
    "dhcp",
    "exports",
    "exports.d",
    "fstab",
    "hostname",
    "hosts",
    "init.d/agetty.*",
    "init.d/net.eth*",
    "machine-id",
    "mtab",
    "nfs.conf",
    "nfs.conf.d",
    "portage",
    "resolv.conf",
    "runlevels",
    "udev/rules.d/70-persistent-net.rules",
)
SECRETS = (
    "*.key",
    "*-",
    "NetworkManager/system-connections",
    "ansible",
    "gshadow",
    "ipsec.secrets",
    "kea",
    "krb5.keytab",
    "letsencrypt",
    "openvpn",
    "ppp/*-secrets",
    "shadow",
    "ssh/ssh_host_*",
    "ssl/private",
    "wireguard",
    "wpa_supplicant",
)
PRIVATE_KEY = b"PRIVATE KEY-----"
LARGEST_KEY_FILE = 1 << 20


def _matches(relative: str, patterns: tuple[str, ...]) -> bool:
    name = os.path.basename(relative)
    return any(fnmatch.fnmatch(relative if "/" in pattern else name, pattern) for pattern in patterns if pattern)


def _top_matches(relative: str) -> bool:
    return any(fnmatch.fnmatch(relative, pattern) for pattern in MASTERS_OWN)


def holds_private_key(path: str) -> bool:
    """Whether a file holds a private key in PEM or OpenSSH form (RFC 7468)."""
    try:
        if os.path.getsize(path) > LARGEST_KEY_FILE:
            return False
        with open(path, "rb") as stream:
            return PRIVATE_KEY in stream.read()
    except OSError:
        return True


def staying(etc: str, extra: list[str]) -> Iterator[str]:
    """Paths relative to etc that must not reach a slave, a directory standing for all that it holds.

    Args:
        etc: the master's /etc.
        extra: patterns of the user, as those above.
    """
    secrets = (*SECRETS, *extra)
    for directory, names, files in os.walk(etc):
        for name in sorted([*names, *files]):
            path = os.path.join(directory, name)
            relative = os.path.relpath(path, etc)
            status = os.lstat(path)
            hidden = not stat.S_ISLNK(status.st_mode) and not status.st_mode & stat.S_IROTH
            regular = stat.S_ISREG(status.st_mode)
            if (
                hidden
                or _top_matches(relative)
                or _matches(relative, secrets)
                or not (regular or stat.S_ISDIR(status.st_mode) or stat.S_ISLNK(status.st_mode))
                or (regular and holds_private_key(path))
            ):
                yield relative
                if name in names:
                    names.remove(name)
