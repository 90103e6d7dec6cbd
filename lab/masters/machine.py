# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Debian master as an emulated machine: Debian's own kernel with its nfsd, on a disk."""

import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from lab import kernel_source, network, processes
from lab.debian import build
from lab.images import disks, store
from lab.masters.base import HOSTNAME, POLL, Master, personalise, personalise_debian
from lab.report import say
from lab.settings import BRIDGE
from lab.slave import ACCELERATORS, Hardware

MAC = "02:00:00:00:00:01"
MEMORY_MIB = 1024
DISK_SIZE = "12G"
KERNELS_SIZE = "2G"
KERNEL_LINE = "root=/dev/vda rw console=ttyS0 net.ifnames=0 systemd.show_status=1"
CPUS = {"tcg": "max,cx16=off", "kvm": "host"}
"""By accelerator. Linux allocates memory with cmpxchg16b where the processor has it. In QEMU 7.2's emulation Linux 6.12
then panicked in 8 of 14 boots within seconds, mostly in the allocator, with nonsense in the flags. Without it: 0 of 4.
"""
BUILT = (".config", ".netboot-config-key", ".netboot-key", "arch/x86/boot/bzImage")
"""What tells the play that a kernel is configured and built. The objects stay on the host: nobody should compile under
emulation.
"""


class MachineMaster(Master):
    """lab/debian's image with a kernel, in QEMU."""

    boot_seconds = 300.0

    @property
    def kernel(self) -> Path:
        """Debian's kernel, which QEMU loads itself."""
        return self.settings.master_disk.with_suffix(".vmlinuz")

    @property
    def initrd(self) -> Path:
        """Its initial RAM disk."""
        return self.settings.master_disk.with_suffix(".initrd")

    @property
    def kernels(self) -> Path:
        """Disk with the slaves' kernels that the cache has."""
        return self.settings.master_disk.with_suffix(".kernels")

    def exists(self) -> bool:
        """Whether its disk is there."""
        return self.settings.master_disk.exists()

    def prepare(self) -> None:
        """Make a fresh disk from the image (built when missing)."""
        image = build.machine_image(self.settings)
        say("master: making its disk")
        with tempfile.TemporaryDirectory(prefix="master-", dir=self.settings.run) as directory:
            # the permissions of the temporary directory must not become those of the root
            root = Path(directory) / "root"
            store.unpack(image, root)
            personalise(root, self.settings)
            personalise_debian(root)
            for name, place in (("vmlinuz", self.kernel), ("initrd.img", self.initrd)):
                (found,) = (root / "boot").glob(f"{name}-*")
                shutil.copyfile(found, place)
            part = self.settings.master_disk.with_suffix(".part")
            disks.make(part, root, DISK_SIZE)
            part.rename(self.settings.master_disk)

    def start(self, sources: Mapping[str, Path]) -> None:
        """Power it on.

        :param sources: none; `Settings.check_master_kind` refuses them for this kind
        """
        with tempfile.TemporaryDirectory(prefix="kernels-", dir=self.settings.run) as directory:
            self.carry(Path(directory))
            disks.make(self.kernels, Path(directory), KERNELS_SIZE)
        launcher = [sys.executable, "-I", str(Path(network.__file__).with_name("tap.py")), network.MASTER_PORT, BRIDGE]
        qemu = self.qemu(Hardware.from_environment(), kernel_source.disk(self.settings))
        command = network.inside(self.settings.lab_namespace, *launcher, *qemu)
        processes.spawn(command, self.settings.master_pid_file, self.settings.master_log)

    def carry(self, target: Path) -> None:
        """Put what it sees of the cache's kernels into a directory."""
        copy_built(self.settings.kernel_cache, target)

    def qemu(self, hardware: Hardware, source: Path) -> list[str]:
        """Its QEMU command; `{tap}` stands for the descriptor that lab/tap.py puts there."""
        drives = [(self.settings.master_disk, ""), (source, ",read-only=on"), (self.kernels, "")]
        serial = f"file,id=serial,path={self.settings.master_log},append=on"
        return [
            *("qemu-system-x86_64", "-name", f"{self.settings.name}-{HOSTNAME}"),
            *("-nodefaults", "-no-user-config", "-display", "none", "-vga", "none", "-machine", "pc"),
            *("-accel", ACCELERATORS[hardware.accel], "-cpu", CPUS[hardware.accel], "-m", str(MEMORY_MIB)),
            *("-kernel", str(self.kernel), "-initrd", str(self.initrd), "-append", KERNEL_LINE),
            *(word for path, more in drives for word in ("-drive", f"file={path},if=virtio,format=raw{more}")),
            *("-netdev", "tap,id=lan,fd={tap}", "-device", f"virtio-net-pci,netdev=lan,mac={MAC},romfile="),
            *("-device", "virtio-rng-pci", "-chardev", serial, "-serial", "chardev:serial"),
        ]

    def init_pid(self) -> int | None:
        """QEMU's pid, the same after a reboot."""
        return processes.running(self.settings.master_pid_file)

    def boot_mark(self) -> str:
        """The kernel's own name for this boot; empty while ssh does not answer."""
        return self.execute("cat", "/proc/sys/kernel/random/boot_id").stdout.strip()

    def execute(self, *command: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """By ssh: there is no other way into it."""
        options = ["-F", str(self.settings.ssh_config), "-o", "BatchMode=yes", "-o", "ConnectTimeout=20"]
        return subprocess.run(
            ["ssh", *options, HOSTNAME, shlex.join(command)], input=stdin, capture_output=True, text=True, check=False
        )

    def request_reboot(self) -> None:
        """As its administrator would."""
        self.execute("systemctl", "reboot")

    def shut_down(self, seconds: float) -> None:
        """As its administrator would, if it answers; QEMU ends with it."""
        pid = self.init_pid()
        self.execute("systemctl", "poweroff")
        limit = time.monotonic() + seconds
        while self.init_pid() == pid and time.monotonic() < limit:
            time.sleep(POLL)

    def remove(self) -> None:
        """Remove its disks and its kernel."""
        for path in (self.settings.master_disk, self.kernel, self.initrd, self.kernels):
            path.unlink(missing_ok=True)


def copy_built(cache: Path, target: Path) -> None:
    """Copy what shows that a kernel is built: an output directory without its objects, for each complete one."""
    for output in sorted(path.parent for path in cache.glob("*/.netboot-key")):
        for name in BUILT:
            place = target / output.name / name
            if (output / name).exists():
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(output / name, place)
