# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a machine that asks by DHCP is answered: the one model that every DHCP server's configuration is rendered from.

A client says who it is (its MAC address) and what it is (client architecture, vendor class, user class). What it is
makes it one of a few kinds. Who it is makes it a slave of a boot group, or a stranger. The file that it gets follows
from these two alone, never from the single slave, so that a server's configuration stays small.

Sources: RFC 2131 and 2132 (DHCP), RFC 3004 (user class), RFC 4578 and IANA's list of processor architecture types
(client architecture), PXE 2.1, UEFI 2.10 section 24 (HTTP boot).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

PXE_CLIENT = "PXEClient"
HTTP_CLIENT = "HTTPClient"

# Option 43 for a PXE ROM: PXE's own option 1, the address of a multicast TFTP server, 0.0.0.0 for none. A ROM takes a
# server for one that knows PXE when it sends any option of that space (PXE 2.1, section 2.4.5).
PXE_OPTIONS = bytes((1, 4, 0, 0, 0, 0))


@dataclass(frozen=True)
class Client:
    """What a DHCP client says of itself.

    mac: six hex pairs in lower case with colons.
    architecture: option 93; None when it was not sent.
    vendor_class, user_class: options 60 and 77 as text; "" when they were not sent.
    """

    mac: str
    architecture: int | None = None
    vendor_class: str = ""
    user_class: str = ""


@dataclass(frozen=True)
class Kind:
    """A kind of client, by the first of these conditions that it has.

    user_class: option 77 as a whole. Boot ROMs send it bare, without the length bytes of RFC 3004.
    vendor_class: how option 60 begins.
    architectures: values of option 93.
    without_architecture: whether a client that sends no option 93 is of this kind.
    reply_vendor_class: option 60 of the answer; a client of UEFI's HTTP boot takes no answer without it.
    """

    name: str
    user_class: str = ""
    vendor_class: str = ""
    architectures: tuple[int, ...] = ()
    without_architecture: bool = False
    reply_vendor_class: str = ""

    def matches(self, client: Client) -> bool:
        """Tell whether a client is of this kind."""
        if self.user_class:
            return client.user_class == self.user_class
        if self.vendor_class:
            return client.vendor_class.startswith(self.vendor_class)
        if client.architecture is None:
            return self.without_architecture
        return client.architecture in self.architectures


# In this order: a ROM that was loaded by another one still says what machine it is on, so what loads comes before
# where it runs. gPXE and iPXE send the user class; Etherboot 5 a vendor class of its own, unless it was built to pass
# for PXE, and then nothing tells the two apart.
KINDS = (
    Kind("ipxe", user_class="iPXE"),
    Kind("gpxe", user_class="gPXE"),
    Kind("etherboot", vendor_class="Etherboot"),
    Kind("http_x64", architectures=(16,), reply_vendor_class=HTTP_CLIENT),
    Kind("efi_x64", architectures=(7, 9)),
    Kind("bios", architectures=(0,), without_architecture=True),
)

# Stands for the slave's image for Etherboot.
IMAGE = "{etherboot_file}"
# Stands for PXELINUX, which has another file for HTTP.
PXELINUX = "{pxelinux}"
# UEFI's HTTP boot takes an address, and iPXE goes on from there. Without HTTP it takes nothing.
IPXE_BY_HTTP = "{ipxe_by_http}"
# What each loader's slaves get, by kind: a file below the TFTP root. A kind that is missing here is not looked at, so
# that iPXE in the ROM of a PXELINUX slave counts as the machine that it is on.
LOADER_FILES: dict[str, dict[str, str]] = {
    "pxelinux": {"http_x64": IPXE_BY_HTTP, "efi_x64": "syslinux.efi", "bios": PXELINUX},
    # iPXE is loaded by the machine's ROM, unless it is its ROM, and then loads a script.
    "ipxe": {
        "ipxe": "ipxe/boot.ipxe",
        "gpxe": "ipxe/boot.gpxe",
        "http_x64": IPXE_BY_HTTP,
        "efi_x64": "ipxe.efi",
        "bios": "undionly.kpxe",
    },
    # The shim, or GRUB itself; a BIOS goes on as it would with PXELINUX.
    "grub": {"efi_x64": "grub/bootx64.efi", "bios": PXELINUX},
    # The ROM loads the kernel itself. One of Etherboot 5 may pass for PXE.
    "etherboot": {"ipxe": "ipxe/boot.ipxe", "gpxe": "ipxe/boot.gpxe", "etherboot": IMAGE, "bios": IMAGE},
}
# What machines get that are no slaves: PXELINUX tells them who they are and starts their own disk. UEFI does that by
# itself when it gets no file, and syslinux.efi could not.
STRANGERS = "stranger"
LOADER_FILES[STRANGERS] = {"bios": PXELINUX}


