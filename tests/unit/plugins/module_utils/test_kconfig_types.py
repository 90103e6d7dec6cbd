# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read from Kconfig files without evaluating them."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.netboot.diskless.plugins.module_utils._kconfig_types import (
    architectures_with,
    read_definitions,
    source_arch,
)

from tests.unit.kconfig_tree import KconfigTree

TYPES = {
    "CC_VERSION_TEXT": "string",
    "64BIT": "bool",
    "X86": "bool",
    "HAVE_PCI": "bool",
    "NET": "bool",
    "INET": "bool",
    "IP_PNP": "bool",
    "NFS_FS": "tristate",
    "ROOT_NFS": "bool",
    "SUNRPC": "tristate",
    "MODULES": "bool",
    "LOCALVERSION": "string",
    "NR_CPUS": "int",
    "PHYSICAL_START": "hex",
    "KERNEL_GZIP": "bool",
    "KERNEL_XZ": "bool",
}


@pytest.fixture
def tree(tmp_path: Path) -> KconfigTree:
    return KconfigTree(tmp_path)


@pytest.mark.parametrize("arch", ["x86_64", "i386"])
def test_types_of_all_symbols_of_an_architecture(tree: KconfigTree, arch: str) -> None:
    assert read_definitions(str(tree.source), arch).types == TYPES


@pytest.mark.parametrize(
    ("text", "types"),
    [
        ("config A\n\tbool\n", {"A": "bool"}),
        ('menuconfig A # why\nbool "not indented"\n', {"A": "bool"}),
        ("config A\n\tdef_tristate m\n", {"A": "tristate"}),
        ("config A\n\tselect B\n", {"A": ""}),
        ("config A\n\tselect B\nconfig A\n\tint\n", {"A": "int"}),
        ("config A\n\tint\nconfig A\n\tselect B\n", {"A": "int"}),
        ('config A\n\tint\nconfig A\n\tprompt "a"\n\tdefault 3\n', {"A": "int"}),
        ('config A\nchoice\n\tbool "which"\nendchoice\n', {"A": ""}),
        ("config A\n\thelp\n\t  bool is a type\n\n\t  string too\n\tint\n", {"A": "int"}),
        ("config A\n\thelp\nconfig B\n\thex\n", {"A": "", "B": "hex"}),
        ("config A\n  ---help---\n    config B\n    bool\n  string\n", {"A": "string"}),
        ('config A\n\tbool\nsource "missing"\nconfig B\n\tbool\n', {"A": "bool", "B": "bool"}),
        ('config A\n\tbool\nsource "arch/$(HEADER_ARCH)/um/Kconfig"\n', {"A": "bool"}),
    ],
)
def test_what_a_file_may_look_like(tmp_path: Path, text: str, types: dict[str, str]) -> None:
    (tmp_path / "Kconfig").write_text(text)
    assert read_definitions(str(tmp_path), "x86_64").types == types


def test_a_file_that_includes_itself_is_read_once(tmp_path: Path) -> None:
    (tmp_path / "Kconfig").write_text('config A\n\tbool\nsource "Kconfig"\n')
    assert read_definitions(str(tmp_path), "x86_64").types == {"A": "bool"}


@pytest.mark.parametrize("arch", ["mips", ""])
def test_an_architecture_that_is_not_there(tree: KconfigTree, arch: str) -> None:
    with pytest.raises(FileNotFoundError):
        read_definitions(str(tree.source), arch)


def test_the_digest_follows_what_is_read(tree: KconfigTree) -> None:
    digest = read_definitions(str(tree.source), "x86_64").digest
    tree.write("arch/arm64/Kconfig", "# something else\n")
    assert read_definitions(str(tree.source), "x86_64").digest == digest
    tree.write("net/Kconfig", "# nothing any more\n")
    assert read_definitions(str(tree.source), "x86_64").digest != digest


def test_other_architectures_symbols(tree: KconfigTree) -> None:
    assert architectures_with(str(tree.source), "ARM64_PAN") == ["arm64"]
    assert architectures_with(str(tree.source), "64BIT") == ["x86"]
    assert architectures_with(str(tree.source), "NOWHERE") == []


@pytest.mark.parametrize(("arch", "directory"), [("i386", "x86"), ("x86_64", "x86"), ("arm64", "arm64")])
def test_source_arch(arch: str, directory: str) -> None:
    assert source_arch(arch) == directory
