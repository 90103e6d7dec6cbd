# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A master of a few files, and a place for the roots that are made from it by the real rsync."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any

from ansible_collections.netboot.diskless.plugins.module_utils._root_source import inspect
from ansible_collections.netboot.diskless.plugins.module_utils._slave_root import Root, Source

from tests.unit.shared import picture

ETC = {
    "conf.d/hostname": 'hostname="master"\n',
    "exports": "/home *(rw)\n",
    "fstab": "/dev/sda1 / ext4 defaults 0 1\n",
    "group": "root:x:0:\nsshd:x:22:\n",
    "hostname": "master\n",
    "init.d/agetty": "#!/sbin/openrc-run\n",
    "init.d/bootmisc": "#!/sbin/openrc-run\n",
    "init.d/dhcpd": "#!/sbin/openrc-run\n",
    "init.d/local": "#!/sbin/openrc-run\n",
    "init.d/net.lo": "#!/sbin/openrc-run\n",
    "init.d/sshd": "#!/sbin/openrc-run\n",
    "machine-id": "0" * 32 + "\n",
    "passwd": "root:x:0:0:root:/root:/bin/sh\nsshd:x:22:22::/var/empty:/sbin/nologin\n",
    "profile": "umask 022\n",
    "runlevels/default/dhcpd": "",
    "shadow": "root:$6$masters$hash:1::::::\n",
    "ssh/ssh_host_ed25519_key": "the master's\n",
    "ssh/sshd_config": "PermitRootLogin no\n",
}
HASH = "$6$salt$slaves"


class World:
    """A master with programs and an /etc, and a place for roots."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.master = str(base / "master")
        self.roots = base / "diskless"
        self.roots.mkdir()
        for name, mode in {"bash": 0o755, "su": 0o4711, "removed-later": 0o755}.items():
            path = base / "master/usr/bin" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(name)
            path.chmod(mode)
        os.link(base / "master/usr/bin/bash", base / "master/usr/bin/rbash")
        (base / "master/usr/src").mkdir()
        (base / "master/usr/src/Makefile").write_text("all:\n")
        (base / "master/bin").symlink_to("usr/bin")
        (base / "master/sbin").mkdir()
        (base / "master/sbin/openrc-init").write_text("openrc-init")
        (base / "master/sbin/init").symlink_to("/sbin/openrc-init")
        for name, text in ETC.items():
            path = base / "master/etc" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        (base / "master/etc/shadow").chmod(0o640)
        (base / "master/etc/ssh/ssh_host_ed25519_key").chmod(0o600)
        (base / "state").mkdir()
        (base / "outside/below").mkdir(parents=True)
        for name in ("file", "sshd", "below/file"):
            (base / "outside" / name).write_text("the master's")

    def source(self, **changes: Any) -> Source:
        # There is no /lib32.
        given = Source(
            directory=self.master,
            system=inspect(self.master),
            programs=["/bin", "/lib32", "/sbin", "/usr"],
            exclude=["/usr/src"],
            stamp="one",
            etc_exclude=[],
            runlevels={"boot": ["bootmisc", "keymaps"], "default": ["agetty.tty1", "local", "net.eth0"]},
            units={"multi-user.target": ["ssh.service", "sshd.service"], "getty.target": ["getty@tty1.service"]},
            services=["sshd"],
            root_hash="",
            site={"master_address": "192.168.1.1", "master_name": "master", "domain": "", "dns_servers": []},
            state_directory=str(self.base / "state"),
            progress=str(self.base / "state/progress"),
        )
        return dataclasses.replace(given, **changes)

    def slave(self, number: int = 21, **changes: str) -> dict[str, str]:
        address = f"192.168.1.{number}"
        return {
            "name": f"slave{number}",
            "hostname": f"slave{number}",
            "fqdn": f"slave{number}",
            "address": address,
            "root": str(self.roots / address),
            "source": self.master,
            "init": "auto",
            "console": "ttyS0,115200",
            "kernel": "",
            "nfs_version": "4.2",
            **changes,
        }

    def bring(self, number: int = 21, dry: bool = False, **changes: Any) -> list[str]:
        return Root(self.slave(number), self.source(**changes), dry).bring()

    def made_from(self, number: int = 21) -> str:
        """What a run says when it makes a root."""
        return f"{self.roots}/192.168.1.{number} is made from the programs of {self.master}"

    def made(self, number: int = 21, **changes: Any) -> Path:
        self.bring(number, **changes)
        return self.roots / f"192.168.1.{number}"


def entry(root: Path, relative: str) -> str:
    """Kind and mode, owner."""
    return picture(root)[relative].rpartition(" ")[0]


def services(root: Path, level: str) -> dict[str, str]:
    directory = root / "etc/runlevels" / level
    return {path.name: os.readlink(path) for path in directory.iterdir()}


class Killed(BaseException):
    """Stands for SIGKILL: nothing of ours runs after it, because nothing of ours catches it."""
