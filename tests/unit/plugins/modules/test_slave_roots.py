# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module slave_roots, above the roots themselves."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.netboot.diskless.plugins.module_utils._slave_root import Root, Source
from ansible_collections.netboot.diskless.plugins.module_utils._tree import Measure
from ansible_collections.netboot.diskless.plugins.modules import slave_roots
from ansible_collections.netboot.diskless.plugins.modules.slave_roots import bring, roots_from, source_from


def arguments(base: Path) -> dict[str, Any]:
    return {
        "programs": ["/usr"],
        "exclude": ["/usr/src"],
        "etc_exclude": ["site.conf"],
        "runlevels": {"default": ["sshd"]},
        "units": {"multi-user.target": ["ssh.service"]},
        "services": ["sshd"],
        "root_password_hash": "$6$salt$hash",
        "site": {"domain": "mydomain.com"},
        "kernel_packages": {"x86_64": "linux-image-amd64"},
        "state_directory": str(base / "state"),
    }


def test_arguments_become_a_source(tmp_path: Path) -> None:
    (tmp_path / "usr/src").mkdir(parents=True)
    source = source_from(arguments(tmp_path), str(tmp_path), {})
    assert source.directory == str(tmp_path) and source.system.exists and source.programs == ["/usr"]
    assert source.root_hash == "$6$salt$hash" and source.services == ["sshd"]
    assert source.etc_exclude == ["site.conf"] and source.runlevels == {"default": ["sshd"]}
    assert source.units == {"multi-user.target": ["ssh.service"]}
    assert source.progress == f"{tmp_path}/state/progress-slave_roots"


@pytest.mark.parametrize(
    ("path", "differs"),
    [
        ("usr/program", True),
        ("usr/lib/module.py", True),
        ("usr/src/file", False),
        ("usr/lib/__pycache__/module.cpython-313.pyc", False),
        ("usr/lib/module.pyc", False),
    ],
)
def test_programs_that_change_are_copied_and_byte_code_is_no_reason(tmp_path: Path, path: str, differs: bool) -> None:
    for directory in ("usr/src", "usr/lib/__pycache__"):
        (tmp_path / directory).mkdir(parents=True)
    before = source_from(arguments(tmp_path), str(tmp_path), {}).stamp
    (tmp_path / path).write_text("new")
    assert (source_from(arguments(tmp_path), str(tmp_path), {}).stamp != before) == differs


def test_a_source_is_looked_at_once_however_many_roots_share_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured = []

    def measure(directory: str, programs: list[str], exclude: list[str]) -> Measure:
        measured.append(directory)
        return Measure(directory, 0, 0)

    monkeypatch.setattr(slave_roots, "measure_programs", measure)
    slaves = [
        {"name": f"slave{number}", "source": "/" if number % 2 else str(tmp_path), "kernel": ""} for number in range(6)
    ]
    roots = roots_from({**arguments(tmp_path), "slaves": slaves}, True)
    assert measured == [str(tmp_path), "/"]
    assert [root.source.stamp for root in roots] == [slave["source"] for slave in slaves]


class Fake:
    """A root that notes how it was brought."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.umask = -1

    def bring(self) -> list[str]:
        self.umask = os.umask(0o022)
        return [f"{self.name} is made"]


@pytest.mark.parametrize("dry", [True, False])
def test_all_roots_are_brought_under_a_lock_and_a_known_umask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dry: bool
) -> None:
    roots: list[Any] = [Fake("one"), Fake("other")]
    before = os.umask(0o077)
    try:
        assert bring(roots, str(tmp_path / "state"), dry) == ["one is made", "other is made"]
    finally:
        os.umask(before)
    assert [root.umask for root in roots] == [0o022, 0o022]
    # A dry run touches nothing, not even to wait.
    assert (tmp_path / "state/lock-slave_roots").exists() != dry
    assert (tmp_path / "state").exists() != dry


def test_a_failure_ends_the_run(tmp_path: Path) -> None:
    class Failing(Fake):
        def bring(self) -> list[str]:
            raise slave_roots.RootError("slave21: no space")

    roots: list[Any] = [Fake("one"), Failing("two"), Fake("three")]
    with pytest.raises(slave_roots.RootError, match="slave21: no space"):
        bring(roots, str(tmp_path / "state"), dry=True)
    assert roots[2].umask == -1


def test_a_root_is_what_the_module_makes_of_a_slave(tmp_path: Path) -> None:
    source = source_from(arguments(tmp_path), str(tmp_path), {})
    assert isinstance(source, Source)
    root = Root({"root": str(tmp_path / "root"), "address": "192.168.1.21"}, source, True)
    assert root.is_new() and root.programs_differ()
