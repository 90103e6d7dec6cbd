# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds the contract master's image once per state of its inputs: `python -m lab.contract.build`."""

import shutil
from pathlib import Path

from lab import settings as lab_settings
from lab.contract import distfiles, portage, runlevels, userland
from lab.images import bootstrap, chroot, store
from lab.report import say
from lab.settings import Settings

HERE = Path(__file__).resolve().parent
IMAGE = store.Image("contract-master", (HERE,))
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


def image(settings: Settings) -> Path:
    """The image; built when it is missing."""
    return IMAGE.ensure(settings, lambda work: _build(settings, work))


def tree(settings: Settings) -> Path:
    """The image unpacked, for masters that make a slave's root of it."""
    return IMAGE.tree(settings, lambda work: _build(settings, work))


def _build(settings: Settings, work: Path) -> Path:
    archive = portage.source(settings.cache)
    # the permissions of the temporary directory must not become those of the root
    root = work / "root"
    say(f"contract master: unpacking packages of Debian {bootstrap.SUITE} (about a minute)")
    userland.fetch(root, work)
    assemble(root, archive)
    return root


def assemble(root: Path, archive: Path) -> None:
    """Turn the unpacked userland in *root* into the contract master; *archive* is Portage's source."""
    say("contract master: building Portage")
    kept = {name: (root / "etc/init.d" / name).read_bytes() for name in KEPT_SCRIPTS}
    store.copy_tree(HERE / "repository", root / "var/db/repos/contract")
    store.copy_tree(HERE / "root/etc/portage", root / "etc/portage")
    portage.install(root, archive)
    say("contract master: the daemons' files become distribution files")
    distfiles.make(root)
    userland.strip(root)
    for name, script in kept.items():
        (root / "etc/init.d" / name).write_bytes(script)
        (root / "etc/init.d" / name).chmod(0o755)
    store.copy_tree(HERE / "root", root)
    _link(root)
    runlevels.link(root)
    chroot.run(root, "chpasswd", stdin=f"root:{PASSWORD}\n")
    say("contract master: Portage learns what the image has")
    _record_stage(root)


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


if __name__ == "__main__":
    print(image(lab_settings.from_environment()))
