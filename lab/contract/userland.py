# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Debian userland under the contract: how it is fetched, and how everything that is Debian's way is taken out."""

import fnmatch
import shutil
import tomllib
from pathlib import Path

from lab.images import bootstrap, chroot

LISTS: dict[str, list[str]] = tomllib.loads(Path(__file__).with_name("userland.toml").read_text(encoding="utf-8"))


def fetch(root: Path, work: Path) -> None:
    """Unpack and configure the packages in *root*; *work* is for files."""
    bootstrap.debian(root, work, [*LISTS["base"], *LISTS["daemons"], *LISTS["build"]])


def _installed(root: Path) -> dict[str, list[str]]:
    """Package name to the paths that it owns."""
    owned = {}
    for listing in (root / "var/lib/dpkg/info").glob("*.list"):
        owned[listing.stem.partition(":")[0]] = listing.read_text(encoding="utf-8").splitlines()
    return owned


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def strip(root: Path) -> None:
    """Take the daemons, Debian's tools with their data, and what the image does not need out of *root*."""
    chroot.run(root, "sh", "-c", f"for user in {' '.join(LISTS['users'])}; do userdel --force $user || :; done")
    gone = [*LISTS["daemons"], *LISTS["build"], *LISTS["debian"]]
    for name, paths in _installed(root).items():
        if any(fnmatch.fnmatchcase(name, pattern) for pattern in gone):
            for path in paths:
                owned = root / path.lstrip("/")
                if owned.is_symlink() or not owned.is_dir():
                    owned.unlink(missing_ok=True)
    for pattern in LISTS["leftovers"]:
        for found in root.glob(pattern):
            _delete(found)
    for link in [path for path in (root / "etc/alternatives").iterdir() if path.is_symlink()]:
        if not (root / str(link.readlink()).lstrip("/")).exists():
            link.unlink()
