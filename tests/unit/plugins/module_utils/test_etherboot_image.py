# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images of both formats: what they hold is what a person is told."""

from __future__ import annotations

import pytest
from ansible_collections.netboot.diskless.plugins.module_utils._bzimage import ImageError
from ansible_collections.netboot.diskless.plugins.module_utils._etherboot_image import FORMATS, Told, make, tell

from tests.unit.boot_kernel import LINE, kernel

MAGIC = {"elf": b"\x7fELF", "nbi": b"\x36\x13\x03\x1b"}


@pytest.mark.parametrize("form", FORMATS)
def test_an_image_of_a_kernel(form: str) -> None:
    image = make(form, kernel(), LINE)
    assert image.startswith(MAGIC[form])
    assert tell(image) == Told(form, "6.1.9-slave", LINE, 0x400, 0, 0, 0x100400)


@pytest.mark.parametrize("form", FORMATS)
def test_an_image_with_a_ram_disk(form: str) -> None:
    image = make(form, kernel(), LINE, b"initrd")
    assert image.endswith(b"Kinitrd")
    assert tell(image) == Told(form, "6.1.9-slave", LINE, 0x400, 6, 0x225B000, 0x225B006)


@pytest.mark.parametrize("form", FORMATS)
def test_the_same_files_make_the_same_bytes(form: str) -> None:
    assert make(form, kernel(), LINE, b"initrd") == make(form, kernel(), LINE, b"initrd")


@pytest.mark.parametrize("data", [b"", b"text", kernel(), b"\x7fELF\1\1\1" + bytes(600), MAGIC["nbi"] + bytes(600)])
def test_nothing_is_told_of_other_files(data: bytes) -> None:
    assert tell(data) is None


def test_what_cannot_work_is_refused() -> None:
    with pytest.raises(ImageError, match="zImage"):
        make("elf", kernel(flags=0), LINE)
