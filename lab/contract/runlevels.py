# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which services are in which runlevel of a fresh image: OpenRC's own set, as a Gentoo stage has it, and sshd."""

from pathlib import Path

RUNLEVELS = {
    "sysinit": "cgroups devfs dmesg sysfs",
    "boot": (
        "bootmisc fsck hostname hwclock keymaps localmount loopback modules mtab procfs root save-keymaps "
        "save-termencoding seedrng swap sysctl termencoding"
    ),
    "default": "local net.eth0 netmount sshd",
    "nonetwork": "local",
    "shutdown": "killprocs mount-ro savecache",
}


def link(root: Path) -> None:
    """Make the runlevels of *root*; Debian's own two, off and recovery, go.

    :raises FileNotFoundError: a service has no init script.
    """
    levels = root / "etc/runlevels"
    for name in ("off", "recovery"):
        if (levels / name).is_dir():
            (levels / name).rmdir()
    (root / "etc/init.d/net.eth0").symlink_to("net.lo")
    for level, services in RUNLEVELS.items():
        (levels / level).mkdir(parents=True, exist_ok=True)
        for service in services.split():
            if not (root / "etc/init.d" / service).exists():
                raise FileNotFoundError(f"runlevel {level}: the image has no init script {service}")
            (levels / level / service).symlink_to(f"/etc/init.d/{service}")
