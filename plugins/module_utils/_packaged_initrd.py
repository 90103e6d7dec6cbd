# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Making the initial RAM disk of a distribution's kernel, with the distribution's own tool, and only when something
that goes into it has changed.

The tool works for slaves here, and not for this machine. Its configuration is a directory of ours. In a mount namespace
of its own it sees, of its hooks, boot scripts or modules, only those that a slave needs, and nothing of what this
machine's administrator has set for udev and modprobe: a hook of another package could bring this machine's keys, and
initramfs-tools runs all that are there whatever its configuration is.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ansible_collections.netboot.diskless.plugins.module_utils import _ramdisk as ramdisk
from ansible_collections.netboot.diskless.plugins.module_utils._files import read_file, write_whole
from ansible_collections.netboot.diskless.plugins.module_utils._packaged_kernel import Kernel
from ansible_collections.netboot.diskless.plugins.module_utils._tree import measure

INITRAMFS_TOOLS = "initramfs-tools"
DRACUT = "dracut"
TOOLS = (INITRAMFS_TOOLS, DRACUT)
# Where each tool keeps its parts.
_HOMES = {INITRAMFS_TOOLS: "usr/share/initramfs-tools", DRACUT: "usr/lib/dracut"}
# What of initramfs-tools a slave needs: the programs that boot it, udev, and its network and NFS scripts.
_HOOKS = ("busybox", "dhcpcd", "klibc-utils", "kmod", "udev", "zz-busybox", "zz-busybox-initramfs")
_SCRIPTS = ("functions", "local", "nfs", "init-top/blacklist", "init-top/udev", "init-bottom/udev")
# And of dracut, whose modules' directories have a number before their name.
_DRACUT_MODULES = (
    *("base", "bash", "busybox", "dash", "fs-lib", "kernel-modules", "kernel-modules-extra", "kernel-network-modules"),
    *("shell-interpreter", "udev-rules"),
)
# What this machine's administrator has set for this machine.
_MASTERS_OWN = ("/etc/modprobe.d", "/etc/systemd/network", "/etc/udev/rules.d")
# Where the tools look for the firmware that modules name.
_FIRMWARE = "/lib/firmware"
MODULES = ["nfs", "nfsv3", "nfsv4"]
PROGRAMS = {INITRAMFS_TOOLS: ["bin/nfsmount", "sbin/mount.nfs"], DRACUT: ["sbin/mount.nfs"]}
_TAIL = 15


class InitrdError(Exception):
    """No initial RAM disk can be made, or one that must not be used; the text says why."""


@dataclass(frozen=True)
class Initrd:
    """What to make.

    Args:
        kernel: the kernel that it is for.
        tool: initramfs-tools or dracut.
        configuration: directory of the tool's configuration for slaves.
        drivers: network adapters that it must know, by a driver's name or a PCI id.
        work: directory for the result and for what is known of it.
    """

    kernel: Kernel
    tool: str
    configuration: str
    drivers: list[str]
    work: str

    @property
    def image(self) -> str:
        """Path of the result."""
        return os.path.join(self.work, "initrd")

    @property
    def _record(self) -> str:
        return os.path.join(self.work, "initrd.json")

    def is_made(self) -> bool:
        """Whether the result is there, and of what is there now."""
        try:
            known = json.loads(read_file(self._record) or b"{}")
            return os.path.isfile(self.image) and known["stamp"] == self._stamp(known["paths"])
        except (ValueError, KeyError, TypeError):
            return False

    def make(self, run: Callable[[list[str]], None] | None = None) -> None:
        """Makes it, looks into it, and remembers what it was made of.

        Args:
            run: runs a command in place of the real one.

        Raises:
            InitrdError: the tool fails, or the result lacks what is wanted, or holds what must not leave the master.
        """
        scratch = os.path.join(self.work, "scratch")
        # Left by a run that was killed, or not there at all.
        shutil.rmtree(scratch, ignore_errors=True)
        os.makedirs(scratch)
        draft = os.path.join(scratch, "initrd")
        (run or _run)(self.command(scratch, draft))
        paths = sorted({entry.path for entry in self._inspect(draft) if self._is_masters(entry)})
        os.replace(draft, self.image)
        record = {"stamp": self._stamp(paths), "paths": paths}
        write_whole(self._record, json.dumps(record).encode())
        shutil.rmtree(scratch)

    def _is_masters(self, entry: ramdisk.Entry) -> bool:
        """Whether a file is one of this machine under the same path, and no module, whose state is known as a whole."""
        if (
            not stat.S_ISREG(entry.mode)
            or not entry.data
            or entry.path.startswith(("lib/modules/", "usr/lib/modules/"))
        ):
            return False
        try:
            return read_file(f"/{entry.path}") == entry.data
        except OSError:
            return False

    def _inspect(self, image: str) -> list[ramdisk.Entry]:
        try:
            found = list(ramdisk.entries(read_file(image) or b""))
        except ramdisk.BadRamDisk as error:
            raise InitrdError(f"the initial RAM disk of {self.kernel.release} cannot be read: {error}") from error
        lacking = ramdisk.missing(found, self.drivers, MODULES, PROGRAMS[self.tool])
        if lacking:
            raise InitrdError(
                f"the initial RAM disk that {self.tool} makes for {self.kernel.release} lacks {', '.join(lacking)}; "
                "nothing was placed. A slave whose adapter the distribution's kernel does not know needs "
                "slave_kernel_source: build"
            )
        told = ramdisk.secrets(found)
        if told:
            raise InitrdError(
                f"the initial RAM disk that {self.tool} makes for {self.kernel.release} holds what everybody on the "
                f"slaves' network could fetch: {', '.join(told)}; nothing was placed"
            )
        return found

    def _stamp(self, paths: Iterable[str]) -> str:
        """Digest of the state of everything that it is made of: kernel, tool, configuration, and files of this machine.

        Firmware counts as a whole: the tools pick what modules name, and what was not there is in no list of paths.

        Args:
            paths: files of this machine that the result holds.
        """
        directories = [self.kernel.modules, os.path.join("/", _HOMES[self.tool]), _FIRMWARE]
        inputs = [
            measure([os.path.realpath(path) for path in directories], ["__pycache__"]).stamp,
            _state(self.kernel.image),
            self.tool,
            self.drivers,
            _contents(self.configuration),
            [[path, _state(f"/{path}")] for path in paths],
        ]
        return hashlib.sha256(json.dumps(inputs).encode(errors="surrogateescape")).hexdigest()

    def command(self, scratch: str, draft: str) -> list[str]:
        """The command that makes it.

        Args:
            scratch: an empty directory.
            draft: path of the result.
        """
        home, empty = os.path.join("/", _HOMES[self.tool]), os.path.join(scratch, "empty")
        os.mkdir(empty)
        if self.tool == DRACUT:
            binds = _dracut_modules(home, self.configuration, scratch)
            settings = os.path.join(self.configuration, "dracut.conf")
            make = ["dracut", "--force", "--conf", settings, "--confdir", empty, draft, self.kernel.release]
            vendors = os.path.join(home, "dracut.conf.d")
        else:
            binds = _hooks_and_scripts(home, scratch)
            private = os.path.join(scratch, "configuration")
            shutil.copytree(self.configuration, private)
            for name in ("conf.d", "hooks", "scripts"):
                os.makedirs(os.path.join(private, name), exist_ok=True)
            make = ["mkinitramfs", "-d", private, "-o", draft, self.kernel.release]
            vendors = os.path.join(home, "conf.d")
        binds.update((path, empty) for path in (*_MASTERS_OWN, vendors) if os.path.isdir(path))
        return isolated(binds, make)


