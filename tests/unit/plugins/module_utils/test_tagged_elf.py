# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An ELF image, byte by byte, and as the rules of Etherboot's loaders want it."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from ansible_collections.netboot.diskless.plugins.module_utils._tagged_elf import read_elf, write_elf
from ansible_collections.netboot.diskless.plugins.module_utils._tagged_layout import Segment

SEGMENTS = [Segment(0x10000, b"setup", 0xE000), Segment(0x20000, b"stub!!", 0x200), Segment(0x100000, b"kernel", 6)]
IMAGE = write_elf(SEGMENTS, 0x20000)


def test_every_byte() -> None:
    header = (
        "7f 45 4c 46 01 01 01 00 00 00 00 00 00 00 00 00"  # e_ident: ELFCLASS32, ELFDATA2LSB, EV_CURRENT
        " 02 00 03 00 01 00 00 00"  # e_type ET_EXEC, e_machine EM_386, e_version
        " 00 00 02 00"  # e_entry
        " 34 00 00 00 00 00 00 00 00 00 00 00"  # e_phoff, e_shoff, e_flags
        " 34 00 20 00 03 00"  # e_ehsize, e_phentsize, e_phnum
        " 00 00 00 00 00 00"  # e_shentsize, e_shnum, e_shstrndx
        # p_type PT_LOAD, p_offset, p_vaddr, p_paddr, p_filesz, p_memsz, p_flags, p_align
        " 01 00 00 00 00 02 00 00 00 00 01 00 00 00 01 00 05 00 00 00 00 e0 00 00 07 00 00 00 01 00 00 00"
        " 01 00 00 00 05 02 00 00 00 00 02 00 00 00 02 00 06 00 00 00 00 02 00 00 07 00 00 00 01 00 00 00"
        " 01 00 00 00 0b 02 00 00 00 00 10 00 00 00 10 00 06 00 00 00 06 00 00 00 07 00 00 00 01 00 00 00"
    )
    assert IMAGE == bytes.fromhex(header).ljust(512, b"\0") + b"setupstub!!kernel"


@pytest.mark.skipif(not shutil.which("readelf"), reason="binutils is not installed: there is no readelf")
def test_another_reader_understands_it(tmp_path: Path) -> None:
    path = tmp_path / "vmlinuz"
    path.write_bytes(IMAGE)
    done = subprocess.run(["readelf", "-hlW", str(path)], capture_output=True, text=True, check=True)
    assert not done.stderr
    assert re.search(r"Type: +EXEC", done.stdout) and re.search(r"Machine: +Intel 80386", done.stdout)
    assert re.search(r"Entry point address: +0x20000\n", done.stdout)
    numbers = re.findall(r"LOAD +(0x\w+) (0x\w+) (0x\w+) (0x\w+) (0x\w+) RWE", done.stdout)
    assert [[int(number, 16) for number in row] for row in numbers] == [
        [0x200, 0x10000, 0x10000, 5, 0xE000],
        [0x205, 0x20000, 0x20000, 6, 0x200],
        [0x20B, 0x100000, 0x100000, 6, 6],
    ]


def test_what_was_written_is_read() -> None:
    assert read_elf(IMAGE) == SEGMENTS


@pytest.mark.parametrize("data", [b"", b"\x7fELF", IMAGE[:60], b"\0" * 600, b"\x7fELF\2" + IMAGE[5:]])
def test_other_files_are_not(data: bytes) -> None:
    assert read_elf(data) is None
