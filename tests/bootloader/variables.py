# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a user would write for this machine: a small base, and on top of the role's fragment what the machine needs."""

from __future__ import annotations

import json
from typing import Any

OUTPUT = "/var/cache/netboot-diskless/kernel"
KERNELS = GOOD, BROKEN = "master", "master-without-ext4"
"""Names of the two kernels, and of their output directories where they are built."""

# Its disk and network adapter, and the RAM disk that Debian's tools make; a module, so that there is one to install.
_MACHINE = {
    "LOCALVERSION": "-master",
    "PCI": True,
    "VIRTIO_MENU": True,
    "VIRTIO_PCI": True,
    "BLOCK": True,
    "BLK_DEV": True,
    "VIRTIO_BLK": True,
    "EXT4_FS": True,
    "BLK_DEV_INITRD": True,
    "RD_GZIP": True,
    "RD_ZSTD": True,
    "MODULES": True,
    "MODULE_UNLOAD": True,
    "NETDEVICES": True,
    "NET_CORE": True,
    "VIRTIO_NET": True,
    "DUMMY": "m",
}
# A slave's fragment has all that a small kernel needs for systemd, the serial console and the common adapters.
_USERLAND = "'slave' | netboot.diskless.kernel_fragment(version='6.1', inits=['systemd'])"


def _symbols(machine: dict[str, Any]) -> str:
    return f"{{{{ {_USERLAND} | combine({json.dumps(machine).replace('true', 'True').replace('false', 'False')}) }}}}"


def kernel(name: str) -> dict[str, Any]:
    """The variables of one of the two kernels. The broken one does not know the file system of its root.

    The role refuses such a kernel; whoever switches that check off gets it.
    """
    broken = name == BROKEN
    machine = {**_MACHINE, **({"EXT4_FS": False} if broken else {})}
    return {
        "master_kernel_build": True,
        "master_kernel_base": "tinyconfig",
        "master_kernel_output": f"{OUTPUT}/{GOOD}",
        "master_kernel_symbols": _symbols(machine),
        "master_kernel_check_drivers": not broken,
    }


def arguments(name: str, **more: Any) -> list[str]:
    """ansible-playbook's arguments for a kernel, with more variables."""
    return ["--tags", "master_kernel", "-e", json.dumps({**kernel(name), **more})]
