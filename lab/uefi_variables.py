# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A variable more in OVMF's store of UEFI variables: how a machine's owner has enrolled a key of their own. Pure.

The store is a firmware volume (PI specification 1.8, volume 3, section 3.2.1) that begins with EDK II's authenticated
variables (MdeModulePkg/Include/Guid/VariableFormat.h). What shim's MokManager leaves behind is the variable MokList: a
list of certificates as UEFI's signature databases have them (UEFI 2.10, section 32.4.1).
"""

import struct
import uuid

SHIM = uuid.UUID("605dab50-e046-4300-abb6-3dd810dd8b23")
"""Whose variables shim's are."""

X509 = uuid.UUID("a5c059a1-94e4-4aa7-87b5-ab155c2bf072")
"""EFI_CERT_X509_GUID: the type of a signature list that holds a certificate."""

_VOLUME = struct.Struct("<16x16x8x4s4xH")
_STORE = struct.Struct("<16sIBBxxxxxx")
_STORE_KIND = uuid.UUID("aaf32c78-947b-439a-a180-2e144ec37792").bytes_le
_FORMATTED, _HEALTHY = 0x5A, 0xFE
_HEADER = struct.Struct("<HBxIQ16sIII16s")
_START, _ADDED = 0x55AA, 0x3F
_ALIGN = 4

KEPT_FROM_SYSTEMS = 0x3
"""Attributes: kept without power, and visible to boot services alone."""


def signature_list(certificate: bytes, owner: uuid.UUID = SHIM) -> bytes:
    """One X.509 certificate, in DER, as a signature list."""
    size = 16 + len(certificate)
    head = X509.bytes_le + struct.pack("<III", 28 + size, 0, size)
    return head + owner.bytes_le + certificate


def add(store: bytes, name: str, data: bytes, owner: uuid.UUID = SHIM, attributes: int = KEPT_FROM_SYSTEMS) -> bytes:
    """The store with one variable more, at its end.

    :raises ValueError: it is no such store, or is full.
    """
    signature, length = _VOLUME.unpack_from(store)
    if signature != b"_FVH":
        raise ValueError("not a firmware volume")
    kind, size, state, health = _STORE.unpack_from(store, length)
    if (kind, state, health) != (_STORE_KIND, _FORMATTED, _HEALTHY):
        raise ValueError("not a store of authenticated variables")
    at = length + _STORE.size
    while struct.unpack_from("<H", store, at)[0] == _START:
        *_head, name_size, data_size, _guid = _HEADER.unpack_from(store, at)
        at += -(-(_HEADER.size + name_size + data_size) // _ALIGN) * _ALIGN
    text = f"{name}\0".encode("utf-16-le")
    head = _HEADER.pack(_START, _ADDED, attributes, 0, bytes(16), 0, len(text), len(data), owner.bytes_le)
    variable = head + text + data
    if at + len(variable) > length + size:
        raise ValueError(f"no room for {len(variable)} bytes")
    return store[:at] + variable + store[at + len(variable) :]
