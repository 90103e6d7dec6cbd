# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which archive the host's apt sources name, in both of their formats."""

from pathlib import Path

import pytest

from lab.images import mirror

DEB822 = """\
# a comment
Types: deb
URIs: http://archive.example/debian
Suites: bookworm bookworm-updates
Components: main

Types: deb
URIs: http://archive.example/debian-security
Suites: bookworm-security
Components: main
"""


@pytest.mark.parametrize(
    ("text", "deb822", "expected"),
    [
        (DEB822, True, ["http://archive.example/debian"]),
        (DEB822.replace("Types", "types"), True, ["http://archive.example/debian"]),
        ("Enabled: no\n" + DEB822.split("\n\n")[0], True, []),
        ("Types: deb\nURIs:\n http://a.example/debian\n http://b.example/debian\nSuites: sid\nComponents: main", True,
         ["http://a.example/debian", "http://b.example/debian"]),
        ("Types: deb-src\nURIs: http://a.example/debian\nSuites: sid\nComponents: main", True, []),
        ("Types: deb\nURIs: http://a.example/debian\nSuites: sid\nComponents: contrib", True, []),
        ("deb http://archive.example/debian bookworm main contrib", False, ["http://archive.example/debian"]),
        ("deb [arch=amd64 signed-by=/k.gpg] http://archive.example/debian bookworm main # here", False,
         ["http://archive.example/debian"]),
        ("deb [ arch=amd64 ] http://archive.example/debian bookworm main", False, ["http://archive.example/debian"]),
        ("# deb http://archive.example/debian bookworm main", False, []),
        ("deb-src http://archive.example/debian bookworm main", False, []),
        ("deb http://archive.example/debian bookworm-updates main", False, []),
        ("deb http://archive.example/debian", False, []),
        ("", False, []),
    ],
)  # fmt: skip
def test_uris(text: str, deb822: bool, expected: list[str]) -> None:
    assert mirror.uris(text, deb822) == expected


def test_other_vendors_are_passed_over(tmp_path: Path) -> None:
    parts = tmp_path / "sources.list.d"
    parts.mkdir()
    (parts / "a.sources").write_text(
        "Types: deb\nURIs: https://vendor.example/node\nSuites: nodistro\nComponents: main\n"
    )
    (parts / "debian.sources").write_text(DEB822)
    assert mirror.debian_uri(tmp_path) == "http://archive.example/debian"


def test_the_one_line_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "sources.list").write_text("deb https://archive.example/debian/ bookworm main\n")
    assert mirror.debian_uri(tmp_path) == "https://archive.example/debian/"


def test_no_archive(tmp_path: Path) -> None:
    (tmp_path / "sources.list").write_text("deb http://archive.example/debian-security bookworm main\n")
    with pytest.raises(RuntimeError, match="component main"):
        mirror.debian_uri(tmp_path)
