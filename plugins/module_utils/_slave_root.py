# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Making and keeping the root of one slave: a copy of the master's programs with an /etc and an identity of its own.

A root that does not exist yet is built beside its place and appears there by one rename, complete. Steps that find
things as they shall be change nothing, so a run that was killed is finished by the next one.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import uuid
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.netboot.diskless.plugins.module_utils import _root_identity as identity
from ansible_collections.netboot.diskless.plugins.module_utils._root_secrets import staying

# Mode of each directory that a system expects; /run must exist or OpenRC ends the boot, /tmp needs its sticky bit.
DIRECTORIES = {
    "dev": 0o755,
    "etc": 0o755,
    "home": 0o755,
    "media": 0o755,
    "mnt": 0o755,
    "opt": 0o755,
    "proc": 0o555,
    "root": 0o700,
    "run": 0o755,
    "srv": 0o755,
    "sys": 0o555,
    "tmp": 0o1777,
    "var": 0o755,
    "var/cache": 0o755,
    "var/db": 0o755,
    "var/empty": 0o755,
    "var/lib": 0o755,
    "var/log": 0o755,
    "var/spool": 0o755,
    "var/tmp": 0o1777,
}
LINKS = {"var/lock": "/run/lock", "var/run": "/run"}
# major, minor and mode; the kernel opens /dev/console before anything is mounted over /dev.
DEVICES = {"dev/console": (5, 1, 0o600), "dev/null": (1, 3, 0o666)}
HOST_KEY = "etc/ssh/ssh_host_ed25519_key"


class RootError(Exception):
    """A root cannot be made; the text says why."""


@dataclass(frozen=True)
class Source:
    """Where roots come from and what they share.

    Args:
        programs: directories of the master that hold its programs.
        exclude: absolute paths that are not copied, with shell wildcards.
        stamp: state of the programs, as _tree.measure gives it.
        etc: the master's /etc.
        etc_exclude: patterns, relative to etc, of the user.
        runlevels: services by runlevel; one that the root has no script for is left out.
        services: services of the default runlevel that must exist.
        root_hash: crypt(5) hash of root's password, or nothing.
        site: the fleet's site.
        state_directory: where the master keeps what it knows of its roots.
        progress: file that tells how far the copy is.
    """

    programs: list[str]
    exclude: list[str]
    stamp: str
    etc: str
    etc_exclude: list[str]
    runlevels: dict[str, list[str]]
    services: list[str]
    root_hash: str
    site: dict[str, Any]
    state_directory: str
    progress: str


