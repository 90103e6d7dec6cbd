# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies into a slave's root by the real rsync, and that they never leave it."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from ansible_collections.netboot.diskless.plugins.module_utils import _root_copy
from ansible_collections.netboot.diskless.plugins.module_utils._root_copy import CopyError, copy_etc, copy_programs

from tests.unit.shared import needs_root, picture

pytestmark = needs_root


@pytest.fixture
def master(tmp_path: Path) -> Path:
    """A small master; what is behind /./ in a source's path is where it goes in a root (rsync(1), --relative)."""
    programs = tmp_path / "master/usr/bin"
    programs.mkdir(parents=True)
    (programs / "su").write_bytes(b"su")
    (programs / "su").chmod(0o4711)
    (programs / "bash").write_bytes(b"bash")
    os.link(programs / "bash", programs / "rbash")
    (programs / "sh").symlink_to("bash")
    os.chown(programs / "su", 12, 34)
    (tmp_path / "master/usr/src/linux").mkdir(parents=True)
    (tmp_path / "master/usr/src/linux/Makefile").write_text("all:\n")
    (tmp_path / "master/bin").symlink_to("usr/bin")
    return tmp_path / "master"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root").mkdir()
    return tmp_path / "root"


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    (tmp_path / "outside/bin").mkdir(parents=True)
    (tmp_path / "outside/bin/precious").write_text("the master's")
    return tmp_path / "outside"


def programs_of(master: Path) -> list[str]:
    return [f"{master}/./bin", f"{master}/./usr"]


def test_programs_arrive_as_they_are(master: Path, root: Path) -> None:
    copy_programs(str(root), programs_of(master), ["/usr/src"], subprocess.DEVNULL)
    wanted = {path: entry for path, entry in picture(master).items() if not path.startswith("usr/src")}
    assert picture(root) == wanted
    assert os.stat(root / "usr/bin/bash").st_ino == os.stat(root / "usr/bin/rbash").st_ino
    assert os.stat(root / "usr/bin/bash").st_mtime_ns == os.stat(master / "usr/bin/bash").st_mtime_ns
    assert not os.path.samefile(root / "usr/bin/bash", master / "usr/bin/bash")


def test_what_the_master_lost_is_lost_and_nothing_beside_its_programs(master: Path, root: Path) -> None:
    copy_programs(str(root), programs_of(master), [], subprocess.DEVNULL)
    for path in ("home", "usr/bin", "usr/local"):
        (root / path).mkdir(exist_ok=True)
        (root / path / "slaves").write_text("slave's")
    copy_programs(str(root), programs_of(master), [], subprocess.DEVNULL)
    assert {path for path in picture(root) if "slaves" in path} == {"home/slaves"}


@pytest.mark.parametrize(
    "name", ["backup", "a[b]", "a*b", "a?b", "a\\b", "a\\[b", "a\nb", "+ a", "- a", "# a", " a ", "\udcff", "dir/deep"]
)
def test_what_is_hidden_among_the_programs_stays(master: Path, root: Path, name: str) -> None:
    for place in ("usr", "usr/local/sbin"):
        path = master / place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("#!/bin/sh\npassword=secret\n")
        path.chmod(0o750)
        (master / place / f"{name}.public").write_text("text")
    # Patterns that were read another way would keep these on the master.
    for other in ("axb", "ab", "a[b", "backup2"):
        (master / "usr/local/sbin" / other).write_text("text")
    copy_programs(str(root), programs_of(master), [], subprocess.DEVNULL)
    hidden = {f"usr/{name}", f"usr/local/sbin/{name}"}
    assert set(picture(root)) == set(picture(master)) - hidden


@pytest.mark.parametrize(
    ("mode", "copied"),
    [(0o755, True), (0o711, True), (0o4711, True), (0o4750, True), (0o2750, True), (0o644, True)]
    + [(0o604, True), (0o701, True), (0o750, False), (0o700, False), (0o600, False), (0o640, False), (0o000, False)],
)
def test_what_is_hidden(master: Path, root: Path, mode: int, copied: bool) -> None:
    (master / "usr/closed").mkdir(mode=0o700)
    for name in ("usr/file", "usr/closed/file"):
        (master / name).write_text("text")
        (master / name).chmod(mode)
    (master / "usr/link").symlink_to("file")
    copy_programs(str(root), programs_of(master), [], subprocess.DEVNULL)
    assert (root / "usr/file").exists() == (root / "usr/closed/file").exists() == copied
    assert (root / "usr/link").is_symlink()


def test_says_how_far_it_is(master: Path, root: Path, tmp_path: Path) -> None:
    with open(tmp_path / "progress", "wb") as stream:
        copy_programs(str(root), programs_of(master), [], stream.fileno())
    assert "% " in (tmp_path / "progress").read_text()


@pytest.mark.parametrize("link", ["bin", "usr", "usr/bin", "usr/share", "usr/share/doc/deep"])
@pytest.mark.parametrize("target", ["absolute", "relative"])
def test_a_link_of_the_slaves_leads_nowhere(master: Path, root: Path, outside: Path, link: str, target: str) -> None:
    (master / "usr/share/doc/deep").mkdir(parents=True)
    (master / "usr/share/doc/deep/file").write_text("text")
    (root / link).parent.mkdir(parents=True, exist_ok=True)
    (root / link).symlink_to(outside if target == "absolute" else "../" * (link.count("/") + 1) + "outside")
    before = picture(outside)
    copy_programs(str(root), programs_of(master), [], subprocess.DEVNULL)
    assert picture(outside) == before
    assert picture(root) == picture(master)


