# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Working below a directory that is under somebody else's control."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ansible_collections.netboot.diskless.plugins.module_utils import _beneath
from ansible_collections.netboot.diskless.plugins.module_utils._beneath import Beneath, BeneathError

from tests.unit.shared import needs_root, picture

pytestmark = needs_root

# Each is what _slave_root does somewhere; PATH stands for what the slave has made a trap of.
OPERATIONS: dict[str, Callable[[Beneath, str], object]] = {
    "status": lambda tree, path: tree.status(path),
    "kind": lambda tree, path: tree.kind(path),
    "read": lambda tree, path: tree.read(path),
    "target": lambda tree, path: tree.target(path),
    "names": lambda tree, path: tree.names(path),
    "make_directory": lambda tree, path: tree.make_directory(f"{path}-new", 0o755),
    "make_directory below": lambda tree, path: tree.make_directory(f"{path}-new/below", 0o755),
    "write": lambda tree, path: tree.write(path, b"ours", 0o600),
    "link": lambda tree, path: tree.link(path, "ours"),
    "make_device": lambda tree, path: tree.make_device(f"{path}-new", 1, 3, 0o666),
    "remove": lambda tree, path: tree.remove(path),
}


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """What the slave would like to reach: a file, and a directory that holds one."""
    (tmp_path / "outside/below").mkdir(parents=True)
    (tmp_path / "outside/file").write_text("the master's")
    (tmp_path / "outside/below/file").write_text("the master's")
    return tmp_path / "outside"


@pytest.fixture
def tree(tmp_path: Path, outside: Path) -> Iterator[Beneath]:
    (tmp_path / "root/etc").mkdir(parents=True)
    with Beneath(str(tmp_path / "root")) as opened:
        yield opened


@pytest.mark.parametrize("trap", ["absolute", "relative", "chain", "file"])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_no_directory_on_the_way_is_a_link(tree: Beneath, outside: Path, operation: str, trap: str) -> None:
    etc = Path(tree.root, "etc")
    etc.rmdir()
    if trap == "file":
        etc.write_text("no directory")
    elif trap == "chain":
        etc.symlink_to("other")
        Path(tree.root, "other").symlink_to(outside)
    else:
        etc.symlink_to(outside if trap == "absolute" else "../outside")
    before = picture(Path(tree.root).parent)
    for path in ("etc/file", "etc/below/file"):
        with pytest.raises(BeneathError, match=rf"{tree.root}/etc is a symbolic link or a file"):
            OPERATIONS[operation](tree, path)
    assert picture(Path(tree.root).parent) == before


def test_a_link_deeper_down_is_named(tree: Beneath, outside: Path) -> None:
    Path(tree.root, "etc/conf.d").symlink_to(outside)
    with pytest.raises(BeneathError, match=rf"{tree.root}/etc/conf.d is a symbolic link"):
        tree.read("etc/conf.d/file")


LEADING_OUT = ("../outside/file", "etc/../../outside/file", "etc/../file", "./file", "/etc/file", "etc//file")
NAMELESS = ("", "etc/", ".", "..", "etc/.", "etc/..")
BAD_PATHS = [(operation, path) for operation in OPERATIONS for path in LEADING_OUT] + [
    (operation, path) for operation in ("status", "read", "target", "write", "link", "remove") for path in NAMELESS
]


@pytest.mark.parametrize(("operation", "path"), BAD_PATHS)
def test_only_plain_paths(tree: Beneath, outside: Path, operation: str, path: str) -> None:
    before = picture(Path(tree.root).parent)
    with pytest.raises(BeneathError):
        OPERATIONS[operation](tree, path)
    assert picture(Path(tree.root).parent) == before


@pytest.mark.parametrize("target", ["file", "below", "nowhere"])
def test_a_link_in_a_files_place_is_seen_as_one_and_not_followed(tree: Beneath, outside: Path, target: str) -> None:
    before = picture(outside)
    planted = Path(tree.root, "etc/hostname")
    planted.symlink_to(outside / target)
    assert tree.kind("etc/hostname") == _beneath.LINK
    assert tree.read("etc/hostname") is None
    assert tree.target("etc/hostname") == str(outside / target)
    tree.write("etc/hostname", b"slave21\n", 0o644)
    assert not planted.is_symlink() and planted.read_bytes() == b"slave21\n"
    assert picture(outside) == before


@pytest.mark.parametrize("make", ["write", "link"])
@pytest.mark.parametrize("target", ["file", "nowhere"])
def test_a_link_planted_at_the_temporary_name_is_not_followed(
    tree: Beneath, outside: Path, make: str, target: str
) -> None:
    before = picture(outside)
    Path(tree.root, "etc/.hostname.netboot").symlink_to(outside / target)
    OPERATIONS[make](tree, "etc/hostname")
    assert picture(outside) == before
    assert os.listdir(Path(tree.root, "etc")) == ["hostname"]


