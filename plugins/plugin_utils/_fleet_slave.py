# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A slave: from its slave_* variables to checked values, and from those to its record in the model."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ansible_collections.netboot.diskless.plugins.module_utils._names import address_number, pxelinux_mac
from ansible_collections.netboot.diskless.plugins.module_utils._root_source import INIT_PROGRAMS, MASTERS_ROOT
from ansible_collections.netboot.diskless.plugins.plugin_utils import _fleet_paths as paths
from ansible_collections.netboot.diskless.plugins.plugin_utils import _fleet_values as values
from ansible_collections.netboot.diskless.plugins.plugin_utils._fleet_problems import UNSET, Checked, Problems, Refused
from ansible_collections.netboot.diskless.plugins.plugin_utils._fleet_site import Site

# The kernel's buffer for nfsroot= and DHCP's option 17 both end here (NFS_MAXPATHLEN is more, an option's length is
# one octet: RFC 2132, section 2).
_NFS_ROOT_MAX = 255
# COMMAND_LINE_SIZE of x86 is 2048 with the final NUL; the loader adds words of its own (BOOT_IMAGE=, BOOTIF=).
_COMMAND_LINE_MAX = 1920

# Left to itself, a kernel moves its root 4096 bytes at a time (fs/nfs/nfsroot.c); a server lowers what is too much.
TRANSFER = "tcp,rsize=1048576,wsize=1048576"

# What slave_rootfs_source says for the master's own programs.
MASTER = "master"


@dataclass(frozen=True)
class Slave:
    """The checked variables of one slave. A value that was refused is None, and then the model is never made."""

    name: str
    mac: str | None
    address: str | None
    number: int | None
    addressing: str | None
    hostname: str | None
    architecture: str | None
    loader: str | None
    nic: str | None
    root: str | None
    source: str | None
    init: str | None
    console: str | None
    kernel_source: str | None
    kernel_arguments: str | None
    nfs_version: str | None


def check_slave(name: str, variables: Mapping[str, object], site: Site, problems: Problems) -> Slave:
    """Check one slave's variables; what is wrong goes to problems.

    name: the inventory name.
    variables: slave_* by name; a name that is missing takes its default.
    """
    get = variables.get

    def check(variable: str, default: object, function: Callable[[object], Checked]) -> Checked | None:
        return problems.check(name, variable, get(variable, default), function)

    def root(address: str | None) -> str | None:
        if "slave_root" in variables:
            return check("slave_root", UNSET, lambda value: _root(value, site))
        return posixpath.join(site.root, address) if site.root and address else None

    problems.check(name, "inventory name", name, values.inventory_name)
    mac = check("slave_mac", UNSET, values.mac)
    address = check("slave_address", UNSET, lambda value: _address(value, site))
    return Slave(
        name=str.__str__(name),
        mac=mac,
        address=address,
        number=address_number(address) if address else None,
        addressing=check("slave_addressing", "dhcp", values.addressing),
        hostname=_host_name(name, variables, problems),
        architecture=check("slave_architecture", "x86_64", values.architecture),
        loader=check("slave_loader", "pxelinux", values.loader),
        nic=check("slave_nic", "", values.nic),
        root=root(address),
        source=check("slave_rootfs_source", MASTER, lambda value: _source(value, site)),
        init=check("slave_init", "auto", values.init),
        console=check("slave_console", "", values.console),
        kernel_source=check("slave_kernel_source", "build", values.kernel_source),
        kernel_arguments=check("slave_kernel_arguments", "", values.kernel_arguments),
        nfs_version=check("slave_nfs_version", site.nfs_version or "4.2", values.nfs_version),
    )


def _address(value: object, site: Site) -> str:
    network = site.network
    allowed = f"an IPv4 address of a machine in {network.cidr}" if network else values.ADDRESS_ALLOWED
    text = values.address(value, allowed)
    if network and not network.holds_machine(address_number(text)):
        raise Refused(allowed)
    if text == site.master_address:
        raise Refused(f"{allowed}, not the master's")
    if text == site.router:
        raise Refused(f"{allowed}, not the router's")
    if site.pool and site.pool.holds(text):
        raise Refused(f"{allowed}, not one of fleet_pool, which machines get that are no slaves")
    return text


def _host_name(name: str, variables: Mapping[str, object], problems: Problems) -> str | None:
    if "slave_hostname" in variables:
        return problems.check(name, "slave_hostname", variables["slave_hostname"], values.host_name)
    try:
        return values.host_name(name)
    except Refused as error:
        allowed = f"{error} (without slave_hostname the inventory name is taken)"
        problems.add(name, "slave_hostname", name, allowed)
        return None


def _root(value: object, site: Site) -> str:
    allowed = f"{paths.PATH_ALLOWED}, below fleet_root ({site.root})" if site.root else paths.PATH_ALLOWED
    root = paths.path(value, allowed)
    if site.root and not paths.is_inside(root, site.root):
        raise Refused(allowed)
    return root


def _source(value: object, site: Site) -> str:
    """Return the directory on the master that a root is made from; the master's own is /."""
    trees = {"fleet_root": site.root, "fleet_tftp_root": site.tftp_root}
    outside = " or ".join(f"{name} ({tree})" for name, tree in trees.items() if tree)
    allowed = f"{MASTER}, or {paths.PATH_ALLOWED}, of a directory that neither lies in nor holds {outside}"
    if values.text(value, allowed) in (MASTER, MASTERS_ROOT):
        return MASTERS_ROOT
    source = paths.path(value, allowed)
    if any(tree and paths.overlap(source, tree) for tree in trees.values()):
        raise Refused(allowed)
    return source


