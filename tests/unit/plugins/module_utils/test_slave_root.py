# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roots of slaves, made with the real rsync of a master of a few files."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.netboot.diskless.plugins.module_utils import _slave_root
from ansible_collections.netboot.diskless.plugins.module_utils._slave_root import Root, RootError

from tests.unit.root_world import ETC, HASH, Killed, World, entry, services
from tests.unit.shared import needs_root, picture

pytestmark = needs_root


@pytest.mark.parametrize("umask", [0o022, 0o077])
def test_a_new_root_is_complete(world: World, umask: int) -> None:
    before = os.umask(umask)
    try:
        assert world.bring() == [world.made_from()]
    finally:
        os.umask(before)
    root = world.roots / "192.168.1.21"
    assert os.listdir(world.roots) == ["192.168.1.21"]
    assert stat.S_IMODE(root.stat().st_mode) == 0o755
    seen = picture(root)
    # OpenRC ends the boot without /run; root's files are root's; everybody writes to /tmp, and removes only their own.
    modes = {"run": 0o755, "root": 0o700, "tmp": 0o1777, "var/tmp": 0o1777, "proc": 0o555, "etc": 0o755, "dev": 0o755}
    for relative, mode in {**_slave_root.DIRECTORIES, **modes}.items():
        assert entry(root, relative) == f"{stat.S_IFDIR | mode:o} 0:0", relative
    assert seen["dev/console"] == f"20600 0:0 {os.makedev(5, 1)}"
    assert seen["dev/null"] == f"20666 0:0 {os.makedev(1, 3)}"
    assert os.readlink(root / "var/run") == "/run" and os.readlink(root / "var/lock") == "/run/lock"
    assert os.readlink(root / "bin") == "usr/bin"
    assert entry(root, "usr/bin/su") == "104711 0:0"
    assert os.path.samefile(root / "usr/bin/bash", root / "usr/bin/rbash")
    assert "usr/src" not in seen
    assert (root / "etc/profile").read_text() == ETC["profile"]
    assert (root / "etc/hostname").read_text() == "slave21\n"
    assert entry(root, "etc/hostname") == "100644 0:0"


def test_the_masters_secrets_and_settings_are_not_there(world: World) -> None:
    root = world.made()
    text = "".join(path.read_text() for path in root.rglob("*") if path.is_file() and not path.is_symlink())
    for name in ("shadow", "ssh/ssh_host_ed25519_key", "exports", "fstab", "conf.d/hostname", "machine-id"):
        assert ETC[name] not in text, name
    assert "dhcpd" not in services(root, "default")


@pytest.mark.parametrize("given", ["", HASH])
def test_accounts(world: World, given: str) -> None:
    root = world.made(root_hash=given)
    assert (root / "etc/shadow").read_text() == f"root:{given or '*'}::0:99999:7:::\nsshd:*::0:99999:7:::\n"
    assert (root / "etc/gshadow").read_text() == "root:!::\nsshd:!::\n"
    assert entry(root, "etc/shadow") == entry(root, "etc/gshadow") == "100600 0:0"


def test_runlevels_hold_exactly_what_they_shall(world: World) -> None:
    root = world.made()
    assert sorted(os.listdir(root / "etc/runlevels")) == ["boot", "default"]
    assert services(root, "boot") == {"bootmisc": "/etc/init.d/bootmisc"}
    names = ("agetty.tty1", "agetty.ttyS0", "local", "net.eth0", "sshd")
    assert services(root, "default") == {name: f"/etc/init.d/{name}" for name in names}
    for name, target in {"agetty.tty1": "agetty", "agetty.ttyS0": "agetty", "net.eth0": "net.lo"}.items():
        assert os.readlink(root / "etc/init.d" / name) == target


def test_two_slaves_share_no_identity(world: World) -> None:
    one, other = world.made(21), world.made(22)
    for relative in ("etc/machine-id", "etc/ssh/ssh_host_ed25519_key", "etc/hostname", "etc/hosts", "etc/fstab"):
        assert (one / relative).read_bytes() != (other / relative).read_bytes(), relative
    for root in (one, other):
        assert len((root / "etc/machine-id").read_text()) == 33
        int((root / "etc/machine-id").read_text(), 16)
        assert entry(root, "etc/ssh/ssh_host_ed25519_key") == "100600 0:0"
        assert (root / "etc/ssh/ssh_host_ed25519_key.pub").read_text().endswith(f" root@slave{str(root)[-2:]}\n")
    # No file of one is a file of the other, or of the master.
    assert not os.path.samefile(one / "usr/bin/bash", other / "usr/bin/bash")


def test_an_empty_directory_is_no_root_yet(world: World) -> None:
    (world.roots / "192.168.1.21").mkdir(mode=0o700)
    root = world.made()
    assert (root / "etc/profile").exists()
    assert stat.S_IMODE(root.stat().st_mode) == 0o755


def test_a_root_on_a_file_system_of_its_own_is_made_in_its_place(world: World, kept: World, mounted: Path) -> None:
    before = picture(world.base)
    told = [world.made_from()]
    assert world.bring(dry=True) == told and picture(world.base) == before
    assert world.bring() == told
    assert os.listdir(world.roots) == ["192.168.1.21"]
    expected = set(picture(Path(f"{kept.base}.kept/diskless/192.168.1.21")))
    assert set(picture(mounted)) - {"lost+found"} == expected
    assert world.bring() == []


