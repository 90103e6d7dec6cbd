# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How this machine starts its kernel: facts only, read from files, with no judgement."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass

# The vendor of the variables of systemd's Boot Loader Interface.
LOADER_VENDOR = "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
ESP_PLACES = ("efi", "boot/efi", "boot")
# Documentation/arch/x86/zero-page.rst: ramdisk_size in the setup header, and its upper half.
RAMDISK_SIZES = (slice(0x21C, 0x220), slice(0x0C4, 0x0C8))


@dataclass(frozen=True)
class Machine:
    """What boots here, with an empty text for what is not there.

    Args:
        release: the running kernel's.
        command_line: the running kernel's.
        ramdisk: how one knows that the running kernel was given an initial RAM disk.
        container: how one knows that this is a container, whose kernel is its host's.
        said: what the boot loader told by the Boot Loader Interface, such as "systemd-boot 252".
        systemd_boot: the directory that systemd-boot's entries and kernels are below.
        grub: GRUB 2's grub.cfg.
        grub_commands: what GRUB 2's commands begin with: grub or grub2.
        legacy: GRUB Legacy's menu.
        lilo: lilo.conf.
        installkernel: the distribution's script.
    """

    release: str = ""
    command_line: str = ""
    ramdisk: str = ""
    container: str = ""
    said: str = ""
    systemd_boot: str = ""
    grub: str = ""
    grub_commands: str = ""
    legacy: str = ""
    lilo: str = ""
    installkernel: str = ""


def _bytes(*parts: str) -> bytes:
    try:
        with open(os.path.join(*parts), "rb") as stream:
            return stream.read()
    except OSError:
        return b""


def _first(root: str, *names: str) -> str:
    """The first of these that exists below root, as a path of the machine."""
    return next((f"/{name}" for name in names if os.path.exists(os.path.join(root, name))), "")


def _command(root: str, *names: str) -> str:
    """The first of these commands that there is."""
    path = os.pathsep.join(
        os.path.join(root, place) for place in ("usr/local/sbin", "usr/sbin", "sbin", "usr/bin", "bin")
    )
    return next((name for name in names if shutil.which(name, path=path)), "")


def efi_text(name: str, root: str = "/") -> str:
    """A text that boot loader and system share in an EFI variable: four bytes of attributes, then UTF-16."""
    data = _bytes(root, f"sys/firmware/efi/efivars/{name}-{LOADER_VENDOR}")
    return data[4:].decode("utf-16-le", errors="replace").rstrip("\0")


def _systemd_boot(root: str) -> str:
    """$BOOT of the Boot Loader Specification: an extended boot partition at /boot, else the EFI system partition."""
    for place in ESP_PLACES:
        if os.path.isfile(os.path.join(root, place, "EFI/systemd/systemd-bootx64.efi")):
            return "/boot" if os.path.isdir(os.path.join(root, "boot/loader/entries")) else f"/{place}"
    return ""


def _ramdisk(root: str, release: str, line: str) -> str:
    data = _bytes(root, "sys/kernel/boot_params/data")
    if any(any(data[size]) for size in RAMDISK_SIZES):
        return "its boot loader passed one"
    words = [word for word in line.split() if word.startswith(("initrd=", "root=UUID=", "root=LABEL="))]
    if words:
        return f"{words[0]} is on its command line"
    names = ("initrd.img-{}", "initramfs-{}.img", "initrd-{}", "initrd-{}.img", "initramfs-genkernel-x86_64-{}")
    found = _first(root, *(os.path.join("boot", name.format(release)) for name in names))
    return f"{found} is there" if found else ""


def _container(root: str) -> str:
    found = _first(root, "run/systemd/container", ".dockerenv", "run/.containerenv")
    if found:
        return f"{found} is there"
    words = [word for word in _bytes(root, "proc/1/environ").split(b"\0") if word.startswith(b"container=")]
    return f"its init was started with {words[0].decode(errors='replace')}" if words else ""


def look(root: str = "/", release: str = "") -> Machine:
    """Looks at the machine.

    Args:
        root: where all files are looked for.
        release: the running kernel's.
    """
    release = release or os.uname().release
    line = _bytes(root, "proc/cmdline").decode(errors="replace").strip()
    mkconfig = _command(root, "grub-mkconfig", "grub2-mkconfig")
    grub = _first(root, "boot/grub/grub.cfg", "boot/grub2/grub.cfg") if mkconfig else ""
    return Machine(
        release=release,
        command_line=line,
        ramdisk=_ramdisk(root, release, line),
        container=_container(root),
        said=efi_text("LoaderInfo", root),
        systemd_boot=_systemd_boot(root),
        grub=grub,
        grub_commands=mkconfig.split("-")[0] if grub else "",
        legacy=_first(root, "boot/grub/grub.conf", "boot/grub/menu.lst"),
        lilo=_first(root, "etc/lilo.conf") if _command(root, "lilo") else "",
        installkernel=_command(root, "installkernel"),
    )