def full_name(hostname: str, domain: str) -> str:
    """Return a host's fully qualified name; a host name that ends in the domain already is one."""
    return hostname if hostname.lower().endswith(f".{domain.lower()}") else f"{hostname}.{domain}"


def slave_record(slave: Slave, site: Site, problems: Problems) -> dict[str, str]:
    """Return a slave of the model as plain JSON data; a derived name that is too long goes to problems.

    The slave and the site must have passed every check.
    """
    if not (slave.mac and slave.hostname and slave.root and site.domain):
        raise AssertionError("a slave that passed its checks has all of these")
    mac_name = pxelinux_mac(slave.mac)
    fqdn = full_name(slave.hostname, site.domain)
    nfs_root = f"{site.master_address}:{slave.root},vers={slave.nfs_version},{TRANSFER}"
    command_line = _command_line(slave, nfs_root, _addressing(slave, site))
    kernel_file, initrd_file = boot_images(slave.kernel_source or "", slave.architecture or "")
    if slave.addressing == "static" and slave.loader == "etherboot":
        allowed = "dhcp with slave_loader etherboot, whose image is shared by slaves and holds no address"
        problems.add(slave.name, "slave_addressing", slave.addressing, allowed)
    if len(fqdn) > values.DOMAIN_NAME_MAX:
        allowed = f"a host name that makes at most {values.DOMAIN_NAME_MAX} characters with fleet_domain"
        problems.add(slave.name, "slave_hostname", slave.hostname, allowed)
    if len(nfs_root) > _NFS_ROOT_MAX:
        allowed = f"a path that makes nfsroot= ({len(nfs_root)} characters) at most {_NFS_ROOT_MAX}"
        problems.add(slave.name, "slave_root", slave.root, allowed)
    if len(command_line) > _COMMAND_LINE_MAX:
        allowed = f"words that make the command line ({len(command_line)} characters) at most {_COMMAND_LINE_MAX}"
        problems.add(slave.name, "slave_kernel_arguments", slave.kernel_arguments, allowed)
    return {
        "name": slave.name,
        "hostname": slave.hostname,
        "short_name": slave.hostname.partition(".")[0],
        "fqdn": fqdn,
        "mac": slave.mac,
        "address": slave.address or "",
        "addressing": slave.addressing or "",
        "hex_name": f"{slave.number:08X}",
        "mac_name": mac_name,
        "architecture": slave.architecture or "",
        "loader": slave.loader or "",
        "nic": slave.nic or "",
        "root": slave.root,
        "source": slave.source or "",
        "init": slave.init or "",
        "console": slave.console or "",
        "nfs_version": slave.nfs_version or "",
        "kernel_source": slave.kernel_source or "",
        "kernel_arguments": slave.kernel_arguments or "",
        "kernel_file": kernel_file,
        "initrd_file": initrd_file,
        "previous_kernel_file": f"{kernel_file}.previous",
        "previous_initrd_file": f"{initrd_file}.previous" if initrd_file else "",
        # Entered when the whole fleet is known.
        "etherboot_file": "",
        "boot_group": "",
        "script_file": f"ipxe/{mac_name}.ipxe",
        "root_path": f"{site.master_address}:{slave.root}",
        "nfs_root": nfs_root,
        "command_line": command_line,
    }


def boot_images(kernel_source: str, architecture: str) -> tuple[str, str]:
    """Return the names below the TFTP root of a slave's kernel and of its initial RAM disk, "" where it has none."""
    if kernel_source == "package":
        return f"vmlinuz-package_{architecture}", f"initrd-package_{architecture}"
    return f"bzImage_{architecture}", ""


def _addressing(slave: Slave, site: Site) -> str:
    """Return the word that tells the kernel its address (Documentation/admin-guide/nfs/nfsroot.rst of Linux, ip=).

    A static one names no interface: the kernel configures the first that it finds a cable in.
    """
    if slave.addressing != "static" or site.network is None:
        return "ip=dhcp"
    name_servers = ":".join(site.dns_servers[:2])
    fields = [slave.address, site.master_address, site.router, site.network.netmask, slave.hostname, "", "off"]
    return "ip=" + ":".join([*(field or "" for field in fields), name_servers]).rstrip(":")


def _command_line(slave: Slave, nfs_root: str, addressing: str) -> str:
    """Return the kernel's command line (Documentation/admin-guide/nfs/nfsroot.rst of Linux).

    A distribution's initial RAM disk is told the same: initramfs-tools(7) and dracut.cmdline(7) know these words, too.

    net.ifnames=0 is udev's (systemd.net-naming-scheme(7)): the interface that carries the root keeps its name.
    """
    words = [addressing, "root=/dev/nfs", f"nfsroot={nfs_root}", "rw", "net.ifnames=0"]
    if slave.init in INIT_PROGRAMS:
        words.append(f"init={INIT_PROGRAMS[slave.init]}")
    console, extra = slave.console, slave.kernel_arguments
    if console:
        # The last console= becomes /dev/console; the screen keeps showing the kernel's messages.
        words += ["console=tty0", f"console={console}"] if console != "tty0" else ["console=tty0"]
    return " ".join([*words, extra] if extra else words)
