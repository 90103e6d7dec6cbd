# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Debian master in a container of systemd-nspawn, booted by systemd."""

import contextlib
import shutil
import time
from collections.abc import Mapping
from pathlib import Path

from lab.debian import build
from lab.masters.base import POLL, SOURCES, ContainerMaster, MasterError, kernel_has_nfsd, personalise_debian
from lab.settings import Settings

_BOOT = Path(__file__).with_name("debian_boot.sh")

UNITS = "usr/lib/netboot-lab/units"
"""The stand-in's units below the root; they come to power by a copy in /etc/systemd/system."""
WITHOUT_NFSD = (
    "fsidd.service",
    "nfs-blkmap.service",
    "nfs-idmapd.service",
    "nfs-mountd.service",
    "nfsdcld.service",
    "proc-fs-nfsd.mount",
    "run-rpc_pipefs.mount",
)
"""Units of nfs-common and nfs-kernel-server that need the kernel's part of NFS."""


class DebianMaster(ContainerMaster):
    """lab/debian's image."""

    image = build.image
    init = "systemd"
    poweroff_command = ("systemctl", "poweroff")
    reboot_command = ("systemctl", "reboot")

    def finish_root(self, root: Path) -> None:
        """Its identity, and the NFS server that this host's kernel allows."""
        personalise_debian(root)
        if not kernel_has_nfsd():
            use_stand_in(root)

    def keeper(self, sources: Mapping[str, Path]) -> list[str]:
        """A script that starts systemd-nspawn again after a reboot."""
        it = self.settings
        read_only = {it.kernel_source: "/usr/src/linux"}
        read_only |= {path: f"{SOURCES}/{name}" for name, path in sources.items()}
        binds = [f"--bind-ro={_escaped(path)}:{place}" for path, place in read_only.items()]
        binds.append(f"--bind={_escaped(it.kernel_cache)}:/var/cache/netboot-diskless/kernel")
        groups = [str(path) for path in control_groups(it)]
        network = f"--network-namespace-path=/run/netns/{it.master_namespace}"
        options = [f"--directory={it.master_root}", f"--machine={it.name}", network, *binds]
        return ["sh", str(_BOOT), str(it.master_pid_file), ":".join(groups), *options]

    def remove(self) -> None:
        """Remove its root, and the control groups of its processes."""
        super().remove()
        for group in control_groups(self.settings):
            remove_group(group)


def remove_group(group: Path, seconds: float = 5.0) -> None:
    """Remove a control group and those below it; a process that is just ending keeps its group for a moment.

    :raises MasterError: a process stays.
    """
    limit = time.monotonic() + seconds
    while group.exists():
        # rmdir(2) alone: the files of a group cannot be removed, and go with it
        for below in sorted((path for path in group.rglob("*") if path.is_dir()), reverse=True):
            with contextlib.suppress(OSError):
                below.rmdir()
        with contextlib.suppress(OSError):
            group.rmdir()
        if group.exists() and time.monotonic() > limit:
            raise MasterError(f"the control group {group} still has processes")
        time.sleep(POLL)


def _escaped(path: Path) -> str:
    """A path in systemd-nspawn's --bind, where a colon separates."""
    return str(path).replace("\\", "\\\\").replace(":", "\\:")


def control_groups(settings: Settings, mounts: str = "") -> list[Path]:
    """The instance's own group in each hierarchy that systemd uses: version 2's, and version 1's that has its name.

    Two masters in one group would take each other's services for their own.
    """
    text = mounts or Path("/proc/self/mountinfo").read_text(encoding="utf-8")
    found = []
    for line in text.splitlines():
        words = line.split()
        kind, _device, options = words[words.index("-") + 1 :]
        if kind == "cgroup2" or (kind == "cgroup" and "name=systemd" in options.split(",")):
            found.append(Path(words[4]) / f"netboot-lab-{settings.name}")
    return found


def use_stand_in(root: Path) -> None:
    """Let the stand-in's units outweigh those that packages will bring."""
    units = root / "etc/systemd/system"
    for unit in (root / UNITS).iterdir():
        # no link: `systemctl disable` would remove it with the others
        shutil.copyfile(unit, units / unit.name)
    for name in WITHOUT_NFSD:
        (units / name).symlink_to("/dev/null")
