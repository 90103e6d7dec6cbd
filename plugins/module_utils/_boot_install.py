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
import os

from ansible_collections.netboot.diskless.plugins.module_utils import (
    _boot_drivers,
    _boot_entry,
    _boot_initrd,
    _files,
    _kconfig,
    _kernel_image,
)
from ansible_collections.netboot.diskless.plugins.module_utils._boot_entry import BootError, Kernel
from ansible_collections.netboot.diskless.plugins.module_utils._boot_grub import GRUB_SCRIPT, Grub
from ansible_collections.netboot.diskless.plugins.module_utils._boot_lilo import Lilo
from ansible_collections.netboot.diskless.plugins.module_utils._boot_swaps import call, swap
from ansible_collections.netboot.diskless.plugins.module_utils._boot_systemd import SystemdBoot
from ansible_collections.netboot.diskless.plugins.module_utils._boot_work import (
    CONFIG_PART,
    IMAGE_PART,
    PART,
    Outcome,
    Wish,
    initrd_path,
)
from ansible_collections.netboot.diskless.plugins.module_utils._files import read_file
from ansible_collections.netboot.diskless.plugins.module_utils._placing import Placer, WantedFile, make_plan


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
        starts = bare or os.path.exists(wish.at(initrd_path(found)))
        if found not in ("", release) and starts and os.path.isdir(wish.at(f"/lib/modules/{found}")):
            able[path] = found
    ranks = [[running], proven, list(able.values())]
    return next((path for rank in ranks for path, found in able.items() if found in rank), "")


class Installer(Grub, SystemdBoot, Lilo):
    """Brings one kernel into the boot menu.

    Args:
        wish: what is wanted.
        dry: whether only to find out what that takes.
    """

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
        needs, network = _boot_drivers.needed(self.wish.root), _boot_drivers.adapters(self.wish.root)
        told = _boot_drivers.problem(needs, network, running, new, ramdisk)
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
        self.kernels = [Kernel(_boot_entry.NAME, wish.image, release, initrd_path(release) if ramdisk else "")]
        if self.previous:
            found = _release_of(self.previous)
            initrd = initrd_path(found) if os.path.exists(wish.at(initrd_path(found))) else ""
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
        if ramdisk and not os.path.exists(wish.at(initrd_path(release))):
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
        path = initrd_path(release)
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
