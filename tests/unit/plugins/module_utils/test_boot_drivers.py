# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What / is mounted by, from a sysfs given to it, and whether a new kernel has it."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.netboot.diskless.plugins.module_utils._boot_drivers import (
    Drivers,
    adapters,
    needed,
    of_release,
    problem,
    root_file_system,
)


class Sysfs:
    """Devices with the drivers that serve them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "sys/class/block").mkdir(parents=True)
        (root / "proc/self").mkdir(parents=True)
        (root / "dev").mkdir()

    def mounted(self, *lines: str) -> Sysfs:
        (self.root / "proc/self/mountinfo").write_text("".join(f"{line}\n" for line in lines))
        return self

    def device(self, path: str, module: str = "") -> Path:
        device = self.root / "sys/devices" / path
        device.mkdir(parents=True, exist_ok=True)
        if module:
            driver = self.root / "sys/drivers" / module
            driver.mkdir(parents=True, exist_ok=True)
            (self.root / "sys/module" / module).mkdir(parents=True, exist_ok=True)
            (driver / "module").symlink_to(self.root / "sys/module" / module)
            (device / "driver").symlink_to(driver)
        return device

    def block(self, path: str) -> Path:
        device = self.device(path)
        (self.root / "sys/class/block" / device.name).symlink_to(device)
        return device


@pytest.fixture
def sysfs(tmp_path: Path) -> Sysfs:
    found = Sysfs(tmp_path)
    found.device("pci0/0000:00:1f.2", "ahci")
    found.device("pci0/0000:00:1f.2/ata1/target0/0:0", "sd_mod")
    found.block("pci0/0000:00:1f.2/ata1/target0/0:0/block/sda")
    found.block("pci0/0000:00:1f.2/ata1/target0/0:0/block/sda/sda2")
    return found


MOUNT = "22 1 8:2 / / rw,relatime shared:1 - {} {} rw"


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ([MOUNT.format("ext4", "/dev/sda2")], ("ext4", "/dev/sda2")),
        (["21 1 0:1 / /proc rw - proc proc rw", MOUNT.format("nfs4", "192.168.1.1:/x")], ("nfs4", "")),
        # The last mount at / is what is seen.
        ([MOUNT.format("rootfs", "none"), MOUNT.format("xfs", "/dev/sda2")], ("xfs", "/dev/sda2")),
        (["23 22 8:1 / /boot rw - ext2 /dev/sda1 rw"], ("", "")),
    ],
)
def test_the_root_file_system(sysfs: Sysfs, lines: list[str], found: tuple[str, str]) -> None:
    assert root_file_system(str(sysfs.mounted(*lines).root)) == found


def test_a_partition_of_a_disk(sysfs: Sysfs) -> None:
    assert needed(str(sysfs.mounted(MOUNT.format("ext3", "/dev/sda2")).root)) == {"ext4", "ahci", "sd_mod"}


def test_a_volume_made_of_partitions(sysfs: Sysfs) -> None:
    volume = sysfs.block("virtual/block/dm-0")
    (volume / "dm").mkdir()
    (volume / "slaves").mkdir()
    (volume / "slaves/sda2").symlink_to(sysfs.root / "sys/class/block/sda2")
    (sysfs.root / "dev/mapper").mkdir()
    (sysfs.root / "dev/mapper/vg-root").symlink_to(sysfs.root / "dev/dm-0")
    (sysfs.root / "dev/dm-0").write_text("")
    assert needed(str(sysfs.mounted(MOUNT.format("btrfs", "/dev/mapper/vg-root")).root)) == {
        "btrfs",
        "dm_mod",
        "ahci",
        "sd_mod",
    }


@pytest.mark.parametrize("device", ["192.168.1.1:/x", "overlay", "/dev/unknown"])
def test_what_has_no_disk_here(sysfs: Sysfs, device: str) -> None:
    found = needed(str(sysfs.mounted(MOUNT.format("ext4", device)).root))
    assert found == ({"ext4"} if device.startswith("/dev/") else set())


def test_adapters_that_are_up(sysfs: Sysfs) -> None:
    assert adapters(str(sysfs.root)) == set()
    served = {"eth0": ("e1000e", "up"), "eth1": ("igb", "down"), "lo": ("", "unknown"), "br0": ("", "up")}
    for number, (name, (module, state)) in enumerate(served.items()):
        interface = sysfs.root / "sys/class/net" / name
        interface.mkdir(parents=True)
        (interface / "operstate").write_text(f"{state}\n")
        if module:
            (interface / "device").symlink_to(sysfs.device(f"pci0/0000:00:0{number}.0", module))
    assert adapters(str(sysfs.root)) == {"e1000e"}


def test_the_drivers_of_a_kernel(tmp_path: Path) -> None:
    assert of_release("6.1", str(tmp_path)) is None
    modules = tmp_path / "lib/modules/6.1"
    modules.mkdir(parents=True)
    (modules / "modules.builtin").write_text("kernel/fs/ext4/ext4.ko\nkernel/drivers/md/dm-mod.ko\n")
    assert of_release("6.1", str(tmp_path)) is None
    (modules / "modules.dep").write_text("kernel/a/virtio-blk.ko.xz: kernel/b/virtio.ko.xz\nkernel/c/xfs.ko:\n")
    assert of_release("6.1", str(tmp_path)) == Drivers(frozenset({"ext4", "dm_mod"}), frozenset({"virtio_blk", "xfs"}))


RUNNING = Drivers(frozenset({"ext4"}), frozenset({"ahci", "sd_mod"}))


@pytest.mark.parametrize(
    ("built_in", "files", "ramdisk", "told"),
    [
        ({"ext4", "ahci", "sd_mod"}, set(), False, ""),
        ({"ext4", "ahci"}, {"sd_mod"}, True, ""),
        ({"ext4", "ahci"}, {"sd_mod"}, False, "has sd_mod, by which / is mounted now, only as modules"),
        ({"ext4"}, {"sd_mod"}, True, "does not have ahci, by which"),
        (set(), set(), True, "does not have ahci, ext4, sd_mod, by which"),
    ],
)
def test_a_new_kernel(built_in: set[str], files: set[str], ramdisk: bool, told: str) -> None:
    # pcieport is nobody's module: no kernel lists it.
    new = Drivers(frozenset(built_in), frozenset(files))
    found = problem({"ext4", "ahci", "sd_mod", "pcieport"}, set(), RUNNING, new, ramdisk)
    assert told in found and bool(told) == bool(found)


@pytest.mark.parametrize(
    ("built_in", "files", "told"),
    [
        ({"e1000e"}, set(), ""),
        # / is there when the network is brought up.
        (set(), {"e1000e"}, ""),
        (set(), set(), "does not have e1000e, by which the network is reached now"),
    ],
)
def test_the_way_to_the_machine(built_in: set[str], files: set[str], told: str) -> None:
    # xen_netfront is built in where nobody says so: the running kernel does not list it.
    running = Drivers(frozenset({"ext4"}), frozenset({"e1000e"}))
    new = Drivers(frozenset({"ext4", *built_in}), frozenset(files))
    found = problem({"ext4"}, {"e1000e", "xen_netfront"}, running, new, False)
    assert told in found and bool(told) == bool(found)


def test_what_cannot_be_compared() -> None:
    assert problem({"ahci"}, {"igb"}, None, RUNNING, False) == problem({"ahci"}, {"igb"}, RUNNING, None, False) == ""
