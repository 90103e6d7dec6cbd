# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Configuring and building a kernel outside its source tree, and only when something that matters has changed."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
from dataclasses import dataclass

from ansible_collections.netboot.diskless.plugins.module_utils import _kconfig
from ansible_collections.netboot.diskless.plugins.module_utils._lock import locked
from ansible_collections.netboot.diskless.plugins.module_utils._tree import measure

# Where a build of each architecture leaves the image; the article's arch/i386 is gone since Linux 2.6.24.
IMAGES = {"x86_64": "arch/x86/boot/bzImage", "i386": "arch/x86/boot/bzImage"}
LOCK_FILE = ".netboot-lock"
KEY_FILE = ".netboot-key"
LOG_FILE = "build.log"
LOG_TAIL = 25


class KernelError(Exception):
    """The kernel cannot be configured or built; the text says why."""


@dataclass(frozen=True)
class Build:
    """What to build.

    Args:
        tree: kernel source; it is only read.
        output: the O= directory, which keeps objects so that an interrupted build resumes.
        architecture: x86_64 or i386.
        base: a configuration target such as tinyconfig or defconfig, or the absolute path of a .config file.
        symbols: what the configuration must hold in the end.
        modules: whether loadable modules are built too.
        jobs: how many compilers run at once.
    """

    tree: str
    output: str
    architecture: str
    base: str
    symbols: dict[str, str]
    modules: bool
    jobs: int

    @property
    def image(self) -> str:
        """Path of the image that the build leaves."""
        return os.path.join(self.output, IMAGES[self.architecture])

    @property
    def config(self) -> str:
        """Path of the configuration that the build used."""
        return os.path.join(self.output, ".config")

    @property
    def log(self) -> str:
        """Path of what the compiler printed."""
        return os.path.join(self.output, LOG_FILE)

    def make(self, *targets: str) -> list[str]:
        """The make command for targets."""
        return [
            "make",
            "-C",
            self.tree,
            f"O={self.output}",
            f"ARCH={self.architecture}",
            f"-j{self.jobs}",
            *targets,
        ]


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
        KernelError: the tree is no kernel source, or there is no compiler.
    """
    if not os.path.isfile(os.path.join(build.tree, "Kconfig")):
        raise KernelError(f"{build.tree} holds no Linux source (it has no Kconfig)")
    base = build.base
    if os.path.isabs(base):
        with open(base, encoding="utf-8") as stream:
            base = stream.read()
    inputs = [
        measure([build.tree], [".git"]).stamp,
        compiler_version(),
        build.architecture,
        base,
        build.symbols,
        build.modules,
    ]
    return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()


def exclusive(build: Build) -> contextlib.AbstractContextManager[None]:
    """Holds the output directory for this run alone: two builds in one would spoil each other's objects."""
    return locked(os.path.join(build.output, LOCK_FILE))


def is_built(build: Build, key: str) -> bool:
    """Whether the output directory holds the image of just this key."""
    try:
        with open(os.path.join(build.output, KEY_FILE), encoding="utf-8") as stream:
            return stream.read().strip() == key and os.path.isfile(build.image)
    except OSError:
        return False


def _run(command: list[str], log: str) -> None:
    """Runs a command with its output appended to a log.

    Raises:
        KernelError: it fails; the text ends with the log's last lines.
    """
    with open(log, "ab") as stream:
        status = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, check=False).returncode
    if status:
        with open(log, encoding="utf-8", errors="replace") as stream:
            tail = stream.read().splitlines()[-LOG_TAIL:]
        raise KernelError(f"{' '.join(command)} failed with {status}; {log} ends with:\n" + "\n".join(tail))


def configure(build: Build) -> None:
    """Makes the configuration and checks that Kconfig gave every symbol its wanted value.

    A configuration that comes out as it was is left untouched, so that an interrupted build resumes.

    Raises:
        KernelError: make fails, or a symbol did not come out as wanted.
    """
    os.makedirs(build.output, exist_ok=True)
    with open(build.log, "wb"):
        pass
    scratch = os.path.join(build.output, ".configure")
    # Left by a run that was killed, or not there at all.
    shutil.rmtree(scratch, ignore_errors=True)
    os.mkdir(scratch)
    trial = Build(build.tree, scratch, build.architecture, build.base, build.symbols, build.modules, build.jobs)
    if os.path.isabs(build.base):
        shutil.copyfile(build.base, trial.config)
    else:
        _run(trial.make(build.base), build.log)
    with open(trial.config, "a", encoding="utf-8") as stream:
        # A file of the user's need not end with the end of a line.
        stream.write("\n" + _kconfig.fragment(build.symbols))
    _run(trial.make("olddefconfig"), build.log)
    missed = _kconfig.unmet(build.symbols, _kconfig.read(trial.config))
    if missed:
        listed = ", ".join(f"{name}={value} instead of {build.symbols[name]}" for name, value in sorted(missed.items()))
        raise KernelError(f"the kernel in {build.tree} does not grant what is wanted: {listed}")
    if not _same(trial.config, build.config):
        _forget(build)
        os.replace(trial.config, build.config)
    shutil.rmtree(scratch)


def _same(one: str, other: str) -> bool:
    return os.path.exists(other) and _kconfig.read(one) == _kconfig.read(other)


def _forget(build: Build) -> None:
    """Takes the key away before what it stands for is changed: a build that ends half-way has none."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(os.path.join(build.output, KEY_FILE))


def compile_kernel(build: Build, key: str) -> None:
    """Builds the image, builds and installs modules below /lib/modules when asked, and then leaves the key.

    Raises:
        KernelError: make fails; the text ends with the compiler's last lines.
    """
    _forget(build)
    _run(build.make("bzImage", *(["modules"] if build.modules else [])), build.log)
    if build.modules:
        _run(build.make("modules_install"), build.log)
    marker = os.path.join(build.output, KEY_FILE)
    with open(f"{marker}.new", "w", encoding="utf-8") as stream:
        stream.write(key + "\n")
    os.replace(f"{marker}.new", marker)
