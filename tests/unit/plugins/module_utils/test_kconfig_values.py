# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values as users give them, as .config has them, and as messages show them."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.netboot.diskless.plugins.module_utils import _kconfig
from ansible_collections.netboot.diskless.plugins.module_utils._kconfig_values import (
    Refusal,
    canonical,
    granted,
    plain,
    shown,
)
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("value", "kind", "written"),
    [
        (True, "bool", "y"),
        (False, "bool", "n"),
        ("y", "bool", "y"),
        (True, "tristate", "y"),
        ("m", "tristate", "m"),
        ("-slave", "string", '"-slave"'),
        ('"-slave"', "string", '"-slave"'),
        ("", "string", '""'),
        ('""', "string", '""'),
        ("y", "string", '"y"'),
        (7, "string", '"7"'),
        ('say "no" \\ never', "string", '"say \\"no\\" \\\\ never"'),
        ('"', "string", '"\\""'),
        (64, "int", "64"),
        ("64", "int", "64"),
        (-1, "int", "-1"),
        (0x1000000, "hex", "0x1000000"),
        ("0x1000000", "hex", "0x1000000"),
        ("0XfF", "hex", "0xfF"),
    ],
)
def test_what_is_written(value: Any, kind: str, written: str) -> None:
    assert canonical(value, kind) == written
    assert _kconfig.parse(_kconfig.fragment({"A": written})) == {"A": written}


@pytest.mark.parametrize(
    ("value", "kind", "reason"),
    [
        ("m", "bool", "it is a bool, which takes y or n"),
        ("yes", "bool", "it is a bool, which takes y or n"),
        (1, "bool", "it is a bool, which takes y or n"),
        (None, "tristate", "it is a tristate, which takes y, m or n"),
        ([], "tristate", "it is a tristate, which takes y, m or n"),
        (True, "string", "it takes a text, which YAML has read as bool: put it in quotes"),
        (1.10, "string", "it takes a text, which YAML has read as float: put it in quotes"),
        (None, "string", "it takes a text, which YAML has read as NoneType: put it in quotes"),
        ("two\nlines", "string", "it takes a text of one line"),
        ("many", "int", "it takes a whole number"),
        ("1.5", "int", "it takes a whole number"),
        (False, "int", "it takes a whole number, which YAML has read as bool: put it in quotes"),
        ("n", "int", "it takes a whole number"),
        ("1000", "hex", "it takes a hexadecimal number such as 0x1000"),
        (-1, "hex", "it takes a hexadecimal number such as 0x1000"),
    ],
)
def test_what_the_type_does_not_take(value: Any, kind: str, reason: str) -> None:
    with pytest.raises(ValueError) as refusal:
        canonical(value, kind)
    assert str(refusal.value) == reason


@given(st.text(st.characters(min_codepoint=32, max_codepoint=0x17F, exclude_characters="\x7f\x85")))
def test_every_text_comes_back(text: str) -> None:
    written = canonical(text, "string")
    assert _kconfig.parse(_kconfig.fragment({"A": written})) == {"A": written}
    assert plain(written) == text or plain(written) == plain(text)


@pytest.mark.parametrize(
    ("wanted", "actual", "kind", "is_granted"),
    [
        ("y", "y", "bool", True),
        ("n", None, "bool", True),
        ("n", None, "tristate", True),
        ("y", None, "bool", False),
        ("y", "m", "tristate", False),
        ("8", "8", "int", True),
        ("08", "8", "int", True),
        ("8", None, "int", False),
        ("0x10", "0x010", "hex", True),
        ("0xff", "0xFF", "hex", True),
        ("0x10", "0x11", "hex", False),
        ("0x10", "", "hex", False),
        ('"a"', '"a"', "string", True),
        ('"8"', '"08"', "string", False),
        ('""', None, "string", False),
    ],
)
def test_granted(wanted: str, actual: str | None, kind: str, is_granted: bool) -> None:
    assert granted(wanted, actual, kind) is is_granted


@pytest.mark.parametrize(
    ("value", "text"),
    [(True, "y"), (False, "n"), (8, "8"), ('"-slave"', "-slave"), ("-slave", "-slave"), (None, "None")],
)
def test_shown(value: Any, text: str) -> None:
    assert shown(value) == text


@pytest.mark.parametrize(
    ("refusal", "line"),
    [
        (Refusal("A", "y", "n"), "A=y came out as n"),
        (Refusal("A", "8", ""), "A=8 came out as not set"),
        (Refusal("A", "y", "", "unknown", "there is none"), "A=y: there is none"),
        (Refusal("A", "m", "", "type", "it is a bool"), "A=m: it is a bool"),
        (
            Refusal("A", "y", "n", "dependency", "it needs B (is n)", {"C": "y", "B": "y"}),
            "A=y came out as n: it needs B (is n). Set C=y, B=y",
        ),
    ],
)
def test_lines(refusal: Refusal, line: str) -> None:
    assert refusal.line() == line