def test_a_name_that_comes_back_is_not_opened(tree: Beneath, outside: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The slave plants its link again after the old one was removed and before the file is made."""
    unlink = os.unlink

    def unlink_and_plant(path: str, *, dir_fd: int) -> None:
        unlink(path, dir_fd=dir_fd) if os.path.lexists(f"{tree.root}/etc/{path}") else None
        os.symlink(outside / "file", path, dir_fd=dir_fd)

    monkeypatch.setattr(os, "unlink", unlink_and_plant)
    with pytest.raises(FileExistsError):
        tree.write("etc/hostname", b"slave21\n", 0o644)
    assert (outside / "file").read_text() == "the master's"


def test_a_directory_that_becomes_a_link_after_it_was_opened(
    tree: Beneath, outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was checked is what is used: the walk goes on from the descriptor, not from the name."""
    Path(tree.root, "etc/conf.d").mkdir()
    before = picture(outside)
    opened = Beneath._open_directory

    def open_and_swap(self: Beneath, parent: int, name: str, shown: str) -> int:
        descriptor = opened(self, parent, name, shown)
        if name == "conf.d":
            os.rename(shown, f"{shown}-moved")
            os.symlink(outside, shown)
        return descriptor

    monkeypatch.setattr(Beneath, "_open_directory", open_and_swap)
    tree.write("etc/conf.d/file", b"ours", 0o644)
    assert picture(outside) == before
    assert Path(tree.root, "etc/conf.d-moved/file").read_bytes() == b"ours"


@pytest.mark.parametrize("kind", ["pipe", "device", "directory", "socket"])
def test_reads_files_only_and_wakes_nothing(tree: Beneath, kind: str) -> None:
    path = Path(tree.root, "etc/hostname")
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, 5))
    elif kind == "socket":
        os.mknod(path, stat.S_IFSOCK | 0o600)
    else:
        path.mkdir()
    assert tree.read("etc/hostname") is None
    assert tree.kind("etc/hostname") == (_beneath.DIRECTORY if kind == "directory" else _beneath.OTHER)


def test_reads_no_file_of_any_size(tree: Beneath) -> None:
    with open(f"{tree.root}/etc/passwd", "wb") as stream:
        stream.truncate(_beneath.LARGEST)
    assert tree.read("etc/passwd") == bytes(_beneath.LARGEST)
    with open(f"{tree.root}/etc/passwd", "wb") as stream:
        stream.truncate(1 << 40)
    with pytest.raises(BeneathError, match="larger than 1048576 bytes"):
        tree.read("etc/passwd")


def test_what_is_not_there(tree: Beneath) -> None:
    for path in ("etc/nothing", "nothing/at/all"):
        assert tree.kind(path) == _beneath.ABSENT
        assert tree.status(path) is None
        assert tree.read(path) is None
        assert tree.target(path) is None
        assert tree.names(path) == []
    assert tree.target("etc") is None


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_modes_and_owners_are_those_that_were_asked_for(tree: Beneath, umask: int) -> None:
    before = os.umask(umask)
    try:
        tree.make_directory("var/tmp", 0o1777)
        tree.write("etc/shadow", b"root:*::0:99999:7:::\n", 0o640, group=42)
        tree.make_device("etc/null", 1, 3, 0o666)
        tree.link("etc/mtab", "/proc/self/mounts")
        assert os.umask(umask) == umask
    finally:
        os.umask(before)
    seen = {path: entry.rpartition(" ")[0] for path, entry in picture(Path(tree.root)).items()}
    assert seen == {
        "etc": "40755 0:0",
        "etc/mtab": "120777 0:0",
        "etc/null": "20666 0:0",
        "etc/shadow": "100640 0:42",
        "var": "40755 0:0",
        "var/tmp": "41777 0:0",
    }
    assert os.stat(f"{tree.root}/etc/null").st_rdev == os.makedev(1, 3)
    assert tree.names("etc") == ["mtab", "null", "shadow"]
    assert tree.read("etc/shadow") == b"root:*::0:99999:7:::\n"


def test_a_secret_is_never_readable_on_its_way(tree: Beneath, monkeypatch: pytest.MonkeyPatch) -> None:
    modes = []
    rename = os.replace

    def look(source: str, target: str, *, src_dir_fd: int, dst_dir_fd: int) -> None:
        rename(source, target, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)

    def made(path: str, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        if flags & os.O_CREAT:
            modes.append(mode)
        return opened(path, flags, mode, dir_fd=dir_fd)

    opened = os.open
    monkeypatch.setattr(os, "open", made)
    monkeypatch.setattr(os, "replace", look)
    tree.write("etc/shadow", b"secret", 0o600)
    assert modes == [0o600]


@pytest.mark.parametrize(("operation", "place"), [("write", ""), ("link", ""), ("remove", ""), ("write", "staged")])
def test_a_directory_in_a_files_place_is_refused_with_its_name(tree: Beneath, operation: str, place: str) -> None:
    Path(tree.root, "etc", ".hostname.netboot" if place else "hostname").mkdir()
    before = picture(Path(tree.root))
    with pytest.raises(BeneathError, match="etc/hostname is a directory where none is wanted"):
        OPERATIONS[operation](tree, "etc/hostname")
    assert set(picture(Path(tree.root))) - set(before) <= {"etc/.hostname.netboot"}


def test_leaves_no_descriptor_open(tree: Beneath, outside: Path) -> None:
    Path(tree.root, "etc/out").symlink_to(outside)
    Path(tree.root, "etc/there").write_text("text")
    before = len(os.listdir("/proc/self/fd"))
    for operation in OPERATIONS.values():
        for path in ("etc/there", "etc/out/file", "etc/nothing/file", "nothing", "etc/../x"):
            try:
                operation(tree, path)
            except (BeneathError, OSError):
                continue
    assert len(os.listdir("/proc/self/fd")) == before
