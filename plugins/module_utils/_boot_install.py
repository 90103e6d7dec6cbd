# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bringing a master kernel into the boot menu beside what is there, so that what booted until now still does.

The order of the steps, so that a run that ends at any of them leaves a machine that starts: what can refuse comes
first. The kernel that the new one replaces gets a name and an entry of its own, which is the default if it has proven
itself. The menu is made beside the old one, checked, and swapped by rename. Only then does the new image take its
place, and at last the boot loader is told to try it.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.netboot.diskless.plugins.module_utils import (
    _boot_drivers,
    _boot_entry,
    _boot_initrd,
    _boot_survey,
    _files,
    _kconfig,
    _kernel_image,
)
from ansible_collections.netboot.diskless.plugins.module_utils._boot_entry import BootError, Kernel
from ansible_collections.netboot.diskless.plugins.module_utils._boot_survey import Machine
from ansible_collections.netboot.diskless.plugins.module_utils._files import read_file
from ansible_collections.netboot.diskless.plugins.module_utils._ledger import sha256
from ansible_collections.netboot.diskless.plugins.module_utils._placing import Placer, Plan, WantedFile, make_plan

PART = "boot_entry"
IMAGE_PART = "boot_image"
CONFIG_PART = "boot_config"
GRUB_SCRIPT = "/etc/grub.d/42_netboot-diskless"
# GRUB cannot write to these, so a choice for one boot would stay for all (grub-reboot(8)).
GRUB_READS_ONLY = ("btrfs", "zfs")


@dataclass(frozen=True)
class Wish:
    """What is wanted.

    Args:
        image: where the new kernel goes, in /boot.
        source: the kernel as it was built; "" only to find out whether it could get an entry.
        source_config: the configuration that it was built with.
        system_map: its System.map, which installkernel takes too.
        loader: auto, none, or which boot loader starts this machine.
        command_line: what the kernel is told; "" for what the running one was told.
        initramfs: auto (as the running kernel), always or never.
        default: proven, now or never.
        check_drivers: whether to compare the drivers of the root file system.
        state_directory: where ledgers and former versions are kept.
        root: what all other paths are below.
    """

    image: str
    source: str = ""
    source_config: str = ""
    system_map: str = ""
    loader: str = "auto"
    command_line: str = ""
    initramfs: str = "auto"
    default: str = "proven"
    check_drivers: bool = True
    state_directory: str = "/var/lib/netboot-diskless"
    root: str = "/"

    def at(self, path: str) -> str:
        """Where a path of the machine is."""
        return os.path.join(self.root, path.lstrip("/"))


@dataclass
class Outcome:
    """What was done, or with dry would be.

    Args:
        loader: the boot loader.
        changed: whether anything had to change.
        release: the new kernel's, or "" when it is not built yet.
        running: whether the running kernel is that one.
        ours: whether the running kernel is that one or an earlier one of ours.
        next_boot: what the boot loader starts next: default (the new kernel, from now on), once (the new kernel, for
            one boot), or as_before.
        by_hand: what is left to do by hand.
        differences: texts before and after.
    """

    loader: str
    changed: bool = False
    release: str = ""
    running: bool = False
    ours: bool = False
    next_boot: str = "as_before"
    by_hand: list[str] = field(default_factory=list)
    differences: list[dict[str, str]] = field(default_factory=list)

    def differs(self, path: str, before: str, after: str) -> None:
        """Notes a file that changes."""
        self.changed = True
        self.differences.append({"before_header": path, "after_header": path, "before": before, "after": after})


class State:
    """What this collection remembers of boot entries.

    proven are releases found running, initrds RAM disks made, handed_over releases given to installkernel; mapped is
    what lilo's map was last made of, as a digest, or "" while that is not known; default is what systemd-boot had for a
    default before ours.
    """

    def __init__(self, state_directory: str) -> None:
        self.path = os.path.join(state_directory, "boot_entry.json")
        data = json.loads(read_file(self.path) or b"{}")
        self.proven: list[str] = list(data.get("proven", []))
        self.initrds: list[str] = list(data.get("initrds", []))
        self.handed_over: list[str] = list(data.get("handed_over", []))
        self.mapped: str = data.get("mapped", "")
        self.default: str = data.get("default", "")

    def write(self) -> None:
        """Writes it down, when that changes anything."""
        lists = {key: sorted(set(getattr(self, key))) for key in ("proven", "initrds", "handed_over")}
        content = json.dumps({**lists, "mapped": self.mapped, "default": self.default}, indent=0).encode()
        if read_file(self.path) != content + b"\n":
            _files.write_whole(self.path, content + b"\n", 0o600)


