# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A kernel of ours in the menu of systemd-boot."""

from __future__ import annotations

import os
import shutil

from ansible_collections.netboot.diskless.plugins.module_utils import _boot_entry, _boot_survey
from ansible_collections.netboot.diskless.plugins.module_utils._boot_swaps import call
from ansible_collections.netboot.diskless.plugins.module_utils._boot_work import PART, Work
from ansible_collections.netboot.diskless.plugins.module_utils._files import read_file
from ansible_collections.netboot.diskless.plugins.module_utils._placing import Placer, Plan, WantedFile


class SystemdBoot(Work):
    """Entries are files; what starts next is said in EFI variables."""

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
