# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The machine of `make bootloader`: what starts it, what it gets, and the two kernels."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from lab.masters.machine import BUILT
from lab.settings import Settings
from lab.slave import Hardware
from tests.bootloader import disk
from tests.bootloader.kernels import copy_built
from tests.bootloader.machines import MODULES, GrubMaster
from tests.bootloader.variables import BROKEN, GOOD, KERNELS, kernel
from tests.unit.shared import needs_root


@pytest.fixture
def machine(tmp_path: Path) -> GrubMaster:
    return GrubMaster(Settings("a", tmp_path, asked_master="debian-vm"))


def built(output: Path, release: str) -> Path:
    """An output directory as after a build."""
    for name in (*BUILT, "vmlinux.o", f"{MODULES}/{release}/modules.dep"):
        (output / name).parent.mkdir(parents=True, exist_ok=True)
        (output / name).write_text(release)
    return output


def files(directory: Path) -> set[str]:
    return {str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file()}


def test_only_an_installation_gets_its_kernel_from_qemu(machine: GrubMaster) -> None:
    options = {"-kernel", "-initrd", "-append"}
    command = machine.qemu(Hardware(), Path("/source.disk"))
    assert not options & set(command)
    assert f"file={machine.settings.master_disk},if=virtio,format=raw" in command
    machine.kernel_from_host = True
    command = machine.qemu(Hardware(), Path("/source.disk"))
    assert options <= set(command)
    assert command[command.index("-append") + 1].startswith("root=/dev/vda1 ")


def test_it_sees_both_kernels_and_all_modules_but_no_objects(machine: GrubMaster, tmp_path: Path) -> None:
    for name in KERNELS:
        built(machine.settings.kernel_cache / name, f"6.1-{name}")
    machine.carry(tmp_path / "seen")
    assert files(tmp_path / "seen") == {
        *(f"built/{name}/{file}" for name in KERNELS for file in BUILT),
        *(f"{MODULES}/6.1-{name}/modules.dep" for name in KERNELS),
    }
    machine.kernel_from_host = True
    (tmp_path / "nothing").mkdir()
    machine.carry(tmp_path / "nothing")
    assert files(tmp_path / "nothing") == set()


def test_a_copy_of_what_was_built_replaces_the_one_before(tmp_path: Path) -> None:
    old, new = built(tmp_path / "old", "6.1-old"), built(tmp_path / "new", "6.1-new")
    copy_built(new, old)
    assert files(old) == {*BUILT, f"{MODULES}/6.1-new/modules.dep"}


def test_the_kernels_differ_by_the_file_system_and_the_check_for_it() -> None:
    good, broken = kernel(GOOD), kernel(BROKEN)
    assert (
        good["master_kernel_symbols"].replace('"EXT4_FS": True', '"EXT4_FS": False')
        == (broken["master_kernel_symbols"])
    )
    assert (good["master_kernel_check_drivers"], broken["master_kernel_check_drivers"]) == (True, False)
    assert good.keys() == broken.keys()


@needs_root
def test_a_disk_has_a_partition_with_the_content(tmp_path: Path) -> None:
    content, made = tmp_path / "content", tmp_path / "disks/a.disk"
    content.mkdir()
    (content / "hello").write_text("there\n")
    disk.make(made, content, 32, "11111111-2222-3333-4444-555555555555")
    table = json.loads(subprocess.check_output(["/sbin/sfdisk", "--json", str(made)]))["partitiontable"]
    assert (table["label"], [(part["start"], part["bootable"]) for part in table["partitions"]]) == (
        "dos",
        [(2048, True)],
    )
    disk.copy(made, tmp_path / "copy.disk")
    assert (tmp_path / "copy.disk").read_bytes() == made.read_bytes()
    partition = tmp_path / "partition"
    partition.write_bytes(made.read_bytes()[disk.START :])
    command = ["/sbin/debugfs", "-R", "cat /hello", str(partition)]
    assert subprocess.check_output(command, stderr=subprocess.DEVNULL) == b"there\n"
