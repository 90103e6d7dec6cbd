# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One Debian twice: in a container, where kernels are built, and in a machine that starts itself by GRUB from its disk.

Both are masters of the lab, reached by ssh in its network namespace. Nobody should compile under emulation, so the
machine gets the container's `O=` directories without their objects, and the modules that the container has installed.
"""

from __future__ import annotations

import shutil
import tempfile
import uuid
from pathlib import Path

from lab import master
from lab.images import store
from lab.masters.base import MasterError, personalise, personalise_debian
from lab.masters.debian import DebianMaster
from lab.masters.machine import BUILT, KERNEL_LINE, MachineMaster
from lab.report import say
from lab.slave import Hardware
from tests.bootloader import disk
from tests.bootloader.debian import build
from tests.bootloader.variables import KERNELS

MODULES = "modules"
"""In an output directory of the cache, what the build has installed below /lib/modules."""
DISK = "/dev/vda"
PARTITION = f"{DISK}1"
DISK_MIB = 8192
FSTAB = """\
UUID={uuid}  /                                    ext4  errors=remount-ro  0  1
/dev/vdb     /usr/src/linux                       ext4  ro,nofail          0  0
/dev/vdc     /var/cache/netboot-diskless/kernel   ext4  nofail             0  0
"""
UNITS = {
    "systemd-networkd.service": "multi-user.target.wants",
    "systemd-networkd-wait-online.service": "network-online.target.wants",
}
POWER_OFF_SECONDS = 90.0


class BuildMaster(DebianMaster):
    """The container."""

    image = build.image

    def finish_root(self, root: Path) -> None:
        """Its identity; it serves nobody."""
        personalise_debian(root)


class GrubMaster(MachineMaster):
    """The machine: firmware, GRUB on its own disk, and what GRUB's menu says."""

    kernel_from_host = False
    """While GRUB is not on the disk yet, QEMU loads Debian's kernel, as an installer's medium would."""

    @property
    def installed(self) -> Path:
        """The disk with GRUB on it, as the first machine of this image left it; every further one gets a copy."""
        return self.settings.cache / build.IMAGE.path(self.settings).name.replace(".tar.zst", ".disk")

    def prepare(self) -> None:
        """Make a disk from the image, and let Debian's own tools put GRUB on it; both are kept in the cache."""
        if not self.installed.exists():
            self._make_disk()
            self._install_grub()
            for old in self.settings.cache.glob(f"{build.IMAGE.name}-*.disk"):
                old.unlink()
            disk.copy(self.settings.master_disk, self.installed)
        say("machine: copying its disk")
        disk.copy(self.installed, self.settings.master_disk)

    def _make_disk(self) -> None:
        """A disk with a partition table of MBR's kind and one file system."""
        image = build.image(self.settings)
        say("machine: making its disk")
        with tempfile.TemporaryDirectory(prefix="machine-", dir=self.settings.run) as directory:
            root = Path(directory) / "root"
            store.unpack(image, root)
            personalise(root, self.settings)
            personalise_debian(root)
            identity = str(uuid.uuid4())
            (root / "etc/fstab").write_text(FSTAB.format(uuid=identity), encoding="ascii")
            for place in ("usr/src/linux", "var/cache/netboot-diskless/kernel"):
                (root / place).mkdir(parents=True)
            for unit, target in UNITS.items():
                link = root / "etc/systemd/system" / target / unit
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(f"/usr/lib/systemd/system/{unit}")
            for name, file in (("vmlinuz", self.kernel), ("initrd.img", self.initrd)):
                (found,) = (root / "boot").glob(f"{name}-*")
                shutil.copyfile(found, file)
            disk.make(self.settings.master_disk, root, DISK_MIB, identity)

    def _install_grub(self) -> None:
        """As an installer does it, in the machine itself: grub-install(8) and update-grub(8)."""
        say("machine: it starts once without GRUB, to get it installed")
        self.kernel_from_host = True
        power_on(self)
        self.kernel_from_host = False
        for command in (["grub-install", DISK], ["update-grub"]):
            done = self.execute(*command)
            if done.returncode:
                raise MasterError(f"{' '.join(command)} failed in the machine:\n{done.stdout}{done.stderr}")
        self.power_off()

    def power_off(self) -> None:
        """Shut it down; its file systems are whole then.

        :raises MasterError: it does not end.
        """
        self.shut_down(POWER_OFF_SECONDS)
        if self.init_pid() is not None:
            raise MasterError(f"the machine does not power off; see {self.settings.master_log}")

    def carry(self, target: Path) -> None:
        """What was built for it: by kernel below `built`, and the modules of all."""
        # There is nothing to start them yet while GRUB is not on the disk.
        for name in () if self.kernel_from_host else KERNELS:
            output = self.settings.kernel_cache / name
            for file in BUILT:
                place = target / "built" / name / file
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(output / file, place)
            shutil.copytree(output / MODULES, target / MODULES, symlinks=True, dirs_exist_ok=True)

    def qemu(self, hardware: Hardware, source: Path) -> list[str]:
        """The lab's machine, started by its firmware."""
        command = super().qemu(hardware, source)
        if self.kernel_from_host:
            return [word.replace(DISK, PARTITION) if word == KERNEL_LINE else word for word in command]
        for option in ("-kernel", "-initrd", "-append"):
            at = command.index(option)
            del command[at : at + 2]
        return command


def power_on(machine: GrubMaster) -> None:
    """Start the machine, and wait until it answers."""
    machine.start({})
    master.write_ssh_config(machine.settings)
    master.wait_ssh(machine.settings, machine.boot_seconds)
