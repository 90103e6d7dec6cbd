# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the master remembers of a root."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.netboot.diskless.plugins.module_utils._root_record import Record


def test_programs_and_source_are_remembered(tmp_path: Path) -> None:
    record = Record(str(tmp_path), "192.168.1.21", "/diskless/a")
    assert not record.exists() and not record.holds("one") and record.source() == "/"
    record.finish("one", "/srv/a")
    assert record.exists() and record.holds("one") and not record.holds("two") and record.source() == "/srv/a"
    record.finish("one", "/srv/b")
    assert record.source() == "/srv/b"


def test_what_is_known_already_is_not_written_again(tmp_path: Path) -> None:
    record = Record(str(tmp_path), "192.168.1.21", "/diskless/a")
    record.finish("one", "/srv/a")
    inode = Path(record.path).stat().st_ino
    record.finish("one", "/srv/a")
    assert Path(record.path).stat().st_ino == inode


def test_another_root_at_the_address_is_not_known(tmp_path: Path) -> None:
    Record(str(tmp_path), "192.168.1.21", "/diskless/a").finish("one", "/srv/a")
    other = Record(str(tmp_path), "192.168.1.21", "/diskless/b")
    assert not other.exists() and other.source() == "/"
