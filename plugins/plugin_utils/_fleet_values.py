# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of one value. Each returns the value as the model holds it, or raises Refused with what is allowed.

The values end in dhcpd.conf, exports(5), PXELINUX and iPXE files and the kernel's command line. Each of those has
its own quoting, and some have none. So every check lists the characters that are safe in all of them.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Sequence

from ansible_collections.netboot.diskless.plugins.module_utils._names import address_number, normal_mac
from ansible_collections.netboot.diskless.plugins.plugin_utils._fleet_problems import UNSET, Refused

# Kernels can be made for more (arm64), but no loader is served to such a machine.
ARCHITECTURES = ("x86_64", "i386")
ADDRESSINGS = ("dhcp", "static")
LOADERS = ("pxelinux", "grub", "ipxe", "etherboot")
KERNEL_SOURCES = ("build", "package")
INITS = ("auto", "openrc", "systemd")
NFS_VERSIONS = ("3", "4.1", "4.2")

_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?", re.ASCII)
_INTERFACE = re.compile(r"[A-Za-z0-9._-]{1,15}", re.ASCII)
_INVENTORY_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9_])?", re.ASCII)
# A module's name is that of a file of the kernel's source, at most 55 characters (MODULE_NAME_LEN, linux/module.h).
_DRIVER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,54}", re.ASCII)
_PCI_ID = re.compile(r"[0-9A-Fa-f]{4}:[0-9A-Fa-f]{4}", re.ASCII)
_CONSOLE = re.compile(
    r"(?:tty[A-Za-z]{0,8}[0-9]{1,3}|hvc[0-9]{1,2})(?:,[1-9][0-9]{2,6}(?:[noe](?:[5-8]r?)?)?)?", re.ASCII
)
_ARGUMENTS = re.compile(r"[A-Za-z0-9!%()*+,./:=?@\[\]^_~-]+(?: [A-Za-z0-9!%()*+,./:=?@\[\]^_~-]+)*", re.ASCII)
# Every one of them decides where the slave's root file system is; nfsaddrs is the old name of ip.
_OWN_ARGUMENTS = ("ip", "nfsaddrs", "nfsroot", "root")

# sethostname(2): HOST_NAME_MAX is 64 on Linux. A domain name has at most 253 characters (RFC 1035, section 2.3.4).
_HOST_NAME_MAX = 64
DOMAIN_NAME_MAX = 253

MAC_ALLOWED = "a unicast MAC address, six hex pairs"
ADDRESS_ALLOWED = "an IPv4 address"
HOST_NAME_ALLOWED = (
    f"a host name of letters, digits and hyphens (RFC 1123), labels of 1 to 63 characters, at most {_HOST_NAME_MAX} "
    "in all, the last label not only digits"
)
INVENTORY_NAME_ALLOWED = "an inventory name of letters, digits, dots, hyphens and underscores, at most 253"
DOMAIN_ALLOWED = "a domain name of letters, digits, hyphens and dots (RFC 1123), at most 253 characters"
INTERFACE_ALLOWED = "a network interface's name, 1 to 15 letters, digits, dots, hyphens and underscores"
NIC_ALLOWED = (
    "the name of a network driver, such as e1000e, a PCI id of four hex digits each, such as 8086:10d3, "
    'or "" for the common ones'
)
CONSOLE_ALLOWED = 'a tty name with an optional speed, such as ttyS0,115200, or ""'
ARGUMENTS_ALLOWED = (
    "kernel command line words of printable ASCII with one space between them, without quotes, backslashes or any of "
    "{ } ; # $ ` & | < >, and without " + ", ".join(f"{name}=" for name in _OWN_ARGUMENTS)
)


def text(value: object, allowed: str) -> str:
    """Return a string as a plain str (Ansible's own strings carry where they were read)."""
    if isinstance(value, str):
        return str.__str__(value)
    if value is UNSET:
        raise Refused(allowed)
    if isinstance(value, (bool, int, float, datetime.date, datetime.datetime)):
        # YAML 1.1 reads 10:11:12 as a number in base 60, yes as a boolean and 4.1 as a float.
        raise Refused(f"{allowed}; quote it, YAML read it as {_KINDS[_kind(value)]}")
    raise Refused(f"{allowed}, as a string")


def mac(value: object) -> str:
    """Return a unicast MAC address in lower case with colons."""
    given = text(value, MAC_ALLOWED)
    try:
        normal = normal_mac(given)
    except ValueError:
        raise Refused(MAC_ALLOWED) from None
    # Bit 0 of the first octet marks a group address (IEEE 802.3); the broadcast address has it too.
    if int(normal[1], 16) & 1:
        raise Refused(f"{MAC_ALLOWED}; this one is a multicast or broadcast address")
    if normal == "00:00:00:00:00:00":
        raise Refused(f"{MAC_ALLOWED}, not all zero")
    return normal


