# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What boot ROMs, UEFI, boot loaders and Linux say of themselves when they ask for an address, as data.

Sources: RFC 951 and RFC 2131 (messages), RFC 2132 and RFC 3004 (options 60, 77), RFC 4578 and IANA's registry of
processor architecture types (93, 94, 97), PXE 2.1 (2.2.1: what a ROM has to send), UEFI 2.10 (24.3, 24.7.3.1: network
and HTTP boot), etherboot.org's `dhcp` documentation, Linux' net/ipv4/ipconfig.c, and packets of QEMU's machines.
"""

from dataclasses import dataclass

MESSAGE_SIZE, VENDOR_CLASS, MACHINE_ID, INTERFACE, ARCHITECTURE, USER_CLASS, PARAMETERS = 57, 60, 97, 94, 93, 77, 55
"""Options by their use; RFC 2132, RFC 3004, RFC 4578."""

_BOOTP_NEEDS = frozenset({1, 3, 12, 17})
"""Netmask, router, host name, root path."""

PXE_PARAMETERS = (1, 2, 3, 5, 6, 11, 12, 13, 15, 16, 17, 18, 43, 54, 60, 67, *range(128, 136))
HTTP_PARAMETERS = (1, 2, 3, 4, 5, 6, 12, 13, 15, 17, 18, 22, 23, 28, 40, 41, 42, 43, 50, 51, 54, 58, 59, 60, 66, 67, 97)
IPXE_PARAMETERS = (1, 3, 6, 7, 12, 15, 17, 26, 43, 60, 66, 67, 119, 128, *range(129, 136), 175, 203)
ETHERBOOT_PARAMETERS = (1, 3, 12, 17, 43, 150, 67, 54)
LINUX_PARAMETERS = (1, 3, 6, 12, 15, 17, 26, 40, 42)


@dataclass(frozen=True)
class Client:
    """One kind of machine that asks.

    :param vendor_class: option 60; not sent when it is empty
    :param user_class: option 77, as plain text as these programs send it, not in RFC 3004's form
    :param architecture: option 93
    :param interface: option 94: type 1 (UNDI), major, minor
    :param parameters: option 55: the options that it asks for
    :param message_size: option 57, in bytes
    :param extra: further options, as they are on the wire
    :param has_machine_id: whether it sends option 97
    :param speaks_dhcp: whether it sends option 53; a client that does not speaks BOOTP
    :param broadcast: whether it asks for answers by broadcast (RFC 2131, 4.1)
    :param vendor_bytes: the least size of the field for options, in bytes; servers answer BOOTP within the client's own
    """

    vendor_class: str = ""
    user_class: str = ""
    architecture: int | None = None
    interface: tuple[int, int, int] | None = None
    parameters: tuple[int, ...] = ()
    message_size: int = 0
    extra: tuple[tuple[int, bytes], ...] = ()
    has_machine_id: bool = False
    speaks_dhcp: bool = True
    broadcast: bool = False
    vendor_bytes: int = 64

    @property
    def asks_for(self) -> frozenset[int]:
        """Options that it has to be told, where the master has a value for them.

        A client that speaks DHCP has a list of them. One that speaks BOOTP asks by empty options, and is only sure of
        what it takes to boot: dnsmasq answers it in 64 bytes, however many it has room for.
        """
        if self.speaks_dhcp:
            return frozenset(self.parameters)
        return _BOOTP_NEEDS & {1, 3, *(code for code, data in self.extra if not any(data))}

    def options(self, mac: str) -> list[tuple[int, bytes]]:
        """Options that every one of its messages carries, in the order of their numbers."""
        found = dict(self.extra)
        if self.parameters:
            found[PARAMETERS] = bytes(self.parameters)
        if self.message_size:
            found[MESSAGE_SIZE] = self.message_size.to_bytes(2, "big")
        if self.vendor_class:
            found[VENDOR_CLASS] = self.vendor_class.encode("ascii")
        if self.user_class:
            found[USER_CLASS] = self.user_class.encode("ascii")
        if self.architecture is not None:
            found[ARCHITECTURE] = self.architecture.to_bytes(2, "big")
        if self.interface:
            found[INTERFACE] = bytes(self.interface)
        if self.has_machine_id:
            # type 0, then a UUID: here one that ends in the address of the card
            found[MACHINE_ID] = bytes(11) + bytes.fromhex(mac.replace(":", ""))
        return sorted(found.items())


def _pxe(architecture: int, undi: tuple[int, int], **more: object) -> Client:
    """A ROM or firmware after PXE 2.1; *undi* is the version of its network driver's interface."""
    major, minor = undi
    values: dict[str, object] = {
        "vendor_class": f"PXEClient:Arch:{architecture:05}:UNDI:{major:03}{minor:03}",
        "architecture": architecture,
        "interface": (1, major, minor),
        "parameters": PXE_PARAMETERS,
        "message_size": 1260,
        "has_machine_id": True,
        "broadcast": True,
    }
    return Client(**{**values, **more})  # type: ignore[arg-type]  # the names are this function's own


CLIENTS = {
    "bios": _pxe(0, (2, 1)),
    "efi-ia32": _pxe(6, (3, 1)),
    "efi-x64": _pxe(7, (3, 1), message_size=1472),
    # what firmware of the time when type 7 was EFI byte code sends
    "efi-x64-9": _pxe(9, (3, 1), message_size=1472),
    "efi-arm64": _pxe(11, (3, 1), message_size=1472),
    "http-x64": _pxe(
        16, (3, 1), vendor_class="HTTPClient:Arch:00016:UNDI:003001", parameters=HTTP_PARAMETERS, message_size=1472
    ),
    "gpxe": _pxe(0, (2, 1), user_class="gPXE", parameters=IPXE_PARAMETERS, message_size=1472, broadcast=False),
    "ipxe-bios": _pxe(0, (2, 1), user_class="iPXE", parameters=IPXE_PARAMETERS, message_size=1472, broadcast=False),
    "ipxe-efi-x64": _pxe(7, (3, 1), user_class="iPXE", parameters=IPXE_PARAMETERS, message_size=1472, broadcast=False),
    "ipxe-efi-arm64": _pxe(
        11, (3, 1), user_class="iPXE", parameters=IPXE_PARAMETERS, message_size=1472, broadcast=False
    ),
    "etherboot": Client(vendor_class="Etherboot-5.4", parameters=ETHERBOOT_PARAMETERS, message_size=1500),
    "bootp": Client(speaks_dhcp=False, broadcast=True),
    # ipconfig.c: it asks for an option by sending an empty one, of the size that it has room for
    "linux-bootp": Client(
        speaks_dhcp=False,
        message_size=406,
        extra=((1, bytes(4)), (3, bytes(4)), (6, bytes(12)), (12, bytes(32)), (17, bytes(40)), (40, bytes(32))),
        vendor_bytes=312,
    ),
    "linux": Client(parameters=LINUX_PARAMETERS),
}
"""Every kind of client that a master has to know, by a name for reports."""
