# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose a file on the master is."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from ansible_collections.netboot.diskless.plugins.module_utils._ledger import (
    ABSENT,
    FOREIGN,
    OURS,
    PRISTINE,
    Ledger,
    ownership,
    package_md5,
    sha256,
)

SHIPPED = "option domain-name-servers ns1.example.org;\n"
SHIPPED_MD5 = hashlib.new("md5", SHIPPED.encode(), usedforsecurity=False).hexdigest()


def portage(root: Path, contents: bytes) -> None:
    directory = root / "var/db/pkg/net-misc/dhcp-4.4.3_p1"
    directory.mkdir(parents=True)
    (directory / "CONTENTS").write_bytes(contents)
    # A package that was being merged when the machine went down has none.
    (root / "var/db/pkg/net-misc/-MERGING-x-1").mkdir()
    (root / "var/db/pkg/world").write_text("")


def dpkg(root: Path, conffiles: str) -> None:
    (root / "var/lib/dpkg").mkdir(parents=True)
    paragraphs = f"Package: other\nStatus: install ok installed\n\nPackage: dhcp\nConffiles:\n{conffiles}\n"
    (root / "var/lib/dpkg/status").write_text(paragraphs)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "dhcpd.conf"


def test_a_ledger_gives_back_what_was_written(tmp_path: Path) -> None:
    ledger = Ledger(str(tmp_path), "dhcp")
    assert ledger.path == f"{tmp_path}/ledger/dhcp.json"
    assert ledger.read() == {}
    entries = {"/etc/b": sha256(b"b"), "/etc/a": sha256(b"a")}
    os.mkdir(tmp_path / "ledger")
    Path(ledger.path).write_bytes(ledger.content(entries))
    assert ledger.read() == entries
    assert ledger.content(entries) == ledger.content(dict(reversed(entries.items())))
    assert Ledger(str(tmp_path), "nfs_server").read() == {}


@pytest.mark.parametrize("text", ["[]", "null", '"text"', "{", ""])
def test_a_broken_ledger_is_refused(tmp_path: Path, text: str) -> None:
    os.mkdir(tmp_path / "ledger")
    (tmp_path / "ledger/dhcp.json").write_text(text)
    with pytest.raises(ValueError):
        Ledger(str(tmp_path), "dhcp").read()


@pytest.mark.parametrize(
    ("text", "whose"),
    [
        (None, ABSENT),
        ("", PRISTINE),
        ("\n\n", PRISTINE),
        ("# a comment\n  # another\n\n; a third\n// a fourth\n", PRISTINE),
        ("# a comment\nauthoritative;\n", FOREIGN),
        ("  authoritative;", FOREIGN),
        ("/ path\n", FOREIGN),
        ("\0", FOREIGN),
    ],
)
def test_by_content_alone(path: Path, tmp_path: Path, text: str | None, whose: str) -> None:
    if text is not None:
        path.write_text(text)
    assert ownership(str(path), {}, None, str(tmp_path)) == whose


def test_what_is_recorded_is_ours_whatever_it_holds(path: Path, tmp_path: Path) -> None:
    path.write_text("changed;\n")
    assert ownership(str(path), {str(path): sha256(b"")}, b"wanted", str(tmp_path)) == OURS
    assert ownership(str(path), {f"{path}.other": sha256(b"")}, b"wanted", str(tmp_path)) == FOREIGN


def test_what_is_just_as_wanted_is_ours(path: Path, tmp_path: Path) -> None:
    path.write_text("wanted;\n")
    assert ownership(str(path), {}, b"wanted;\n", str(tmp_path)) == OURS
    assert ownership(str(path), {}, b"wanted", str(tmp_path)) == FOREIGN


@pytest.mark.parametrize("kind", ["directory", "link", "dangling link", "pipe", "below a file"])
@pytest.mark.parametrize("recorded", [True, False])
def test_what_is_no_file_is_foreign(path: Path, tmp_path: Path, kind: str, recorded: bool) -> None:
    (tmp_path / "file").write_text("")
    if kind == "directory":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "below a file":
        path = tmp_path / "file/dhcpd.conf"
    else:
        path.symlink_to("file" if kind == "link" else "nothing")
    assert ownership(str(path), {str(path): ""} if recorded else {}, b"", str(tmp_path)) == FOREIGN


@pytest.mark.parametrize(
    ("contents", "whose"),
    [
        ("dir /etc\nobj {path} {md5} 1700000000\n", PRISTINE),
        ("obj {path}.example 0 1\nobj {path} {md5} 1\n", PRISTINE),
        ("obj {path} 00000000000000000000000000000000 1700000000\n", FOREIGN),
        ("obj {path}.example {md5} 1700000000\n", FOREIGN),
        ("obj /prefix{path} {md5} 1700000000\n", FOREIGN),
        ("sym {path} -> {md5} 1700000000\n", FOREIGN),
        ("", FOREIGN),
    ],
)
def test_by_portages_contents(path: Path, tmp_path: Path, contents: str, whose: str) -> None:
    path.write_text(SHIPPED)
    portage(tmp_path, contents.format(path=path, md5=SHIPPED_MD5).encode())
    assert ownership(str(path), {}, None, str(tmp_path)) == whose


def test_portages_contents_may_hold_any_name(path: Path, tmp_path: Path) -> None:
    path.write_text(SHIPPED)
    portage(tmp_path, b"obj /usr/share/\xe4 0 1\n" + f"obj {path} {SHIPPED_MD5} 1\n".encode())
    assert ownership(str(path), {}, None, str(tmp_path)) == PRISTINE


@pytest.mark.parametrize(
    ("conffiles", "whose"),
    [
        (" /etc/other 0\n {path} {md5}\n", PRISTINE),
        (" {path} {md5} obsolete\n", PRISTINE),
        (" {path} newconffile\n", FOREIGN),
        (" {path} 00000000000000000000000000000000\n", FOREIGN),
        (" {path}.d {md5}\n", FOREIGN),
        ("", FOREIGN),
    ],
)
def test_by_dpkgs_conffiles(path: Path, tmp_path: Path, conffiles: str, whose: str) -> None:
    path.write_text(SHIPPED)
    dpkg(tmp_path, conffiles.format(path=path, md5=SHIPPED_MD5))
    assert ownership(str(path), {}, None, str(tmp_path)) == whose


@pytest.mark.parametrize(
    ("text", "whose"),
    [
        ('# made\n\nUSER="tftp"\n  OPTIONS="--secure" \n', PRISTINE),
        ('OPTIONS="--secure"\nUSER="tftp"\n', FOREIGN),
        ('USER="tftp"\nOPTIONS="--secure"\nMORE=1\n', FOREIGN),
        ('USER="tftp"\n', FOREIGN),
        ('USER="tftp"\nOPTIONS="--secure --create"\n', FOREIGN),
        ('USER="\ufffd"\n', FOREIGN),
    ],
)
def test_by_what_a_packages_script_makes(path: Path, tmp_path: Path, text: str, whose: str) -> None:
    path.write_text(text)
    shipped = {str(path): ['USER="tftp"', 'OPTIONS="--secure"'], f"{path}.other": text.splitlines()}
    assert ownership(str(path), {}, None, str(tmp_path), shipped) == whose
    assert ownership(str(path), {}, None, str(tmp_path), {f"{path}.other": text.splitlines()}) == FOREIGN


def test_a_file_of_no_package(tmp_path: Path) -> None:
    assert package_md5("/etc/dhcp/dhcpd.conf", str(tmp_path)) is None
