# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of clients keep to their specifications."""

import pytest

from lab.firmware import ARCHITECTURE, CLIENTS, INTERFACE, MACHINE_ID, USER_CLASS, VENDOR_CLASS

MAC = "00:02:a5:04:3b:66"
WITH_PXE = [name for name, client in CLIENTS.items() if client.architecture is not None]


@pytest.mark.parametrize("name", WITH_PXE)
def test_the_vendor_class_says_the_same_as_the_options(name: str) -> None:
    """PXE 2.1, 2.2.1 and UEFI 2.10, 24.7.3.1: PXEClient:Arch:xxxxx:UNDI:yyyzzz."""
    sent = dict(CLIENTS[name].options(MAC))
    who, arch, number, undi, version = sent[VENDOR_CLASS].decode().split(":")
    assert (who, arch, undi) == ("HTTPClient" if name.startswith("http") else "PXEClient", "Arch", "UNDI")
    assert int(number) == int.from_bytes(sent[ARCHITECTURE], "big")
    assert [int(version[:3]), int(version[3:])] == list(sent[INTERFACE][1:])
    assert (len(sent[INTERFACE]), len(sent[MACHINE_ID]), sent[MACHINE_ID][0]) == (3, 17, 0)


@pytest.mark.parametrize(
    ("name", "architecture", "user_class"),
    [
        ("bios", 0, None),
        ("efi-ia32", 6, None),
        ("efi-x64", 7, None),
        ("efi-x64-9", 9, None),
        ("efi-arm64", 11, None),
        ("http-x64", 16, None),
        ("gpxe", 0, b"gPXE"),
        ("ipxe-bios", 0, b"iPXE"),
        ("ipxe-efi-x64", 7, b"iPXE"),
        ("ipxe-efi-arm64", 11, b"iPXE"),
        ("etherboot", None, None),
        ("bootp", None, None),
        ("linux-bootp", None, None),
        ("linux", None, None),
    ],
)
def test_what_tells_them_apart(name: str, architecture: int | None, user_class: bytes | None) -> None:
    sent = dict(CLIENTS[name].options(MAC))
    assert sent.get(ARCHITECTURE) == (None if architecture is None else architecture.to_bytes(2, "big"))
    assert sent.get(USER_CLASS) == user_class


def test_every_client_is_told_apart_above() -> None:
    (mark,) = [mark for mark in test_what_tells_them_apart.pytestmark if mark.name == "parametrize"]  # type: ignore[attr-defined]
    assert {row[0] for row in mark.args[1]} == set(CLIENTS)
