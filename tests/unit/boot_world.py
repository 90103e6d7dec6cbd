# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine of a few files that has a boot loader, and stand-ins for the commands by which it is configured."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.netboot.diskless.plugins.module_utils import _boot_survey
from ansible_collections.netboot.diskless.plugins.module_utils._boot_install import Installer
from ansible_collections.netboot.diskless.plugins.module_utils._boot_survey import LOADER_VENDOR
from ansible_collections.netboot.diskless.plugins.module_utils._boot_work import Outcome, Wish

RUNNING = "6.1.0-debian"
LINE = "root=/dev/vda1 ro panic=30"
GRUB_CFG = f"""### BEGIN /etc/grub.d/10_linux ###
menuentry 'Debian' {{
    linux /boot/vmlinuz-{RUNNING} root=/dev/vda1 ro quiet
}}
"""
CONFIG = "CONFIG_BLK_DEV_INITRD=y\nCONFIG_RD_GZIP=y\n# CONFIG_RD_ZSTD is not set\n"

# Does what grub-mkconfig(8) does: runs the scripts of grub.d. A file "broken" makes it fail, "lost" lose an entry.
MKCONFIG = r"""#!/bin/sh
export pkgdatadir={bin} GRUB_DEVICE_BOOT=/dev/vda1
[ ! -e {root}/broken ] || {{ echo "grub-mkconfig: syntax error" >&2; exit 1; }}
echo "menuentry 'Debian' {{" > "$2"
[ -e {root}/lost ] || echo "    linux /boot/vmlinuz-6.1.0-debian root=/dev/vda1 ro quiet" >> "$2"
echo "}}" >> "$2"
for script in {root}/etc/grub.d/*; do [ ! -x "$script" ] || "$script" >> "$2"; done
"""
LIBRARY = """\
make_system_path_relative_to_its_root() { echo "$1"; }
prepare_grub_to_access_device() { echo "search --set=root $1"; }
"""


def bzimage(release: str, more: bytes = b"") -> bytes:
    """A bzImage as far as boot.rst describes its setup."""
    data = bytearray(0x400)
    data[0x1F1] = 4
    data[0x202:0x206] = b"HdrS"
    data[0x20E:0x210] = (0x100).to_bytes(2, "little")
    text = f"{release} (someone@host) #1 SMP".encode() + b"\0"
    data[0x300 : 0x300 + len(text)] = text
    return bytes(data) + more


class BootWorld:
    """A machine below base."""

    def __init__(self, base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root, self.bin = base / "root", base / "bin"
        self.bin.mkdir()
        for place in ("boot", "etc", "proc/self", "usr/sbin", "built", f"lib/modules/{RUNNING}"):
            (self.root / place).mkdir(parents=True)
        self.write("proc/cmdline", f"BOOT_IMAGE=/boot/vmlinuz-{RUNNING} {LINE}\n")
        self.write("proc/self/mountinfo", "22 1 254:1 / / rw - ext4 /dev/vda1 rw\n")
        self.write(f"boot/vmlinuz-{RUNNING}", "the old kernel")
        self.write("built/.config", CONFIG)
        self.running = RUNNING
        monkeypatch.setenv("PATH", f"{self.bin}:{os.environ['PATH']}")
        monkeypatch.setattr(_boot_survey.os, "uname", lambda: os.uname_result(("", "", self.running, "", "")))
        self.command("called", "")

    def write(self, path: str, text: str) -> Path:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        return target

    def read(self, path: str) -> str:
        return (self.root / path).read_text()

    def command(self, name: str, script: str) -> None:
        """A command that notes how it was called and then does what the script says."""
        (self.root / "usr/sbin" / name).write_text("")
        (self.root / "usr/sbin" / name).chmod(0o755)
        text = script if script.startswith("#!") else f'#!/bin/sh\necho {name} "$@" >> {self.root}/calls\n{script}\n'
        (self.bin / name).write_text(text)
        (self.bin / name).chmod(0o755)

    def calls(self) -> list[str]:
        """How the commands were called since the last question."""
        path = self.root / "calls"
        lines = path.read_text().splitlines() if path.exists() else []
        path.unlink(missing_ok=True)
        return [line.replace(str(self.root), "") for line in lines]

    def with_grub(self, abstraction: str = "", kind: str = "ext2") -> BootWorld:
        self.write("boot/grub/grub.cfg", GRUB_CFG)
        (self.root / "etc/grub.d").mkdir()
        (self.bin / "grub-mkconfig_lib").write_text(LIBRARY)
        self.command("grub-mkconfig", MKCONFIG.format(root=self.root, bin=self.bin))
        self.command("grub-script-check", "")
        self.command("grub-probe", f"case $1 in --target=fs) echo {kind};; *) echo {abstraction};; esac")
        self.command("grub-reboot", f'echo "next_entry=$1" > {self.root}/boot/grub/grubenv')
        return self

    def with_lilo(self) -> BootWorld:
        self.write("etc/lilo.conf", "boot=/dev/vda\ndefault=linux\nimage=/boot/vmlinuz\n    label=linux\n")
        self.command("lilo", f'[ ! -e {self.root}/broken ] || {{ echo "Fatal: no" >&2; exit 1; }}')
        return self

    def with_legacy(self) -> BootWorld:
        self.write(
            "boot/grub/menu.lst",
            "default 0\ntitle Gentoo\nroot (hd0,0)\nkernel /boot/bzImage root=/dev/sda3\n",
        )
        return self

    def with_systemd_boot(self, esp: str = "boot") -> BootWorld:
        self.write(f"{esp}/EFI/systemd/systemd-bootx64.efi", "")
        self.write(f"{esp}/loader/loader.conf", "default debian.conf\n")
        self.variable("LoaderInfo", "systemd-boot 252")
        write = "printf '\\6\\0\\0\\0%s' \"$(printf %s \"$2\" | sed 's/./&@/g')\" | tr @ '\\000'"
        place = f"{self.root}/sys/firmware/efi/efivars"
        names = "case $1 in set-oneshot) name=LoaderEntryOneShot;; *) name=LoaderEntryDefault;; esac"
        self.command("bootctl", f"{names}\nmkdir -p {place}\n{write} > {place}/$name-{LOADER_VENDOR}")
        return self

    def variable(self, name: str, text: str) -> None:
        """An EFI variable of the boot loader's."""
        path = self.root / f"sys/firmware/efi/efivars/{name}-{LOADER_VENDOR}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"\6\0\0\0" + f"{text}\0".encode("utf-16-le"))

    def built(self, release: str = "6.1.9-master-00000001") -> str:
        """A kernel is built, and its modules are installed; returns its release."""
        (self.root / "built/bzImage").write_bytes(bzimage(release, release.encode()))
        (self.root / "lib/modules" / release).mkdir(exist_ok=True)
        return release

    def wish(self, **changes: Any) -> Wish:
        given: dict[str, Any] = {
            "image": "/boot/bzImage-master",
            "source": str(self.root / "built/bzImage"),
            "source_config": str(self.root / "built/.config"),
            "state_directory": str(self.root / "var/lib/netboot-diskless"),
            "root": str(self.root),
        }
        return Wish(**{**given, **changes})

    def install(self, dry: bool = False, **changes: Any) -> Outcome:
        return Installer(self.wish(**changes), dry).run()

    def snapshot(self) -> dict[str, tuple[bytes, int]]:
        """Every file with its content and mode."""
        files = [path for path in self.root.rglob("*") if path.is_file() and path.name not in ("calls",)]
        return {str(path): (path.read_bytes(), path.stat().st_mode) for path in files}
