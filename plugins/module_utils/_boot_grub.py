# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A kernel of ours in the menu of GRUB 2."""

from __future__ import annotations

import contextlib
import os

from ansible_collections.netboot.diskless.plugins.module_utils import _boot_entry, _files
from ansible_collections.netboot.diskless.plugins.module_utils._boot_entry import BootError
from ansible_collections.netboot.diskless.plugins.module_utils._boot_swaps import call, put_back, swap
from ansible_collections.netboot.diskless.plugins.module_utils._boot_work import PART, Work
from ansible_collections.netboot.diskless.plugins.module_utils._files import read_file

GRUB_SCRIPT = "/etc/grub.d/42_netboot-diskless"
# GRUB cannot write to these, so a choice for one boot would stay for all (grub-reboot(8)).
GRUB_READS_ONLY = ("btrfs", "zfs")


class Grub(Work):
    """The menu is made beside the old one, checked, and swapped by rename."""

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
                        put_back(path, content, 0o755 if path == self.wish.at(GRUB_SCRIPT) else 0o644)
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
