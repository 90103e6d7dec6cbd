# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What this collection has put on a master, and whether a file there is ours, a package's or somebody else's.

A ledger is one JSON file per part (dhcp, nfs_server, ...) that maps each path to the SHA-256 of the bytes we wrote.
It decides two things: a file in it may be replaced, and a file in it that is no longer wanted may be removed.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat

ABSENT = "absent"
OURS = "ours"
PRISTINE = "pristine"
FOREIGN = "foreign"


def sha256(data: bytes) -> str:
    """Hexadecimal SHA-256 of data."""
    return hashlib.sha256(data).hexdigest()


class Ledger:
    """The record of one part's files.

    Args:
        state_directory: folder on the master that holds all our records.
        part: name of the part, which names the file.
    """

    def __init__(self, state_directory: str, part: str) -> None:
        self.path = os.path.join(state_directory, "ledger", f"{part}.json")

    def read(self) -> dict[str, str]:
        """Recorded paths and their SHA-256; empty when nothing was ever placed.

        Raises:
            ValueError: the record exists but does not hold what we write.
        """
        try:
            with open(self.path, encoding="utf-8") as stream:
                entries = json.load(stream)
        except FileNotFoundError:
            return {}
        if not isinstance(entries, dict):
            raise ValueError(f"{self.path} holds no map of paths")
        return {str(path): str(digest) for path, digest in entries.items()}

    def content(self, entries: dict[str, str]) -> bytes:
        """The bytes that record entries."""
        return (json.dumps(entries, indent=0, sort_keys=True) + "\n").encode()


def _portage_md5(database: str, path: str) -> str | None:
    """MD5 of path as Portage installed it, from /var/db/pkg/CATEGORY/PACKAGE/CONTENTS (portage(5)), or None."""
    needle = f"obj {path} "
    for category in _listing(database):
        for package in _listing(os.path.join(database, category)):
            try:
                contents = os.path.join(database, category, package, "CONTENTS")
                with open(contents, encoding="utf-8", errors="replace") as stream:
                    for line in stream:
                        if line.startswith(needle):
                            return line[len(needle) :].split()[0]
            except OSError:
                continue
    return None


def _dpkg_md5(status: str, path: str) -> str | None:
    """MD5 of a conffile as its package shipped it, from dpkg's status file (dpkg-query(1), Conffiles), or None."""
    needle = f" {path} "
    try:
        with open(status, encoding="utf-8", errors="replace") as stream:
            for line in stream:
                if line.startswith(needle):
                    return line[len(needle) :].split()[0]
    except OSError:
        return None
    return None


def _listing(directory: str) -> list[str]:
    try:
        return sorted(os.listdir(directory))
    except OSError:
        return []


def package_md5(path: str, root: str = "/") -> str | None:
    """MD5 with which the package manager delivered path, or None when no package did.

    Args:
        path: absolute path of a configuration file.
        root: where the package databases are looked for.
    """
    return _portage_md5(os.path.join(root, "var/db/pkg"), path) or _dpkg_md5(
        os.path.join(root, "var/lib/dpkg/status"), path
    )


def _statements(data: bytes) -> list[str]:
    """What a configuration file says beyond comments and blank lines."""
    lines = [line.strip() for line in data.splitlines()]
    return [line.decode(errors="replace") for line in lines if line and not line.startswith((b"#", b"//", b";"))]


def ownership(
    path: str,
    recorded: dict[str, str],
    wanted: bytes | None = None,
    root: str = "/",
    shipped: dict[str, list[str]] | None = None,
) -> str:
    """Whose the file at path is: absent, ours, pristine (as its package shipped it, or only comments) or foreign.

    Something that is no file, such as a directory or a symbolic link, is foreign.

    Args:
        path: absolute path on this machine.
        recorded: the ledger of the part that wants to write it.
        wanted: what the part would write; a file that holds just that counts as ours.
        root: where the package databases are looked for.
        shipped: by path, what a file says that no package holds because a package's script makes it.
    """
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):
            return FOREIGN
        with open(path, "rb") as stream:
            data = stream.read()
    except FileNotFoundError:
        return ABSENT
    except NotADirectoryError:
        return FOREIGN
    if path in recorded or data == wanted:
        return OURS
    statements = _statements(data)
    if not statements or statements == (shipped or {}).get(path):
        return PRISTINE
    # The package databases record MD5; it is compared here, not trusted for security.
    digest = hashlib.new("md5", data, usedforsecurity=False).hexdigest()
    return PRISTINE if package_md5(path, root) == digest else FOREIGN
