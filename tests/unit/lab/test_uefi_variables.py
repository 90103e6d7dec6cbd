# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A variable more in a store of UEFI variables, byte by byte."""

import struct
import uuid

import pytest

from lab.uefi_variables import SHIM, X509, add, signature_list

VOLUME = 72


def store(room: int = 200) -> bytes:
    """An empty store, as EDK II formats flash: bytes that were never written are 0xff."""
    header = bytes(32) + struct.pack("<Q", 4096) + b"_FVH" + bytes(4) + struct.pack("<H", VOLUME) + bytes(22)
    kind = uuid.UUID("aaf32c78-947b-439a-a180-2e144ec37792").bytes_le
    head = kind + struct.pack("<IBB", 28 + room, 0x5A, 0xFE) + bytes(6)
    return (header + head + b"\xff" * room).ljust(4096, b"\xff")


def test_a_variable_as_the_specification_has_it() -> None:
    made = add(store(), "Ab", b"data!", attributes=0x3)
    assert made[: VOLUME + 28] == store()[: VOLUME + 28] and len(made) == 4096
    variable = made[VOLUME + 28 :]
    assert variable[:8] == bytes.fromhex("aa55 3f 00 03000000")
    assert variable[8:36] == bytes(28)
    assert variable[36:44] == struct.pack("<II", 6, 5)
    assert variable[44:60] == SHIM.bytes_le
    assert variable[60:71] == b"A\0b\0\0\0data!"
    assert set(variable[71:]) == {0xFF}


def test_the_next_one_begins_at_a_multiple_of_four() -> None:
    made = add(add(store(), "Ab", b"data!"), "C", b"x")
    second = made[VOLUME + 28 + 72 :]
    assert second[:2] == b"\xaa\x55" and second[60:65] == b"C\0\0\0x"
    assert made[VOLUME + 28 + 71] == 0xFF


def test_a_full_store_takes_nothing() -> None:
    add(store(71), "Ab", b"data!")
    with pytest.raises(ValueError, match="no room for 71 bytes"):
        add(store(70), "Ab", b"data!")


@pytest.mark.parametrize(("at", "problem"), [(40, "not a firmware volume"), (VOLUME, "not a store of authenticated")])
def test_what_is_no_store_is_refused(at: int, problem: str) -> None:
    damaged = bytearray(store())
    damaged[at] ^= 1
    with pytest.raises(ValueError, match=problem):
        add(bytes(damaged), "Ab", b"")


def test_a_certificate_as_a_signature_list() -> None:
    owner = uuid.UUID(int=7)
    made = signature_list(b"certificate", owner)
    assert made[:16] == X509.bytes_le
    assert struct.unpack_from("<III", made, 16) == (len(made), 0, 27)
    assert made[28:] == owner.bytes_le + b"certificate"
