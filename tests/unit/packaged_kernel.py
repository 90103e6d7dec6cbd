# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kernels of packages and initial RAM disks of a few bytes, as the real ones are laid out."""

from __future__ import annotations

import gzip
import stat
from collections.abc import Mapping
from pathlib import Path

FILE = stat.S_IFREG | 0o644
DIRECTORY = stat.S_IFDIR | 0o755


def image(release: str) -> bytes:
    """The beginning of a bootable image that tells its release (Documentation/arch/x86/boot.rst)."""
    version = f"{release} (builder@host) #1 SMP".encode() + b"\0"
    header = bytearray(0x210)
    header[0x202:0x206] = b"HdrS"
    header[0x20E:0x210] = (0x400).to_bytes(2, "little")
    return bytes(header) + bytes(0x600 - len(header)) + version + bytes(2000)


def place(root: Path, release: str, where: str = "boot/vmlinuz-{release}") -> list[str]:
    """Puts a kernel with a module below a root, and returns the paths that its package owns."""
    modules = root / "usr/lib/modules" / release
    (modules / "kernel").mkdir(parents=True)
    (modules / "modules.dep").write_text("kernel/e1000.ko:\n")
    (modules / "kernel/e1000.ko").write_text(f"e1000 of {release}")
    if not (root / "lib").exists():
        (root / "lib").symlink_to("usr/lib")
    path = root / where.format(release=release)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(image(release))
    return [f"/{where.format(release=release)}", f"/usr/lib/modules/{release}/kernel/e1000.ko"]


def dpkg(root: Path, packages: Mapping[str, tuple[str, list[str]]], state: str = "install ok installed") -> None:
    """A database of dpkg: by package, what it depends on and its files."""
    info = root / "var/lib/dpkg/info"
    info.mkdir(parents=True, exist_ok=True)
    paragraphs = []
    for name, (depends, files) in packages.items():
        paragraphs.append(f"Package: {name}\nStatus: {state}\nDepends: {depends}\nVersion: 1\n")
        (info / f"{name}.list").write_text("\n".join(["/.", *files]) + "\n")
    (root / "var/lib/dpkg/status").write_text("\n".join(paragraphs))


def portage(root: Path, version: str, files: list[str]) -> None:
    """A package in a database of Portage."""
    entry = root / "var/db/pkg" / version
    entry.mkdir(parents=True)
    lines = ["dir /usr", *(f"obj {path} d41d8cd98f00b204e9800998ecf8427e 1700000000" for path in files)]
    (entry / "CONTENTS").write_text("\n".join(lines) + "\n")


def cpio(files: Mapping[str, bytes | int]) -> bytes:
    """An archive of cpio(5)'s new format; a number is the mode of a file without content."""
    out = b""
    for name, content in {**files, "TRAILER!!!": b""}.items():
        mode, data = (content, b"") if isinstance(content, int) else (FILE, content)
        fields = [1, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0]
        out += b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0"
        out += bytes(-len(out) % 4) + data
        out += bytes(-len(out) % 4)
    return out + bytes(-len(out) % 512)


RELEASE = "6.12.1-amd64"
MODULES = f"usr/lib/modules/{RELEASE}/"
ALIASES = b"""# a comment
alias pci:v00008086d000010D3sv*sd*bc*sc*i* e1000e
alias pci:v00001106d00003065sv*sd*bc*sc*i* via_rhine
alias pci:v00001106d00003106sv00001186sd00001403bc*sc*i* via_rhine
alias pci:v00008086d00002668sv*sd*bc*sc*i* snd_hda_intel
alias pci:v000010ECd00008168sv*sd*bc*sc*i* r8168
alias pci:v00001AF4d*sv*sd*bc*sc*i* virtio_pci
alias virtio:d00000001v* virtio_net
"""
PLAIN: dict[str, bytes | int] = {
    ".": DIRECTORY,
    f"{MODULES}kernel/fs/nfs/nfs.ko.xz": b"nfs",
    f"{MODULES}kernel/fs/nfs/nfsv3.ko.xz": b"nfsv3",
    f"{MODULES}kernel/drivers/net/ethernet/via/via-rhine.ko.xz": b"via",
}
PACKED: dict[str, bytes | int] = {
    ".": DIRECTORY,
    "bin": stat.S_IFLNK | 0o777,
    "usr/bin/nfsmount": b"#!/bin/sh\n",
    "./usr/sbin/mount.nfs": b"\x7fELF",
    f"{MODULES}kernel/fs/nfs/nfsv4.ko": b"nfsv4",
    f"{MODULES}updates/dkms/r8168.ko": b"r8168",
    f"{MODULES}kernel/sound/pci/hda/snd-hda-intel.ko": b"sound",
    f"{MODULES}modules.builtin": b"kernel/drivers/net/e1000.ko\n",
    f"{MODULES}modules.alias": ALIASES,
    "etc/netconfig": b"udp\n",
}


def ram_disk(plain: Mapping[str, bytes | int] = PLAIN, packed: Mapping[str, bytes | int] = PACKED) -> bytes:
    """A RAM disk as initramfs-tools makes them: what is compressed already, then the rest compressed."""
    return cpio(plain) + gzip.compress(cpio(packed), mtime=0)
