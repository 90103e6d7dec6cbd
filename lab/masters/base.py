# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every kind of master does, and what those in containers share."""

import os
import secrets
import shutil
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from lab import processes
from lab.images import store
from lab.report import say
from lab.settings import MASTER_ADDRESS, Settings

HOSTNAME = "master"
SOURCES = "/srv/roots"
"""Where a master sees the userlands that slaves' roots can be made of, each in a directory of its image's kind."""
POLL = 0.05
_IDLE_SECONDS = 0.5
_GENERATIONS = 3
_ENVIRONMENT = ("PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LC_ALL=C.UTF-8", "TERM=dumb")


class MasterError(RuntimeError):
    """The master did not do what it should; the message says what, and where its log is."""


class Master(ABC):
    """A master of one instance. A process keeps it running; its pid is in the instance's pid file."""

    boot_seconds: ClassVar[float] = 60.0
    """How long it may take until it answers by ssh."""

    def __init__(self, settings: Settings) -> None:
        """The master of *settings*, whether it exists or not."""
        self.settings = settings

    @abstractmethod
    def exists(self) -> bool:
        """Whether it has been made, running or not."""

    @abstractmethod
    def prepare(self) -> None:
        """Make all that `start` needs. It does not exist."""

    @abstractmethod
    def start(self, sources: Mapping[str, Path]) -> None:
        """Begin to boot it. It exists and does not run; its log is the instance's.

        :param sources: userlands to show it, by name
        """

    @abstractmethod
    def init_pid(self) -> int | None:
        """Pid on the host of what runs it, its init or its emulator; None when it does not run."""

    @abstractmethod
    def boot_mark(self) -> str:
        """Something that is another in each boot; empty while it cannot be asked."""

    @abstractmethod
    def execute(self, *command: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command in it as root; it runs."""

    @abstractmethod
    def request_reboot(self) -> None:
        """Ask its init to restart it; it runs."""

    @abstractmethod
    def shut_down(self, seconds: float) -> None:
        """Shut it down as its administrator would, for *seconds* at most, then end it; it runs."""

    @abstractmethod
    def remove(self) -> None:
        """Remove what `prepare` has made; it does not run."""


def ssh_key(settings: Settings) -> str:
    """The public key of the cache's pair, made when missing."""
    if not settings.ssh_key.exists():
        settings.ssh_key.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "netboot-lab", "-f", str(settings.ssh_key)]
        subprocess.run(command, check=True)
    return settings.ssh_key.with_suffix(".pub").read_text(encoding="ascii")


def personalise(root: Path, settings: Settings) -> None:
    """Give an unpacked root the master's name and our key."""
    (root / "etc/hostname").write_text(f"{HOSTNAME}\n", encoding="ascii")
    (root / "etc/resolv.conf").write_text("", encoding="ascii")
    hosts = f"127.0.0.1 localhost\n::1 localhost\n{MASTER_ADDRESS} {HOSTNAME}\n"
    (root / "etc/hosts").write_text(hosts, encoding="ascii")
    keys = root / "root/.ssh"
    keys.mkdir(mode=0o700, exist_ok=True)
    (keys / "authorized_keys").write_text(ssh_key(settings), encoding="ascii")


def personalise_debian(root: Path) -> None:
    """What a Debian's installer makes for each machine: its identity and the ssh server's keys."""
    (root / "etc/machine-id").write_text(f"{secrets.token_hex(16)}\n", encoding="ascii")
    subprocess.run(["ssh-keygen", "-q", "-A", "-f", str(root)], check=True, stdout=subprocess.DEVNULL)


def children(pid: int | None) -> list[int]:
    """Pids of a process's children; none when it has ended."""
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def kernel_has_nfsd() -> bool:
    """Whether the host's kernel has the NFS server, loaded if need be: a container cannot load modules."""

    def listed() -> bool:
        return "nfsd" in Path("/proc/filesystems").read_text(encoding="ascii").split()

    if not listed() and shutil.which("modprobe"):
        subprocess.run(["modprobe", "--quiet", "nfsd"], capture_output=True, check=False)
    return listed()


class ContainerMaster(Master):
    """A master in namespaces of the host's kernel: a root unpacked from an image, and its own init as pid 1."""

    image: ClassVar[Callable[[Settings], Path]]
    """Makes the image when it is missing."""
    init: ClassVar[str]
    """The program's name of its init."""
    poweroff_command: ClassVar[Sequence[str]]
    reboot_command: ClassVar[Sequence[str]]

    @abstractmethod
    def finish_root(self, root: Path) -> None:
        """What the kind's root needs beyond its name and our key."""

    @abstractmethod
    def keeper(self, sources: Mapping[str, Path]) -> list[str]:
        """The command that keeps it running: the master's init is below it."""

    def exists(self) -> bool:
        """Whether its root is there."""
        return self.settings.master_root.exists()

    def prepare(self) -> None:
        """Make a fresh root from the image (built when missing)."""
        image = type(self).image(self.settings)
        say("master: unpacking the image")
        part = self.settings.run / "master.part"
        # Of an attempt that was ended, or not there at all.
        shutil.rmtree(part, ignore_errors=True)
        store.unpack(image, part)
        personalise(part, self.settings)
        self.finish_root(part)
        part.rename(self.settings.master_root)

    def start(self, sources: Mapping[str, Path]) -> None:
        """Boot the root in its namespaces."""
        self.settings.kernel_cache.mkdir(parents=True, exist_ok=True)
        self.settings.kernel_source.mkdir(parents=True, exist_ok=True)
        processes.spawn(self.keeper(sources), self.settings.master_pid_file, self.settings.master_log)

    def init_pid(self) -> int | None:
        """Its init, a few generations below the process that keeps it running. It changes in a reboot."""
        pid = processes.running(self.settings.master_pid_file)
        for _generation in range(_GENERATIONS):
            below = children(pid)
            if not below:
                return None
            pid = below[0]
            if self.init in [Path(word).name for word in processes.arguments(pid)[:1]]:
                return pid
        return None

    def boot_mark(self) -> str:
        """Its init's pid."""
        return str(self.init_pid() or "")

    def execute(self, *command: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Enter its namespaces."""
        spaces = ["--mount", "--pid", "--net", "--uts", "--ipc", "--root", "--wdns=/"]
        return subprocess.run(
            ["nsenter", f"--target={self.init_pid()}", *spaces, "--", "env", "-i", *_ENVIRONMENT, *command],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )

    def request_reboot(self) -> None:
        """As its administrator would."""
        self.execute(*self.reboot_command)

    def shut_down(self, seconds: float) -> None:
        """As its administrator would; the kernel ends every process of a pid namespace with its first one."""
        pid = self.init_pid()
        if pid is None:
            return
        self.execute(*self.poweroff_command)
        limit = time.monotonic() + seconds
        idle_since = time.monotonic()
        while self.init_pid() == pid and time.monotonic() < limit:
            if children(pid):
                idle_since = time.monotonic()
            elif time.monotonic() - idle_since > _IDLE_SECONDS:
                # Every service has ended. What init still does is to wait three seconds and to flush the disks of
                # the whole host, which can take minutes on a busy one.
                break
            time.sleep(POLL)
        if self.init_pid() == pid:
            os.kill(pid, signal.SIGKILL)

    def remove(self) -> None:
        """Remove its root."""
        if self.settings.master_root.exists():
            shutil.rmtree(self.settings.master_root)
