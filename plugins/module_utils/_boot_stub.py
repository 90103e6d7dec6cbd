# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Machine code between a loader of ELF or NBI images and Linux.

Such a loader jumps to 32-bit code with flat segments, without paging. Linux' setup wants what a BIOS leaves: real mode,
its segment in all segment registers, interrupts off (Documentation/arch/x86/boot.rst, "Running the Kernel"). How a
processor goes back to real mode: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 3, 10.9.2.
"""

from __future__ import annotations

# Offsets in the stub. The tables are behind the code; the far jumps go to the code between them.
_CODE_16 = 0x17
_REAL_MODE = 0x35
_GDT = 0x50
_GDT_POINTER = 0x68
_IDT_POINTER = 0x6E
SIZE = 0x74


def _word(number: int) -> bytes:
    return number.to_bytes(2, "little")


def _long(number: int) -> bytes:
    return number.to_bytes(4, "little")


def _descriptor(base: int, kind: int) -> bytes:
    """A segment of 64 KiB for 16-bit code, byte-granular (the manual's volume 3, 3.4.5)."""
    return _word(0xFFFF) + base.to_bytes(3, "little") + bytes((kind, 0, base >> 24))


def stub(address: int, setup: int, stack: int) -> bytes:
    """The code that starts Linux' setup.

    Args:
        address: where the code will lie: a multiple of 16 below 1 MiB - 64 KiB.
        setup: where the setup's boot sector lies, the same kind of address.
        stack: the setup's first stack pointer, an offset in its segment.

    Returns:
        SIZE bytes, whose first one is the entry.
    """
    code = b"".join(
        (
            # .code32: entered with any flat segments
            b"\xfa",  # cli
            b"\xfc",  # cld
            b"\x0f\x01\x15" + _long(address + _GDT_POINTER),  # lgdt gdt_pointer
            b"\x0f\x01\x1d" + _long(address + _IDT_POINTER),  # lidt idt_pointer: the BIOS' interrupt vectors
            b"\xea" + _long(_CODE_16) + _word(0x08),  # ljmp $0x08, $code_16
            # .code16, code_16: 16-bit protected mode, so that the segments get limits of 64 KiB
            b"\xb8\x10\x00",  # mov $0x10, %ax
            b"\x8e\xd8",  # mov %ax, %ds
            b"\x8e\xc0",  # mov %ax, %es
            b"\x8e\xe0",  # mov %ax, %fs
            b"\x8e\xe8",  # mov %ax, %gs
            b"\x8e\xd0",  # mov %ax, %ss
            b"\x0f\x20\xc0",  # mov %cr0, %eax
            b"\x66\x25\xfe\xff\xff\x7f",  # and $0x7ffffffe, %eax: neither PG nor PE
            b"\x0f\x22\xc0",  # mov %eax, %cr0
            # This jump makes the processor fetch in real mode.
            b"\xea" + _word(_REAL_MODE) + _word(address >> 4),  # ljmp $address >> 4, $real_mode
            # real_mode:
            b"\xb8" + _word(setup >> 4),  # mov $setup >> 4, %ax
            b"\x8e\xd8",  # mov %ax, %ds
            b"\x8e\xc0",  # mov %ax, %es
            b"\x8e\xe0",  # mov %ax, %fs
            b"\x8e\xe8",  # mov %ax, %gs
            b"\x8e\xd0",  # mov %ax, %ss
            b"\xbc" + _word(stack),  # mov $stack, %sp
            # The setup's entry lies behind the boot sector.
            b"\xea" + _word(0) + _word((setup >> 4) + 0x20),  # ljmp $(setup >> 4) + 0x20, $0
        )
    )
    tables = b"".join(
        (
            bytes(8),  # gdt: the first descriptor is never used
            _descriptor(address, 0x9B),  # 0x08: code, readable, accessed
            _descriptor(setup, 0x93),  # 0x10: data, writable, accessed
            _word(0x17) + _long(address + _GDT),  # gdt_pointer: limit, base
            _word(0x3FF) + _long(0),  # idt_pointer: 256 vectors of 4 bytes at address 0
        )
    )
    return code.ljust(_GDT, b"\0") + tables
