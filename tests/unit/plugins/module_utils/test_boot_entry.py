# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which boot loader a machine has, what its new kernel is told, and the text of an entry for each boot loader."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest
from ansible_collections.netboot.diskless.plugins.module_utils._boot_entry import (
    NAME,
    PREVIOUS,
    BootError,
    Kernel,
    choose,
    command_line,
    default_entry,
    grub_mark,
    grub_problem,
    grub_script,
    grub_word,
    legacy_block,
    lilo_block,
    systemd_boot_entry,
    with_block,
    words_of,
)
from ansible_collections.netboot.diskless.plugins.module_utils._boot_survey import Machine

GRUB = {"grub": "/boot/grub/grub.cfg", "grub_commands": "grub"}
NEW = Kernel(NAME, "/boot/bzImage-master", "6.1.9-master-2", "/boot/initramfs-6.1.9-master-2.img")
OLD = Kernel(PREVIOUS, "/boot/bzImage-master.old", "6.1.9-master-1")


@pytest.mark.parametrize(
    ("seen", "wanted", "loader"),
    [
        (GRUB, "auto", "grub"),
        # grub-mkconfig's menu makes GRUB Legacy's a leftover.
        ({**GRUB, "legacy": "/boot/grub/menu.lst"}, "auto", "grub"),
        ({"systemd_boot": "/efi"}, "auto", "systemd-boot"),
        ({"lilo": "/etc/lilo.conf"}, "auto", "lilo"),
        ({"legacy": "/boot/grub/grub.conf"}, "auto", "grub-legacy"),
        ({"installkernel": "installkernel"}, "auto", "installkernel"),
        ({**GRUB, "installkernel": "installkernel"}, "auto", "grub"),
        ({**GRUB, "installkernel": "installkernel"}, "installkernel", "installkernel"),
        ({**GRUB, "systemd_boot": "/efi", "said": "systemd-boot 252"}, "auto", "systemd-boot"),
        ({**GRUB, "systemd_boot": "/efi", "said": "GRUB 2.12"}, "auto", "grub"),
        ({**GRUB, "lilo": "/etc/lilo.conf"}, "lilo", "lilo"),
        ({}, "none", "none"),
        ({**GRUB, "container": "/run/systemd/container is there"}, "none", "none"),
    ],
)
def test_the_boot_loader(seen: dict[str, str], wanted: str, loader: str) -> None:
    assert choose(Machine(**seen), wanted) == loader


@pytest.mark.parametrize(
    ("seen", "wanted", "told"),
    [
        ({}, "auto", "no boot loader is known here"),
        ({**GRUB, "lilo": "/etc/lilo.conf"}, "auto", r"grub \(/boot/grub/grub.cfg\), lilo \(/etc/lilo.conf\); say in"),
        ({**GRUB, "systemd_boot": "/efi"}, "auto", "say in master_kernel_boot_loader"),
        # What the loader says of itself is of no use when its files are elsewhere.
        ({**GRUB, "lilo": "/etc/lilo.conf", "said": "systemd-boot 252"}, "auto", "say in master_kernel_boot_loader"),
        (GRUB, "lilo", "is lilo, which is not here; here is grub"),
        ({}, "installkernel", "here is none that is known"),
        ({**GRUB, "container": "/run/systemd/container is there"}, "auto", r"is a container \(/run/systemd/container"),
        ({**GRUB, "container": "it"}, "grub", "is a container"),
    ],
)
def test_no_boot_loader(seen: dict[str, str], wanted: str, told: str) -> None:
    with pytest.raises(BootError, match=told):
        choose(Machine(**seen), wanted)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("a  b=c\td", ["a", "b=c", "d"]),
        ('a dyndbg="file x +p" b', ["a", 'dyndbg="file x +p"', "b"]),
        ('"a b"', ['"a b"']),
        ("", []),
    ],
)
def test_words(line: str, words: list[str]) -> None:
    assert words_of(line) == words


@pytest.mark.parametrize(
    ("running", "given", "ramdisk", "line"),
    [
        ("BOOT_IMAGE=/vmlinuz-6 root=/dev/sda1 ro quiet", "", False, "root=/dev/sda1 ro quiet panic=60"),
        (r"initrd=\initrd.img root=UUID=1-2 rw", "", True, "root=UUID=1-2 rw panic=60"),
        ("root=PARTUUID=1-2 single ro", "", False, "root=PARTUUID=1-2 ro panic=60"),
        ("root=0801 root=8:1 systemd.unit=rescue.target", "", False, "root=0801 root=8:1 panic=60"),
        ("panic=5 root=/dev/sda1", "", False, "panic=5 root=/dev/sda1"),
        ("auto BOOT_IMAGE=Linux ro root=801", "", False, "ro root=801 panic=60"),
        ("root=10300a ro", "", False, "root=10300a ro panic=60"),
        ("root=10300 autofoo", "", False, "root=10300 autofoo panic=60"),
        ("root=/dev/sda1", "root=/dev/sdb1 single", False, "root=/dev/sdb1 single"),
        ('root=/dev/sda1 x="a b"', "", False, 'root=/dev/sda1 x="a b" panic=60'),
        ("root=/dev/mapper/vg-root", "", True, "root=/dev/mapper/vg-root panic=60"),
    ],
)
def test_a_command_line(running: str, given: str, ramdisk: bool, line: str) -> None:
    assert command_line(Machine(command_line=running), given, ramdisk) == line