def call(*command: str) -> str:
    """Runs a command and returns what it prints.

    Raises:
        BootError: it fails, or it is not there; the text has the end of what it said.
    """
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    except OSError as error:
        raise BootError(f"{command[0]} cannot be run: {error.strerror}") from error
    if done.returncode:
        end = "\n".join((done.stdout + done.stderr).strip().splitlines()[-15:])
        raise BootError(f"{' '.join(command)} failed with {done.returncode}:\n{end}")
    return done.stdout


def keep(path: str, state_directory: str) -> None:
    """Keeps a former version where the former versions of our own files are (see Placer)."""
    backups = os.path.join(state_directory, "former")
    _files.make_directories(backups)
    os.chmod(backups, 0o700)
    kept = os.path.join(backups, path.lstrip("/"))
    _files.make_directories(os.path.dirname(kept))
    _files.copy_whole(path, kept)


def swap(path: str, content: bytes, state_directory: str) -> None:
    """Replaces a file of somebody else's by rename, with its owner and mode, and keeps the former version."""
    keep(path, state_directory)
    os.replace(_files.stage(path, content, _files.attributes_of(path)), path)


def _release_of(path: str) -> str:
    return _kernel_image.release(read_file(path) or b"")


def previous_image(wish: Wish, release: str, running: str, proven: list[str], bare: bool) -> str:
    """Where the kernel of ours lies that the new one replaces or has replaced, and that can still start, or "".

    It can while it has its modules, and its RAM disk where there is no way to its root without. The one that runs is
    never let go for one that was built since and has not run, nor is one that has proven itself.

    Args:
        wish: what is wanted.
        release: the new kernel's.
        running: the running kernel's.
        proven: releases that a run has found running.
        bare: whether a kernel without a RAM disk finds its root.
    """
    able: dict[str, str] = {}
    for path, part in ((wish.at(wish.image), IMAGE_PART), (wish.at(f"{wish.image}.old"), PART)):
        if path not in Placer(wish.state_directory, part).ledger.read():
            continue
        found = _release_of(path)
        starts = bare or os.path.exists(wish.at(_initrd_path(found)))
        if found not in ("", release) and starts and os.path.isdir(wish.at(f"/lib/modules/{found}")):
            able[path] = found
    ranks = [[running], proven, list(able.values())]
    return next((path for rank in ranks for path, found in able.items() if found in rank), "")


