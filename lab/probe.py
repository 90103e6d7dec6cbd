# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The question that the lab types into a slave's shell, and how its answer is read and compared with the inventory.

Only shell built-ins, /proc and /sys are used, so that a slave needs no more than a POSIX shell.
"""

import base64
import hashlib
import re
from dataclasses import dataclass
from ipaddress import IPv4Address

BUILT = "-slave"
"""How the release ends of a kernel that the collection has built (LOCALVERSION); a distribution's ends otherwise."""

INITS = {"systemd": ("systemd",), "openrc": ("openrc-init", "init")}
"""The names that an init's first process goes by; `init` is sysvinit's, which leaves the work to OpenRC."""

MACHINES = {"x86_64": "x86_64", "i386": "i686", "arm64": "aarch64"}
"""What a kernel calls its machine (uname -m), by the inventory's name of the architecture."""

_SCRIPT = """\
n=lab$(({a}*{b})); o() {{ echo "<$n $1 $2>"; }}
read -r v </proc/sys/kernel/hostname; o hostname "$v"
p=; while read -r a b c; do case "$a $b" in "/32 host") o address "$p";; esac; p=$b; done </proc/net/fib_trie
while read -r d m c; do case "$m" in /) o root "$d $c";; esac; done </proc/mounts
read -r v </proc/cmdline; o cmdline "$v"; read -r r </proc/sys/kernel/osrelease; o kernel "$r"
m=none; [ -e "/lib/modules/$r/modules.dep" ] && m=there; o modules $m
v=; read -r v </proc/sys/kernel/arch; o machine "$v"
read -r v </proc/1/comm; o init "$v"; v=bios; [ -d /sys/firmware/efi ] && v=uefi; o firmware "$v"
v=; read -r v </etc/machine-id; o machine-id "$v"
v=; read -r v </etc/ssh/ssh_host_ed25519_key.pub; o ssh-key "$v"
o end $(({a}+{b}))
"""

_KEYS = {"hostname", "root", "cmdline", "kernel", "machine", "modules", "init", "firmware", "machine-id", "ssh-key"}
"""What every answer holds once; addresses may be several."""


@dataclass(frozen=True)
class Expected:
    """What the inventory says about a slave. An empty string is not compared; *kernel* is `build` or `package`."""

    hostname: str
    address: str
    root: str = ""
    nfs_version: str = ""
    init: str = ""
    firmware: str = ""
    kernel: str = ""
    architecture: str = ""


@dataclass(frozen=True)
class Facts:
    """What a slave says about itself.

    :ivar root: its line of /proc/mounts: device, type and options
    :ivar machine: what uname -m says: x86_64, i686; Linux shows it in /proc since 6.1
    :ivar init: the name of its first process: `systemd`, `openrc-init`, or `init` for sysvinit and others
    :ivar modules: `there` where its root has the modules of its kernel, else `none`
    :ivar firmware: `uefi` where the kernel knows UEFI and was started by it, else `bios`
    """

    hostname: str
    addresses: tuple[str, ...]
    root: str
    cmdline: str
    kernel: str
    machine_id: str
    host_key: str
    init: str
    firmware: str
    machine: str
    modules: str = ""

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
        if expected.init and self.init not in INITS.get(expected.init, (expected.init,)):
            found.append(f"the init is {self.init!r}, not {expected.init}")
        return found + self._kernel_problems(expected)

    def _kernel_problems(self, expected: Expected) -> list[str]:
        """What the kernel is, and what it says of the machine."""
        found = []
        source = "build" if self.kernel.endswith(BUILT) else "package"
        if expected.kernel and source != expected.kernel:
            found.append(f"the kernel is {self.kernel!r}, which is not of slave_kernel_source {expected.kernel}")
        modules = {"build": "none", "package": "there"}.get(expected.kernel, self.modules)
        if self.modules != modules:
            found.append(f"the modules of its kernel: {self.modules}, not {modules}")
        if expected.firmware and self.firmware != expected.firmware:
            found.append(f"the firmware is {self.firmware}, not {expected.firmware}")
        if expected.architecture and self.machine != MACHINES[expected.architecture]:
            found.append(f"the machine is {self.machine or 'unknown'}, not {MACHINES[expected.architecture]}")
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
        if not set(values) >= _KEYS:
            return None
        return Facts(
            hostname=values["hostname"],
            addresses=_addresses([value for key, value in pairs if key == "address"]),
            root=values["root"],
            cmdline=values["cmdline"],
            kernel=values["kernel"],
            machine_id=values["machine-id"],
            host_key=fingerprint(values["ssh-key"]),
            init=values["init"],
            firmware=values["firmware"],
            machine=values["machine"],
            modules=values["modules"],
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