@pytest.mark.parametrize("name", ["copy_programs", "copy_etc", "shutil.rmtree"])
def test_one_that_was_killed_on_its_own_file_system_is_made_again(
    world: World, mounted: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def killed(*_args: Any, **_options: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(f"{_slave_root.__name__}.{name}", killed)
        world.bring()
    (mounted / "home").mkdir(exist_ok=True)
    assert Root(world.slave(), world.source(), True).is_new()
    world.bring()
    assert (mounted / "etc/profile").exists() and (mounted / "usr/bin/bash").exists()
    assert world.bring() == [] and not Root(world.slave(), world.source(), True).is_new()


def test_a_slave_cannot_make_its_root_new(standing: World) -> None:
    root = Path(standing.slave()["root"])
    (root / "unfinished").touch()
    (root / "lost+found").mkdir()
    assert not Root(standing.slave(), standing.source(), True).is_new()


def test_a_second_run_changes_nothing(standing: World) -> None:
    before = picture(standing.base)
    inodes = {path: path.lstat().st_ino for path in standing.base.rglob("*")}
    assert standing.bring(root_hash=HASH) == []
    assert picture(standing.base) == before
    assert {path: path.lstat().st_ino for path in standing.base.rglob("*")} == inodes


def test_programs_follow_the_masters_and_etc_stays_the_slaves(standing: World) -> None:
    root = Path(standing.slave()["root"])
    identity = [(root / name).read_bytes() for name in ("etc/machine-id", _slave_root.HOST_KEY)]
    (standing.base / "master/usr/bin/new").write_text("new")
    (standing.base / "master/usr/bin/removed-later").unlink()
    (standing.base / "master/etc/profile").write_text("changed on the master\n")
    (root / "etc/profile").write_text("changed on the slave\n")
    (root / "home/user").mkdir()
    assert standing.bring(stamp="two") == [f"{root}/ gets the programs of {standing.master}"]
    assert sorted(os.listdir(root / "usr/bin")) == ["bash", "new", "rbash", "su"]
    assert (root / "etc/profile").read_text() == "changed on the slave\n"
    assert (root / "home/user").is_dir()
    assert [(root / name).read_bytes() for name in ("etc/machine-id", _slave_root.HOST_KEY)] == identity
    assert standing.bring(stamp="two") == []


@pytest.mark.parametrize(
    ("harm", "mended"),
    [
        (lambda root: (root / "etc/hostname").write_text("other\n"), ["etc/hostname is written"]),
        (lambda root: (root / "etc/hostname").unlink(), ["etc/hostname is written"]),
        (lambda root: os.rmdir(root / "run"), ["run is made"]),
        (lambda root: os.unlink(root / "dev/console"), ["dev/console is made"]),
        (lambda root: os.unlink(root / "var/run"), ["var/run is linked to /run"]),
        (lambda root: os.unlink(root / "etc/machine-id"), ["etc/machine-id is written"]),
        (lambda root: os.unlink(root / _slave_root.HOST_KEY), [f"{_slave_root.HOST_KEY} is generated"]),
        (
            lambda root: os.unlink(root / "etc/runlevels/default/sshd"),
            ["etc/runlevels/default/sshd is linked to /etc/init.d/sshd"],
        ),
        (
            lambda root: os.symlink("/etc/init.d/dhcpd", root / "etc/runlevels/default/dhcpd"),
            ["etc/runlevels/default/dhcpd is removed"],
        ),
        (
            lambda root: os.unlink(root / "etc/init.d/agetty.ttyS0"),
            ["etc/init.d/agetty.ttyS0 is linked to agetty"],
        ),
        (lambda root: os.unlink(root / "etc/shadow"), ["etc/shadow is written"]),
    ],
)
def test_what_was_harmed_is_mended_and_shown_before(
    standing: World, harm: Callable[[Path], object], mended: list[str]
) -> None:
    root = Path(standing.slave()["root"])
    whole = picture(root)
    harm(root)
    expected = [f"{root}/{line}" for line in mended]
    harmed = picture(standing.base)
    assert standing.bring(dry=True) == expected
    assert picture(standing.base) == harmed
    assert standing.bring() == expected
    assert set(picture(root)) == set(whole)
    assert standing.bring() == []


def test_a_new_password_replaces_only_roots(standing: World) -> None:
    root = Path(standing.slave()["root"])
    (root / "etc/shadow").write_text("root:*:1:0:99999:7:::\nbob:$6$bobs$hash:2:0:99999:7:::\n")
    (root / "etc/shadow").chmod(0o644)
    os.chown(root / "etc/shadow", 0, 42)
    assert standing.bring(root_hash=HASH) == [f"{root}/etc/shadow is written"]
    assert (root / "etc/shadow").read_text() == f"root:{HASH}:1:0:99999:7:::\nbob:$6$bobs$hash:2:0:99999:7:::\n"
    assert entry(root, "etc/shadow") == "100640 0:42"
    assert standing.bring() == [] and standing.bring(root_hash=HASH) == []


@pytest.mark.parametrize(
    "given", ["secret", "$6$", "$6$salt:x", "$6$salt$hash\nbob:$6$:", "$6$salt$hash ", "root:$6$a$b", "$6 $a$b", "$$x"]
)
def test_what_is_no_hash_is_refused_and_not_repeated(world: World, given: str) -> None:
    with pytest.raises(RootError, match="slave_rootfs_root_password_hash is no hash") as refusal:
        world.bring(root_hash=given)
    assert given not in str(refusal.value)
    assert os.listdir(world.roots) == []


@pytest.mark.parametrize("given", ["*", "!", "$6$salt$hash", "!$6$salt$hash", "$y$j9T$a/b.c$d=", "$5$rounds=5000$a$b"])
def test_what_is_a_hash_is_taken(standing: World, given: str) -> None:
    assert standing.bring(root_hash=given) == [f"{standing.slave()['root']}/etc/shadow is written"]
