# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real Portage: its source distribution from PyPI, built inside the root. Its wheel is for Python environments only."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from lab.images import chroot
from lab.report import say

VERSION = "3.0.83"
SHA256 = "deac3ae1e03aea1ff09a0e831fa8d06e89bfc49440394b66ed6223338d5f9c4e"
_BACKEND = Path(__file__).with_name("pip_backend")
MODULES = "/usr/lib/python3/dist-packages"

_BUILD = f"""
set -e
cd /var/tmp/portage-{VERSION}
meson setup build --prefix=/usr --sysconfdir=/etc --localstatedir=/var \
  -Dsystem-wide=true -Dnative-extensions=false -Drsync-verify=false \
  -Dpython.purelibdir={MODULES} -Dpython.platlibdir={MODULES}
meson install -C build
python3 -m compileall -q {MODULES}/portage {MODULES}/_emerge
"""


def source(cache: Path) -> Path:
    """Path of the source distribution in *cache*; pip fetches it, with the host's settings for pip, when it is missing.

    :raises RuntimeError: pip failed, or the file is not the one that this module knows.
    """
    archive = cache / f"portage-{VERSION}.tar.gz"
    if not archive.exists():
        say(f"contract master: fetching Portage {VERSION} from PyPI")
        archive.parent.mkdir(parents=True, exist_ok=True)
        options = ["--quiet", "--no-deps", "--no-binary=portage", "--no-build-isolation", f"--dest={cache}"]
        done = subprocess.run(
            [*_pip(), "download", *options, f"portage=={VERSION}"],
            env={**os.environ, "PYTHONPATH": str(_BACKEND)},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"pip could not fetch Portage:\n{done.stderr[-2000:]}")
    if hashlib.sha256(archive.read_bytes()).hexdigest() != SHA256:
        archive.unlink()
        raise RuntimeError(f"{archive.name} has another SHA-256 than {SHA256}; it has been removed")
    return archive


def _pip() -> list[str]:
    """The pip of the running Python, else the one of Debian's."""
    for python in (sys.executable, "/usr/bin/python3"):
        probe = subprocess.run([python, "-m", "pip", "--version"], capture_output=True, check=False)
        if not probe.returncode:
            return [python, "-m", "pip"]
    raise RuntimeError("no pip: install Debian's python3-pip")


def install(root: Path, archive: Path) -> None:
    """Build and install Portage in *root*, with the user and the tools' names that it expects."""
    work = root / "var/tmp"
    subprocess.run(["tar", "-xf", str(archive), "-C", str(work)], check=True)
    chroot.run(root, "sh", "-c", _BUILD)
    shutil.rmtree(work / f"portage-{VERSION}")
    for name, target in (("gtar", "tar"), ("gsed", "sed"), ("gawk", "mawk"), ("gmake", "make"), ("python", "python3")):
        link = root / "usr/bin" / name
        if not link.exists():
            link.symlink_to(target)
    chroot.run(root, "groupadd", "--gid", "250", "portage")
    account = ["--uid", "250", "--gid", "portage", "--home-dir", "/var/lib/portage/home", "--shell", "/sbin/nologin"]
    chroot.run(root, "useradd", *account, "portage")
    for name in ("var/tmp/portage", "var/lib/portage", "var/db/pkg", "var/cache/binpkgs", "var/log/portage"):
        directory = root / name
        directory.mkdir(parents=True, exist_ok=True)
        os.chown(directory, 0, 250)
    # the shipped configuration names Gentoo's own repository, which is not here
    shipped = root / "usr/share/portage/config/repos.conf"
    shutil.copyfile(root / "etc/portage/repos.conf/contract.conf", shipped)
