# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What became of symbols. Whether it is true, tests/linux asks a real tree."""

from __future__ import annotations

import re

import pytest
from ansible_collections.netboot.diskless.plugins.module_utils._kconfig_history import GONE, Gone, what_became_of


@pytest.mark.parametrize(
    ("symbol", "known", "story"),
    [
        ("NFSD_V3", {"NFSD"}, "since Linux 5.18 it is part of NFSD for good; ask NFSD"),
        ("NFSD_V3", set(), "since Linux 5.18 it is part of NFSD for good"),
        ("NFSD_TCP", {"NFSD"}, "it is part of NFSD for good; ask NFSD"),
        (
            "SLOB",
            {"SLUB", "SLUB_TINY"},
            "since Linux 6.4 it was replaced by SLUB with SLUB_TINY; ask SLUB and SLUB_TINY",
        ),
        ("REISERFS_FS", set(), "since Linux 6.13 it was removed with its file system"),
        ("NFSD", {"NFSD"}, ""),
    ],
)
def test_stories(symbol: str, known: set[str], story: str) -> None:
    assert what_became_of(symbol, known) == story


@pytest.mark.parametrize(("symbol", "gone"), GONE.items())
def test_entries_are_well_formed(symbol: str, gone: Gone) -> None:
    assert re.fullmatch(r"[A-Z0-9_]+", symbol) and symbol not in gone.now
    assert re.fullmatch(r"(\d+\.\d+)?", gone.since)
    assert not gone.story.endswith(".")