def address(value: object, allowed: str = ADDRESS_ALLOWED) -> str:
    """Return an IPv4 address in dotted decimal."""
    given = text(value, allowed)
    try:
        address_number(given)
    except ValueError:
        raise Refused(allowed) from None
    return given


def _is_labels(name: str) -> bool:
    return all(_LABEL.fullmatch(label) for label in name.split("."))


def host_name(value: object) -> str:
    """Return a host name: RFC 1123 labels, short enough for sethostname(2), not to be taken for an address."""
    name = text(value, HOST_NAME_ALLOWED)
    if len(name) > _HOST_NAME_MAX or not _is_labels(name) or name.rpartition(".")[2].isdigit():
        raise Refused(HOST_NAME_ALLOWED)
    return name


def inventory_name(value: object) -> str:
    """Return an inventory name that can stand in a configuration file as an identifier."""
    name = text(value, INVENTORY_NAME_ALLOWED)
    if not _INVENTORY_NAME.fullmatch(name):
        raise Refused(INVENTORY_NAME_ALLOWED)
    return name


def domain(value: object) -> str:
    """Return a DNS domain name without a final dot."""
    name = text(value, DOMAIN_ALLOWED)
    if len(name) > DOMAIN_NAME_MAX or not _is_labels(name) or name.rpartition(".")[2].isdigit():
        raise Refused(DOMAIN_ALLOWED)
    return name


def interface(value: object) -> str:
    """Return a network interface's name (IFNAMSIZ is 16 with the final NUL, linux/if.h)."""
    name = text(value, INTERFACE_ALLOWED)
    if not _INTERFACE.fullmatch(name) or name in (".", ".."):
        raise Refused(INTERFACE_ALLOWED)
    return name


def nic(value: object) -> str:
    """Return a network adapter: its driver's name, its PCI id in lower case, or "" for the common ones.

    Whether there is such a driver is for the kernel's source on the master to say.
    """
    name = text(value, NIC_ALLOWED)
    if _PCI_ID.fullmatch(name):
        return name.lower()
    if name and not _DRIVER.fullmatch(name):
        raise Refused(NIC_ALLOWED)
    return name


def console(value: object) -> str:
    """Return a console for console= (Documentation/admin-guide/serial-console.rst of Linux), or ""."""
    name = text(value, CONSOLE_ALLOWED)
    if name and not _CONSOLE.fullmatch(name):
        raise Refused(CONSOLE_ALLOWED)
    return name


def kernel_arguments(value: object) -> str:
    """Return further words for the kernel's command line, or ""."""
    words = text(value, ARGUMENTS_ALLOWED)
    if words and not _ARGUMENTS.fullmatch(words):
        raise Refused(ARGUMENTS_ALLOWED)
    if any(word.partition("=")[0] in _OWN_ARGUMENTS for word in words.split(" ")):
        raise Refused(ARGUMENTS_ALLOWED)
    return words


def one_of(choices: Sequence[str]) -> Callable[[object], str]:
    """Return a check that accepts these strings and no other value."""
    allowed = "one of " + ", ".join(choices)

    def check(value: object) -> str:
        name = text(value, allowed)
        if name not in choices:
            raise Refused(allowed)
        return name

    return check


addressing = one_of(ADDRESSINGS)
architecture = one_of(ARCHITECTURES)
loader = one_of(LOADERS)
kernel_source = one_of(KERNEL_SOURCES)
init = one_of(INITS)
nfs_version = one_of(NFS_VERSIONS)


def boolean(value: object) -> bool:
    """Return true or false as YAML reads them; a string is not one, whatever it says."""
    if not isinstance(value, bool):
        raise Refused("true or false, without quotes")
    return value


def port(value: object) -> int:
    """Return a TCP port that a server can have (RFC 6335)."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 65535:
        raise Refused("a port number of 1 to 65535, without quotes")
    return int(value)


def addresses(value: object) -> list[str]:
    """Return a list of IPv4 addresses of servers: not loopback, not multicast, not 0.0.0.0/8."""
    allowed = "a list of IPv4 addresses of machines"
    if isinstance(value, (str, bytes)) or not isinstance(value, Sequence):
        raise Refused(allowed)
    return [_server(item, allowed) for item in value]


def _server(value: object, allowed: str) -> str:
    server = address(value, allowed)
    if not is_unicast(address_number(server)):
        raise Refused(allowed)
    return server


def is_unicast(number: int) -> bool:
    """Tell whether a machine on a network can have this address (RFC 6890): not 0/8, 127/8, or 224/3 and above."""
    first = number >> 24
    return 0 < first < 224 and first != 127


_KINDS = {"bool": "a boolean", "int": "a number", "float": "a number", "date": "a date"}


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int"
    return "float" if isinstance(value, float) else "date"
