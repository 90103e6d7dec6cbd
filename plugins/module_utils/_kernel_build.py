# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Building a configured kernel outside its source tree, and only when something that matters has changed."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import subprocess
from dataclasses import dataclass

from ansible_collections.netboot.diskless.plugins.module_utils import _kconfig
from ansible_collections.netboot.diskless.plugins.module_utils._kconfig_configure import IMAGE_KEY_FILE, LOCK_FILE
from ansible_collections.netboot.diskless.plugins.module_utils._kernel_arch import (
    ARCHITECTURES,
    cross_prefix,
    make_words,
)
from ansible_collections.netboot.diskless.plugins.module_utils._lock import locked
from ansible_collections.netboot.diskless.plugins.module_utils._tree import measure

LOG_FILE = "build.log"
LOG_TAIL = 25
RELEASE_DIGITS = 8
# Where ccache(1) lies under the compilers' names, on Gentoo and on Debian. Found by PATH it leaves the compiler's name
# as it is, so that objects which were made without it count as they are.
CCACHE_DIRECTORIES = ("/usr/lib/ccache/bin", "/usr/lib/ccache")


class KernelError(Exception):
    """The kernel cannot be built; the text says why."""


@dataclass(frozen=True)
class Build:
    """What to build.

    Args:
        tree: kernel source; it is only read.
        output: the O= directory. It holds the configuration, and keeps objects so that an interrupted build resumes.
        architecture: one of ARCHITECTURES.
        modules: whether loadable modules are built and installed, too.
        jobs: how many compilers run at once.
    """

    tree: str
    output: str
    architecture: str
    modules: bool
    jobs: int

    @property
    def image(self) -> str:
        """Path of the image that the build leaves."""
        return os.path.join(self.output, ARCHITECTURES[self.architecture].image)

    @property
    def config(self) -> str:
        """Path of the configuration."""
        return os.path.join(self.output, ".config")

    @property
    def log(self) -> str:
        """Path of what the compiler printed."""
        return os.path.join(self.output, LOG_FILE)

    def make(self, *targets: str) -> list[str]:
        """The make command for targets."""
        words = make_words(self.architecture)
        return ["make", "-C", self.tree, f"O={self.output}", *words, f"-j{self.jobs}", *targets]


def compiler_version(command: str = "gcc") -> str:
    """First line of the compiler's --version.

    Raises:
        KernelError: there is no compiler.
    """
    try:
        return subprocess.run([command, "--version"], capture_output=True, text=True, check=True).stdout.splitlines()[0]
    except (OSError, subprocess.CalledProcessError, IndexError) as error:
        raise KernelError(f"there is no working {command} here: {error}") from error


def build_key(build: Build) -> str:
    """What the image depends on, as a digest.

    Raises:
        KernelError: the tree is no kernel source, there is no compiler, or nobody has made a configuration.
    """
    if not os.path.isfile(os.path.join(build.tree, "Kconfig")):
        raise KernelError(f"{build.tree} holds no Linux source (it has no Kconfig)")
    if not os.path.isfile(build.config):
        raise KernelError(f"{build.config} is not there: configure the kernel first (netboot.diskless.kernel_config)")
    inputs = [
        measure([build.tree], [".git"]).stamp,
        compiler_version(cross_prefix(build.architecture) + "gcc"),
        build.architecture,
        _kconfig.read(build.config),
        build.modules,
    ]
    return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()


def exclusive(build: Build) -> contextlib.AbstractContextManager[None]:
    """Holds the output directory for this run alone: two builds in one would spoil each other's objects."""
    return locked(os.path.join(build.output, LOCK_FILE))


def is_built(build: Build, key: str) -> bool:
    """Whether the output directory holds the image of just this key."""
    try:
        with open(os.path.join(build.output, IMAGE_KEY_FILE), encoding="utf-8") as stream:
            return stream.read().strip() == key and os.path.isfile(build.image)
    except OSError:
        return False


def build_environment() -> dict[str, str]:
    """The environment of make: with ccache in front of the compilers where it is installed."""
    environment = dict(os.environ)
    for directory in CCACHE_DIRECTORIES:
        if os.path.exists(os.path.join(directory, "gcc")):
            environment["PATH"] = f"{directory}:{environment.get('PATH', os.defpath)}"
            break
    return environment


def _run(command: list[str], log: str) -> None:
    """Runs a command with its output appended to a log.

    Raises:
        KernelError: it fails; the text ends with the log's last lines.
    """
    with open(log, "ab") as stream:
        status = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, env=build_environment(), check=False
        ).returncode
    if status:
        with open(log, encoding="utf-8", errors="replace") as stream:
            tail = stream.read().splitlines()[-LOG_TAIL:]
        raise KernelError(f"{' '.join(command)} failed with {status}; {log} ends with:\n" + "\n".join(tail))


def compile_kernel(build: Build, key: str) -> None:
    """Builds the image, builds and installs modules below /lib/modules when asked, and then leaves the key.

    A kernel with modules has the key's first digits at the end of its release: no other kernel, of a package or of an
    earlier build, has that release, so the modules of none are written over, and each can still be booted.

    Raises:
        KernelError: make fails; the text ends with the compiler's last lines.
    """
    marker = os.path.join(build.output, IMAGE_KEY_FILE)
    # Before what it stands for is changed: a build that ends half-way has none.
    with contextlib.suppress(FileNotFoundError):
        os.unlink(marker)
    with open(build.log, "wb"):
        pass
    target = ARCHITECTURES[build.architecture].target
    # scripts/setlocalversion appends the variable to the configuration's LOCALVERSION.
    release = [f"LOCALVERSION=-{key[:RELEASE_DIGITS]}"] if build.modules else []
    _run(build.make(*release, target, *(["modules"] if build.modules else [])), build.log)
    if build.modules:
        _run(build.make(*release, "modules_install"), build.log)
    with open(f"{marker}.new", "w", encoding="utf-8") as stream:
        stream.write(key + "\n")
    os.replace(f"{marker}.new", marker)