@pytest.mark.parametrize(
    ("running", "given", "ramdisk", "told"),
    [
        ("rdinit=/init", "", True, r"the running kernel's command line \('rdinit=/init panic=60'\) has no root="),
        ("root=/dev/sda1", "quiet", False, r"master_kernel_command_line \('quiet'\) has no root="),
        ("root=UUID=1-2", "", False, "has root=UUID=1-2, which only an initial RAM disk finds"),
        ("root=LABEL=root", "", False, "only an initial RAM disk"),
        ("root=80", "", False, "only an initial RAM disk"),
        ("root=123456789", "", False, "only an initial RAM disk"),
        ("root=8:1:2", "", False, "only an initial RAM disk"),
        ("root=/dev/mapper/vg-root", "", False, "only an initial RAM disk"),
        ("root=/dev/disk/by-uuid/1", "", False, "only an initial RAM disk"),
        ("root=/dev/sda1 a='b'", "", False, "boot loaders read differently"),
        ("root=/dev/sda1 a=$b", "", False, "boot loaders read differently"),
        ("root=/dev/sda1", "root=/dev/sda1\a", False, "boot loaders read differently"),
    ],
)
def test_no_command_line(running: str, given: str, ramdisk: bool, told: str) -> None:
    with pytest.raises(BootError, match=told):
        command_line(Machine(command_line=running), given, ramdisk)


@pytest.mark.parametrize(
    ("word", "quoted"),
    [
        ("root=/dev/sda1", "root=/dev/sda1"),
        ("console=ttyS0,115200n8", "console=ttyS0,115200n8"),
        ('dyndbg="file x +p"', "'dyndbg=file x +p'"),
        ("a;b", "'a;b'"),
        ("a{b}", "'a{b}'"),
        ("a#b", "'a#b'"),
    ],
)
def test_words_for_grub(word: str, quoted: str) -> None:
    assert grub_word(word) == quoted


def run_script(script: str) -> str:
    """What a script prints, with GRUB's library played by two functions."""
    library = "make_system_path_relative_to_its_root() { echo ''; }; prepare_grub_to_access_device() { echo insmod x; }"
    text = script.replace('. "${pkgdatadir}/grub-mkconfig_lib"', library)
    return subprocess.run(["sh", "-c", text], capture_output=True, text=True, check=True).stdout


def test_a_script_for_grub() -> None:
    script = grub_script([NEW, OLD], 'root=/dev/sda1 a="b c" %s', PREVIOUS)
    assert script.startswith("#!/bin/sh\n# Managed by netboot.diskless")
    printed = run_script(script)
    assert printed.splitlines() == [
        grub_mark(script),
        "menuentry 'Linux 6.1.9-master-2 (netboot.diskless)' --class gnu-linux --class os "
        f"$menuentry_id_option '{NAME}' {{",
        "insmod x",
        "    linux /bzImage-master root=/dev/sda1 'a=b c' %s",
        "    initrd /initramfs-6.1.9-master-2.img",
        "}",
        "menuentry 'Linux 6.1.9-master-1 (netboot.diskless, previous)' --class gnu-linux --class os "
        f"$menuentry_id_option '{PREVIOUS}' {{",
        "insmod x",
        "    linux /bzImage-master.old root=/dev/sda1 'a=b c' %s",
        "}",
        'if [ "${boot_once}" != "true" ]; then',
        f"    set default='{PREVIOUS}'",
        "    set fallback='0'",
        "fi",
    ]
    assert grub_mark(printed) == grub_mark(script) != ""


@pytest.mark.parametrize(
    "changes",
    [{"line": "root=/dev/sda2"}, {"default": NAME}, {"kernels": [NEW, OLD]}, {"kernels": [OLD]}],
)
def test_the_mark_is_of_all_that_is_in_a_script(changes: dict[str, Any]) -> None:
    given: dict[str, Any] = {"kernels": [NEW], "line": "root=/dev/sda1", "default": ""}
    assert grub_mark(grub_script(**given)) != grub_mark(grub_script(**{**given, **changes}))


@pytest.mark.parametrize(
    ("after", "there", "told"),
    [
        (f"menuentry 'x' '{NAME}'\n linux /vmlinuz-1 a\n\tlinux16 /vmlinuz-2 b", {"vmlinuz-1", "vmlinuz-2"}, ""),
        (f"menuentry 'x' '{NAME}'\n linux /vmlinuz-2 a", {"vmlinuz-1", "vmlinuz-2"}, "no longer start /vmlinuz-1"),
        (f"menuentry 'x' '{NAME}'\n linux /vmlinuz-2 a", {"vmlinuz-2"}, ""),
        ("linux /vmlinuz-1\nlinux /vmlinuz-2", {"vmlinuz-1", "vmlinuz-2"}, f"no entry {NAME}"),
    ],
)
def test_a_new_menu_is_judged(after: str, there: set[str], told: str) -> None:
    found = grub_problem("menuentry {\n\tlinux /vmlinuz-1 a\n\tlinuxefi /vmlinuz-2 b\n}", after, NAME, there)
    assert told in found and bool(told) == bool(found)


