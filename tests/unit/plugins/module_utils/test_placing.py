# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Placing files as one change, by what is on the disk before and after."""

from __future__ import annotations

import os
import signal
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.netboot.diskless.plugins.module_utils import _files
from ansible_collections.netboot.diskless.plugins.module_utils._ledger import Ledger, sha256
from ansible_collections.netboot.diskless.plugins.module_utils._placing import (
    Placer,
    PlacingError,
    Plan,
    WantedDirectory,
    WantedFile,
    check,
    make_plan,
)

from tests.unit.shared import needs_root, picture

pytestmark = needs_root


class Master:
    """An /etc and a state directory, and one part's wishes for them."""

    def __init__(self, base: Path) -> None:
        self.base, self.etc, self.state = base, base / "etc", base / "state"
        self.etc.mkdir()
        self.placer = Placer(str(self.state), "dhcp")

    def wanted(self, name: str, text: str = "new\n", **options: Any) -> WantedFile:
        return WantedFile(str(self.etc / name), text.encode(), **options)

    def plan(self, *files: WantedFile, directories: tuple[WantedDirectory, ...] = ()) -> Plan:
        return make_plan(list(files), list(directories), self.placer.ledger.read(), str(self.base))

    def place(self, *files: WantedFile, directories: tuple[WantedDirectory, ...] = ()) -> Plan:
        """What the module does in one run."""
        plan = self.plan(*files, directories=directories)
        self.placer.apply(plan)
        self.placer.settle(list(files))
        return plan

    def recorded(self) -> dict[str, str]:
        return {os.path.relpath(path, self.etc): digest for path, digest in self.placer.ledger.read().items()}

    def kept(self) -> dict[str, str]:
        """Former versions, by their path in etc."""
        directory = self.state / "former" / str(self.etc).lstrip("/")
        return {str(path.relative_to(directory)): path.read_text() for path in directory.rglob("*") if path.is_file()}


@pytest.fixture
def master(tmp_path: Path) -> Master:
    return Master(tmp_path)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


# --- one run, and the next


def test_files_arrive_with_content_mode_and_owner(master: Master) -> None:
    master.place(
        master.wanted("conf.d/dhcpd", "DHCPD_OPTS=\n"),
        master.wanted("secret", "s", mode=0o600, owner="daemon", group="daemon"),
        master.wanted("program", "p", mode=0o6755, owner="daemon", group="daemon"),
        directories=(WantedDirectory(str(master.etc / "own"), 0o750),),
    )
    assert (master.etc / "conf.d/dhcpd").read_text() == "DHCPD_OPTS=\n"
    assert mode_of(master.etc / "conf.d/dhcpd") == 0o644
    assert mode_of(master.etc / "conf.d") == 0o755
    assert mode_of(master.etc / "own") == 0o750
    assert mode_of(master.etc / "secret") == 0o600
    assert (master.etc / "secret").owner() == (master.etc / "secret").group() == "daemon"
    # chown(2) takes these bits away, so it has to come before the mode.
    assert mode_of(master.etc / "program") == 0o6755
    digests = {"conf.d/dhcpd": sha256(b"DHCPD_OPTS=\n"), "program": sha256(b"p"), "secret": sha256(b"s")}
    assert master.recorded() == digests
    assert sorted(path.name for path in master.etc.rglob("*")) == ["conf.d", "dhcpd", "own", "program", "secret"]


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_the_umask_does_not_matter(master: Master, umask: int) -> None:
    before = os.umask(umask)
    try:
        master.place(master.wanted("deep/down/file"), directories=(WantedDirectory(str(master.etc / "a/b"), 0o755),))
    finally:
        os.umask(before)
    assert {mode_of(path) for path in master.etc.rglob("*") if path.is_dir()} == {0o755}
    assert mode_of(master.etc / "deep/down/file") == 0o644


def test_a_second_run_has_nothing_to_do(master: Master) -> None:
    wishes = (master.wanted("one"), master.wanted("deep/two", mode=0o600))
    directories = (WantedDirectory(str(master.etc / "own"), 0o700),)
    master.place(*wishes, directories=directories)
    before = picture(master.base)
    plan = master.plan(*wishes, directories=directories)
    assert not plan and plan == Plan()
    master.placer.apply(plan)
    assert not master.placer.settle(list(wishes))
    assert picture(master.base) == before


