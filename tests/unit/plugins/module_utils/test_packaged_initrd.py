# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Making an initial RAM disk when it is needed, by a tool that is told what a slave needs."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.netboot.diskless.plugins.module_utils import _packaged_initrd
from ansible_collections.netboot.diskless.plugins.module_utils._packaged_initrd import (
    DRACUT,
    INITRAMFS_TOOLS,
    Initrd,
    InitrdError,
    isolated,
)
from ansible_collections.netboot.diskless.plugins.module_utils._packaged_kernel import Kernel

from tests.unit.packaged_kernel import MODULES, PACKED, RELEASE, place, ram_disk
from tests.unit.shared import needs_root


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A master with a kernel, a tool with hooks of several packages, and the tool's configuration for slaves."""
    place(tmp_path, RELEASE)
    for name in (
        "hooks/klibc-utils",
        "hooks/dropbear",
        "hooks/zz-busybox",
        "scripts/functions",
        "scripts/init-top/udev",
    ):
        path = tmp_path / "tool" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("#!/bin/sh\n")
        path.chmod(0o755)
    for name in ("scripts/init-premount/dropbear", "conf.d/vendor"):
        (tmp_path / "tool" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "tool" / name).write_text("#!/bin/sh\n")
    (tmp_path / "configuration/hooks").mkdir(parents=True)
    (tmp_path / "configuration/initramfs.conf").write_text("MODULES=netboot\n")
    (tmp_path / "configuration/hooks/netboot").write_text("#!/bin/sh\n")
    (tmp_path / "program").write_text("mount.nfs")
    homes = {INITRAMFS_TOOLS: str(tmp_path / "tool"), DRACUT: str(tmp_path / "tool")}
    monkeypatch.setattr(_packaged_initrd, "_HOMES", homes)
    (tmp_path / "usr/firmware/rtl_nic").mkdir(parents=True)
    (tmp_path / "usr/firmware/rtl_nic/rtl8168h-2.fw").write_text("one")
    # As /lib is one into /usr.
    (tmp_path / "firmware").symlink_to("usr/firmware")
    monkeypatch.setattr(_packaged_initrd, "_FIRMWARE", str(tmp_path / "firmware"))
    return tmp_path


def initrd(world: Path, tool: str = INITRAMFS_TOOLS, drivers: tuple[str, ...] = ("e1000",)) -> Initrd:
    kernel = Kernel(RELEASE, f"{world}/boot/vmlinuz-{RELEASE}", f"{world}/lib/modules/{RELEASE}")
    return Initrd(kernel, tool, f"{world}/configuration", list(drivers), f"{world}/work")


def making(data: bytes) -> Callable[[list[str]], None]:
    """Stands for the tool: writes the result to where the command names it."""

    def run(command: list[str]) -> None:
        draft = next(word for word in command if word.endswith("/scratch/initrd"))
        Path(draft).write_bytes(data)

    return run


def made(world: Path) -> Initrd:
    """One that was made, and that holds a program of this machine."""
    it = initrd(world)
    it.make(making(ram_disk(packed={**PACKED, str(world / "program")[1:]: b"mount.nfs"})))
    return it


def test_it_is_made_once(world: Path) -> None:
    assert not initrd(world).is_made()
    made(world)
    assert initrd(world).is_made()
    assert sorted(os.listdir(world / "work")) == ["initrd", "initrd.json"]


