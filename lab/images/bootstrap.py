# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Unpacks and configures packages of Debian in a new root, with mmdebstrap and the host's own apt sources."""

import subprocess
from collections.abc import Iterable
from pathlib import Path

from lab.images import mirror

SUITE = "trixie"  # OpenRC 0.56; the suite before has 0.45, the ones after have no ISC DHCP server

NO_DOCUMENTS = ("doc", "info", "lintian", "locale", "man")


def debian(
    root: Path,
    work: Path,
    packages: Iterable[str],
    hooks: Iterable[str] = (),
    suite: str = SUITE,
    architecture: str = "",
) -> None:
    """Make *root* of *packages* and what they need, from the archive that the host's apt uses; *work* is for files.

    :param hooks: shell commands for mmdebstrap's --customize-hook; $1 is the root
    :param suite: a release, by its name
    :param architecture: Debian's name of one whose programs this machine runs; empty for its own
    :raises RuntimeError: mmdebstrap failed; the text has the end of its log.
    """
    settings = work / "apt.conf"
    settings.write_text(mirror.apt_settings() + 'APT::Install-Recommends "false";\n', encoding="utf-8")
    options = [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in NO_DOCUMENTS]
    options += [f"--include={','.join(packages)}", f"--aptopt={settings}"]
    options += [f"--customize-hook={hook}" for hook in hooks]
    options += [f"--architectures={architecture}"] if architecture else []
    source = f"deb [signed-by={mirror.KEYRING}] {mirror.debian_uri()} {suite} main"
    log = work / "mmdebstrap.log"
    with log.open("w", encoding="utf-8") as output:
        done = subprocess.run(
            ["mmdebstrap", "--mode=root", "--variant=minbase", *options, suite, str(root), source],
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode:
        end = "\n".join(log.read_text(encoding="utf-8").splitlines()[-30:])
        raise RuntimeError(f"mmdebstrap ended with {done.returncode}:\n{end}")
