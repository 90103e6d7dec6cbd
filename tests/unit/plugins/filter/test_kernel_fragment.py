# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter kernel_fragment."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.netboot.diskless.plugins.filter.kernel_fragment import FilterModule, kernel_fragment
from ansible_collections.netboot.diskless.plugins.module_utils._kernel_symbols import master_symbols, slave_symbols


def test_is_found_by_its_name() -> None:
    assert FilterModule().filters() == {"kernel_fragment": kernel_fragment}


@pytest.mark.parametrize(
    ("options", "architecture"),
    [({}, "x86_64"), ({"architecture": "i386"}, "i386"), ({"architecture": "arm64"}, "arm64")],
)
def test_a_slaves_symbols(options: dict[str, Any], architecture: str) -> None:
    assert kernel_fragment("slave", **options) == slave_symbols(architecture)


@pytest.mark.parametrize("version", ["", "5.15", "6.1.140", "7.0"])
@pytest.mark.parametrize("inits", [["openrc"], ["systemd"], ["openrc", "systemd"], []])
def test_a_slaves_version_and_inits(version: str, inits: list[str]) -> None:
    found = kernel_fragment("slave", version=version, inits=inits)
    assert found == slave_symbols("x86_64", version, inits)


@pytest.mark.parametrize(
    ("options", "arguments"),
    [
        ({}, (False, False, "")),
        ({"nat": True}, (True, False, "")),
        ({"firewall": True}, (False, True, "")),
        ({"nat": True, "firewall": True, "version": "5.10"}, (True, True, "5.10")),
    ],
)
def test_a_masters_symbols(options: dict[str, Any], arguments: tuple[bool, bool, str]) -> None:
    assert kernel_fragment("master", **options) == master_symbols(*arguments)


@pytest.mark.parametrize("purpose", ["", "Slave", "slaves", "x86_64", None, 1, ["slave"]])
def test_an_unknown_purpose_is_refused(purpose: object) -> None:
    with pytest.raises(AnsibleFilterError, match=r"kernel_fragment: the purpose is .*; allowed: 'master' or 'slave'"):
        kernel_fragment(purpose)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"architecture": "riscv"}, "'riscv' is no known architecture.*; known: "),
        ({"inits": ["upstart"]}, "'upstart' is no known init; known: openrc, systemd"),
        ({"version": "six"}, "'six' is no version of Linux; allowed is one such as 6.12"),
    ],
)
def test_an_unknown_machine_is_refused(options: dict[str, Any], told: str) -> None:
    with pytest.raises(AnsibleFilterError, match=f"kernel_fragment: {told}"):
        kernel_fragment("slave", **options)


def test_a_version_may_be_a_number_of_yaml() -> None:
    assert kernel_fragment("slave", version=6.1) == kernel_fragment("slave", version="6.1")
