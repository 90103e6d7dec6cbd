# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where one instance of the lab keeps its things: names, addresses and paths, derived from two environment variables.

LAB_NAME tells instances apart (namespaces, run directory); LAB_CACHE is what instances share (images, kernels, the
Linux source, the ssh key).
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

CHECKOUT = Path(__file__).resolve().parent.parent
_NAME = re.compile(r"[a-z][a-z0-9-]{0,40}")


@dataclass(frozen=True)
class Settings:
    """One instance of the lab. All paths are absolute."""

    name: str
    cache: Path

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


def from_environment(environment: Mapping[str, str] | None = None) -> Settings:
    """Settings of the instance that LAB_NAME and LAB_CACHE choose.

    :raises ValueError: LAB_NAME cannot name a network namespace and a directory.
    """
    env = os.environ if environment is None else environment
    name = env.get("LAB_NAME") or "netboot-lab"
    if not _NAME.fullmatch(name):
        raise ValueError(f"LAB_NAME={name!r}: use up to 41 lower-case letters, digits and dashes, first a letter")
    cache_home = Path(env.get("XDG_CACHE_HOME") or Path(env.get("HOME", "/root")) / ".cache")
    cache = Path(env["LAB_CACHE"]) if env.get("LAB_CACHE") else cache_home / "netboot-lab"
    return Settings(name=name, cache=cache.expanduser().absolute())
