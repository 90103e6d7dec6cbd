# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roots of slaves, made with the real rsync of a master of a few files."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.netboot.diskless.plugins.module_utils import _root_copy, _slave_root
from ansible_collections.netboot.diskless.plugins.module_utils._beneath import Beneath
from ansible_collections.netboot.diskless.plugins.module_utils._slave_root import Root, RootError, Source

from tests.unit.shared import needs_root, picture

pytestmark = needs_root

ETC = {
    "conf.d/hostname": 'hostname="master"\n',
    "exports": "/home *(rw)\n",
    "fstab": "/dev/sda1 / ext4 defaults 0 1\n",
    "group": "root:x:0:\nsshd:x:22:\n",
    "hostname": "master\n",
    "init.d/agetty": "#!/sbin/openrc-run\n",
    "init.d/bootmisc": "#!/sbin/openrc-run\n",
    "init.d/dhcpd": "#!/sbin/openrc-run\n",
    "init.d/local": "#!/sbin/openrc-run\n",
    "init.d/net.lo": "#!/sbin/openrc-run\n",
    "init.d/sshd": "#!/sbin/openrc-run\n",
    "machine-id": "0" * 32 + "\n",
    "passwd": "root:x:0:0:root:/root:/bin/sh\nsshd:x:22:22::/var/empty:/sbin/nologin\n",
    "profile": "umask 022\n",
    "runlevels/default/dhcpd": "",
    "shadow": "root:$6$masters$hash:1::::::\n",
    "ssh/ssh_host_ed25519_key": "the master's\n",
    "ssh/sshd_config": "PermitRootLogin no\n",
}
HASH = "$6$salt$slaves"


class World:
    """A master with programs and an /etc, and a place for roots."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.roots = base / "diskless"
        self.roots.mkdir()
        for name, mode in {"bash": 0o755, "su": 0o4711, "removed-later": 0o755}.items():
            path = base / "master/usr/bin" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(name)
            path.chmod(mode)
        os.link(base / "master/usr/bin/bash", base / "master/usr/bin/rbash")
        (base / "master/usr/src").mkdir()
        (base / "master/usr/src/Makefile").write_text("all:\n")
        (base / "master/bin").symlink_to("usr/bin")
        for name, text in ETC.items():
            path = base / "etc" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        (base / "etc/shadow").chmod(0o640)
        (base / "etc/ssh/ssh_host_ed25519_key").chmod(0o600)
        (base / "state").mkdir()
        (base / "outside/below").mkdir(parents=True)
        for name in ("file", "sshd", "below/file"):
            (base / "outside" / name).write_text("the master's")

    def source(self, **changes: Any) -> Source:
        # Behind /./ is where each goes in a root (rsync(1), --relative); lib32 is not there.
        given = Source(
            programs=[f"{self.base}/master/./{name}" for name in ("bin", "lib32", "usr")],
            exclude=["/usr/src"],
            stamp="one",
            etc=str(self.base / "etc"),
            etc_exclude=[],
            runlevels={"boot": ["bootmisc", "keymaps"], "default": ["agetty.tty1", "local", "net.eth0"]},
            services=["sshd"],
            root_hash="",
            site={"master_address": "192.168.1.1", "master_name": "master", "domain": "", "dns_servers": []},
            state_directory=str(self.base / "state"),
            progress=str(self.base / "state/progress"),
        )
        return dataclasses.replace(given, **changes)

    def slave(self, number: int = 21, **changes: str) -> dict[str, str]:
        address = f"192.168.1.{number}"
        return {
            "name": f"slave{number}",
            "hostname": f"slave{number}",
            "fqdn": f"slave{number}",
            "address": address,
            "root": str(self.roots / address),
            "console": "ttyS0,115200",
            "nfs_version": "4.2",
            **changes,
        }

    def bring(self, number: int = 21, dry: bool = False, **changes: Any) -> list[str]:
        return Root(self.slave(number), self.source(**changes), dry).bring()

    def made(self, number: int = 21, **changes: Any) -> Path:
        self.bring(number, **changes)
        return self.roots / f"192.168.1.{number}"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A world with the root of slave21 in it, and a copy of it beside it."""
    kept = World(tmp_path_factory.mktemp("world"))
    kept.made(root_hash=HASH)
    subprocess.run(["cp", "-a", kept.base, f"{kept.base}.kept"], check=True)
    return kept


@pytest.fixture
def standing(kept: World) -> World:
    """A world in which slave21 has its root: copied, because making one takes many times as long."""
    shutil.rmtree(kept.base)
    subprocess.run(["cp", "-a", f"{kept.base}.kept", kept.base], check=True)
    return kept