def test_an_entry_of_the_boot_loader_specification() -> None:
    lines = systemd_boot_entry(NEW, "root=/dev/sda1 ro", "/bzImage-master", "/initrd").splitlines()
    assert lines[0].startswith("#")
    assert [line.split(" ", 1) for line in lines[1:]] == [
        ["title", "Linux 6.1.9-master-2 (netboot.diskless)"],
        ["version", "6.1.9-master-2"],
        ["linux", "/bzImage-master"],
        ["initrd", "/initrd"],
        ["options", "root=/dev/sda1 ro"],
    ]


def test_stanzas_for_lilo() -> None:
    assert lilo_block([NEW, OLD], 'root=/dev/sda1 a="b c"', NAME).splitlines() == [
        "# default: netboot-master",
        "# 6.1.9-master-2",
        "image=/boot/bzImage-master",
        "    label=netboot-master",
        "    initrd=/boot/initramfs-6.1.9-master-2.img",
        '    literal="root=/dev/sda1 a=\\"b c\\""',
        "# 6.1.9-master-1",
        "image=/boot/bzImage-master.old",
        "    label=netboot-old",
        '    literal="root=/dev/sda1 a=\\"b c\\""',
    ]
    assert "# default: as without these" in lilo_block([NEW], "root=/dev/sda1", "")


@pytest.mark.parametrize(
    ("menu", "disk", "folder"),
    [
        ("title a\nroot (hd0,0)\nkernel /boot/bzImage root=/dev/sda1\n", ["root (hd0,0)"], "/boot"),
        ("title a\n  root=(hd0,1)\n  kernel=/bzImage\n", ["root=(hd0,1)"], ""),
        ("title a\nkernel (hd0,0)/boot/bzImage root=/dev/sda1\n", [], "(hd0,0)/boot"),
        ("title a\nuuid 1-2\nkernel --no-mem-option /boot/bzImage\n", ["uuid 1-2"], "/boot"),
        # What is ours is no example for us.
        (
            "# BEGIN netboot.diskless\nkernel /x/y\n# END netboot.diskless\nroot (hd1,0)\nkernel /b/k\n",
            ["root (hd1,0)"],
            "/b",
        ),
    ],
)
def test_stanzas_for_grub_legacy(menu: str, disk: list[str], folder: str) -> None:
    assert legacy_block(menu, [NEW, OLD], "root=/dev/sda1").splitlines() == [
        "title Linux 6.1.9-master-2 (netboot.diskless)",
        *disk,
        f"kernel {folder}/bzImage-master root=/dev/sda1",
        f"initrd {folder}/initramfs-6.1.9-master-2.img",
        "title Linux 6.1.9-master-1 (netboot.diskless, previous)",
        *disk,
        f"kernel {folder}/bzImage-master.old root=/dev/sda1",
    ]


@pytest.mark.parametrize("menu", ["", "default 0\n", "title a\nkernel /boot/bzImage\n", "title a\nroot (hd0,0)\n"])
def test_a_menu_to_learn_nothing_from(menu: str) -> None:
    with pytest.raises(BootError, match="no entry that tells on which disk"):
        legacy_block(menu, [NEW], "root=/dev/sda1")


BLOCK = "# BEGIN netboot.diskless\nnew\n# END netboot.diskless\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", BLOCK),
        ("a\n", f"a\n{BLOCK}"),
        ("a", f"a\n{BLOCK}"),
        ("a\n# BEGIN netboot.diskless\nold\n\\1\n# END netboot.diskless\nb\n", f"a\n{BLOCK}b\n"),
        ("a\n# BEGIN netboot.diskless\n# END netboot.diskless", f"a\n{BLOCK}"),
        (f"a\n{BLOCK}b\n", f"a\n{BLOCK}b\n"),
        # Without its end it may be anything: nothing of it is touched.
        ("# BEGIN netboot.diskless\nold\n", f"# BEGIN netboot.diskless\nold\n{BLOCK}"),
    ],
)
def test_a_block_in_somebody_elses_file(before: str, after: str) -> None:
    assert with_block(before, "new") == after


@pytest.mark.parametrize(
    ("mode", "proven", "name"),
    [
        ("now", set(), NAME),
        ("now", {OLD.release}, NAME),
        ("proven", set(), ""),
        ("proven", {NEW.release}, NAME),
        ("proven", {NEW.release, OLD.release}, NAME),
        ("proven", {OLD.release}, PREVIOUS),
        ("proven", {"6.1.0"}, ""),
        ("never", {NEW.release}, ""),
    ],
)
def test_the_default(mode: str, proven: set[str], name: str) -> None:
    assert default_entry(mode, [NEW, OLD], proven) == name