CHANGES: dict[str, Callable[[Path], object]] = {
    "kernel": lambda world: (world / f"boot/vmlinuz-{RELEASE}").write_bytes(b"another"),
    "module": lambda world: (world / MODULES / "kernel/e1000.ko").write_text("another"),
    "tool": lambda world: (world / "tool/hooks/klibc-utils").write_text("#!/bin/sh\nexit\n"),
    "hook": lambda world: (world / "configuration/hooks/netboot").write_text("#!/bin/sh\nexit\n"),
    "mode": lambda world: (world / "configuration/hooks/netboot").chmod(0o755),
    "configuration": lambda world: (world / "configuration/initramfs.conf").write_text("MODULES=most\n"),
    "program": lambda world: (world / "program").write_text("mount.nfs of tomorrow"),
    "program lost": lambda world: (world / "program").unlink(),
    "new firmware": lambda world: (world / "usr/firmware/tigon.bin").write_text("one"),
    "firmware": lambda world: (world / "usr/firmware/rtl_nic/rtl8168h-2.fw").write_text("another"),
    "firmware lost": lambda world: (world / "usr/firmware/rtl_nic/rtl8168h-2.fw").unlink(),
    "result lost": lambda world: (world / "work/initrd").unlink(),
    "record broken": lambda world: (world / "work/initrd.json").write_text("{"),
    "record of something": lambda world: (world / "work/initrd.json").write_text("[]"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_it_is_made_again_when_something_in_it_changed(world: Path, change: str) -> None:
    made(world)
    CHANGES[change](world)
    assert not initrd(world).is_made()


def test_other_adapters_and_another_tool_make_another_one(world: Path) -> None:
    made(world)
    assert not initrd(world, drivers=("e1000", "via-rhine")).is_made()
    assert not initrd(world, tool=DRACUT).is_made()


def test_what_does_not_go_in_is_no_reason(world: Path) -> None:
    made(world)
    (world / "elsewhere").write_text("")
    os.utime(world / "configuration/initramfs.conf")
    assert initrd(world).is_made()


@pytest.mark.parametrize(
    ("data", "drivers", "told"),
    [
        (ram_disk(), ("e1000e", "1106:3065"), "lacks the network driver e1000e; nothing was placed"),
        (ram_disk(plain={}), ("e1000",), "lacks the module nfs, the module nfsv3; nothing was placed"),
        (ram_disk(packed={**PACKED, "etc/key": b"-----BEGIN PRIVATE KEY-----\n"}), (), "could fetch: etc/key"),
        (b"", (), "lacks the module nfs"),
        (b"\x28\xb5\x2f\xfd", (), "cannot be read"),
    ],
)
def test_one_that_does_not_do_is_refused(world: Path, data: bytes, drivers: tuple[str, ...], told: str) -> None:
    made(world)
    before = (world / "work/initrd").read_bytes()
    with pytest.raises(InitrdError, match=told):
        initrd(world, drivers=drivers).make(making(data))
    assert (world / "work/initrd").read_bytes() == before
    # And the next run finds nothing in its way.
    assert made(world).is_made()


def test_initramfs_tools_sees_what_a_slave_needs_and_nothing_of_this_machine(world: Path) -> None:
    (world / "scratch").mkdir()
    command = initrd(world).command(f"{world}/scratch", "/draft")
    assert command[: command.index("--")] == ["unshare", "--mount", "--propagation", "private"]
    assert command[-6:] == ["mkinitramfs", "-d", f"{world}/scratch/configuration", "-o", "/draft", RELEASE]
    pairs = dict(zip(command[:-6], command[1:-6], strict=False))
    for name in ("hooks", "scripts"):
        assert pairs[f"{world}/scratch/{name}"] == f"{world}/tool/{name}"
    assert pairs[f"{world}/scratch/empty"] in ("/etc/modprobe.d", "/etc/udev/rules.d", f"{world}/tool/conf.d")
    seen = {str(path.relative_to(world / "scratch")) for path in (world / "scratch").rglob("*") if path.is_file()}
    assert seen == {
        "configuration/hooks/netboot",
        "configuration/initramfs.conf",
        "hooks/klibc-utils",
        "hooks/zz-busybox",
        "scripts/functions",
        "scripts/init-top/udev",
    }
    assert os.access(world / "scratch/hooks/klibc-utils", os.X_OK)
    assert os.listdir(world / "scratch/empty") == []


def test_dracut_gets_no_configuration_of_this_machine(world: Path) -> None:
    (world / "configuration/modules.d/95netboot-diskless").mkdir(parents=True)
    for name in ("99base", "90kernel-network-modules", "90crypt", "95ssh-client", "98masters-own"):
        (world / "tool/modules.d" / name).mkdir(parents=True)
        (world / "tool/modules.d" / name / "module-setup.sh").write_text(name)
    (world / "scratch").mkdir()
    words = initrd(world, DRACUT).command(f"{world}/scratch", "/draft")
    assert words[: words.index("--")] == ["unshare", "--mount", "--propagation", "private"]
    assert words[words.index("--conf") + 1] == f"{world}/configuration/dracut.conf"
    assert os.listdir(words[words.index("--confdir") + 1]) == []
    assert words[-2:] == ["/draft", RELEASE]
    assert words[words.index(f"{world}/scratch/modules.d") + 1] == f"{world}/tool/modules.d"
    seen = sorted(os.listdir(world / "scratch/modules.d"))
    assert seen == ["90kernel-network-modules", "95netboot-diskless", "99base"]


@needs_root
def test_directories_show_something_else_to_one_command_alone(tmp_path: Path) -> None:
    for name in ("real one", "shown"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    real = tmp_path / "real one/file"
    command = isolated({str(real.parent): str(tmp_path / "shown")}, ["cat", str(real)])
    assert subprocess.run(command, capture_output=True, check=True).stdout == b"shown"
    assert real.read_text() == "real one"


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (["sh", "-c", "echo first; echo no space >&2; exit 3"], r"ended with 3:\nfirst\nno space"),
        (["/no/such/program"], "/no/such/program cannot be run: No such file or directory"),
    ],
)
def test_what_the_tool_says_is_told(command: list[str], told: str) -> None:
    before = os.umask(0o022)
    try:
        with pytest.raises(InitrdError, match=told):
            _packaged_initrd._run(command)
    finally:
        os.umask(before)
