# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Deciding how a kernel gets into a machine's boot menu, and the text of its entry for each boot loader.

Nothing here touches a file. What is told to a boot loader is the running kernel's own command line: it is the one of
which is known that this machine comes up with it.
"""

from __future__ import annotations

import hashlib
import os
import re
import shlex
from dataclasses import dataclass

from ansible_collections.netboot.diskless.plugins.module_utils._boot_survey import Machine

GRUB, SYSTEMD_BOOT, LILO, LEGACY, INSTALLKERNEL = "grub", "systemd-boot", "lilo", "grub-legacy", "installkernel"
NONE = "none"
LOADERS = (GRUB, SYSTEMD_BOOT, LILO, LEGACY, INSTALLKERNEL)
NAME = "netboot-diskless-master"
PREVIOUS = f"{NAME}-old"
# lilo(8) takes 15 characters.
LILO_NAMES = {NAME: "netboot-master", PREVIOUS: "netboot-old"}
BEGIN, END = "# BEGIN netboot.diskless", "# END netboot.diskless"
OUR_BLOCK = re.compile(rf"^{re.escape(BEGIN)}\n.*?^{re.escape(END)}\n?", re.MULTILINE | re.DOTALL)
MANAGED = "# Managed by netboot.diskless; changes here are lost."
# Words that a boot loader adds (lilo(8): auto, when nobody chose) or that were meant for one boot.
NOT_KEPT = re.compile(
    r"auto|BOOT_IMAGE=.*|initrd=.*|single|s|S|1|emergency|rescue|systemd\.unit=(rescue|emergency)\.target"
)
PANIC = "panic=60"
# What the kernel finds by itself (early_lookup_bdev()); lilo gives the device's number in hexadecimal.
FOUND_BY_KERNEL = re.compile(r"/dev/(?!mapper/|disk/).*|PARTUUID=.*|PARTLABEL=.*|[0-9]+:[0-9]+|[0-9a-f]{3,8}")


class BootError(Exception):
    """There is no way to a boot entry that is known to be safe; the text says why, and what to do."""


@dataclass(frozen=True)
class Kernel:
    """A kernel of ours in a boot menu.

    Args:
        name: what identifies its entry: NAME or PREVIOUS.
        image: absolute path.
        release: as uname -r will say it.
        initrd: absolute path of its initial RAM disk, or "".
    """

    name: str
    image: str
    release: str
    initrd: str = ""

    @property
    def title(self) -> str:
        """What the menu shows."""
        return f"Linux {self.release} (netboot.diskless{', previous' if self.name == PREVIOUS else ''})"


def recognised(machine: Machine) -> dict[str, str]:
    """By boot loader, the file that shows that it is there. installkernel is a script, and asked last."""
    found = {
        SYSTEMD_BOOT: machine.systemd_boot,
        GRUB: machine.grub,
        LILO: machine.lilo,
        LEGACY: machine.legacy if not machine.grub else "",
    }
    return {loader: sign for loader, sign in found.items() if sign}


def choose(machine: Machine, wanted: str = "auto") -> str:
    """The boot loader that starts this machine.

    Args:
        machine: what was seen of it.
        wanted: one of LOADERS, auto, or none, which is taken at its word.

    Raises:
        BootError: this is a container, what is wanted is not there, there is none that is known, or there are several.
    """
    if wanted == NONE:
        return NONE
    if machine.container:
        raise BootError(
            f"this machine is a container ({machine.container}), which runs its host's kernel: no boot entry here "
            "would start one. Give the host a kernel that has what a master needs, and set "
            "master_kernel_boot_loader: none"
        )
    found = recognised(machine)
    if wanted != "auto":
        if wanted not in found and not (wanted == INSTALLKERNEL and machine.installkernel):
            there = ", ".join(found) or "none that is known"
            raise BootError(f"master_kernel_boot_loader is {wanted}, which is not here; here is {there}")
        return wanted
    if machine.said.startswith("systemd-boot") and SYSTEMD_BOOT in found:
        return SYSTEMD_BOOT
    if machine.said.startswith("GRUB") and GRUB in found:
        return GRUB
    if len(found) > 1:
        signs = ", ".join(f"{loader} ({sign})" for loader, sign in found.items())
        raise BootError(f"there are {signs}; say in master_kernel_boot_loader which of them starts this machine")
    if found:
        return next(iter(found))
    if machine.installkernel:
        return INSTALLKERNEL
    raise BootError(
        "no boot loader is known here (looked for: grub-mkconfig with /boot/grub/grub.cfg, systemd-boot on the EFI "
        "system partition, lilo with /etc/lilo.conf, /boot/grub/grub.conf, installkernel). Make the entry by hand, "
        "leave the old kernel's where it is, and set master_kernel_boot_loader: none"
    )


def words_of(line: str) -> list[str]:
    """The words of a kernel's command line: blanks part them, except between double quotes (kernel-parameters.rst)."""
    return re.findall(r'(?:[^\s"]|"[^"]*")+', line)


