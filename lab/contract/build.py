# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds the contract master's image once per state of its inputs: `python -m lab.contract.build`."""

import fcntl
import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path

from lab import settings as lab_settings
from lab.contract import chroot, distfiles, portage, runlevels, userland
from lab.report import say
from lab.settings import Settings

HERE = Path(__file__).resolve().parent
KEPT_IMAGES = 3
PASSWORD = "netboot"  # root's, in the lab only: the way in on a console

# OpenRC's scripts that Debian's package has; every other one is ours.
KEPT_SCRIPTS = ("agetty", "cgroups", "savecache")
LINKS = {
    "usr/sbin/init": "openrc-init",
    # Debian's OpenRC also looks for LSB headers in every script; none of these has one
    "usr/lib/rc/bin/lsb2rcconf": "/usr/bin/true",
    "usr/sbin/start-stop-daemon": "/usr/lib/rc/sbin/start-stop-daemon",
    "etc/mtab": "../proc/self/mounts",
    "etc/portage/make.profile": "/var/db/repos/contract/profiles/contract",
}

STAGE_VALUES = {
    "CONTENTS": "",
    "EAPI": "8",
    "IUSE": "",
    "KEYWORDS": "amd64",
    "SLOT": "0",
    "USE": "",
    "repository": "contract",
}


def inputs_hash() -> str:
    """Sixteen hexadecimal digits over every file that the image is made from: all of this directory but its README."""
    digest = hashlib.sha256()
    for path in sorted(HERE.rglob("*")):
        if path.is_file() and path.suffix != ".md" and "__pycache__" not in path.parts:
            mode = path.stat().st_mode & 0o111
            digest.update(f"{path.relative_to(HERE)}\0{mode}\0{path.stat().st_size}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def image_path(settings: Settings) -> Path:
    """Where the image of the present inputs is, or will be."""
    return settings.cache / f"contract-master-{inputs_hash()}.tar.zst"


def image(settings: Settings) -> Path:
    """The image; built when it is missing. Two callers may come at once: the second waits for the first's."""
    settings.cache.mkdir(parents=True, exist_ok=True)
    target = image_path(settings)
    with (settings.cache / "contract-master.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.exists():
            _build(settings, target)
    return target


def _build(settings: Settings, target: Path) -> None:
    archive = portage.source(settings.cache)
    with tempfile.TemporaryDirectory(prefix="contract-", dir=settings.cache) as directory:
        work = Path(directory)
        # the permissions of the temporary directory must not become those of the root
        root = work / "root"
        say(f"contract master: unpacking packages of Debian {userland.SUITE} (about a minute)")
        userland.fetch(root, work)
        assemble(root, archive)
        say("contract master: packing the image")
        part = work / "image.tar.zst"
        _pack(root, part)
        part.rename(target)
    _prune(settings)
    say(f"contract master: {target.name}, {target.stat().st_size // 1_000_000} MB")


def _prune(settings: Settings) -> None:
    """Keep the newest images only: each edit of this directory makes another one."""
    images = sorted(settings.cache.glob("contract-master-*.tar.zst"), key=lambda path: path.stat().st_mtime)
    for old in images[:-KEPT_IMAGES]:
        old.unlink(missing_ok=True)


def assemble(root: Path, archive: Path) -> None:
    """Turn the unpacked userland in *root* into the contract master; *archive* is Portage's source."""
    say("contract master: building Portage")
    kept = {name: (root / "etc/init.d" / name).read_bytes() for name in KEPT_SCRIPTS}
    _copy_tree(HERE / "repository", root / "var/db/repos/contract")
    _copy_tree(HERE / "root/etc/portage", root / "etc/portage")
    portage.install(root, archive)
    say("contract master: the daemons' files become distribution files")
    distfiles.make(root)
    userland.strip(root)
    for name, script in kept.items():
        (root / "etc/init.d" / name).write_bytes(script)
        (root / "etc/init.d" / name).chmod(0o755)
    _copy_tree(HERE / "root", root)
    _link(root)
    runlevels.link(root)
    chroot.run(root, "chpasswd", stdin=f"root:{PASSWORD}\n")
    say("contract master: Portage learns what the image has")
    _record_stage(root)


def _copy_tree(source: Path, target: Path) -> None:
    """Copy files over a root. A link in the way is replaced, never followed."""
    for path in sorted(source.rglob("*")):
        place = target / path.relative_to(source)
        if path.is_dir():
            place.mkdir(parents=True, exist_ok=True)
        elif "__pycache__" not in path.parts:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.unlink(missing_ok=True)
            shutil.copyfile(path, place)
            place.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)


def _link(root: Path) -> None:
    for name, target in LINKS.items():
        link = root / name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(target)
    for name, mode in (("tmp", 0o1777), ("var/tmp", 0o1777), ("run", 0o755), ("var/log", 0o755), ("srv", 0o755)):
        (root / name).mkdir(exist_ok=True)
        (root / name).chmod(mode)


def _record_stage(root: Path) -> None:
    """Tell Portage of the packages that have no distribution file: the image has their files already.

    Written as Portage itself would (13 merges of nothing would double the time of the build), then read back by it.
    """
    repository = root / "var/db/repos/contract"
    database = root / "var/db/pkg"
    ebuilds = sorted(repository.glob("*/*/*.ebuild"))
    stage = [path for path in ebuilds if "/".join(path.parts[-3:-1]) not in distfiles.MOVES]
    for counter, ebuild in enumerate(stage, 1):
        category, version = ebuild.parts[-3], ebuild.stem
        entry = database / category / version
        entry.mkdir(parents=True)
        shutil.copyfile(ebuild, entry / ebuild.name)
        values = {"CATEGORY": category, "PF": version, "COUNTER": str(counter), **STAGE_VALUES}
        for name, value in values.items():
            (entry / name).write_text(value + "\n" if value else "", encoding="ascii")
    chroot.run(root, "emerge", "--quiet", "--regen")
    known = chroot.run(root, "portageq", "match", "/", "*/*").split()
    expected = sorted(f"{path.parts[-3]}/{path.stem}" for path in stage)
    if sorted(known) != expected:
        raise RuntimeError(f"Portage does not see the packages of the image: {known} instead of {expected}")


def _pack(root: Path, target: Path) -> None:
    """Level 3: packing takes a few seconds, and unpacking one."""
    names = ["--numeric-owner", "--xattrs", "--xattrs-include=*"]
    command = ["tar", "-C", str(root), *names, "--use-compress-program=zstd -3 -T0 -q", "-cf", str(target), "."]
    subprocess.run(command, check=True)


if __name__ == "__main__":
    print(image(lab_settings.from_environment()))