def entry(root: Path, relative: str) -> str:
    """Kind and mode, owner."""
    return picture(root)[relative].rpartition(" ")[0]


def services(root: Path, level: str) -> dict[str, str]:
    directory = root / "etc/runlevels" / level
    return {path.name: os.readlink(path) for path in directory.iterdir()}


# --- a root that did not exist


@pytest.mark.parametrize("umask", [0o022, 0o077])
def test_a_new_root_is_complete(world: World, umask: int) -> None:
    before = os.umask(umask)
    try:
        assert world.bring() == [f"{world.roots}/192.168.1.21 is made from the master's programs"]
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


class Killed(BaseException):
    """Stands for SIGKILL: nothing of ours runs after it, because nothing of ours catches it."""


@pytest.fixture(params=["lost+found", ""])
def mounted(world: World, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Path:
    """The place of slave21's root as a new file system of its own, which no rename can put a root on."""
    root = world.roots / "192.168.1.21"
    (root / request.param).mkdir(mode=0o700, parents=True)

    def busy(_source: str, target: str) -> None:
        raise OSError(16, "Device or resource busy", target)

    monkeypatch.setattr(os.path, "ismount", lambda path: path == str(root))
    monkeypatch.setattr(os, "rename", busy)
    return root


def test_a_root_on_a_file_system_of_its_own_is_made_in_its_place(world: World, kept: World, mounted: Path) -> None:
    before = picture(world.base)
    told = [f"{mounted} is made from the master's programs"]
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


# --- a root that is there


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
    (standing.base / "etc/profile").write_text("changed on the master\n")
    (root / "etc/profile").write_text("changed on the slave\n")
    (root / "home/user").mkdir()
    assert standing.bring(stamp="two") == [f"{root}/ gets the master's programs"]
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


# --- dry runs, refusals


def test_a_dry_run_of_a_new_root_touches_nothing(world: World) -> None:
    before = picture(world.base)
    assert world.bring(dry=True) == [f"{world.roots}/192.168.1.21 is made from the master's programs"]
    assert picture(world.base) == before


def test_a_dry_run_of_new_programs_touches_nothing(standing: World) -> None:
    root = Path(standing.slave()["root"])
    before = picture(standing.base)
    assert standing.bring(dry=True, stamp="two", root_hash="$6$salt$other") == [
        f"{root}/ gets the master's programs",
        f"{root}/etc/shadow is written",
    ]
    assert picture(standing.base) == before


@pytest.mark.parametrize("dry", [True, False])
@pytest.mark.parametrize("there", [True, False])
def test_services_that_do_not_exist_are_refused_by_name(standing: World, there: bool, dry: bool) -> None:
    before = picture(standing.roots)
    with pytest.raises(RootError, match=r"slave2[12]: slave_rootfs_services asks for ntpd, cronie.*/etc/init.d/ntpd"):
        standing.bring(21 if there else 22, dry=dry, services=["ntpd", "sshd", "cronie"])
    assert picture(standing.roots) == before


def test_services_are_refused_where_there_are_no_scripts(world: World) -> None:
    for path in (world.base / "etc/init.d").iterdir():
        path.unlink()
    with pytest.raises(RootError, match="/etc/init.d/sshd"):
        world.bring()
    assert os.listdir(world.roots) == []
    assert not (world.made(services=[]) / "etc/runlevels").exists()


def test_a_failing_rsync_leaves_no_root(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_root_copy, "RECEIVER", "false")
    with pytest.raises(RootError, match=r"slave21: rsync ends with \d+"):
        world.bring()
    assert os.listdir(world.roots) == [".192.168.1.21.building"]
    assert not os.listdir(world.base / "state") or os.listdir(world.base / "state") == ["progress"]


def test_nothing_fails_without_ssh_keygen(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_slave_root.shutil, "which", lambda name: None)
    assert not (world.made() / _slave_root.HOST_KEY).exists()


# --- runs that are killed


# Which call of which function, and whether the run is killed before it or after it.
KILLS = [
    (_slave_root, "copy_programs", 1, "before"),
    (_slave_root, "copy_programs", 1, "after"),
    (_slave_root, "copy_etc", 1, "after"),
    (Beneath, "make_directory", 3, "before"),
    (Beneath, "write", 2, "after"),
    (Beneath, "write", 8, "before"),
    (Beneath, "link", 4, "after"),
    (os, "rename", 1, "before"),
    (os, "rename", 1, "after"),
]


@pytest.mark.parametrize(("place", "name", "call", "when"), KILLS)
def test_a_killed_run_leaves_no_half_root_and_the_next_one_finishes_it(
    world: World, kept: World, monkeypatch: pytest.MonkeyPatch, place: Any, name: str, call: int, when: str
) -> None:
    original, calls = getattr(place, name), []

    def killed(*args: Any, **options: Any) -> Any:
        calls.append(name)
        if len(calls) == call and when == "before":
            raise Killed
        result = original(*args, **options)
        if len(calls) == call:
            raise Killed
        return result

    final = world.roots / "192.168.1.21"
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(place, name, killed)
        world.bring()
    whole = (name, when) == ("rename", "after")
    assert final.exists() == whole
    assert Root(world.slave(), world.source(), True).is_new() != whole
    # What the master keeps for itself in the meantime must not remain of the first attempt.
    (world.base / "etc/profile").chmod(0o600)
    world.bring()
    assert os.listdir(world.roots) == ["192.168.1.21"]
    expected = set(picture(Path(f"{kept.base}.kept/diskless/192.168.1.21")))
    assert set(picture(final)) == (expected if whole else expected - {"etc/profile"})
    assert world.bring() == []


def test_a_kill_before_the_record_begins_again_and_no_root_is_nobodys(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(json, "dumps", lambda *_args: (_ for _ in ()).throw(Killed()))
        world.bring()
    # A root without a record would be somebody else's.
    assert not (world.roots / "192.168.1.21").exists()
    assert world.bring() == [f"{world.roots}/192.168.1.21 is made from the master's programs"]
    assert world.bring() == []


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"root": 1}', '{"programs": "one"}'])
def test_a_broken_record_only_repeats_the_copy(standing: World, text: str) -> None:
    (standing.base / "state/roots/192.168.1.21.json").write_text(text)
    assert standing.bring(dry=True) == [f"{standing.roots}/192.168.1.21/ gets the master's programs"]


def test_a_root_that_moved_gets_its_programs(standing: World) -> None:
    moved = {**standing.slave(), "root": str(standing.roots / "elsewhere")}
    os.rename(standing.slave()["root"], moved["root"])
    assert Root(moved, standing.source(), True).programs_differ()


# --- slaves that plant traps in their roots

FILE_TRAPS = (
    "dev/console",
    "etc/.hostname.netboot",
    "etc/conf.d/.net.netboot",
    "etc/conf.d/net",
    "etc/gshadow",
    "etc/hostname",
    "etc/init.d/agetty.ttyS0",
    "etc/machine-id",
    "etc/passwd",
    "etc/runlevels/default/sshd",
    "etc/shadow",
    "etc/ssh/ssh_host_ed25519_key",
    "etc/ssh/ssh_host_ed25519_key.pub",
    "usr/bin/bash",
)
DIRECTORY_TRAPS = (
    "dev",
    "etc",
    "etc/conf.d",
    "etc/init.d",
    "etc/runlevels",
    "etc/runlevels/default",
    "etc/ssh",
    "usr",
    "usr/bin",
    "var",
    "var/db",
    "var/tmp",
)


@pytest.mark.parametrize(
    ("trap", "target"),
    [(trap, target) for trap in FILE_TRAPS for target in ("file", "nothing")]
    + [(trap, target) for trap in DIRECTORY_TRAPS for target in (".", "below")],
)
def test_no_link_of_the_slaves_leads_out_of_its_root(standing: World, trap: str, target: str) -> None:
    root = Path(standing.slave()["root"])
    # So that the run has something to write at each of the traps.
    for name in ("hostname", "conf.d/net", "machine-id", "gshadow", "ssh/ssh_host_ed25519_key"):
        (root / "etc" / name).unlink()
    if (root / trap).is_dir():
        os.rename(root / trap, root / "moved")
    (root / trap).unlink(missing_ok=True)
    (root / trap).symlink_to(standing.base / "outside" / target)
    before = picture(standing.base / "outside")
    try:
        standing.bring(stamp="two", root_hash="$6$salt$other")
    except RootError as error:
        # A refusal says where the trap is.
        assert str(error).startswith("slave21: ") and f"{root}/{trap}" in str(error)
    assert picture(standing.base / "outside") == before


def test_no_pipe_of_the_slaves_makes_a_run_wait(standing: World) -> None:
    root = Path(standing.slave()["root"])
    for name in ("hostname", "hosts", "machine-id"):
        (root / "etc" / name).unlink()
        os.mkfifo(root / "etc" / name)
    assert standing.bring() == [f"{root}/etc/hostname is written", f"{root}/etc/hosts is written"]


def test_a_directory_among_the_services_is_refused(standing: World) -> None:
    root = Path(standing.slave()["root"])
    (root / "etc/runlevels/default/nested").mkdir()
    with pytest.raises(RootError, match="default/nested is a directory where none is wanted"):
        standing.bring()