@pytest.mark.parametrize(
    "change",
    [
        lambda plan: plan.directories.append(WantedDirectory("/x")),
        lambda plan: plan.write.append(WantedFile("/x", b"")),
        lambda plan: plan.mend.append(WantedFile("/x", b"")),
        lambda plan: plan.remove.append("/x"),
    ],
)
def test_a_plan_with_anything_in_it_is_a_change(change: Callable[[Plan], None]) -> None:
    plan = Plan()
    change(plan)
    assert plan


def test_what_was_replaced_is_kept_with_its_mode(master: Master) -> None:
    master.place(master.wanted("file", "one\n", mode=0o640, group="daemon"))
    (master.etc / "file").write_text("changed by hand\n")
    os.utime(master.etc / "file", (1_000_000, 1_000_000))
    master.place(master.wanted("file", "two\n"))
    assert (master.etc / "file").read_text() == "two\n"
    assert master.kept() == {"file": "changed by hand\n"}
    kept = master.state / "former" / str(master.etc / "file").lstrip("/")
    assert mode_of(kept) == 0o640 and kept.group() == "daemon" and kept.stat().st_mtime == 1_000_000
    assert mode_of(master.state / "former") == 0o700
    assert mode_of(Path(master.placer.ledger.path)) == 0o600


@pytest.mark.parametrize(
    ("harm", "mended"),
    [
        (lambda path: os.chmod(path, 0o666), True),
        (lambda path: os.chown(path, 1, 0), True),
        (lambda path: os.chown(path, 0, 1), True),
        (lambda path: os.utime(path, (1, 1)), False),
    ],
)
@pytest.mark.parametrize("name", ["file", "own"])
def test_mode_and_owner_are_mended(master: Master, harm: Callable[[Path], None], mended: bool, name: str) -> None:
    wishes, directories = (master.wanted("file"),), (WantedDirectory(str(master.etc / "own"), 0o750),)
    master.place(*wishes, directories=directories)
    before = picture(master.etc)
    inode = (master.etc / name).stat().st_ino
    harm(master.etc / name)
    assert bool(master.plan(*wishes, directories=directories)) == mended
    master.place(*wishes, directories=directories)
    assert picture(master.etc) == before
    assert (master.etc / name).stat().st_ino == inode
    assert not master.plan(*wishes, directories=directories)


def test_a_mode_that_a_file_system_does_not_keep_is_no_difference(
    master: Master, monkeypatch: pytest.MonkeyPatch
) -> None:
    master.place(master.wanted("file"))
    (master.etc / "file").chmod(0o755)
    monkeypatch.setattr(_files, "keeps_attributes", lambda path: path != str(master.etc / "file"))
    assert not master.plan(master.wanted("file"))
    assert master.plan(master.wanted("file", "other\n"))


def test_a_user_that_does_not_exist_yet_is_no_difference_but_cannot_be_given_a_file(master: Master) -> None:
    wish = master.wanted("file", owner="no-such-user")
    with pytest.raises(PlacingError, match="there is no user no-such-user"):
        master.place(wish)
    assert picture(master.etc) == {}
    master.place(master.wanted("file"))
    assert not master.plan(wish)


def test_a_link_to_a_directory_is_one(master: Master) -> None:
    (master.base / "elsewhere").mkdir(mode=0o755)
    (master.etc / "own").symlink_to("../elsewhere")
    directories = (WantedDirectory(str(master.etc / "own"), 0o755),)
    assert not master.plan(directories=directories)
    master.place(master.wanted("own/file"), directories=directories)
    assert (master.base / "elsewhere/file").read_text() == "new\n"


# --- refusals


