# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where one instance of the lab keeps its things: names, addresses and paths, derived from the environment.

LAB_NAME tells instances apart (namespaces, run directory); LAB_CACHE is what instances share (images, kernels, the
Linux source, the ssh key). LAB_MASTER chooses the kind of a new instance's master, LAB_SOURCES names the userlands that
it sees, of which slaves' roots can be made.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

NETWORK = "192.168.1.0/24"
PREFIX = 24
CONTROLLER_ADDRESS = "192.168.1.254"
MASTER_ADDRESS = "192.168.1.1"
MASTER_INTERFACE = "eth0"
BRIDGE = "lab0"

MASTER_KINDS = ("contract", "debian", "debian-vm")
"""What LAB_MASTER may be; the first is the default."""

USERLANDS = ("contract", "debian", "debian-i386")
"""What LAB_SOURCES may name; `1` stands for the first two, those of the masters themselves."""

CHECKOUT = Path(__file__).resolve().parent.parent
_NAME = re.compile(r"[a-z][a-z0-9-]{0,40}")


@dataclass(frozen=True)
class Settings:
    """One instance of the lab. All paths are absolute."""

    name: str
    cache: Path
    asked_master: str = ""
    """The kind of master that was asked for; empty leaves the choice to the instance."""
    sources: tuple[str, ...] = ()
    """The userlands that the master sees at /srv/roots; making the images that are missing takes minutes."""

    @property
    def master_kind(self) -> str:
        """The kind of master that the instance has; before it has one, the kind that was asked for, or the default."""
        try:
            return self.master_kind_file.read_text(encoding="ascii").strip()
        except FileNotFoundError:
            return self.asked_master or MASTER_KINDS[0]

    @property
    def master_kind_file(self) -> Path:
        """Where the instance keeps the kind of its master."""
        return self.run / "master-kind"

    @property
    def master_in_container(self) -> bool:
        """Whether the master shares the host's kernel."""
        return self.master_kind != "debian-vm"

    def check_master_kind(self) -> None:
        """An instance keeps the kind of master that it was made with.

        :raises ValueError: another kind was asked for, or something that this kind cannot do.
        """
        if self.asked_master not in ("", self.master_kind):
            raise ValueError(
                f"LAB_MASTER={self.asked_master}, but the master of {self.name} is {self.master_kind}: "
                "run `make lab-down` first, or choose another LAB_NAME"
            )
        if self.sources and not self.master_in_container:
            raise ValueError(
                f"LAB_SOURCES={','.join(self.sources)}: a {self.master_kind} does not see the host's directories"
            )

    @property
    def lab_namespace(self) -> str:
        """Network namespace of the bridge, the slaves' TAPs and the captures."""
        return self.name

    @property
    def master_namespace(self) -> str:
        """Network namespace of the master."""
        return f"{self.name}-master"

    @property
    def run(self) -> Path:
        """State of the running instance; `down` removes it."""
        return self.cache / "run" / self.name

    @property
    def master_root(self) -> Path:
        """The running master's root directory."""
        return self.run / "master"

    @property
    def master_pid_file(self) -> Path:
        """Host pid of the process that keeps the master's init running."""
        return self.run / "master.pid"

    @property
    def master_disk(self) -> Path:
        """Disk of a master that is an emulated machine; its kernel's files have other suffixes."""
        return self.run / "master.disk"

    @property
    def master_log(self) -> Path:
        """What the master's init and services print on their console."""
        return self.run / "master.log"

    @property
    def ssh_config(self) -> Path:
        """OpenSSH configuration with the host `master`; Ansible and testinfra use it too."""
        return self.run / "ssh_config"

    @property
    def captures(self) -> Path:
        """Packet captures."""
        return self.run / "captures"

    @property
    def consoles(self) -> Path:
        """What the slaves print on their serial lines."""
        return self.run / "consoles"

    @property
    def ssh_key(self) -> Path:
        """Private key for the master's root; the public one lies beside it as `.pub`."""
        return self.cache / "ssh" / "id_ed25519"

    @property
    def kernel_source(self) -> Path:
        """Unpacked Linux 6.1 source, /usr/src/linux in the master (read-only)."""
        return self.cache / "linux-source-6.1"

    @property
    def kernel_cache(self) -> Path:
        """Outputs of kernel builds, /var/cache/netboot-diskless/kernel in the master."""
        return self.cache / "kernel"


def _sources(text: str) -> tuple[str, ...]:
    """The userlands that LAB_SOURCES names.

    :raises ValueError: there is no such userland.
    """
    if text in ("", "0"):
        return ()
    names = USERLANDS[:2] if text == "1" else tuple(dict.fromkeys(text.split(",")))
    unknown = [name for name in names if name not in USERLANDS]
    if unknown:
        raise ValueError(f"LAB_SOURCES={text!r}: there is no {unknown[0]!r}; use 1, or of {', '.join(USERLANDS)}")
    return names


def from_environment(environment: Mapping[str, str] | None = None) -> Settings:
    """Settings of the instance that LAB_NAME, LAB_CACHE, LAB_MASTER and LAB_SOURCES choose.

    :raises ValueError: LAB_NAME cannot name a network namespace and a directory, or there is no such kind of master or
        userland.
    """
    env = os.environ if environment is None else environment
    name = env.get("LAB_NAME") or "netboot-lab"
    if not _NAME.fullmatch(name):
        raise ValueError(f"LAB_NAME={name!r}: use up to 41 lower-case letters, digits and dashes, first a letter")
    cache_home = Path(env.get("XDG_CACHE_HOME") or Path(env.get("HOME", "/root")) / ".cache")
    cache = Path(env["LAB_CACHE"]) if env.get("LAB_CACHE") else cache_home / "netboot-lab"
    kind = env.get("LAB_MASTER", "")
    if kind not in ("", *MASTER_KINDS):
        raise ValueError(f"LAB_MASTER={kind!r}: use {', '.join(MASTER_KINDS[:-1])} or {MASTER_KINDS[-1]}")
    sources = _sources(env.get("LAB_SOURCES", ""))
    return Settings(name, cache.expanduser().absolute(), asked_master=kind, sources=sources)
