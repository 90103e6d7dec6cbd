# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes the daemons' files out of the root and makes them the distribution files of the contract's ebuilds."""

import hashlib
import shutil
import subprocess
from pathlib import Path

Moves = tuple[tuple[str, str], ...]

# What each package takes: a pattern of files in the root, and the place of those files in a Gentoo. A place that ends
# in a slash is a directory. A star in a place stands for what the pattern's star has found.
MOVES: dict[str, Moves] = {
    "net-misc/dhcp": (("usr/sbin/dhcpd", "usr/sbin/"), ("usr/bin/omshell", "usr/bin/")),
    "net-misc/kea": (
        ("usr/sbin/kea-*", "usr/sbin/"),
        ("usr/lib/x86_64-linux-gnu/libkea-*", "usr/lib/x86_64-linux-gnu/"),
        ("usr/lib/x86_64-linux-gnu/kea", "usr/lib64/"),
    ),
    "net-dns/dnsmasq": (("usr/sbin/dnsmasq", "usr/sbin/"),),
    "net-ftp/tftp-hpa": (("usr/sbin/in.tftpd", "usr/sbin/"),),
    "sys-boot/syslinux": (
        ("usr/lib/PXELINUX/*.0", "usr/share/syslinux/"),
        ("usr/lib/syslinux/memdisk", "usr/share/syslinux/"),
        ("usr/lib/syslinux/mbr/*.bin", "usr/share/syslinux/"),
        ("usr/lib/syslinux/modules/bios/*", "usr/share/syslinux/"),
        ("usr/lib/syslinux/modules/efi32/*", "usr/share/syslinux/efi32/"),
        ("usr/lib/syslinux/modules/efi64/*", "usr/share/syslinux/efi64/"),
        ("usr/lib/SYSLINUX.EFI/efi64/syslinux.efi", "usr/share/syslinux/efi64/"),
    ),
    "sys-boot/grub": (
        ("usr/bin/grub-*", "usr/bin/"),
        ("usr/sbin/grub-*", "usr/sbin/"),
        ("usr/lib/grub/i386-pc", "usr/lib/grub/"),
        ("usr/lib/grub/x86_64-efi", "usr/lib/grub/"),
        ("usr/share/grub/*", "usr/share/grub/"),
    ),
    "sys-boot/shim": (
        ("usr/lib/shim/shimx64.efi.signed", "usr/share/shim/BOOTX64.EFI"),
        ("usr/lib/shim/mmx64.efi.signed", "usr/share/shim/mmx64.efi"),
    ),
    "sys-firmware/ipxe": (
        ("usr/lib/ipxe/undionly.kpxe", "usr/share/ipxe/"),
        ("usr/lib/ipxe/ipxe.lkrn", "usr/share/ipxe/"),
        ("usr/lib/ipxe/ipxe-amd64.efi", "usr/share/ipxe/ipxe-x86_64.efi"),
    ),
    "net-nds/rpcbind": (("usr/sbin/rpcbind", "usr/sbin/"), ("usr/bin/rpcinfo", "usr/bin/")),
    "net-fs/nfs-utils": (
        ("usr/sbin/exportfs", "usr/sbin/"),
        ("usr/sbin/*mount.nfs*", "usr/sbin/"),
        ("usr/sbin/nfs*", "usr/sbin/"),
        ("usr/sbin/rpc.*", "usr/sbin/"),
        ("usr/sbin/rpcdebug", "usr/sbin/"),
        ("usr/sbin/showmount", "usr/sbin/"),
        ("usr/sbin/sm-notify", "usr/sbin/"),
        ("usr/bin/ganesha.nfsd", "usr/bin/"),
        ("usr/lib/ganesha/libganesha_nfsd.so*", "usr/lib/ganesha/"),
        ("usr/lib/x86_64-linux-gnu/ganesha/libfsalvfs.so", "usr/lib/x86_64-linux-gnu/ganesha/"),
    ),
    "www-servers/nginx": (
        ("usr/sbin/nginx", "usr/sbin/"),
        ("etc/nginx/mime.types", "etc/nginx/mime.types.nginx"),
    ),
    "net-misc/rsync": (("usr/bin/rsync", "usr/bin/"), ("usr/bin/rsync-ssl", "usr/bin/")),
    "sys-apps/systemd-utils": (
        # This one is a link to the next.
        ("usr/lib/systemd/systemd-udevd", "usr/lib/systemd/"),
        ("usr/bin/udevadm", "usr/bin/"),
        ("usr/lib/udev", "usr/lib/"),
        ("usr/lib/x86_64-linux-gnu/systemd/libsystemd-shared-*.so", "usr/lib/x86_64-linux-gnu/systemd/"),
    ),
    "sys-kernel/dracut": (
        ("usr/bin/dracut*", "usr/bin/"),
        ("usr/bin/lsinitrd", "usr/bin/"),
        ("usr/lib/dracut", "usr/lib/"),
    ),
    "sys-kernel/gentoo-kernel-bin": (
        ("boot/vmlinuz-*", "usr/src/linux-*/arch/x86/boot/bzImage"),
        ("usr/lib/modules", "usr/lib/"),
    ),
    "net-analyzer/tcpdump": (("usr/bin/tcpdump", "usr/bin/"),),
}


def ebuild_of(repository: Path, package: str) -> Path:
    """The package's one ebuild."""
    (ebuild,) = (repository / package).glob("*.ebuild")
    return ebuild


def _take(root: Path, tree: Path, moves: Moves) -> None:
    for pattern, place in moves:
        sources = sorted(root.glob(pattern))
        if not sources:
            raise FileNotFoundError(f"the root has no {pattern}: Debian's package has changed")
        for source in sources:
            found = source.name.removeprefix(Path(pattern).name.partition("*")[0])
            place_of = place.replace("*", found)
            target = tree / place_of / source.name if place.endswith("/") else tree / place_of
            target.parent.mkdir(parents=True, exist_ok=True)
            source.rename(target)


def _manifest_line(archive: Path) -> str:
    """A DIST entry of a Manifest (GLEP 74), with the hashes that Gentoo's repository uses."""
    content = archive.read_bytes()
    hashes = f"BLAKE2B {hashlib.blake2b(content).hexdigest()} SHA512 {hashlib.sha512(content).hexdigest()}"
    return f"DIST {archive.name} {len(content)} {hashes}\n"


def make(root: Path) -> None:
    """Make every distribution file of the repository in *root*, and its Manifest.

    :raises FileNotFoundError: a file that a package takes is not in the root.
    """
    repository = root / "var/db/repos/contract"
    archives = root / "var/cache/distfiles"
    archives.mkdir(parents=True, exist_ok=True)
    for package, moves in MOVES.items():
        ebuild = ebuild_of(repository, package)
        work = root / "var/tmp/distfile"
        _take(root, work / ebuild.stem, moves)
        archive = archives / f"{ebuild.stem}.tar.xz"
        order = ["--sort=name", "--owner=0", "--group=0", "--numeric-owner"]
        command = ["tar", "-C", str(work), *order, "--use-compress-program=xz -1 -T0", "-cf", str(archive), ebuild.stem]
        subprocess.run(command, check=True)
        shutil.rmtree(work)
        (ebuild.parent / "Manifest").write_text(_manifest_line(archive), encoding="ascii")
