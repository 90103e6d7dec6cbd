# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What make is told for each architecture."""

from __future__ import annotations

import pytest
from ansible_collections.netboot.diskless.plugins.module_utils._kernel_arch import cross_prefix, make_words


@pytest.mark.parametrize(
    ("architecture", "machine", "prefix"),
    [
        ("x86_64", "x86_64", ""),
        ("i386", "x86_64", ""),
        ("i386", "i686", ""),
        ("x86_64", "i686", ""),
        ("arm64", "aarch64", ""),
        ("arm64", "x86_64", "aarch64-linux-gnu-"),
        ("x86_64", "aarch64", "x86_64-linux-gnu-"),
        ("i386", "aarch64", "i686-linux-gnu-"),
        ("riscv", "x86_64", ""),
    ],
)
def test_the_tools_of_an_architecture(
    architecture: str, machine: str, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CROSS_COMPILE", raising=False)
    assert cross_prefix(architecture, machine) == prefix
    monkeypatch.setenv("CROSS_COMPILE", "mine-")
    assert cross_prefix(architecture, machine) == "mine-"


def test_make_is_told_of_the_tools_only_when_they_are_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSS_COMPILE", "")
    assert make_words("i386") == ["ARCH=i386"]
    monkeypatch.setenv("CROSS_COMPILE", "/opt/bin/arm-")
    assert make_words("arm64") == ["ARCH=arm64", "CROSS_COMPILE=/opt/bin/arm-"]
