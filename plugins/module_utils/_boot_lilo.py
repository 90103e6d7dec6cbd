# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A kernel of ours in the map of lilo."""

from __future__ import annotations

import contextlib
import os
from dataclasses import replace

from ansible_collections.netboot.diskless.plugins.module_utils import _boot_entry, _files
from ansible_collections.netboot.diskless.plugins.module_utils._boot_entry import BootError
from ansible_collections.netboot.diskless.plugins.module_utils._boot_swaps import call, hold, let_go, swap, take_back
from ansible_collections.netboot.diskless.plugins.module_utils._boot_work import PART, Work
from ansible_collections.netboot.diskless.plugins.module_utils._files import read_file
from ansible_collections.netboot.diskless.plugins.module_utils._ledger import sha256


class Lilo(Work):
    """Stanzas between our markers in lilo.conf, and the images that lilo's map is of."""

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
                    let_go(image)
                hold(image)
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
                let_go(image)
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
            take_back(image)
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
