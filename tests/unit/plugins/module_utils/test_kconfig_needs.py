# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What symbols cannot do without, by Kconfig files of a few lines."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.netboot.diskless.plugins.module_utils._kconfig_needs import Kconfig, Needs, required


@pytest.mark.parametrize(
    ("expression", "symbols"),
    [
        ("A", "A"),
        ("A && B", "A B"),
        (" A&&(B && C) # D", "A B C"),
        ("A || B", ""),
        ("(A && B) || (A && C)", "A"),
        ("A && (B || C)", "A"),
        ("A || A && B", "A"),
        ("!A", ""),
        ("!(A && B) && C", "C"),
        ("!A || B", ""),
        ("A=y", "A"),
        ("A = y && B != n", "A B"),
        ("A=n && B!=y", ""),
        ("A = m", ""),
        ("NR_CPUS >= 2 && 64BIT", "64BIT"),
        ('FOO = "text && A" && B', "B"),
        ("m && 8139TOO && y", "8139TOO"),
        ("$(cc-option,-mfoo (A)) && B", "B"),
        ("A if B", ""),
        ("A &&", "A"),
        ("", ""),
        (")", ""),
    ],
)
def test_what_an_expression_requires(expression: str, symbols: str) -> None:
    assert required(expression) == set(symbols.split())


def needs(tmp_path: Path, files: dict[str, str], *symbols: str) -> Needs:
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Kconfig(str(tmp_path), "i386").needs(*symbols)


@pytest.mark.parametrize(
    ("text", "symbols"),
    [
        ('config A\n\tbool "a"\n\tdepends on B && C\nconfig B\n\tbool "b"\nconfig C\n\ttristate "c"\n', "A B C"),
        ('config A\n\tbool "a"\n\tdepends on B\\\n\t && C\nconfig B\n\tbool "b"\nconfig C\n\tbool "c"\n', "A B C"),
        ('if B\nconfig A\n\tbool "a"\nendif\nconfig B\n\tbool "b"\n\tdepends on C\nconfig C\n\tbool "c"\n', "A B C"),
        ('config A\n\tbool "a"\nif B\nendif\nconfig B\n\tbool "b"\n', "A"),
        ('menu "m"\n\tdepends on B\n\tvisible if C\nconfig A\n\tbool "a"\nendmenu\nconfig B\n\tbool "b"\n', "A B"),
        ('choice\n\tprompt "c"\n\tdepends on B\nconfig A\n\tbool "a"\nendchoice\nconfig B\n\tbool "b"\n', "A B"),
        ('config A\n\tbool\n\tprompt "a"\ncomment "c"\n\tdepends on B\nconfig B\n\tbool "b"\n', "A"),
        ('if B\ncomment "c"\nconfig A\n\tbool "a"\nendif\nconfig B\n\tbool "b"\n', "A B"),
        # What a help text says, and what selects or implies, is no condition.
        ('config A\n\tbool "a"\n\tselect B\n\thelp\n\t  depends on B\n\nconfig B\n\tbool "b"\n', "A"),
        # A symbol without a prompt is not asked for; what it follows from is.
        ('config A\n\tbool "a"\n\tdepends on B\nconfig B\n\tdef_bool y\n\tdepends on C\nconfig C\n\tbool "c"\n', "A C"),
        ('config A\n\tbool "a"\n\tdepends on B\nconfig B\n\tbool\n\tdepends on C\nconfig C\n\tbool "c"\n', "A"),
        # Either definition will do.
        ('config A\n\tbool "a"\n\tdepends on B\nconfig A\n\tbool "a"\nconfig B\n\tbool "b"\n', "A"),
        ('config A\n\tbool "a" if EXPERT\n\tdepends on A\n', "A"),
    ],
)
def test_what_a_symbol_needs(tmp_path: Path, text: str, symbols: str) -> None:
    assert needs(tmp_path, {"Kconfig": text}, "A") == Needs(tuple(symbols.split()), ())


def test_conditions_reach_into_included_files(tmp_path: Path) -> None:
    files = {
        "Kconfig": 'if B\nsource "arch/$(SRCARCH)/Kconfig"\nendif\nconfig B\n\tbool "b"\n',
        "arch/x86/Kconfig": 'menu "m"\ndepends on C\nsource "arch/x86/deep"\nendmenu\nconfig C\n\tbool "c"\n',
        "arch/x86/deep": 'config A\n\tbool "a"\n',
    }
    assert needs(tmp_path, files, "A").symbols == ("A", "B", "C")


def test_what_an_architecture_lacks_is_told_with_what_needs_it(tmp_path: Path) -> None:
    files = {
        "Kconfig": 'config A\n\tbool "a"\n\tdepends on B\nconfig B\n\tbool "b"\n\tdepends on ARM\n',
        "arch/arm/Kconfig": "config ARM\n\tdef_bool y\n",
    }
    assert needs(tmp_path, files, "A", "NOTHING") == Needs(("A", "B"), (("NOTHING", ""), ("ARM", "B")))
    assert needs(tmp_path, files, "B").missing == (("ARM", "B"),)


def test_who_selects_a_symbol(tmp_path: Path) -> None:
    text = 'config A\n\tbool\nconfig B\n\tbool "b"\n\tselect A if C\nconfig C\n\tbool\n\tselect A\n'
    (tmp_path / "Kconfig").write_text(text)
    kconfig = Kconfig(str(tmp_path), "x86_64")
    assert kconfig.selected_by("A") == ["B"]
    assert kconfig.can_be_set("B") and not kconfig.can_be_set("A") and not kconfig.can_be_set("D")