@dataclass
class Root:
    """One slave's root while it is looked at or made.

    Args:
        slave: the slave's fields of the fleet model.
        source: what all roots share.
        dry: whether to look only.
    """

    slave: dict[str, Any]
    source: Source
    dry: bool
    changes: list[str] = field(default_factory=list)
    path: str = ""

    def bring(self) -> list[str]:
        """Makes the root what it shall be, or with dry finds out what that would take.

        Raises:
            RootError: rsync or ssh-keygen fails, or a service that is asked for does not exist.
        """
        final = self.slave["root"]
        if self.is_new():
            if self.dry:
                return [f"{final} is made from the master's programs"]
            self.path = self._building()
            os.makedirs(self.path, mode=0o755, exist_ok=True)
            self._complete()
            os.rename(self.path, final)
            self.changes = [f"{final} is made from the master's programs"]
        else:
            self.path = final
            self._complete()
        if not self.dry:
            self._record()
        return self.changes

    def is_new(self) -> bool:
        """Whether the root does not exist yet."""
        return not os.path.isdir(self.slave["root"])

    def programs_differ(self) -> bool:
        """Whether the master's programs changed since they were last copied here."""
        try:
            with open(self._record_path(), encoding="utf-8") as stream:
                known = json.load(stream)
        except (OSError, ValueError):
            return True
        return known.get("root") != self.slave["root"] or known.get("programs") != self.source.stamp

    def _complete(self) -> None:
        self._directories()
        if self.path != self.slave["root"] or self.programs_differ():
            self._programs()
        if self.path != self.slave["root"]:
            self._seed_etc()
        self._identity()
        self._accounts()
        self._runlevels()
        self._network_script()
        self._host_key()

    def _building(self) -> str:
        parent, name = os.path.split(self.slave["root"].rstrip("/"))
        return os.path.join(parent, f".{name}.building")

    def _record_path(self) -> str:
        return os.path.join(self.source.state_directory, "roots", f"{self.slave['address']}.json")

    def _record(self) -> None:
        if not self.programs_differ():
            return
        path = self._record_path()
        os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
        with open(f"{path}.new", "w", encoding="utf-8") as stream:
            json.dump({"root": self.slave["root"], "programs": self.source.stamp}, stream)
        os.replace(f"{path}.new", path)

    def _at(self, relative: str) -> str:
        return os.path.join(self.path, relative)

    def _note(self, relative: str, what: str) -> bool:
        """Notes a change and says whether to carry it out."""
        self.changes.append(f"{self.slave['root']}/{relative} {what}")
        return not self.dry

    def _directories(self) -> None:
        for relative, mode in DIRECTORIES.items():
            if not os.path.isdir(self._at(relative)) and self._note(relative, "is made"):
                os.mkdir(self._at(relative))
                os.chmod(self._at(relative), mode)
        for relative, target in LINKS.items():
            if not os.path.lexists(self._at(relative)) and self._note(relative, f"is linked to {target}"):
                os.symlink(target, self._at(relative))
        for relative, (major, minor, mode) in DEVICES.items():
            if not os.path.lexists(self._at(relative)) and self._note(relative, "is made"):
                os.mknod(self._at(relative), stat.S_IFCHR | mode, os.makedev(major, minor))
                os.chmod(self._at(relative), mode)

    def _programs(self) -> None:
        if not self._note("", "gets the master's programs"):
            return
        programs = [path for path in self.source.programs if os.path.lexists(path)]
        exclude = [f"--exclude={pattern}" for pattern in self.source.exclude]
        command = ["rsync", "-aHR", "--delete", "--numeric-ids", "--no-inc-recursive", "--info=progress2", *exclude]
        with open(self.source.progress, "w", encoding="utf-8") as stream:
            stream.write(f"{self.slave['name']}\n")
            stream.flush()
            self._rsync([*command, *programs, f"{self.path}/"], stream.fileno())

    def _seed_etc(self) -> None:
        """Copies the master's /etc once, without what stays on the master; from then on it is the slave's."""
        exclude = "".join(f"/{path}\n" for path in staying(self.source.etc, self.source.etc_exclude))
        command = ["rsync", "-aH", "--numeric-ids", "--exclude-from=-", f"{self.source.etc}/", f"{self._at('etc')}/"]
        self._rsync(command, subprocess.DEVNULL, exclude)

    def _rsync(self, command: list[str], output: int, stdin: str = "") -> None:
        try:
            done = subprocess.run(
                command, input=stdin, stdout=output, stderr=subprocess.PIPE, text=True, errors="replace", check=False
            )
        except OSError as error:
            raise RootError(f"rsync cannot be run: {error.strerror}") from error
        # 24: a file went away while it was copied, which is no fault on a machine that is in use (rsync(1)).
        if done.returncode not in (0, 24):
            raise RootError(f"{self.slave['name']}: rsync ends with {done.returncode}: {done.stderr.strip()[-2000:]}")

    def _write(self, relative: str, text: str, mode: int = 0o644) -> None:
        path = self._at(relative)
        try:
            with open(path, encoding="utf-8") as stream:
                if stream.read() == text:
                    return
        except (FileNotFoundError, UnicodeDecodeError):
            pass
        if self._note(relative, "is written"):
            os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
            with open(f"{path}.netboot", "w", encoding="utf-8") as stream:
                os.fchmod(stream.fileno(), mode)
                stream.write(text)
            os.replace(f"{path}.netboot", path)

    def _identity(self) -> None:
        for relative, text in identity.texts(self.slave, self.source.site).items():
            self._write(relative, text)
        if not os.path.exists(self._at("etc/machine-id")):
            # machine-id(5): 32 hexadecimal digits, made once.
            self._write("etc/machine-id", f"{uuid.uuid4().hex}\n", 0o444)

    def _accounts(self) -> None:
        if not os.path.exists(self._at("etc/shadow")):
            if os.path.exists(self._at("etc/passwd")):
                self._write("etc/shadow", identity.shadow(self._read("etc/passwd"), self.source.root_hash), 0o600)
        elif self.source.root_hash:
            self._write("etc/shadow", identity.with_root_hash(self._read("etc/shadow"), self.source.root_hash), 0o600)
        if not os.path.exists(self._at("etc/gshadow")) and os.path.exists(self._at("etc/group")):
            self._write("etc/gshadow", identity.group_shadow(self._read("etc/group")), 0o600)

    def _read(self, relative: str) -> str:
        with open(self._at(relative), encoding="utf-8") as stream:
            return stream.read()

    def _has_script(self, service: str) -> bool:
        return os.path.lexists(self._at(f"etc/init.d/{service}"))

    def _runlevels(self) -> None:
        if not os.path.isdir(self._at("etc/init.d")):
            return
        wanted = {level: {name for name in names if self._has_script(name)} for level, names in self._asked().items()}
        for service in self.source.services:
            if not self._has_script(service):
                raise RootError(
                    f"{self.slave['name']}: slave_rootfs_services asks for {service!r}, "
                    f"but the root has no /etc/init.d/{service}"
                )
            wanted.setdefault("default", set()).add(service)
        for level, names in sorted(wanted.items()):
            self._runlevel(f"etc/runlevels/{level}", names)

    def _asked(self) -> dict[str, list[str]]:
        """The services by runlevel, with a login on the serial console when the slave has one."""
        asked = {level: list(names) for level, names in self.source.runlevels.items()}
        tty = self.slave["console"].partition(",")[0]
        for name in [f"agetty.{tty}"] if tty else []:
            self._link(f"etc/init.d/{name}", "agetty", needs="etc/init.d/agetty")
            asked.setdefault("default", []).append(name)
        for name in [name for names in asked.values() for name in names if name.startswith("agetty.tty")]:
            self._link(f"etc/init.d/{name}", "agetty", needs="etc/init.d/agetty")
        return asked

    def _runlevel(self, relative: str, names: set[str]) -> None:
        """Makes a runlevel hold links to exactly these services; rc-update would change the master's."""
        directory = self._at(relative)
        present = set(os.listdir(directory)) if os.path.isdir(directory) else set()
        if not os.path.isdir(directory) and self._note(relative, "is made"):
            os.makedirs(directory, mode=0o755)
        for name in sorted(names):
            self._link(f"{relative}/{name}", f"/etc/init.d/{name}", needs="")
        for name in sorted(present - names):
            if self._note(f"{relative}/{name}", "is removed"):
                os.unlink(os.path.join(directory, name))

    def _link(self, relative: str, target: str, needs: str) -> None:
        path = self._at(relative)
        if needs and not os.path.lexists(self._at(needs)):
            return
        if os.path.islink(path) and os.readlink(path) == target:
            return
        if self._note(relative, f"is linked to {target}"):
            if os.path.lexists(path):
                os.unlink(path)
            os.symlink(target, path)

    def _network_script(self) -> None:
        """netifrc's script for eth0, so that services which need the network find it started."""
        self._link("etc/init.d/net.eth0", "net.lo", needs="etc/init.d/net.lo")

    def _host_key(self) -> None:
        key = self._at(HOST_KEY)
        if os.path.exists(key) or not os.path.isdir(self._at("etc/ssh")) or not shutil.which("ssh-keygen"):
            return
        if self._note(HOST_KEY, "is generated"):
            comment = f"root@{self.slave['hostname']}"
            command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", key]
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
            if done.returncode:
                raise RootError(f"{self.slave['name']}: ssh-keygen fails: {done.stderr.strip()}")
