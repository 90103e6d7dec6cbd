# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds the Debian masters' images once per state of their inputs: `python -m lab.debian.build`.

One is for a container. The other is for a machine of its own: the same, with Debian's kernel and a network's settings.
"""

import fnmatch
import shutil
import subprocess
import tomllib
from pathlib import Path

from lab import settings as lab_settings
from lab.images import bootstrap, chroot, store
from lab.report import say
from lab.settings import Settings

HERE = Path(__file__).resolve().parent
IMAGE = store.Image("debian-master", (HERE,))
MACHINE_IMAGE = store.Image("debian-vm-master", (HERE,))
LISTS: dict[str, list[str]] = tomllib.loads((HERE / "packages.toml").read_text(encoding="utf-8"))
PASSWORD = "netboot"  # root's, in the lab only: the way in on a console

ARCHIVE = "var/lib/netboot-lab/archive"
"""The packages that a play may install, below the root; a repository as apt-ftparchive(1) makes it."""
STAND_IN = "usr/libexec/netboot-lab/nfsd-stand-in"
ENABLED = {
    "systemd-networkd.service": "multi-user.target.wants",
    "systemd-networkd-wait-online.service": "network-online.target.wants",
}
"""Units of a machine of its own; a container's network is there before it."""

_DOWNLOAD = """\
set -e
cached="$1/var/cache/apt/archives"
rm -f "$cached"/*.deb
APT_CONFIG="$MMDEBSTRAP_APT_CONFIG" apt-get --quiet --yes --download-only install {packages}
mkdir -p "$1/{place}"
mv "$cached"/*.deb "$1/{place}"
chmod 644 "$1/{place}"/*.deb
"""
_INDEX = (
    "cd /{place} && apt-ftparchive packages . > Packages && apt-ftparchive release . > Release && apt-get -qq update"
)


def image(settings: Settings) -> Path:
    """The image; built when it is missing."""
    return IMAGE.ensure(settings, _build)


def tree(settings: Settings) -> Path:
    """The image unpacked, for masters that make a slave's root of it."""
    return IMAGE.tree(settings, _build)


def machine_image(settings: Settings) -> Path:
    """The image for a machine of its own; built when it is missing."""
    return MACHINE_IMAGE.ensure(settings, _build_machine)


def _build(work: Path) -> Path:
    root = work / "root"
    fetched = "var/lib/netboot-lab/stand-in"
    _fetch(root, work, LISTS["base"], [_download(LISTS["stand_in"], fetched)])
    for package in stand_in_packages(root / ARCHIVE, root / fetched):
        _unpack_files(package, root)
    shutil.rmtree(root / fetched)
    store.copy_tree(HERE / "root", root)
    stand_in = root / STAND_IN
    stand_in.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(store.SHARED / "nfsd-stand-in", stand_in)
    stand_in.chmod(0o755)
    _finish(root)
    return root


def _build_machine(work: Path) -> Path:
    """No stand-in: the kernel has nfsd."""
    root = work / "root"
    _fetch(root, work, [*LISTS["base"], *LISTS["kernel"]], [])
    store.copy_tree(HERE / "root/etc", root / "etc")
    store.copy_tree(HERE / "machine", root)
    for unit, target in ENABLED.items():
        link = root / "etc/systemd/system" / target / unit
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(f"/usr/lib/systemd/system/{unit}")
    say("debian master: making its initial RAM disk")
    chroot.run(root, "update-initramfs", "-u", "-k", "all")
    _finish(root)
    return root


def _fetch(root: Path, work: Path, packages: list[str], hooks: list[str]) -> None:
    """Make *root* of *packages*, with the archive's files beside them."""
    say(f"debian master: unpacking packages of Debian {bootstrap.SUITE} (about a minute)")
    bootstrap.debian(root, work, packages, [_download(LISTS["archive"], ARCHIVE), *hooks])
    remove_leftovers(root)


def remove_leftovers(root: Path) -> None:
    """Remove what mmdebstrap leaves of its own, and what each machine makes for itself."""
    for pattern in LISTS["leftovers"]:
        for found in root.glob(pattern):
            shutil.rmtree(found) if found.is_dir() and not found.is_symlink() else found.unlink()


def _download(packages: list[str], place: str) -> str:
    """A hook that fetches packages, and what they need that is not installed, into a directory of the root."""
    return _DOWNLOAD.format(packages=" ".join(packages), place=place)


def _finish(root: Path) -> None:
    chroot.run(root, "chpasswd", stdin=f"root:{PASSWORD}\n")
    say("debian master: indexing its archive")
    chroot.run(root, "sh", "-c", _INDEX.format(place=ARCHIVE))


def stand_in_packages(archive: Path, fetched: Path) -> list[Path]:
    """What the stand-in needs and no package of the archive brings."""
    known = {path.name for path in archive.glob("*.deb")}
    return sorted(path for path in fetched.glob("*.deb") if path.name not in known)


def stand_in_files(names: list[str]) -> list[str]:
    """Programs and libraries among a package's files: not its services, settings and scripts."""
    patterns = LISTS["stand_in_files"]
    return [name for name in names if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)]


def _unpack_files(package: Path, root: Path) -> None:
    files = subprocess.run(["dpkg-deb", "--fsys-tarfile", str(package)], check=True, capture_output=True).stdout
    names = subprocess.run(["tar", "-t"], input=files, check=True, capture_output=True).stdout.decode().splitlines()
    command = ["tar", "-x", "-C", str(root), "--keep-directory-symlink", *stand_in_files(names)]
    subprocess.run(command, input=files, check=True)


if __name__ == "__main__":
    print(image(lab_settings.from_environment()))