class Installer:
    """Brings one kernel into the boot menu.

    Args:
        wish: what is wanted.
        dry: whether only to find out what that takes.
    """

    def __init__(self, wish: Wish, dry: bool) -> None:
        self.wish, self.dry = wish, dry
        self.machine: Machine = _boot_survey.look(wish.root)
        self.outcome = Outcome(_boot_entry.choose(self.machine, wish.loader))
        self.state = State(wish.state_directory)
        self.elsewhere = self.outcome.loader in (_boot_entry.INSTALLKERNEL, _boot_entry.NONE)
        self.files: list[WantedFile] = []
        self.images: list[WantedFile] = []
        self.kernels: list[Kernel] = []
        self.previous = ""
        self.default = ""
        self.line = ""
        self.block = ""

    def run(self) -> Outcome:
        """Does it.

        Raises:
            BootError: it cannot be done, or not safely; the old entries are as they were.
            PlacingError: a file is somebody else's.
        """
        wish, outcome = self.wish, self.outcome
        outcome.ours = self._is_ours(self.machine.release)
        if os.path.dirname(wish.image) != "/boot":
            raise BootError(f"{wish.image} is not in /boot, where boot loaders look for kernels")
        # Whoever else makes the entry knows what it takes.
        elsewhere = self.elsewhere
        ramdisk = wish.initramfs == "always" or (
            wish.initramfs == "auto" and self.machine.ramdisk != "" and not elsewhere
        )
        if ramdisk:
            _boot_initrd.tool()
        if not elsewhere:
            self.line = _boot_entry.command_line(self.machine, wish.command_line, ramdisk)
        if not wish.source:
            return outcome
        outcome.release = _release_of(wish.source)
        if not outcome.release:
            raise BootError(f"{wish.source} is no image of Linux for x86")
        outcome.running = outcome.release == self.machine.release
        self._check_drivers(ramdisk or elsewhere)
        if outcome.loader == _boot_entry.INSTALLKERNEL:
            self._hand_over()
        else:
            self._collect(ramdisk)
            {
                _boot_entry.GRUB: self._grub,
                _boot_entry.SYSTEMD_BOOT: self._systemd_boot,
                _boot_entry.LILO: self._lilo,
                _boot_entry.LEGACY: self._legacy,
                _boot_entry.NONE: self._none,
            }[outcome.loader]()
        if not self.dry:
            # An entry that we know nothing of may still name one.
            if not elsewhere:
                self._forget_initrds()
            self.state.write()
        return outcome

    def _is_ours(self, release: str) -> bool:
        configs = Placer(self.wish.state_directory, CONFIG_PART).ledger.read()
        return self.wish.at(f"/boot/config-{release}") in configs or release in self.state.handed_over

    def _check_drivers(self, ramdisk: bool) -> None:
        if not self.wish.check_drivers or self.outcome.running:
            return
        running, new = (
            _boot_drivers.of_release(it, self.wish.root) for it in (self.machine.release, self.outcome.release)
        )
        told = _boot_drivers.problem(_boot_drivers.needed(self.wish.root), running, new, ramdisk)
        if told:
            raise BootError(
                f"the new kernel {self.outcome.release} would not come up: {told}. Set their symbols to y in "
                "master_kernel_symbols, or start from this kernel's configuration with master_kernel_base: running"
            )

    def _collect(self, ramdisk: bool) -> None:
        """The kernels of the menu, with their files; what becomes the default. What can refuse does it here."""
        wish, release = self.wish, self.outcome.release
        self.previous = previous_image(
            wish, release, self.machine.release, self.state.proven, self.elsewhere or self._bare()
        )
        self.kernels = [Kernel(_boot_entry.NAME, wish.image, release, _initrd_path(release) if ramdisk else "")]
        if self.previous:
            found = _release_of(self.previous)
            initrd = _initrd_path(found) if os.path.exists(wish.at(_initrd_path(found))) else ""
            self.kernels.append(Kernel(_boot_entry.PREVIOUS, f"{wish.image}.old", found, initrd))
        ours = {kernel.release for kernel in self.kernels}
        self.state.proven = [it for it in {*self.state.proven, self.machine.release} if it in ours]
        self.default = _boot_entry.default_entry(wish.default, self.kernels, set(self.state.proven))
        if self.default == _boot_entry.NAME:
            self.outcome.next_boot = "default"
        self._want()
        configs = self._configs()
        for part, files in ((CONFIG_PART, configs), (PART, self.files), (IMAGE_PART, self.images)):
            make_plan(files, [], Placer(wish.state_directory, part).ledger.read())
        # mkinitramfs and dracut look for the configuration.
        self._place(CONFIG_PART, configs)
        if ramdisk and not os.path.exists(wish.at(_initrd_path(release))):
            self._make_initrd(release)
            self._want()

    def _bare(self) -> bool:
        """Whether a kernel without an initial RAM disk finds its root."""
        try:
            _boot_entry.command_line(self.machine, self.wish.command_line, ramdisk=False)
        except BootError:
            return False
        return True

    def _want(self) -> None:
        """The files besides the configurations, as far as what they are made of is there by now."""
        wish = self.wish
        self.images = [WantedFile(wish.at(wish.image), read_file(wish.source))]
        self.files = []
        if self.previous:
            self.files.append(WantedFile(wish.at(f"{wish.image}.old"), read_file(self.previous)))
        if self.outcome.loader == _boot_entry.GRUB:
            script = _boot_entry.grub_script(self.kernels, self.line, self.default)
            self.files.append(WantedFile(wish.at(GRUB_SCRIPT), script.encode(), 0o755))
        elif self.outcome.loader == _boot_entry.SYSTEMD_BOOT:
            self._want_entries()
        elif self.outcome.loader == _boot_entry.NONE:
            # Entries that were made for a boot loader stay until one is named again: one may be the default.
            self.files += [
                WantedFile(path, read_file(path), _files.attributes_of(path)[2])
                for path in self._all_of(PART, []) - {file.path for file in self.files}
                if os.path.isfile(path)
            ]
        elif self.outcome.loader == _boot_entry.LEGACY:
            menu = (read_file(wish.at(self.machine.legacy)) or b"").decode(errors="surrogateescape")
            try:
                self.block = _boot_entry.legacy_block(menu, self.kernels, self.line)
            except BootError as error:
                raise BootError(f"{self.machine.legacy}: {error}") from error

    def _configs(self) -> list[WantedFile]:
        """The configurations, under the name by which mkinitramfs, dracut and our own survey look for them.

        That of a kernel before this one is ours only if we have put it there: another one's may have the same name.
        """
        recorded = Placer(self.wish.state_directory, CONFIG_PART).ledger.read()
        files = [
            WantedFile(self.wish.at(f"/boot/config-{self.outcome.release}"), read_file(self.wish.source_config)),
        ]
        for kernel in self.kernels[1:]:
            path = self.wish.at(f"/boot/config-{kernel.release}")
            if path in recorded and os.path.exists(path):
                files.append(WantedFile(path, read_file(path)))
        return files

    def _make_initrd(self, release: str) -> None:
        path = _initrd_path(release)
        self.outcome.changed = True
        if not self.dry:
            # Known before it is there, so that a run that is killed leaves none that nobody removes.
            self.state.initrds.append(path)
            self.state.write()
            _boot_initrd.make(release, self.wish.at(path), _kconfig.read(self.wish.source_config))

    def _forget_initrds(self) -> None:
        """Removes the RAM disks that we made for kernels that are gone."""
        wanted = {kernel.initrd for kernel in self.kernels}
        for path in self.state.initrds:
            if path not in wanted:
                for left in (self.wish.at(path), _files.staged_name(self.wish.at(path))):
                    with contextlib.suppress(FileNotFoundError):
                        os.unlink(left)
        self.state.initrds = [path for path in self.state.initrds if path in wanted]

    def _all_of(self, part: str, files: list[WantedFile]) -> set[str]:
        """The paths of a part's files, wanted or to be removed."""
        return {file.path for file in files} | set(Placer(self.wish.state_directory, part).ledger.read())

    def _own(self, part: str, paths: list[str]) -> None:
        """Brings a part's ledger to those of these files that are there after they were put back."""
        images = {file.path for file in self.images}
        there = [WantedFile(path, read_file(path)) for path in paths if os.path.exists(path) and path not in images]
        Placer(self.wish.state_directory, part).settle(there)

    def _place(self, part: str, files: list[WantedFile]) -> None:
        """Places files that are ours alone."""
        self._plan(part, files)
        self._carry_out(part, files)

    def _plan(self, part: str, files: list[WantedFile]) -> Plan:
        """What placing them takes, which is told."""
        plan = make_plan(files, [], Placer(self.wish.state_directory, part).ledger.read())
        for wanted in plan.write:
            self.outcome.differs(wanted.path, _text(read_file(wanted.path)), _text(wanted.content))
        for path in plan.remove:
            self.outcome.differs(path, _text(read_file(path)), "")
        self.outcome.changed |= bool(plan)
        return plan

    def _carry_out(self, part: str, files: list[WantedFile]) -> None:
        placer = Placer(self.wish.state_directory, part)
        if not self.dry:
            placer.apply(make_plan(files, [], placer.ledger.read()))
            placer.settle(files)

    def _try_once(self) -> bool:
        """Puts the new image in its place; says whether the next boot is to try it."""
        self._place(IMAGE_PART, self.images)
        wanted = self.wish.default != "never" and not self.outcome.running and self.outcome.next_boot != "default"
        if wanted:
            self.outcome.next_boot = "once"
        return wanted

    def _choose_by_hand(self, why: str) -> None:
        self.outcome.next_boot = "as_before"
        told = f"{why}: choose {self.kernels[0].title!r} in the boot menu"
        if told not in self.outcome.by_hand:
            self.outcome.by_hand.append(told)

    # GRUB 2

    def _grub(self) -> None:
        menu_path = self.wish.at(self.machine.grub)
        script = _boot_entry.grub_script(self.kernels, self.line, self.default)
        before = {path: read_file(path) for path in self._all_of(PART, self.files)}
        self._place(PART, self.files)
        menu = (read_file(menu_path) or b"").decode(errors="replace")
        if _boot_entry.grub_mark(menu) != _boot_entry.grub_mark(script):
            self.outcome.changed = True
            self.outcome.differences.append({"prepared": f"{self.machine.grub}: made anew by grub-mkconfig\n"})
            if not self.dry:
                try:
                    self._make_grub_cfg(menu_path, menu)
                except BootError:
                    # A script that grub-mkconfig stumbles over must not be there at the next kernel update, and the
                    # menu that stays starts the image that was there.
                    for path, content in before.items():
                        _put_back(path, content, 0o755 if path == self.wish.at(GRUB_SCRIPT) else 0o644)
                    self._own(PART, list(before))
                    raise
        if self._try_once():
            self._grub_once()

    def _make_grub_cfg(self, path: str, menu: str) -> None:
        commands = self.machine.grub_commands
        staged = _files.staged_name(path)
        try:
            call(f"{commands}-mkconfig", "-o", staged)
            call(f"{commands}-script-check", staged)
            made = read_file(staged) or b""
            told = _boot_entry.grub_problem(
                menu, made.decode(errors="replace"), _boot_entry.NAME, set(os.listdir(self.wish.at("/boot")))
            )
            if told:
                raise BootError(f"{commands}-mkconfig made a menu that is not used, because {told}")
            swap(path, made, self.wish.state_directory)
        finally:
            for left in (staged, f"{staged}.new"):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(left)

    def _grub_once(self) -> None:
        commands, place = self.machine.grub_commands, os.path.dirname(self.machine.grub)
        layers = call(f"{commands}-probe", "--target=abstraction", place).split()
        layers += [kind for kind in call(f"{commands}-probe", "--target=fs", place).split() if kind in GRUB_READS_ONLY]
        if layers:
            self._choose_by_hand(f"GRUB cannot try a kernel for one boot here, since it cannot write to {layers[0]}")
            return
        environment = (read_file(self.wish.at(f"{place}/grubenv")) or b"").decode(errors="replace").splitlines()
        if f"next_entry={_boot_entry.NAME}" not in environment:
            self.outcome.changed = True
            self.outcome.differences.append({"prepared": f"{place}/grubenv: next_entry={_boot_entry.NAME}\n"})
            if not self.dry:
                call(f"{commands}-reboot", _boot_entry.NAME)

    # systemd-boot

    def _want_entries(self) -> None:
        for kernel in self.kernels:
            image, initrd = self._on_boot(kernel.image), self._on_boot(kernel.initrd)
            text = _boot_entry.systemd_boot_entry(kernel, self.line, image, initrd)
            self.files.append(WantedFile(self.wish.at(self._entry(kernel.name)), text.encode()))

    def _systemd_boot(self) -> None:
        """The entry that was the default is the new kernel's from here on: the default leaves it first."""
        entry = self.wish.at(self._entry(_boot_entry.NAME))
        plan = self._plan(PART, self.files)
        if not self.dry:
            early = [wanted for wanted in plan.write if wanted.path != entry]
            Placer(self.wish.state_directory, PART).apply(Plan(write=early, mend=plan.mend))
        if self.default != _boot_entry.NAME:
            self._choose("LoaderEntryDefault", "set-default", self.default)
        once = self._try_once()
        self._carry_out(PART, self.files)
        if self.default == _boot_entry.NAME:
            self._choose("LoaderEntryDefault", "set-default", self.default)
        if once:
            self._choose("LoaderEntryOneShot", "set-oneshot", _boot_entry.NAME)

    def _entry(self, name: str) -> str:
        return f"{self.machine.systemd_boot}/loader/entries/{_boot_entry.systemd_boot_id(name)}"

    def _on_boot(self, path: str) -> str:
        """A file's path on the partition of the entries; it is copied there when /boot is on another."""
        boot = self.machine.systemd_boot
        if not path or boot == "/boot":
            return path and f"/{os.path.basename(path)}"
        copy = f"netboot-diskless/{os.path.basename(path)}"
        for files in (self.images, self.files):
            content = next((file.content for file in files if file.path == self.wish.at(path)), None)
            if content is not None:
                files.append(WantedFile(self.wish.at(f"{boot}/{copy}"), content))
                return f"/{copy}"
        self.files.append(WantedFile(self.wish.at(f"{boot}/{copy}"), read_file(self.wish.at(path))))
        return f"/{copy}"

    def _choose(self, variable: str, verb: str, name: str) -> None:
        """Sets a variable of the boot loader's; without a name, makes it what it was if it names an entry of ours."""
        now = _boot_survey.efi_text(variable, self.wish.root)
        ours = [_boot_entry.systemd_boot_id(it) for it in (_boot_entry.NAME, _boot_entry.PREVIOUS)]
        entry = _boot_entry.systemd_boot_id(name) if name else self.state.default
        if now == entry or (not name and now not in ours):
            return
        # bootctl(1) refuses to where the boot loader has not told of itself.
        if not self.machine.said or not shutil.which("bootctl"):
            self._choose_by_hand("systemd-boot cannot be told from here what to start (no LoaderInfo, or no bootctl)")
            return
        self.outcome.changed = True
        self.outcome.differences.append({"prepared": f"{variable}: {entry}\n"})
        if not self.dry:
            if verb == "set-default" and now not in ours:
                # Known before it is gone.
                self.state.default = now
                self.state.write()
            call("bootctl", verb, entry)

    # lilo and GRUB Legacy

    def _edited(self, path: str, block: str) -> tuple[str, str]:
        """A file of somebody else's before and after our block is in it."""
        before = (read_file(path) or b"").decode(errors="surrogateescape")
        after = _boot_entry.with_block(before, block)
        if after != before:
            self.outcome.differs(path, before, after)
        return before, after

    def _lilo(self) -> None:
        """lilo notes in its map which blocks of the disk an image has: it runs whenever an image is another file.

        Until it has run, the blocks of the images that its map is of stay in use under a second name.
        """
        path = self.wish.at(self.machine.lilo)
        block = _boot_entry.lilo_block(self.kernels, self.line, self.default)
        before, after = self._edited(path, block)
        wanted = self._digest(block)
        map_it = self.state.mapped != wanted or after != before
        images = sorted({*self._all_of(PART, self.files), *(file.path for file in self.images)})
        if map_it:
            self.outcome.changed = True
            self.outcome.differences.append({"prepared": "lilo: its map is made anew\n"})
        if map_it and not self.dry:
            self._test_lilo(path, before)
            for image in images:
                if self.state.mapped:
                    _let_go(image)
                _hold(image)
            self.state.mapped = ""
            self.state.write()
        self._place(PART, self.files)
        once = self._try_once()
        if map_it and not self.dry:
            try:
                if after != before:
                    swap(path, after.encode(errors="surrogateescape"), self.wish.state_directory)
                call("lilo", *(["-D", _boot_entry.LILO_NAMES[self.default]] if self.default else []))
            except BootError as error:
                self._back_to_lilo(path, before, images, error)
            self.state.mapped = wanted
            self.state.write()
            for image in images:
                _let_go(image)
        if once and not self.dry:
            call("lilo", "-R", _boot_entry.LILO_NAMES[_boot_entry.NAME])

    def _digest(self, block: str) -> str:
        """Of all that the map is made of as far as it is ours."""
        parts = [block.encode(), *(file.content or b"" for file in (*self.images, *self.files))]
        parts += [read_file(self.wish.at(kernel.initrd)) or b"" for kernel in self.kernels if kernel.initrd]
        return sha256(b"".join(sha256(part).encode() for part in parts))

    def _test_lilo(self, path: str, before: str) -> None:
        """Lets lilo try the configuration with the images under temporary names, before anything takes its place."""
        kernels, made = [], []
        try:
            for kernel in self.kernels:
                image = self.wish.at(kernel.image)
                content = next(file.content for file in (*self.images, *self.files) if file.path == image)
                made.append(_files.stage(image, content or b"", (os.geteuid(), os.getegid(), 0o644)))
                kernels.append(replace(kernel, image=_files.staged_name(kernel.image)))
            text = _boot_entry.with_block(before, _boot_entry.lilo_block(kernels, self.line, self.default))
            made.append(_files.stage(path, text.encode(errors="surrogateescape"), _files.attributes_of(path)))
            call("lilo", "-t", "-C", made[-1])
        finally:
            for staged in made:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(staged)

    def _back_to_lilo(self, path: str, before: str, images: list[str], error: BootError) -> None:
        """Takes back what was placed, and has lilo map it again.

        Raises:
            BootError: always; what went wrong, and whether all is as it was.
        """
        for image in images:
            _take_back(image)
        self._own(PART, images)
        os.replace(_files.stage(path, before.encode(errors="surrogateescape"), _files.attributes_of(path)), path)
        try:
            call("lilo")
        except BootError as second:
            raise BootError(
                f"{error}\n{path} and the images are as they were, but lilo fails with them, too. Do not reboot before "
                f"it has run: {second}"
            ) from error
        raise BootError(f"{error}\n{path} and the images are as they were, and lilo has mapped them again") from error

    def _legacy(self) -> None:
        path = self.wish.at(self.machine.legacy)
        self._place(PART, self.files)
        before, after = self._edited(path, self.block)
        if after != before and not self.dry:
            swap(path, after.encode(errors="surrogateescape"), self.wish.state_directory)
        if self._try_once() or self.default:
            self.outcome.next_boot = "as_before"
            self._choose_by_hand(f"the default in {self.machine.legacy} is left as it is")

    def _none(self) -> None:
        self._place(PART, self.files)
        self._place(IMAGE_PART, self.images)
        self.outcome.next_boot = "as_before"
        if not self.outcome.running:
            self.outcome.by_hand.append(
                f"give {self.wish.image} ({self.outcome.release}) an entry in the boot menu, beside the one of "
                f"{self.machine.release}, and start it"
            )

    # installkernel

    def _hand_over(self) -> None:
        release, wish = self.outcome.release, self.wish
        if release not in self.state.handed_over:
            self.outcome.changed = True
            self.outcome.differences.append({"prepared": f"installkernel {release} {wish.source}\n"})
            if not self.dry:
                call("installkernel", release, wish.source, wish.system_map, "/boot")
                self.state.handed_over.append(release)
        if not self.outcome.running:
            self.outcome.by_hand.append(
                f"the hooks of installkernel have decided what the next boot starts: see that it is {release}, and "
                f"that {self.machine.release} is still in the menu"
            )


