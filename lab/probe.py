# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The question that the lab types into a slave's shell, and how its answer is read and compared with the inventory.

Only shell built-ins and /proc are used, so that a slave needs no more than a POSIX shell.
"""

import base64
import hashlib
import re
from dataclasses import dataclass
from ipaddress import IPv4Address

_SCRIPT = """\
n=lab$(({a}*{b})); o() {{ echo "<$n $1 $2>"; }}
read -r v </proc/sys/kernel/hostname; o hostname "$v"
p=; while read -r a b c; do case "$a $b" in "/32 host") o address "$p";; esac; p=$b; done </proc/net/fib_trie
while read -r d m c; do case "$m" in /) o root "$d $c";; esac; done </proc/mounts
read -r v </proc/cmdline; o cmdline "$v"; read -r v </proc/sys/kernel/osrelease; o kernel "$v"
v=; read -r v </etc/machine-id; o machine-id "$v"
v=; read -r v </etc/ssh/ssh_host_ed25519_key.pub; o ssh-key "$v"
o end $(({a}+{b}))
"""


@dataclass(frozen=True)
class Expected:
    """What the inventory says about a slave. An empty string is not compared."""

    hostname: str
    address: str
    root: str = ""
    nfs_version: str = ""


@dataclass(frozen=True)
class Facts:
    """What a slave says about itself; `root` is its line of /proc/mounts: device, type and options."""

    hostname: str
    addresses: tuple[str, ...]
    root: str
    cmdline: str
    kernel: str
    machine_id: str
    host_key: str

    def problems(self, expected: Expected) -> list[str]:
        """Differences from the inventory, one line each; an empty list when the slave is the right one."""
        found = []
        if self.hostname.split(".")[0] != expected.hostname:
            found.append(f"host name is {self.hostname!r}, not {expected.hostname!r}")
        if self.addresses != (expected.address,):
            found.append(f"IPv4 addresses are {', '.join(self.addresses) or 'none'}, not {expected.address}")
        device, kind, options = [*self.root.split(), "", "", ""][:3]
        if kind not in ("nfs", "nfs4"):
            found.append(f"the root is of type {kind or 'unknown'}, not nfs")
        if expected.root and device != expected.root:
            found.append(f"the root is {device}, not {expected.root}")
        version = next(
            (word.removeprefix("vers=") for word in options.split(",") if word.startswith("vers=")), "unknown"
        )
        if expected.nfs_version and version != expected.nfs_version:
            found.append(f"the root's NFS version is {version}, not {expected.nfs_version}")
        return found


def fingerprint(public_key: str) -> str:
    """`SHA256:...` of a line in OpenSSH's public key format, as ssh-keygen(1) -l prints it; nothing for no key."""
    words = public_key.split()
    if len(words) < 2:
        return ""
    try:
        digest = hashlib.sha256(base64.b64decode(words[1], validate=True)).digest()
    except ValueError:
        return ""
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


@dataclass(frozen=True)
class Probe:
    """One question. Its two numbers are random: every line of the answer carries their product, which the slave's
    shell has to work out, so the echo of what was typed cannot pass for an answer, nor can an earlier answer."""

    first: int
    second: int

    @property
    def nonce(self) -> str:
        """The word that opens each line of the answer."""
        return f"lab{self.first * self.second}"

    def script(self) -> str:
        """Lines to type into the shell."""
        return _SCRIPT.format(a=self.first, b=self.second)

    def read(self, text: str) -> Facts | None:
        """The facts in what the console printed since, or None while the answer is not complete."""
        pairs = re.findall(rf"<{self.nonce} ([a-z-]+) (.*)>", text)
        if ("end", str(self.first + self.second)) not in pairs:
            return None
        values = dict(pairs)
        if not {"hostname", "root", "cmdline", "kernel", "machine-id", "ssh-key"} <= set(values):
            return None
        return Facts(
            hostname=values["hostname"],
            addresses=_addresses([value for key, value in pairs if key == "address"]),
            root=values["root"],
            cmdline=values["cmdline"],
            kernel=values["kernel"],
            machine_id=values["machine-id"],
            host_key=fingerprint(values["ssh-key"]),
        )


def _addresses(values: list[str]) -> tuple[str, ...]:
    """Addresses that are not of the loopback network, sorted; /proc/net/fib_trie names each several times."""
    found = set()
    for value in values:
        try:
            address = IPv4Address(value)
        except ValueError:
            continue  # mangled by a kernel message; the comparison with the inventory will tell
        if not address.is_loopback:
            found.add(address)
    return tuple(str(address) for address in sorted(found))