def command_line(machine: Machine, given: str, ramdisk: bool) -> str:
    """What the new kernel is told: what was given, or what the running one was told, less what was for that boot alone.

    A kernel that panics reboots after a minute, into what started before when it was only tried.

    Args:
        machine: what was seen of it.
        given: a command line that wins, or "".
        ramdisk: whether the new kernel gets an initial RAM disk.

    Raises:
        BootError: it names no root, or one that a kernel without a RAM disk cannot find, or no boot loader can hold it.
    """
    words = words_of(given or machine.command_line)
    if not given:
        words = [word for word in words if not NOT_KEPT.fullmatch(word)]
        words += [] if any(word.startswith("panic=") for word in words) else [PANIC]
    line = " ".join(words)
    told = "master_kernel_command_line" if given else "the running kernel's command line"
    if not line.isprintable() or re.search(r"['`\\$]", line):
        raise BootError(f"{told} is {line!r}, with characters that boot loaders read differently; give another")
    roots = [word[len("root=") :] for word in words if word.startswith("root=")]
    if not roots:
        raise BootError(
            f"{told} ({line!r}) has no root=, so the new kernel would not find its root; "
            "give master_kernel_command_line"
        )
    if not ramdisk and not FOUND_BY_KERNEL.fullmatch(roots[-1]):
        raise BootError(
            f"{told} has root={roots[-1]}, which only an initial RAM disk finds, and the new kernel gets none; "
            "use /dev/... or PARTUUID=..., or set master_kernel_initramfs: always"
        )
    return line


def grub_word(word: str) -> str:
    """A word of a command line for GRUB's parser, which takes quotes away; GRUB quotes for the kernel again."""
    bare = word.replace('"', "")
    return bare if re.fullmatch(r"[\w./:=,@%+^~!?*\[\]-]+", bare) else f"'{bare}'"


def grub_script(kernels: list[Kernel], line: str, default: str) -> str:
    """The script for /etc/grub.d: an entry for each kernel after the distribution's, found by grub-mkconfig.

    The names of our images match none that 10_linux looks for, so that its entries, their order and the default stay
    as they are. GRUB's own library finds the file system that /boot is on, also on LVM and RAID. The default is set
    only on a boot for which grub-reboot has chosen nothing, and falls back to the first entry when the image cannot be
    read.

    Args:
        kernels: the new one first.
        line: the command line.
        default: name of the entry that becomes GRUB's default, or "".
    """
    told = " ".join(grub_word(word) for word in words_of(line))
    entries = [
        "entry "
        + " ".join(
            shlex.quote(text)
            for text in (
                kernel.name,
                kernel.title,
                os.path.basename(kernel.image),
                os.path.basename(kernel.initrd),
                told,
            )
        )
        for kernel in kernels
    ]
    if default:
        entries.append(
            f"""cat <<'EOF'
if [ "${{boot_once}}" != "true" ]; then
    set default='{default}'
    set fallback='0'
fi
EOF"""
        )
    body = "\n".join(entries)
    mark = hashlib.sha256(body.encode()).hexdigest()[:16]
    return f"""#!/bin/sh
{MANAGED} Run by grub-mkconfig(8), after the distribution's own entries.
set -e
. "${{pkgdatadir}}/grub-mkconfig_lib"
boot=$(make_system_path_relative_to_its_root /boot)
access=$(prepare_grub_to_access_device "${{GRUB_DEVICE_BOOT}}")

# Name, title, image, initial RAM disk, command line.
entry() {{
    printf "menuentry '%s' --class gnu-linux --class os \\$menuentry_id_option '%s' {{\\n" "$2" "$1"
    printf '%s\\n' "$access"
    printf '    linux %s/%s %s\\n' "$boot" "$3" "$5"
    [ -z "$4" ] || printf '    initrd %s/%s\\n' "$boot" "$4"
    printf '}}\\n'
}}

echo '# netboot.diskless {mark}'
{body}
"""


def grub_mark(text: str) -> str:
    """The line by which a grub.cfg shows that it was made with this very script, or that a script leaves in it."""
    found = re.search(r"^(?:echo ')?(# netboot\.diskless [0-9a-f]{16})'?$", text, re.MULTILINE)
    return found[1] if found else ""


