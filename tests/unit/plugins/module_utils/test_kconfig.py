# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading, writing and comparing .config files."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from ansible_collections.netboot.diskless.plugins.module_utils._kconfig import fragment, parse, read
from hypothesis import given
from hypothesis import strategies as st

CONFIG = """\
#
# Automatically generated file; DO NOT EDIT.
# Linux/x86 6.1.0 Kernel Configuration
#
CONFIG_64BIT=y
CONFIG_E1000=m
CONFIG_NR_CPUS=64
CONFIG_PHYSICAL_START=0x1000000
CONFIG_LOCALVERSION="-slave = one"
# CONFIG_MODULES is not set
# CONFIG_MODULES is not set, a comment
 CONFIG_INDENTED=y
# CONFIG_COMMENTED=y
NOT_CONFIG=y
CONFIG_EMPTY=
"""
VALUES = {
    "64BIT": "y",
    "E1000": "m",
    "NR_CPUS": "64",
    "PHYSICAL_START": "0x1000000",
    "LOCALVERSION": '"-slave = one"',
    "MODULES": "n",
    "EMPTY": "",
}


def test_reads_what_conf_writes() -> None:
    assert parse(CONFIG) == VALUES
    assert parse("") == {}


def test_the_last_of_two_settings_holds() -> None:
    assert parse("CONFIG_A=y\n# CONFIG_A is not set\n") == {"A": "n"}
    assert parse("# CONFIG_A is not set\nCONFIG_A=m\n") == {"A": "m"}


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_reads_files_plain_and_compressed(tmp_path: Path, pack: type[bytes]) -> None:
    (tmp_path / "config").write_bytes(pack(CONFIG.encode() + b"# \xe4\n"))
    assert read(str(tmp_path / "config")) == VALUES


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read(str(tmp_path / "config"))


def test_a_fragment_is_sorted_and_reads_back() -> None:
    text = fragment({"B": "n", "A": "y", "LOCALVERSION": '"-slave"', "NR_CPUS": "8", "X": "0xff", "M": "m", "N": "-1"})
    assert text == (
        'CONFIG_A=y\n# CONFIG_B is not set\nCONFIG_LOCALVERSION="-slave"\nCONFIG_M=m\nCONFIG_N=-1\n'
        "CONFIG_NR_CPUS=8\nCONFIG_X=0xff\n"
    )


VALUE = (
    st.sampled_from("ymn")
    | st.integers().map(str)
    | st.integers(0).map(hex)
    | st.text(st.characters(min_codepoint=32, max_codepoint=0x17F, exclude_characters='"\\\x7f\x85')).map(
        lambda text: f'"{text}"'
    )
)


@given(st.dictionaries(st.from_regex(r"[A-Z0-9_]+", fullmatch=True), VALUE))
def test_every_fragment_reads_back(symbols: dict[str, str]) -> None:
    assert {name: value for name, value in parse(fragment(symbols)).items()} == symbols


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("A", ""),
        ("A", "yes"),
        ("A", "Y"),
        ("A", "True"),
        ("A", "slave"),
        ("A", '"open'),
        ("A", '"a"b"'),
        ("A", '"ends in \\"'),
        ("A", '"two\nlines"'),
        ("A", "y\nCONFIG_B=y"),
        ("A", "y "),
        ("A", "1.5"),
        ("A", "$(shell id)"),
        ("A-B", "y"),
        ("A B", "y"),
        ("", "y"),
        ("A=y\nCONFIG_B", "y"),
    ],
)
def test_what_no_line_can_hold_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(ValueError, match="allowed is a symbol with y, m, n, a number or a string in quotes") as refusal:
        fragment({"FINE": "y", name: value})
    assert f"{name}={value!r}" in str(refusal.value)
