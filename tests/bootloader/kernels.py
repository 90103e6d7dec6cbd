# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two kernels, built by the role in the container, and kept in the cache with the modules that go with them."""

from __future__ import annotations

import shutil
from pathlib import Path

from lab import commands, kernel_source, master, network
from lab.masters.machine import BUILT
from lab.settings import Settings
from tests.bootloader.machines import MODULES, BuildMaster
from tests.bootloader.variables import BROKEN, GOOD, OUTPUT, arguments


def ensure(settings: Settings) -> None:
    """Have the role build what is not built, or find out that it is. The instance has no master, before and after.

    :raises commands.LabError: the play failed.
    """
    good, broken = (settings.kernel_cache / name for name in (GOOD, BROKEN))
    for output in (good, broken):
        if not (output / MODULES).is_dir():
            # The container is new each time: what it had in /lib/modules went with the last one.
            (output / ".netboot-key").unlink(missing_ok=True)
    kernel_source.ensure(settings)
    network.up(settings)
    container = BuildMaster(settings)
    container.prepare()
    container.start({})
    master.write_ssh_config(settings)
    master.wait_ssh(settings)
    if not (broken / ".netboot-key").exists():
        # They differ by a file system: one after the other in one directory, they have nearly all objects in common.
        _build(settings, BROKEN, good)
        copy_built(good, broken)
    _build(settings, GOOD, good)
    _build(settings, BROKEN, broken)
    commands.down(settings)


def releases(settings: Settings, name: str) -> list[str]:
    """The release of a kernel that was built."""
    return [path.name for path in (settings.kernel_cache / name / MODULES).iterdir()]


def copy_built(output: Path, target: Path) -> None:
    """Copy what shows that a kernel is built, and what it consists of: all but the objects."""
    # It is not there before the first build.
    shutil.rmtree(target, ignore_errors=True)
    for name in BUILT:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(output / name, target / name)
    shutil.copytree(output / MODULES, target / MODULES, symlinks=True)


def _build(settings: Settings, name: str, output: Path) -> None:
    """Play the role in the container, and keep what it installs below /lib/modules."""
    installed = settings.master_root / "lib/modules"
    installed.mkdir(exist_ok=True)
    before = set(installed.iterdir())
    # What is built in another directory is not taken for the same kernel's next version.
    own = {"master_kernel_output": f"{OUTPUT}/{output.name}", "master_kernel_directory": f"/srv/{output.name}"}
    commands.play_all(settings, arguments(name, master_kernel_boot_loader="none", **own))
    for release in set(installed.iterdir()) - before:
        shutil.rmtree(output / MODULES, ignore_errors=True)
        # The links to source and output directory lead nowhere in another machine.
        links = shutil.ignore_patterns("build", "source")
        shutil.copytree(release, output / MODULES / release.name, ignore=links)
