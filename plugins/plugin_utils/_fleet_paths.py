# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of paths: where the roots and the boot files may be. Paths are POSIX paths on the master."""

from __future__ import annotations

import posixpath
import re

from ansible_collections.netboot.diskless.plugins.plugin_utils._fleet_problems import Refused
from ansible_collections.netboot.diskless.plugins.plugin_utils._fleet_values import text

# Safe, unquoted, in exports(5) (blank # \ " * ? [), in nfsroot= (, and %s and :) and in overlay mount options (: ,).
_CHARACTERS = re.compile(r"/[A-Za-z0-9._+@/-]+", re.ASCII)
# NAME_MAX of Linux.
_NAME_MAX = 255

PATH_ALLOWED = "an absolute path of letters, digits and . _ + @ - /, not / itself"
SITE_PATH_ALLOWED = f"{PATH_ALLOWED}, and no directory that belongs to the system or to this collection"

# What holds the system itself: nothing in there is ours.
_SYSTEM_TREES = (
    "/bin", "/boot", "/dev", "/etc", "/lib", "/lib32", "/lib64", "/libx32", "/proc", "/run", "/sbin", "/sys", "/usr",
)  # fmt: skip
# Where this collection keeps what it must remember, and what it can make again.
_OUR_TREES = ("/var/cache/netboot-diskless", "/var/lib/netboot-diskless")
# What the file system hierarchy standard names (FHS 3.0): a directory of ours may be inside, but not be it.
_SYSTEM_DIRECTORIES = frozenset(
    (
        "/home", "/lost+found", "/media", "/mnt", "/opt", "/root", "/srv", "/tmp", "/usr/local", "/var", "/var/cache",
        "/var/db", "/var/lib", "/var/lock", "/var/log", "/var/mail", "/var/opt", "/var/run", "/var/spool", "/var/tmp",
    )
)  # fmt: skip


def path(value: object, allowed: str = PATH_ALLOWED) -> str:
    """Return an absolute path with . and .. resolved and no final slash."""
    given = text(value, allowed)
    if not _CHARACTERS.fullmatch(given):
        raise Refused(allowed)
    normal = posixpath.normpath(given)
    # POSIX leaves the meaning of two leading slashes open, and so does normpath. On Linux they are one.
    normal = f"/{normal.lstrip('/')}"
    if normal == "/" or any(len(name) > _NAME_MAX for name in normal.split("/")):
        raise Refused(allowed)
    return normal


def site_path(value: object) -> str:
    """Return the path of a directory that is all ours: outside the system's own directories."""
    normal = path(value, SITE_PATH_ALLOWED)
    if normal in _SYSTEM_DIRECTORIES:
        raise Refused(SITE_PATH_ALLOWED)
    if any(is_same_or_inside(normal, tree) for tree in (*_SYSTEM_TREES, *_OUR_TREES)):
        raise Refused(SITE_PATH_ALLOWED)
    return normal


def is_inside(inner: str, outer: str) -> bool:
    """Tell whether one normal path is below another, and not the same."""
    return inner.startswith(f"{outer}/")


def is_same_or_inside(inner: str, outer: str) -> bool:
    """Tell whether one normal path is another or below it."""
    return inner == outer or is_inside(inner, outer)


def overlap(one: str, other: str) -> bool:
    """Tell whether two normal paths are the same or one contains the other."""
    return is_same_or_inside(one, other) or is_same_or_inside(other, one)
