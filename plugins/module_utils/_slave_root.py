# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Making and keeping the root of one slave: a copy of a system's programs with an /etc and an identity of its own.

The system is the master's own or lies in a directory of the master (_root_source).

A root that does not exist yet is built beside its place and appears there by one rename, complete. Steps that find
things as they shall be change nothing, so a run that was killed is finished by the next one.

A root that exists belongs to its slave, which is root there: it is only touched through _beneath and _root_copy.
"""

from __future__ import annotations

import contextlib
import functools
import os
import re
import shutil
import stat
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.netboot.diskless.plugins.module_utils import _beneath as beneath
from ansible_collections.netboot.diskless.plugins.module_utils import _root_identity as identity
from ansible_collections.netboot.diskless.plugins.module_utils._root_copy import (
    CopyError,
    copy_etc,
    copy_programs,
    copy_tree,
    remove_trees,
)
from ansible_collections.netboot.diskless.plugins.module_utils._root_modules import Modules, following, place
from ansible_collections.netboot.diskless.plugins.module_utils._root_record import Record
from ansible_collections.netboot.diskless.plugins.module_utils._root_services import (
    MissingServices,
    further_scripts,
    wanted_runlevels,
)
from ansible_collections.netboot.diskless.plugins.module_utils._root_source import (
    AUTO,
    MASTERS_ROOT,
    SYSTEMD,
    System,
    on_master,
    programs_to_copy,
)
from ansible_collections.netboot.diskless.plugins.module_utils._root_units import DEFAULT as DEFAULT_TARGET
from ansible_collections.netboot.diskless.plugins.module_utils._root_units import ETC as UNITS
from ansible_collections.netboot.diskless.plugins.module_utils._root_units import (
    MULTI_USER,
    PACKAGES,
    BadUnit,
    Places,
    Wanted,
    wanted_units,
)

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
# crypt(5): $id$ and what the method puts there, or one of the signs that lock an account.
PASSWORD_HASH = re.compile(r"[!*]|[!]?\$[A-Za-z0-9]+\$[!-9;-~]+")


class RootError(Exception):
    """A root cannot be made; the text says why."""


@dataclass(frozen=True)
class Source:
    """What some roots are made from, and what they share.

    Args:
        directory: the directory of the master that holds the system; / for the master's own.
        system: what is in it.
        programs: directories of that system that hold its programs.
        exclude: absolute paths in that system that are not copied, with shell wildcards.
        stamp: state of the programs, as _tree.measure gives it.
        etc_exclude: patterns, relative to the system's /etc, of the user.
        runlevels: services by runlevel of OpenRC; one that the root has no script for is left out.
        units: units by target of systemd; one that the root does not have is left out.
        services: services that must exist and start, whatever the init.
        root_hash: crypt(5) hash of root's password, or nothing.
        site: the fleet's site.
        state_directory: where the master keeps what it knows of its roots.
        progress: file that tells how far the copy is.
        modules: the modules of each distribution's kernel that slaves boot, by the kernel's path; None of one that is
            still to be placed.
    """

    directory: str
    system: System
    programs: list[str]
    exclude: list[str]
    stamp: str
    etc_exclude: list[str]
    runlevels: dict[str, list[str]]
    units: dict[str, list[str]]
    services: list[str]
    root_hash: str
    site: dict[str, Any]
    state_directory: str
    progress: str
    modules: dict[str, Modules | None] = field(default_factory=dict)

    @property
    def shown(self) -> str:
        """What the programs are called in messages."""
        return "the master's programs" if self.directory == MASTERS_ROOT else f"the programs of {self.directory}"


@dataclass
class Root:
    """One slave's root while it is looked at or made.

    Args:
        slave: the slave's fields of the fleet model.
        source: what it is made from.
        dry: whether to look only.
    """

    slave: dict[str, Any]
    source: Source
    dry: bool
    changes: list[str] = field(default_factory=list)

    def bring(self) -> list[str]:
        """Makes the root what it shall be, or with dry finds out what that would take.

        Raises:
            RootError: a program fails, a service that is asked for does not exist, the password's hash is none, the
                root was made from another source, or something in it would lead out of it.
        """
        if self.source.root_hash and not PASSWORD_HASH.fullmatch(self.source.root_hash):
            raise RootError("slave_rootfs_root_password_hash is no hash as crypt(5) has them; make one with mkpasswd")
        self._refuse_other_source()
        try:
            if self.is_new():
                self._make()
            else:
                with beneath.Beneath(self.slave["root"]) as tree:
                    self._complete(tree, new=False)
        except (BadUnit, beneath.BeneathError, CopyError, MissingServices, OSError) as error:
            raise RootError(f"{self.slave['name']}: {error}") from error
        if not self.dry:
            self._finish()
        return self.changes

    def _finish(self) -> None:
        self.record.finish(self.source.stamp, self.source.directory, following(self._known, self._modules))

    @functools.cached_property
    def _known(self) -> list[dict[str, Any]]:
        """The modules that the root had when this run began."""
        return [] if self.is_new() else self.record.modules()

    @property
    def _modules(self) -> Modules | None:
        """The modules of the kernel that the slave boots, if that has any and is there."""
        return self.source.modules.get(self.slave["kernel"]) if self.slave["kernel"] else None

    def modules_differ(self) -> bool:
        """Whether the modules that the slave's kernel needs are not the last that were copied here."""
        if self.slave["kernel"] and not self._modules:
            return True
        return self._modules is not None and self._known[:1] != [self._modules.record]

    @property
    def record(self) -> Record:
        """What the master remembers of this root."""
        return Record(self.source.state_directory, self.slave["address"], self.slave["root"])

    def is_new(self) -> bool:
        """Whether the root does not exist yet; an empty directory is none, nor is one that was not finished."""
        root = self.slave["root"]
        return not os.path.isdir(root) or set(os.listdir(root)) <= {"lost+found"} or self.record.is_unfinished()

    def programs_differ(self) -> bool:
        """Whether the source's programs changed since they were last copied here."""
        return not self.record.holds(self.source.stamp)

    @functools.cached_property
    def init(self) -> str:
        """The init that the root starts.

        Raises:
            RootError: the source has none that is known, or not the one that is asked for.
        """
        wanted = self.slave["init"]
        found = self.source.system.chosen(wanted)
        if not found:
            asked = "an init that is known as its /sbin/init" if wanted == AUTO else wanted
            raise RootError(f"{self.slave['name']}: {self.source.directory} does not have {asked} (slave_init)")
        return found

    def _refuse_other_source(self) -> None:
        before = self.record.source()
        if not self.is_new() and self.record.exists() and before != self.source.directory:
            raise RootError(
                f"{self.slave['name']}: {self.slave['root']} was made from {before}, and slave_rootfs_source is now "
                f"{self.source.directory}; move the root away and run again"
            )

    def _make(self) -> None:
        """Makes the root beside its place and puts it there; what an earlier run has copied of it is used.

        A root that is a file system of its own cannot be put there as a whole. It is made in its place, and counts as
        new until it is complete.
        """
        final = self.slave["root"]
        with beneath.Beneath(self.source.directory) as system:
            if self.init == SYSTEMD:
                self._wanted_units(Places(system, system, links=False))
            else:
                self._services_of(set(system.names("etc/init.d")))
        if not self.dry:
            in_place = os.path.ismount(final) or (os.path.isdir(final) and bool(os.listdir(final)))
            building = final if in_place else self._building()
            if in_place:
                self.record.begin()
            os.makedirs(building, exist_ok=True)
            os.chmod(building, 0o755)
            # Of an earlier attempt, or not there at all.
            shutil.rmtree(os.path.join(building, "etc"), ignore_errors=True)
            with beneath.Beneath(building) as tree:
                self._complete(tree, new=True)
            if not in_place:
                # Known before it appears: a run that is killed here leaves no root that seems to be somebody else's.
                self._finish()
                os.rename(building, final)
        self.changes = [f"{final} is made from {self.source.shown}"]

    def _complete(self, tree: beneath.Beneath, new: bool) -> None:
        self._directories(tree)
        if new or self.programs_differ():
            self._programs(tree)
        self._kernel_modules(tree)
        if new:
            copy_etc(tree.root, on_master(self.source.directory, "/etc"), self.source.etc_exclude)
        self._identity(tree)
        self._accounts(tree)
        if self.init == SYSTEMD:
            self._units(tree, new)
        else:
            self._services(tree)
        self._host_key(tree)

    def _building(self) -> str:
        parent, name = os.path.split(self.slave["root"].rstrip("/"))
        return os.path.join(parent, f".{name}.building")

    def _note(self, relative: str, what: str) -> bool:
        """Notes a change and says whether to carry it out."""
        self.changes.append(f"{os.path.join(self.slave['root'], relative)} {what}")
        return not self.dry

    def _directories(self, tree: beneath.Beneath) -> None:
        for relative, mode in DIRECTORIES.items():
            if tree.kind(relative) == beneath.ABSENT and self._note(relative, "is made"):
                tree.make_directory(relative, mode)
        for relative, target in LINKS.items():
            if tree.kind(relative) == beneath.ABSENT and self._note(relative, f"is linked to {target}"):
                tree.link(relative, target)
        for relative, (major, minor, mode) in DEVICES.items():
            if tree.kind(relative) == beneath.ABSENT and self._note(relative, "is made"):
                tree.make_device(relative, major, minor, mode)

    @contextlib.contextmanager
    def _progress(self) -> Iterator[int]:
        with open(self.source.progress, "w", encoding="utf-8") as stream:
            stream.write(f"{self.slave['name']}\n")
            stream.flush()
            yield stream.fileno()

    def _programs(self, tree: beneath.Beneath) -> None:
        if not self._note("", f"gets {self.source.shown}"):
            return
        programs = programs_to_copy(self.source.directory, self.source.programs)
        with self._progress() as progress:
            copy_programs(tree.root, programs, self.source.exclude, progress)

    def _kernel_modules(self, tree: beneath.Beneath) -> None:
        wanted, above = self._modules, place(tree)
        if self.modules_differ():
            release = wanted.release if wanted else ""
            # A dry run may come before there is such a kernel.
            if self._note(os.path.join(above, release), "gets the modules of the distribution's kernel") and wanted:
                if tree.kind(above) == beneath.ABSENT:
                    tree.make_directory(above, 0o755)
                with self._progress() as progress:
                    copy_tree(tree.root, wanted.directory, f"{above}/{release}", progress)
        staying = {entry["release"] for entry in following(self._known, wanted)}
        leaving = sorted({entry["release"] for entry in self._known} - staying)
        notes = [self._note(f"{above}/{release}", "is removed") for release in leaving]
        if any(notes):
            remove_trees(tree.root, above, leaving)

    def _write(self, tree: beneath.Beneath, relative: str, text: str, mode: int = 0o644, group: int = 0) -> None:
        data = text.encode(errors="surrogateescape")
        if tree.read(relative) == data or not self._note(relative, "is written"):
            return
        above = os.path.dirname(relative)
        if tree.kind(above) == beneath.ABSENT:
            tree.make_directory(above, 0o755)
        tree.write(relative, data, mode, group)

    def _identity(self, tree: beneath.Beneath) -> None:
        for relative, text in identity.texts(self.slave, self.source.site, self.init).items():
            self._write(tree, relative, text)
        if tree.kind("etc/machine-id") == beneath.ABSENT:
            # machine-id(5): 32 hexadecimal digits, made once.
            self._write(tree, "etc/machine-id", f"{uuid.uuid4().hex}\n", 0o444)

    def _accounts(self, tree: beneath.Beneath) -> None:
        shadow, wanted = tree.status("etc/shadow"), self.source.root_hash
        if shadow is None:
            self._write_for(tree, "etc/shadow", "etc/passwd", lambda text: identity.shadow(text, wanted))
        elif wanted:
            mode = stat.S_IMODE(shadow.st_mode) & 0o640
            text = self._text(tree, "etc/shadow")
            self._write(tree, "etc/shadow", identity.with_root_hash(text, wanted), mode, shadow.st_gid)
        if tree.kind("etc/gshadow") == beneath.ABSENT:
            self._write_for(tree, "etc/gshadow", "etc/group", identity.group_shadow)

    def _write_for(self, tree: beneath.Beneath, relative: str, basis: str, make: Callable[[str], str]) -> None:
        """Writes a file that only root may read and that is made of another, when there is that other."""
        if tree.kind(basis) == beneath.FILE:
            self._write(tree, relative, make(self._text(tree, basis)), 0o600)

    def _text(self, tree: beneath.Beneath, relative: str) -> str:
        data = tree.read(relative)
        if data is None:
            raise RootError(f"{self.slave['name']}: {tree.root}/{relative} is no file; make it one and run again")
        return data.decode(errors="surrogateescape")

    def _services_of(self, scripts: set[str]) -> tuple[dict[str, str], dict[str, set[str]]]:
        """The links to make among the init scripts, and the services of each runlevel."""
        runlevels, console = self.source.runlevels, self.slave["console"]
        links = further_scripts(scripts, runlevels, console)
        return links, wanted_runlevels(scripts | set(links), runlevels, self.source.services, console)

    def _services(self, tree: beneath.Beneath) -> None:
        scripts = set(tree.names("etc/init.d"))
        links, runlevels = self._services_of(scripts)
        if not scripts:
            return
        for name, target in links.items():
            self._link(tree, f"etc/init.d/{name}", target)
        for level, names in sorted(runlevels.items()):
            # rc-update would change the master's.
            self._links(tree, f"etc/runlevels/{level}", {name: f"/etc/init.d/{name}" for name in names})

    def _wanted_units(self, places: Places) -> Wanted:
        return wanted_units(places, self.source.units, self.source.services)

    def _units(self, tree: beneath.Beneath, new: bool) -> None:
        """Makes the links of systemctl enable, which would look at the master's own units, or with --root at links."""
        with beneath.Beneath(self.source.directory) as system:
            # A dry run has not copied the programs that a unit may have come with.
            ahead = self.dry and not new and self.programs_differ()
            wanted = self._wanted_units(Places(tree, system if ahead else tree, links=True))
        self._link(tree, f"{UNITS}/{DEFAULT_TARGET}", f"/{PACKAGES}/{MULTI_USER}")
        for name, path in sorted(wanted.aliases.items()):
            if tree.kind(f"{UNITS}/{name}") != beneath.FILE:
                self._link(tree, f"{UNITS}/{name}", path)
        for target, links in sorted(wanted.links.items()):
            self._links(tree, f"{UNITS}/{target}.wants", links)

    def _links(self, tree: beneath.Beneath, relative: str, wanted: dict[str, str]) -> None:
        """Makes a directory hold exactly these links."""
        present = set(tree.names(relative))
        if tree.kind(relative) == beneath.ABSENT and self._note(relative, "is made"):
            tree.make_directory(relative, 0o755)
        for name, target in sorted(wanted.items()):
            self._link(tree, f"{relative}/{name}", target)
        for name in sorted(present - set(wanted)):
            if self._note(f"{relative}/{name}", "is removed"):
                tree.remove(f"{relative}/{name}")

    def _link(self, tree: beneath.Beneath, relative: str, target: str) -> None:
        if tree.target(relative) != target and self._note(relative, f"is linked to {target}"):
            above = os.path.dirname(relative)
            if tree.kind(above) == beneath.ABSENT:
                tree.make_directory(above, 0o755)
            tree.link(relative, target)

    def _host_key(self, tree: beneath.Beneath) -> None:
        """Gives the slave a key of its own. It is generated outside of the root, because ssh-keygen follows links."""
        if (
            tree.kind("etc/ssh") != beneath.DIRECTORY
            or tree.kind(HOST_KEY) != beneath.ABSENT
            or not shutil.which("ssh-keygen")
        ):
            return
        if not self._note(HOST_KEY, "is generated"):
            return
        private, public = identity.host_key(f"root@{self.slave['hostname']}")
        # The private one comes last: only when it is there is the pair complete.
        tree.write(f"{HOST_KEY}.pub", public, 0o644)
        tree.write(HOST_KEY, private, 0o600)