def test_all_that_is_in_the_way_is_named_at_once_and_nothing_touched(master: Master) -> None:
    (master.etc / "foreign").write_text("somebody's\n")
    (master.etc / "directory").mkdir()
    (master.etc / "link").symlink_to("foreign")
    (master.etc / "dangling").symlink_to("nothing")
    os.mkfifo(master.etc / "pipe")
    before = picture(master.base)
    names = ("foreign", "directory", "link", "dangling", "pipe", "foreign/below", "fine")
    with pytest.raises(PlacingError) as refusal:
        master.place(
            *(master.wanted(name) for name in names),
            master.wanted("twice"),
            master.wanted("twice"),
            directories=(WantedDirectory(str(master.etc / "foreign")), WantedDirectory(str(master.etc / "dangling"))),
        )
    lines = str(refusal.value).splitlines()
    expected = {
        "foreign was neither written by netboot.diskless nor left as its package shipped it": 1,
        "foreign is in the way: a directory is wanted there": 1,
        "dangling is in the way: a directory is wanted there": 1,
        "directory is a directory; a file is wanted there": 1,
        "link is a symbolic link; a file is wanted there": 1,
        "dangling is a symbolic link; a file is wanted there": 1,
        "pipe is no file; a file is wanted there": 1,
        "foreign/below cannot be written: a part of its path is no directory": 1,
        "twice is wanted twice": 1,
    }
    for text, count in expected.items():
        assert sum(line.startswith(f"{master.etc}/{text}") for line in lines) == count, text
    assert len(lines) == len(expected)
    assert picture(master.base) == before


@pytest.mark.parametrize("text", ["", "# shipped by its package\n\n"])
def test_a_file_without_statements_is_replaced(master: Master, text: str) -> None:
    (master.etc / "file").write_text(text)
    master.place(master.wanted("file"))
    assert (master.etc / "file").read_text() == "new\n"
    assert master.kept() == {"file": text}


def test_a_file_as_its_package_shipped_it_is_replaced_and_one_that_was_changed_is_not(master: Master) -> None:
    database = master.base / "var/db/pkg/net-misc/dhcp-4"
    database.mkdir(parents=True)
    # md5sum of "shipped;" and the end of the line.
    (database / "CONTENTS").write_text(f"obj {master.etc}/file f8a3b76d2fed9571caf310b5cbfeb2e0 1\n")
    (master.etc / "file").write_text("changed;\n")
    with pytest.raises(PlacingError, match="neither written"):
        master.plan(master.wanted("file"))
    (master.etc / "file").write_text("shipped;\n")
    assert master.place(master.wanted("file")).write == [master.wanted("file")]


def test_a_file_that_is_just_as_wanted_becomes_ours(master: Master) -> None:
    (master.etc / "file").write_text("new\n")
    assert not master.place(master.wanted("file"))
    assert master.recorded() == {"file": sha256(b"new\n")}


def test_another_parts_file_is_foreign(master: Master) -> None:
    master.place(master.wanted("file", "one\n"))
    with pytest.raises(PlacingError, match="neither written"):
        make_plan([master.wanted("file", "two\n")], [], Ledger(str(master.state), "nfs").read(), str(master.base))


# --- what is no longer wanted


def test_what_is_no_longer_wanted_goes_and_is_kept(master: Master) -> None:
    master.place(master.wanted("stale", "old\n"), master.wanted("stays"))
    (master.etc / "foreign").write_text("somebody's\n")
    plan = master.place(master.wanted("stays"))
    assert plan.remove == [str(master.etc / "stale")] and not plan.write
    assert sorted(os.listdir(master.etc)) == ["foreign", "stays"]
    assert master.kept() == {"stale": "old\n"}
    assert set(master.recorded()) == {"stays"}
    assert not master.plan(master.wanted("stays"))


@pytest.mark.parametrize("kind", ["gone", "directory", "link"])
def test_what_somebody_put_in_a_stale_files_place_stays(master: Master, kind: str) -> None:
    master.place(master.wanted("stale"))
    (master.etc / "stale").unlink()
    if kind == "directory":
        (master.etc / "stale").mkdir()
    elif kind == "link":
        (master.etc / "stale").symlink_to("nothing")
    before = picture(master.etc)
    assert not master.place()
    assert picture(master.etc) == before and master.recorded() == {}


# --- checkers