def _held(path: str) -> str:
    return f"{path}.mapped"


def _hold(path: str) -> None:
    """Keeps an image that a map may be of; one that is kept since a run that was killed is the one in the map."""
    if os.path.exists(path) and not os.path.exists(_held(path)):
        try:
            os.link(path, _held(path))
        except OSError:
            # A file system without second names.
            _files.copy_whole(path, _held(path))


def _let_go(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(_held(path))


def _take_back(path: str) -> None:
    """Puts the image that was kept in its place; where none was kept there was none."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    with contextlib.suppress(FileNotFoundError):
        os.replace(_held(path), path)


def _put_back(path: str, content: bytes | None, mode: int = 0o644) -> None:
    """Makes a file what it was; None when there was none."""
    if content is not None:
        if read_file(path) != content:
            _files.write_whole(path, content, mode)
        return
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)


def _initrd_path(release: str) -> str:
    return f"/boot/initramfs-{release}.img"


def _text(data: bytes | None) -> str:
    if data is None:
        return ""
    return data.decode(errors="replace") if b"\0" not in data[:8192] else f"({len(data)} bytes, not text)\n"


def result_of(outcome: Outcome) -> dict[str, Any]:
    """What the module returns, besides its differences."""
    return {
        "changed": outcome.changed,
        "loader": outcome.loader,
        "release": outcome.release,
        "running": outcome.running,
        "ours": outcome.ours,
        "next_boot": outcome.next_boot,
        "by_hand": outcome.by_hand,
    }