@pytest.mark.parametrize("target", ["absolute", "relative"])
def test_not_even_a_link_that_is_followed_leads_out(master: Path, root: Path, outside: Path, target: str) -> None:
    """A slave that plants its link while rsync runs makes it follow one; --keep-dirlinks stands for that race here."""
    (root / "usr").symlink_to(outside if target == "absolute" else "../outside")
    before = picture(outside)
    options = ["-aHR", "--delete", "--keep-dirlinks"]
    with contextlib.suppress(CopyError):
        _root_copy._rsync(str(root), options, [f"{master}/./usr"], "", subprocess.DEVNULL, "")
    assert picture(outside) == before


def test_the_receiver_locks_itself_into_the_root(
    master: Path, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Newer versions of rsync refuse such links by themselves, so what is asked of every version is looked at, too."""
    real, seen = shutil.which("rsync"), tmp_path / "seen"
    record = f'case $1 in --server) cat "${{3#--config=}}" ;; *) echo "$@" ;; esac >> {seen}; exec {real} "$@"'
    fake_rsync(tmp_path, record, monkeypatch)
    copy_programs(str(root), programs_of(master), [], subprocess.DEVNULL)
    sender, *receiver = seen.read_text().splitlines()
    assert str(root) not in sender
    assert {"use chroot = yes", f"path = {root}"} <= set(receiver)
    assert picture(root) == picture(master)


def test_etc_arrives_without_what_stays(tmp_path: Path, root: Path) -> None:
    etc = tmp_path / "etc"
    (etc / "conf.d").mkdir(parents=True)
    (etc / "closed").mkdir(mode=0o700)
    for name, mode in {"conf.d/sshd": 0o644, "profile": 0o755, "secret": 0o600, "closed/file": 0o644}.items():
        (etc / name).write_text("text")
        (etc / name).chmod(mode)
    (etc / "localtime").symlink_to("../usr/share/zoneinfo/UTC")
    (root / "etc").mkdir()
    copy_etc(str(root), str(etc), [])
    seen = picture(root / "etc")
    assert set(seen) == {"conf.d", "conf.d/sshd", "localtime", "profile"}
    assert all(seen[path] == entry for path, entry in picture(etc).items() if path in seen)


# Read as patterns, these names would not mean themselves, and the secrets would be copied.
@pytest.mark.parametrize(
    "name", ["a[b].pem", "a*b", "a?b", "a\\b", "a\nb", "+ a", "- a", "# a", "; a", " a ", "\u00e4", "\udcff", "!", "~a"]
)
def test_a_name_means_only_itself(tmp_path: Path, root: Path, name: str) -> None:
    (tmp_path / "etc/dir").mkdir(parents=True)
    (root / "etc").mkdir()
    for relative in (name, f"dir/{name}"):
        (tmp_path / "etc" / relative).write_text("secret")
        (tmp_path / "etc" / relative).chmod(0o600)
    (tmp_path / "etc" / f"{name}.public").write_text("text")
    copy_etc(str(root), str(tmp_path / "etc"), [])
    assert set(picture(root / "etc")) == {"dir", f"{name}.public"}


def test_a_secret_that_appears_while_etc_is_copied_stays(
    tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "etc").mkdir()
    (root / "etc").mkdir()
    (tmp_path / "etc/profile").write_text("text")
    listed = _root_copy.passing

    def then_a_secret_appears(etc: str, extra: list[str]) -> list[str]:
        names = list(listed(etc, extra))
        (tmp_path / "etc/shadow.edit").write_text("secret")
        (tmp_path / "etc/profile.old").write_text("text")
        return [*names, "gone"]

    monkeypatch.setattr(_root_copy, "passing", then_a_secret_appears)
    copy_etc(str(root), str(tmp_path / "etc"), [])
    assert set(picture(root / "etc")) == {"profile"}


@pytest.mark.parametrize("code", [23, 12, 1])
def test_a_failing_rsync_is_told(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    fake_rsync(tmp_path, f"echo what went wrong >&2; exit {code}", monkeypatch)
    with pytest.raises(CopyError, match=f"rsync ends with {code}: what went wrong"):
        copy_programs(str(root), ["/nothing"], [], subprocess.DEVNULL)


@pytest.mark.parametrize("code", [0, 24])
def test_a_file_that_vanished_is_no_failure(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    fake_rsync(tmp_path, f"exit {code}", monkeypatch)
    copy_programs(str(root), ["/nothing"], [], subprocess.DEVNULL)


def test_no_rsync_is_told(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(CopyError, match="rsync cannot be run"):
        copy_programs(str(root), ["/nothing"], [], subprocess.DEVNULL)


def fake_rsync(directory: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (directory / "bin").mkdir()
    (directory / "bin/rsync").write_text(f"#!/bin/sh\n{script}\n")
    (directory / "bin/rsync").chmod(0o755)
    monkeypatch.setenv("PATH", f"{directory}/bin:{os.environ['PATH']}")