def test_a_refused_file_leaves_everything_as_it_was(master: Master) -> None:
    master.place(master.wanted("one", "old\n"), master.wanted("stale", "old\n"), master.wanted("mode"))
    (master.etc / "mode").chmod(0o600)
    before = picture(master.base)
    with pytest.raises(PlacingError) as refusal:
        master.place(
            master.wanted("mode"),
            master.wanted("one", "new\n", validate="grep -q never %s"),
            master.wanted("fresh/two", "new\n", validate="sh -c 'echo on stdout; echo on stderr >&2; exit 3' %s"),
            master.wanted("fresh/three", "fine\n", validate="grep -q fine %s"),
            directories=(WantedDirectory(str(master.etc / "made"), 0o700), WantedDirectory(str(master.etc), 0o700)),
        )
    text = str(refusal.value)
    assert f"{master.etc}/one is refused by its checker (grep -q never %s)" in text
    assert f"{master.etc}/fresh/two is refused" in text and "on stdout\non stderr" in text
    assert "three" not in text
    assert picture(master.base) == before
    assert mode_of(master.etc) == 0o755


def test_a_checker_sees_the_whole_file_and_not_at_its_place(master: Master) -> None:
    seen = master.base / "seen"
    script = f"cat %s > {seen}; echo %s >> {seen}; test ! -e {master.etc}/file"
    master.place(master.wanted("file", "new\n", mode=0o600, validate=f"sh -c '{script}'"))
    text, path = seen.read_text().splitlines()
    assert text == "new" and path != str(master.etc / "file") and os.path.dirname(path) == str(master.etc)


def test_a_missing_checker_refuses_when_placing_and_is_passed_over_in_check_mode(master: Master) -> None:
    wish = master.wanted("file", validate="no-such-checker -t %s")
    check([wish])
    with pytest.raises(PlacingError, match="its checker no-such-checker cannot be run"):
        master.place(wish)
    assert picture(master.etc) == {}


def test_check_mode_asks_the_checkers_and_writes_nothing(master: Master) -> None:
    before = picture(master.base)
    wishes = [
        master.wanted("one", "bad\n", validate="grep -q good %s"),
        master.wanted("deep/one", "bad\n", validate="grep -q better %s"),
        master.wanted("fine", "good\n", validate="grep -q good %s"),
        WantedFile(str(master.etc / "later"), None, validate="false"),
    ]
    with pytest.raises(PlacingError) as refusal:
        check(wishes)
    assert str(refusal.value).count("is refused by its checker") == 2
    assert "fine" not in str(refusal.value)
    check(wishes[2:])
    assert picture(master.base) == before


@pytest.mark.parametrize("there", [True, False])
def test_in_check_mode_a_checker_reads_in_the_files_own_folder_where_there_is_one(master: Master, there: bool) -> None:
    """AppArmor lets Debian's dhcpd read below /etc/dhcp and in no folder for temporary files."""
    directory, seen = master.etc / "dhcp", master.base / "seen"
    if there:
        directory.mkdir()
        os.utime(directory, ns=(1, 2))
    before = picture(master.etc)
    check([master.wanted("dhcp/dhcpd.conf", validate=f"sh -c 'cat %s > {seen}; echo %s >> {seen}'")])
    text, path = seen.read_text().splitlines()
    assert text == "new" and os.path.basename(path) == "dhcpd.conf" and path != str(directory / "dhcpd.conf")
    assert path.startswith(f"{directory}/") == there
    assert picture(master.etc) == before
    assert not there or directory.stat().st_mtime_ns == 2


def test_what_a_packages_script_made_is_replaced_and_an_edited_one_is_not(master: Master) -> None:
    path = master.etc / "isc-dhcp-server"
    shipped = {str(path): ['INTERFACESv4=""']}
    path.write_text('# Made by the package.\n\nINTERFACESv4=""\n')
    wish = master.wanted("isc-dhcp-server")
    assert make_plan([wish], [], {}, str(master.base), shipped).write == [wish]
    path.write_text('# Made by the package.\n\nINTERFACESv4="eth1"\n')
    with pytest.raises(PlacingError, match="nor left as its package shipped it"):
        make_plan([wish], [], {}, str(master.base), shipped)