@dataclass(frozen=True)
class Answer:
    """What a client is told; an address is None where none is given.

    options: the other DHCP options, by IANA's names, with the values as they are written.
    """

    address: str | None
    next_server: str
    filename: str
    root_path: str
    options: dict[str, str | list[str]] = field(default_factory=dict)


def group_name(slave: Mapping[str, str]) -> str:
    """Return the name of a slave's boot group: its loader's, with the image where it has one.

    slave: its record, in which etherboot_file has been entered.
    """
    return "-".join(filter(None, (slave["loader"], slave["etherboot_file"])))


def boot_groups(slaves: Sequence[Mapping[str, str]], http_url: str) -> list[dict[str, Any]]:
    """Return the boot groups of a fleet as plain JSON data: name, and the file of each kind in the order of KINDS.

    slaves: their records, in which etherboot_file has been entered.
    http_url: where the files can be had by HTTP; "" where they cannot.
    """
    names = {
        "pxelinux": "lpxelinux.0" if http_url else "pxelinux.0",
        "ipxe_by_http": f"{http_url}/ipxe.efi" if http_url else "",
    }
    members = {group_name(slave): slave for slave in slaves}
    members[STRANGERS] = {"loader": STRANGERS}
    groups = []
    for name, slave in sorted(members.items()):
        files = {kind: file.format_map({**slave, **names}) for kind, file in LOADER_FILES[slave["loader"]].items()}
        entries = [
            {**asdict(kind), "architectures": list(kind.architectures), "file": files[kind.name]}
            for kind in KINDS
            if files.get(kind.name)
        ]
        groups.append({"name": name, "files": entries})
    return groups


def _filename(group: Mapping[str, Any], client: Client) -> tuple[str, str]:
    """Return the file that a client gets and the vendor class of the answer, "" where there is none."""
    for entry in group["files"]:
        kind = next(kind for kind in KINDS if kind.name == entry["name"])
        if kind.matches(client):
            return entry["file"], kind.reply_vendor_class
    return "", ""


def answer(fleet: Mapping[str, Any], client: Client) -> Answer | None:
    """Return what a fleet's master answers a client, or None when it does not answer.

    fleet: the fleet's model. The address of a stranger, which is one of the pool's, is None.
    """
    site = fleet["site"]
    slave = next((slave for slave in fleet["slaves"] if slave["mac"] == client.mac), None)
    if slave is None and not site["pool"]:
        return None
    wanted = slave["boot_group"] if slave else STRANGERS
    filename, vendor_class = _filename(next(one for one in site["boot_groups"] if one["name"] == wanted), client)
    options: dict[str, str | list[str]] = {
        "subnet-mask": site["netmask"],
        "broadcast-address": site["broadcast"],
        "domain-name": site["domain"],
    }
    for name, value in (
        ("routers", [site["router"]] if site["router"] else []),
        ("domain-name-servers", site["dns_servers"]),
        ("ntp-servers", site["ntp_servers"]),
    ):
        if value:
            options[name] = value
    if slave:
        options["host-name"] = slave["short_name"]
    if vendor_class:
        options["vendor-class-identifier"] = vendor_class
    if client.vendor_class.startswith(PXE_CLIENT):
        options["vendor-encapsulated-options"] = PXE_OPTIONS.hex()
    return Answer(
        address=slave["address"] if slave else None,
        next_server=site["master_address"],
        filename=filename,
        root_path=slave["root_path"] if slave else "",
        options=options,
    )