def _dracut_modules(home: str, configuration: str, scratch: str) -> dict[str, str]:
    """The directory of dracut's modules, and one with those that a slave needs, ours among them."""
    everyone, chosen = os.path.join(home, "modules.d"), os.path.join(scratch, "modules.d")
    shutil.copytree(os.path.join(configuration, "modules.d"), chosen)
    for name in os.listdir(everyone):
        if name.lstrip("0123456789") in _DRACUT_MODULES:
            shutil.copytree(os.path.join(everyone, name), os.path.join(chosen, name), symlinks=True)
    return {everyone: chosen}


def _hooks_and_scripts(home: str, scratch: str) -> dict[str, str]:
    """The directories of initramfs-tools' hooks and boot scripts, and ones with those that a slave needs."""
    binds = {}
    for name, wanted in (("hooks", _HOOKS), ("scripts", _SCRIPTS)):
        chosen = os.path.join(scratch, name)
        for path in wanted:
            source, target = os.path.join(home, name, path), os.path.join(chosen, path)
            if os.path.isfile(source):
                os.makedirs(os.path.dirname(target), exist_ok=True)
                shutil.copy2(source, target)
        binds[os.path.join(home, name)] = chosen
    return binds


# $1 is the number of arguments that are pairs: what is to be seen, and where.
_ISOLATE = """set -e
pairs="$1"
shift
while [ "$pairs" -gt 0 ]; do
    mount --bind "$1" "$2"
    shift 2
    pairs=$((pairs - 1))
done
exec "$@"
"""


def isolated(binds: dict[str, str], command: list[str]) -> list[str]:
    """A command that runs another one where directories show something else, and only for that one.

    Args:
        binds: by directory, the directory that is to be seen in its place.
        command: the other command.
    """
    pairs = [word for place, shown in binds.items() for word in (shown, place)]
    shell = ["sh", "-c", _ISOLATE, "sh", str(len(binds)), *pairs, *command]
    return ["unshare", "--mount", "--propagation", "private", "--", *shell]


def _run(command: list[str]) -> None:
    environment = {**os.environ, "LC_ALL": "C", "TMPDIR": "/var/tmp"}
    # Else dracut or a hook would take root's umask into the result.
    os.umask(0o022)
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, env=environment, check=False)
    except OSError as error:
        raise InitrdError(f"{command[0]} cannot be run: {error.strerror}") from error
    if done.returncode:
        lines = (done.stdout + done.stderr).decode(errors="replace").splitlines()
        told = "\n".join(lines[-_TAIL:])
        raise InitrdError(f"what makes the initial RAM disk ended with {done.returncode}:\n{told}")


def _state(path: str) -> list[int]:
    """What changes when a file does."""
    try:
        status = os.stat(path)
    except OSError:
        return []
    return [status.st_mode, status.st_size, status.st_mtime_ns]


def _contents(directory: str) -> list[list[str]]:
    """Every file below a directory with its mode and a digest."""
    found = []
    for above, _names, files in os.walk(directory):
        for name in files:
            path = os.path.join(above, name)
            digest = hashlib.sha256(read_file(path) or b"").hexdigest()
            found.append([os.path.relpath(path, directory), f"{os.stat(path).st_mode:o}", digest])
    return sorted(found)