def test_a_copy_whose_source_is_missing_is_a_change_to_come_and_cannot_be_placed(master: Master) -> None:
    wish = WantedFile(str(master.etc / "pxelinux.0"), None)
    assert master.plan(wish).write == [wish]
    with pytest.raises(PlacingError, match="pxelinux.0: the file that it is a copy of does not exist"):
        master.place(master.wanted("first"), wish)
    assert picture(master.etc) == {}


# --- failures and kills


def prepared(master: Master) -> tuple[WantedFile, ...]:
    """A master on which a run replaces, adds, mends and removes; returns what that run wants."""
    master.place(
        master.wanted("replaced", "old\n", mode=0o640, group="daemon"),
        master.wanted("mended", mode=0o644),
        master.wanted("stale", "old\n", mode=0o600),
    )
    (master.etc / "mended").chmod(0o600)
    os.chown(master.etc / "mended", 1, 1)
    return (master.wanted("replaced", "new\n"), master.wanted("deep/added"), master.wanted("mended"))


STEPS = [(os, "replace", call) for call in range(1, 6)] + [
    (os, "unlink", 1),
    (os, "chmod", 2),
    (os, "chmod", 3),
    (_files, "copy_whole", 1),
    (_files, "copy_whole", 2),
    (_files, "set_attributes", 1),
    (_files, "set_attributes", 4),
]


def failing(
    place: Any, name: str, call: int, fail: Callable[[], object], patch: pytest.MonkeyPatch
) -> Callable[[], int]:
    """Makes one call of a function fail before it does anything; returns a counter of the calls."""
    original, calls = getattr(place, name), []

    def fails(*args: Any, **options: Any) -> Any:
        calls.append(name)
        if len(calls) == call:
            fail()
        return original(*args, **options)

    patch.setattr(place, name, fails)
    return lambda: len(calls)


def raising(error: BaseException) -> Callable[[], object]:
    def fail() -> None:
        raise error

    return fail


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()], ids=["full", "^C"])
@pytest.mark.parametrize(("place", "name", "call"), STEPS)
def test_a_failed_step_takes_everything_back(
    master: Master, monkeypatch: pytest.MonkeyPatch, place: Any, name: str, call: int, error: BaseException
) -> None:
    wishes = prepared(master)
    before, ledger = picture(master.etc), master.recorded()
    with monkeypatch.context() as patch, pytest.raises((PlacingError, KeyboardInterrupt)) as failure:
        calls = failing(place, name, call, raising(error), patch)
        master.place(*wishes)
    assert calls() >= call
    if isinstance(error, OSError):
        assert "No space left on device ENOSPC; all files are as they were" in str(failure.value)
    assert picture(master.etc) == before
    assert master.recorded() == ledger
    # Nothing is in the way of the next run.
    master.place(*wishes)
    assert sorted(os.listdir(master.etc)) == ["deep", "mended", "replaced"]
    assert not master.plan(*wishes)