def grub_images(text: str) -> set[str]:
    """The kernels that a grub.cfg can start."""
    return set(re.findall(r"^\s*linux(?:16|efi)?\s+(\S+)", text, re.MULTILINE))


def grub_problem(before: str, after: str, name: str, there: set[str]) -> str:
    """What is wrong with a new grub.cfg: it lacks our entry, or one of a kernel that the old one could start.

    Args:
        before: the grub.cfg that works.
        after: the new one.
        name: our entry.
        there: names of the files in /boot; a kernel that is gone may go from the menu too.
    """
    if f"'{name}'" not in after:
        return f"it has no entry {name}: is /etc/grub.d/42_netboot-diskless executable, and does grub-mkconfig run it?"
    lost = sorted(image for image in grub_images(before) - grub_images(after) if os.path.basename(image) in there)
    return f"it would no longer start {', '.join(lost)}" if lost else ""


def systemd_boot_id(name: str) -> str:
    """The file name of an entry, by which systemd-boot knows it.

    Without a default of the user's, systemd-boot starts the first of its list. Entries without a sort-key, as ours,
    come after those with one, and among themselves in falling order of their names, in which digits are above letters
    and - is below both (strverscmp_improved()): these two characters come after all others.
    """
    return f"a-{name}.conf"


def systemd_boot_entry(kernel: Kernel, line: str, image: str, initrd: str) -> str:
    """An entry of type 1 of the Boot Loader Specification.

    Args:
        kernel: whose.
        line: its command line.
        image: its path on the partition that the entry is on.
        initrd: its initial RAM disk's, or "".
    """
    lines = [MANAGED, f"title {kernel.title}", f"version {kernel.release}", f"linux {image}"]
    lines += [f"initrd {initrd}"] if initrd else []
    return "\n".join([*lines, f"options {line}"]) + "\n"


def lilo_block(kernels: list[Kernel], line: str, default: str) -> str:
    """Stanzas for lilo.conf(5).

    The releases and the default stand in it too, because lilo must run again whenever an image is another file or
    another kernel becomes the default: the text shows that it has to.
    """
    lines = [f"# default: {LILO_NAMES.get(default, 'as without these')}"]
    for kernel in kernels:
        escaped = line.replace('"', '\\"')
        lines += [f"# {kernel.release}", f"image={kernel.image}", f"    label={LILO_NAMES[kernel.name]}"]
        lines += [f"    initrd={kernel.initrd}"] if kernel.initrd else []
        # append adds to a global append and root; literal replaces both (lilo.conf(5)).
        lines += [f'    literal="{escaped}"']
    return "\n".join(lines)


def legacy_block(menu: str, kernels: list[Kernel], line: str) -> str:
    """Stanzas for GRUB Legacy's menu, with the disk and the folder of the entries that are there.

    Raises:
        BootError: the menu has no entry of a kernel to learn them from.
    """
    menu = OUR_BLOCK.sub("", menu)
    disk = re.search(r"^\s*((?:root(?:noverify)?|uuid)[ \t=]+\S+)\s*$", menu, re.MULTILINE)
    image = re.search(r"^\s*kernel[ \t=]+(?:--\S+\s+)*(\(\S+?\))?(/\S+)", menu, re.MULTILINE)
    if not image or not (disk or image[1]):
        raise BootError("its menu has no entry that tells on which disk the kernels are; add one by hand")
    where = (image[1] or "") + os.path.dirname(image[2]).rstrip("/")
    lines = []
    for kernel in kernels:
        lines += [f"title {kernel.title}", *([disk[1]] if disk else [])]
        lines += [f"kernel {where}/{os.path.basename(kernel.image)} {line}"]
        lines += [f"initrd {where}/{os.path.basename(kernel.initrd)}"] if kernel.initrd else []
    return "\n".join(lines)


def with_block(text: str, block: str) -> str:
    """A file of somebody else's with our block in it: in the place of the one that is there, or at the end."""
    ours = f"{BEGIN}\n{block}\n{END}\n"
    if OUR_BLOCK.search(text):
        return OUR_BLOCK.sub(lambda _match: ours, text, count=1)
    return text + ("" if text.endswith("\n") or not text else "\n") + ours


def default_entry(mode: str, kernels: list[Kernel], proven: set[str]) -> str:
    """The name of the kernel of ours that is the boot loader's default, or "" for what it is without us.

    Args:
        mode: now (the new one), proven (the newest that a run has found running) or never.
        kernels: the new one first.
        proven: releases that a run has found running.
    """
    if mode == "now":
        return kernels[0].name
    if mode == "proven":
        return next((kernel.name for kernel in kernels if kernel.release in proven), "")
    return ""
