# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The master as an emulated machine: its QEMU command, and the kernels that it finds built."""

from dataclasses import replace
from pathlib import Path

import pytest

from lab.masters import machine
from lab.masters.machine import MachineMaster
from lab.settings import MASTER_ADDRESS, MASTER_INTERFACE, PREFIX, Settings
from lab.slave import Hardware


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings("some", tmp_path, "debian-vm")


def test_qemu(settings: Settings) -> None:
    words = MachineMaster(settings).qemu(Hardware(), Path("/source.disk"))
    drives = [word.partition(",")[0] for word, before in zip(words[1:], words, strict=False) if before == "-drive"]
    # /etc/fstab names them by their order
    assert drives == [f"file={settings.master_disk}", "file=/source.disk", f"file={settings.run}/master.kernels"]
    assert "file=/source.disk,if=virtio,format=raw,read-only=on" in words
    assert "net.ifnames=0" in words[words.index("-append") + 1].split()
    # lab.processes knows it by this
    assert any(f"{settings.master_pid_file.with_suffix('')}." in word for word in words)


def test_only_results_of_complete_builds(tmp_path: Path) -> None:
    cache, disk = tmp_path / "cache", tmp_path / "disk"
    disk.mkdir()
    for name in ("slave-x86_64", "half"):
        (cache / name / "arch/x86/boot").mkdir(parents=True)
        for file in (".config", "vmlinux.o", "arch/x86/boot/bzImage"):
            (cache / name / file).write_text(file)
    (cache / "slave-x86_64/.netboot-key").write_text("key")
    machine.copy_built(cache, disk)
    found = sorted(str(path.relative_to(disk)) for path in disk.rglob("*") if path.is_file())
    assert found == [f"slave-x86_64/{name}" for name in (".config", ".netboot-key", "arch/x86/boot/bzImage")]


def test_userlands_are_not_for_it(settings: Settings) -> None:
    settings.check_master_kind()
    with pytest.raises(ValueError, match="LAB_SOURCES=contract,debian: a debian-vm does not see"):
        replace(settings, sources=("contract", "debian")).check_master_kind()


def test_its_own_network_is_the_lab_s() -> None:
    text = (Path(machine.build.HERE) / "machine/etc/systemd/network/10-eth0.network").read_text()
    assert f"Name={MASTER_INTERFACE}\n" in text
    assert f"Address={MASTER_ADDRESS}/{PREFIX}\n" in text