def test_a_first_run_that_fails_leaves_no_ledger(master: Master, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch, pytest.raises(PlacingError):
        failing(os, "replace", 2, raising(OSError(5, "Input/output error")), patch)
        master.place(master.wanted("file"))
    assert picture(master.etc) == {} and not os.path.exists(master.placer.ledger.path)


def test_what_cannot_be_taken_back_is_said(master: Master, monkeypatch: pytest.MonkeyPatch) -> None:
    wishes = prepared(master)
    original, calls = os.replace, []

    def full_disk(source: str, target: str) -> None:
        calls.append(target)
        if len(calls) > 3:
            raise OSError(28, "No space left on device", target)
        original(source, target)

    monkeypatch.setattr(os, "replace", full_disk)
    with pytest.raises(PlacingError, match="No space left on device.*but not all: .*Former versions are in .*/former"):
        master.place(*wishes)


@pytest.mark.parametrize(("place", "name", "call"), STEPS)
def test_a_kill_at_any_step_is_finished_by_the_next_run(
    master: Master, monkeypatch: pytest.MonkeyPatch, place: Any, name: str, call: int
) -> None:
    wishes = prepared(master)
    before = {path.name: path.read_text() for path in master.etc.iterdir() if path.is_file()}
    child = os.fork()
    if child == 0:
        try:
            failing(place, name, call, lambda: os.kill(os.getpid(), signal.SIGKILL), monkeypatch)
            master.place(*wishes)
        finally:
            os._exit(0)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
    recorded = set(master.recorded())
    for path in master.etc.rglob("*"):
        relative = str(path.relative_to(master.etc))
        if path.is_file() and not path.name.endswith(".netboot"):
            # Every file is whole, the former or the new one, and none is nobody's.
            assert path.read_text() in (before.get(path.name), "new\n"), relative
            assert relative in recorded, relative
    master.place(*wishes)
    assert {str(path.relative_to(master.etc)) for path in master.etc.rglob("*")} == {
        "deep",
        "deep/added",
        "mended",
        "replaced",
    }
    assert set(master.recorded()) == {"deep/added", "mended", "replaced"}
    assert not master.plan(*wishes)


def test_no_new_file_is_ever_half_written_at_its_place(master: Master, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file comes to its place by rename alone, from beside it."""
    opened = []
    original = os.open

    def watched(path: str, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        if flags & os.O_CREAT:
            opened.append((os.path.basename(path), mode))
        return original(path, flags, mode, dir_fd=dir_fd)

    monkeypatch.setattr(os, "open", watched)
    master.place(master.wanted("file", mode=0o600))
    assert opened == [(".file.netboot", 0o600), (".dhcp.json.netboot", 0o600)]


def test_a_checker_may_run_as_another_user_who_reads_what_is_staged_for_it(master: Master, tmp_path: Path) -> None:
    """As AppArmor wants it of Kea: neither root's own nor the world's."""
    for directory in (tmp_path, *tmp_path.parents):
        if directory != Path("/"):
            os.chmod(directory, os.stat(directory).st_mode | 0o011)
    script = "test $(id -un) = nobody && cat %s | grep -q new"
    wish = master.wanted(
        "file", "new\n", mode=0o640, group="nogroup", validate=f"sh -c '{script}'", validate_as="nobody"
    )
    check([wish])
    master.place(wish)
    with pytest.raises(PlacingError, match="is refused by its checker"):
        check([master.wanted("file", "old\n", mode=0o600, validate=f"sh -c '{script}'", validate_as="nobody")])


def test_a_file_that_another_includes_is_judged_in_it(master: Master) -> None:
    outer, inner = master.etc / "main.conf", master.etc / "part.conf"
    outer.write_text(f'include "{inner}";\nalso this\n')
    script = 'grep -q "also this" %s && grep -q good $(sed -n "s/^include .\\(.*\\).;/\\1/p" %s)'
    told: dict[str, Any] = {"validate": f"sh -c '{script}'", "validate_within": str(outer)}
    master.place(master.wanted("part.conf", "good\n", **told))
    with pytest.raises(PlacingError, match="is refused by its checker"):
        master.place(master.wanted("part.conf", "bad\n", **told))
    assert inner.read_text() == "good\n"
    assert outer.read_text() == f'include "{inner}";\nalso this\n'
    assert sorted(path.name for path in master.etc.iterdir()) == ["main.conf", "part.conf"]


def test_a_file_that_nobody_includes_yet_is_judged_alone(master: Master) -> None:
    (master.etc / "main.conf").write_text("nothing of it\n")
    within = str(master.etc / "main.conf")
    master.place(master.wanted("part.conf", "good\n", validate="grep -q good %s", validate_within=within))


def test_a_copy_of_somebody_elses_file_is_for_root_alone(master: Master) -> None:
    """It may hold keys, as dhcpd.conf(5) does for dynamic DNS."""
    (master.etc / "main.conf").write_text(f'include "{master.etc / "part.conf"}";\n')
    script = "case %s in *.within) test $(stat -c %%a %s) = 600;; *) false;; esac".replace("%%", "%")
    told: dict[str, Any] = {"validate": f"sh -c '{script}'", "validate_within": str(master.etc / "main.conf")}
    master.place(master.wanted("part.conf", "good\n", **told))
