# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Give a command a TAP device: `tap.py TAP BRIDGE COMMAND...`, run inside the lab's namespace.

The device is created here, joined to the bridge, and handed to the command by file descriptor: each `{tap}` in the
command becomes the descriptor's number. It is not persistent: the kernel removes it with the process.
"""

import fcntl
import os
import struct
import subprocess
import sys

TUNSETIFF = 0x400454CA
IFF_TAP = 0x0002
IFF_NO_PI = 0x1000
IFF_VNET_HDR = 0x4000
"""linux/if_tun.h. With IFF_VNET_HDR QEMU's virtio card may pass checksum work on; e1000 does without."""


def open_tap(name: str, bridge: str) -> int:
    """Create TAP `name` (at most 15 characters), attach it to `bridge`, and return an inheritable descriptor."""
    descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC)
    fcntl.ioctl(descriptor, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI | IFF_VNET_HDR))
    subprocess.run(["ip", "link", "set", name, "master", bridge, "up"], check=True)
    os.set_inheritable(descriptor, True)
    return descriptor


def main(arguments: list[str]) -> None:
    """Become the command."""
    name, bridge, *command = arguments
    descriptor = str(open_tap(name, bridge))
    command = [word.replace("{tap}", descriptor) for word in command]
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1:])
