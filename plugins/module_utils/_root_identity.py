# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What makes a root its slave's own: the texts of the files below its /etc that carry the slave's identity."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from typing import Any

from ansible_collections.netboot.diskless.plugins.module_utils._root_source import SYSTEMD

MANAGED = "# Managed by netboot.diskless: what is changed here is lost with the next run.\n"

# The kernel has set the interface up and the root hangs on it: systemd-networkd, where it runs, leaves it alone.
# 10- comes before what distributions ship (systemd.network(5)).
NETWORK = "etc/systemd/network/10-netboot-diskless.network"
KEEP_NETWORK = f"{MANAGED}[Match]\nName=eth0\n\n[Network]\nKeepConfiguration=yes\n"
# systemd's own file of this name asks for as many processes as a 64-bit kernel can have. A small one (BASE_SMALL) has
# room for fewer and says EINVAL, at which systemd-sysctl fails; behind a hyphen it may (sysctl.d(5)).
PROCESSES = "etc/sysctl.d/50-pid-max.conf"
MAYBE_PROCESSES = f"{MANAGED}-kernel.pid_max = 4194304\n"

Identity = dict[str, str]

SYSTEMD_TEXTS: Identity = {NETWORK: KEEP_NETWORK, PROCESSES: MAYBE_PROCESSES}


def fstab(slave: dict[str, Any], site: dict[str, Any]) -> str:
    """The slave's fstab(5): its root stays as the kernel mounted it; rsize and wsize are left to negotiation.

    Fields five and six are 0: there is no disk to dump or check. nolock is version 3's, which has no lock manager
    before the network's services run.
    """
    options = ["rw", "hard"]
    if slave["nfs_version"] == "3":
        options.append("nolock")
    options.append(f"vers={slave['nfs_version']}")
    return f"{MANAGED}{site['master_address']}:{slave['root']} / nfs {','.join(options)} 0 0\n"


def hosts(slave: dict[str, Any], site: dict[str, Any]) -> str:
    """The slave's hosts(5): itself and the master, so that both resolve without a name server."""
    names = [slave["fqdn"], slave["hostname"]] if slave["fqdn"] != slave["hostname"] else [slave["hostname"]]
    master = site["master_name"]
    if "." in master:
        master += f" {master.partition('.')[0]}"
    return (
        f"{MANAGED}127.0.0.1 localhost\n::1 localhost\n"
        f"{slave['address']} {' '.join(names)}\n{site['master_address']} {master}\n"
    )


def resolver(site: dict[str, Any]) -> str:
    """The slave's resolv.conf(5)."""
    lines = [f"search {site['domain']}"] if site["domain"] else []
    lines += [f"nameserver {server}" for server in site["dns_servers"]]
    return MANAGED + "".join(f"{line}\n" for line in lines)


def texts(slave: dict[str, Any], site: dict[str, Any], init: str) -> Identity:
    """Path below the root (without a leading slash) and text of each file that is the slave's own.

    Args:
        slave: the slave's fields of the fleet model.
        site: the fleet's site.
        init: the init that the root starts, openrc or systemd.
    """
    files = {
        "etc/hostname": f"{slave['hostname']}\n",
        "etc/hosts": hosts(slave, site),
        "etc/fstab": fstab(slave, site),
        "etc/resolv.conf": resolver(site),
    }
    return {**files, **(SYSTEMD_TEXTS if init == SYSTEMD else _openrc_texts(slave))}


def _openrc_texts(slave: dict[str, Any]) -> Identity:
    """What only OpenRC reads.

    /etc/hostname wins over /etc/conf.d/hostname, so both are written. The network script must leave the interface
    alone that carries the root (netifrc's config_eth0="noop").
    """
    files = {
        "etc/conf.d/hostname": f'{MANAGED}hostname="{slave["hostname"]}"\n',
        "etc/conf.d/net": f'{MANAGED}config_eth0="noop"\n',
    }
    if slave["console"]:
        tty, _comma, baud = slave["console"].partition(",")
        # What the kernel calls 115200n8 is 115200 to a getty.
        speed = re.sub("[^0-9].*", "", baud) or "9600"
        files[f"etc/conf.d/agetty.{tty}"] = f'{MANAGED}baud="{speed}"\nterm_type="vt100"\n'
    return files


def shadow(passwd: str, root_hash: str) -> str:
    """A shadow(5) for the accounts of a passwd(5) in which nobody has a password, and root the given one.

    Args:
        passwd: text of the passwd file.
        root_hash: crypt(5) hash of root's password, or nothing to lock it.
    """
    names = [line.split(":", 1)[0] for line in passwd.splitlines() if ":" in line]
    return "".join(f"{name}:{root_hash or '*' if name == 'root' else '*'}::0:99999:7:::\n" for name in names)


def with_root_hash(text: str, root_hash: str) -> str:
    """A shadow(5) text with root's hash replaced and every other account as it was."""
    lines = []
    for line in text.splitlines():
        fields = line.split(":")
        if fields[0] == "root" and len(fields) > 1:
            fields[1] = root_hash
        lines.append(":".join(fields))
    return "".join(f"{line}\n" for line in lines)


def group_shadow(group: str) -> str:
    """A gshadow(5) for the groups of a group(5) in which no group has a password."""
    names = [line.split(":", 1)[0] for line in group.splitlines() if ":" in line]
    return "".join(f"{name}:!::\n" for name in names)


def host_key(comment: str) -> tuple[bytes, bytes]:
    """A new Ed25519 key pair for sshd(8), private and public; it is made by ssh-keygen, outside of any root.

    Raises:
        OSError: ssh-keygen fails.
    """
    with tempfile.TemporaryDirectory(prefix="netboot-key-") as scratch:
        key = os.path.join(scratch, "key")
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", key]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if done.returncode:
            raise OSError(f"ssh-keygen fails: {done.stderr.strip()}")
        with open(key, "rb") as private, open(f"{key}.pub", "rb") as public:
            return private.read(), public.read()
