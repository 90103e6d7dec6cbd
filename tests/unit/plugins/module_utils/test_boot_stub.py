# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The machine code between a loader and Linux' setup, compared with what the GNU assembler makes of its source."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from ansible_collections.netboot.diskless.plugins.module_utils._boot_stub import SIZE, stub

SOURCE = """
.code32
        cli
        cld
        lgdt gdt_pointer + {address}
        lidt idt_pointer + {address}
        ljmp $0x08, $code_16
.code16
code_16:
        mov $0x10, %ax
        mov %ax, %ds
        mov %ax, %es
        mov %ax, %fs
        mov %ax, %gs
        mov %ax, %ss
        mov %cr0, %eax
        and $0x7ffffffe, %eax
        mov %eax, %cr0
        ljmp ${address} >> 4, $real_mode
real_mode:
        mov ${setup} >> 4, %ax
        mov %ax, %ds
        mov %ax, %es
        mov %ax, %fs
        mov %ax, %gs
        mov %ax, %ss
        mov ${stack}, %sp
        ljmp $({setup} >> 4) + 0x20, $0
        .balign 8, 0
gdt:    .quad 0
        .word 0xffff, {address} & 0xffff
        .byte {address} >> 16, 0x9b, 0, 0
        .word 0xffff, {setup} & 0xffff
        .byte {setup} >> 16, 0x93, 0, 0
gdt_pointer:
        .word gdt_pointer - gdt - 1
        .long gdt + {address}
idt_pointer:
        .word 256 * 4 - 1
        .long 0
"""
PLACES = [(0x20000, 0x10000, 0xE000), (0x9A120, 0x8F010, 0x1234)]
LACKING = [name for name in ("as", "ld", "objcopy") if not shutil.which(name)]


@pytest.mark.skipif(bool(LACKING), reason=f"binutils is not installed: {', '.join(LACKING)}")
@pytest.mark.parametrize(("address", "setup", "stack"), PLACES)
def test_the_assembler_makes_the_same_bytes(tmp_path: Path, address: int, setup: int, stack: int) -> None:
    source, linked, found = (tmp_path / name for name in ("stub.s", "stub.elf", "stub.bin"))
    # Data, so that the assembler fills with what it is told to.
    source.write_text(".data\n" + SOURCE.format(address=address, setup=setup, stack=stack))
    subprocess.run(["as", "--32", "-o", f"{source}.o", str(source)], check=True)
    subprocess.run(["ld", "-m", "elf_i386", "-e", "0", "-Tdata=0", "-o", str(linked), f"{source}.o"], check=True)
    subprocess.run(["objcopy", "-O", "binary", "-j", ".data", str(linked), str(found)], check=True)
    assert stub(address, setup, stack).hex(" ") == found.read_bytes().hex(" ")


@pytest.mark.parametrize(("address", "setup", "stack"), PLACES)
def test_its_size_is_told(address: int, setup: int, stack: int) -> None:
    assert len(stub(address, setup, stack)) == SIZE
