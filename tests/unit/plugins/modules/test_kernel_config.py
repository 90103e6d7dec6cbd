# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module kernel_config, with a tree of a few Kconfig files and a real make."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import kconfiglib
import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible_collections.netboot.diskless.plugins.module_utils._kconfig_configure import ConfigError
from ansible_collections.netboot.diskless.plugins.modules.kernel_config import Refused, request_from, run

from tests.unit.kconfig_tree import KconfigTree
from tests.unit.shared import picture


@pytest.fixture
def tree(tmp_path: Path) -> KconfigTree:
    return KconfigTree(tmp_path)


def ran(tree: KconfigTree, check_mode: bool = False, diff: bool = False, **changes: Any) -> dict[str, Any]:
    """The result of one run of the module."""
    params = {
        "tree": str(tree.source),
        "output": str(tree.output),
        "arch": "x86_64",
        "base": "tinyconfig",
        "symbols": {},
        "fragments": [],
        "kconfiglib": kconfiglib.__file__,
        **changes,
    }
    (tree.base / "tmp").mkdir(exist_ok=True)
    told: list[str] = []
    module = SimpleNamespace(
        params=params, check_mode=check_mode, _diff=diff, tmpdir=str(tree.base / "tmp"), warn=told.append
    )
    result = run(cast(AnsibleModule, module))
    return {**result, "warnings": told} if told else result


def outside(tree: KconfigTree) -> dict[str, str]:
    """Everything but the log of the tests' own conf."""
    return {name: text for name, text in picture(tree.base).items() if name not in ("conf.log", "tmp")}


def test_configures_once(tree: KconfigTree) -> None:
    wanted = {"NET": True, "LOCALVERSION": "-slave", "NR_CPUS": 16, "NFS_V2": False}
    first = ran(tree, symbols=wanted)
    assert first["changed"] and first["config"] == str(tree.output / ".config") and "backup_file" not in first
    assert first["values"] == {"NET": "y", "LOCALVERSION": "-slave", "NR_CPUS": "16"}
    assert len(first["warnings"]) == 1 and first["warnings"][0].startswith("NFS_V2=n holds")
    before, runs = outside(tree), tree.runs()
    for again in (ran(tree, symbols=wanted), ran(tree, symbols=wanted, check_mode=True, diff=True)):
        assert not again["changed"] and again["values"] == first["values"] and "diff" not in again
    assert outside(tree) == before and tree.runs() == runs


def test_check_mode_only_says_what_would_change(tree: KconfigTree) -> None:
    before = outside(tree)
    result = ran(tree, check_mode=True, diff=True, symbols={"NET": "y"})
    assert result["changed"] and outside(tree) == before
    ran(tree)
    before = outside(tree)
    result = ran(tree, check_mode=True, diff=True, symbols={"NET": "y", "NR_CPUS": 4})
    (difference,) = result["diff"]
    assert (difference["before"], difference["after"]) == ("NET=n\nNR_CPUS=8\n", "NET=y\nNR_CPUS=4\n")
    assert outside(tree) == before
    result = ran(tree, diff=True, symbols={"NET": "y", "NR_CPUS": 4})
    assert result["diff"] == [difference] and result["backup_file"] == str(tree.output / ".config.previous")


def test_a_change_by_hand_is_taken_back(tree: KconfigTree) -> None:
    ran(tree, symbols={"NR_CPUS": 4})
    text = (tree.output / ".config").read_text()
    (tree.output / ".config").write_text(text.replace("CONFIG_NR_CPUS=4", "CONFIG_NR_CPUS=5"))
    assert ran(tree, symbols={"NR_CPUS": 4})["changed"]
    assert (tree.output / ".config").read_text() == text


def test_a_refusal_changes_nothing_and_tells_all(tree: KconfigTree) -> None:
    ran(tree)
    before = outside(tree)
    wanted = {"ROOT_NFS": "y", "NET": "y", "NR_CPUS": 99, "NOWHERE": "y", "X86": "n", "LOCALVERSION": "-x"}
    with pytest.raises(Refused) as refused:
        ran(tree, symbols=wanted)
    assert str(refused.value).splitlines() == [
        f"4 of 6 symbols did not come out as asked in {tree.output}; nothing was changed:",
        "NOWHERE=y: this tree has no such symbol, nor one with a name like it",
        "NR_CPUS=99 came out as 8: it takes 2 to 64",
        "ROOT_NFS=y came out as n: it needs NFS_FS (is n; needs INET (is n)) and IP_PNP (is n). "
        "Set INET=y, NFS_FS=y, IP_PNP=y",
        "X86=n came out as y: it has no prompt to set it by; it follows something that is y here for good; "
        "see arch/x86/Kconfig:4",
    ]
    assert [refusal.kind for refusal in refused.value.refusals] == ["unknown", "range", "dependency", "hidden"]
    assert outside(tree) == before


def test_without_kconfiglib_the_values_are_told(tree: KconfigTree) -> None:
    with pytest.raises(Refused) as refused:
        ran(tree, symbols={"ROOT_NFS": "y", "NOWHERE": "y"}, kconfiglib=None)
    assert str(refused.value).splitlines()[1:] == [
        "NOWHERE=y: this tree has no such symbol, nor one with a name like it",
        "ROOT_NFS=y came out as n",
    ]
    assert [bool(refusal.kind) for refusal in refused.value.refusals] == [True, False]


def test_a_tree_beyond_kconfiglib_is_told_with_the_values(tree: KconfigTree) -> None:
    (tree.base / "kconfiglib.py").write_text("raise ImportError('too old')\n")
    with pytest.raises(Refused) as refused:
        ran(tree, symbols={"ROOT_NFS": "y"}, kconfiglib=str(tree.base / "kconfiglib.py"))
    assert str(refused.value).splitlines()[1:] == [
        "ROOT_NFS=y came out as n",
        f"The reasons could not be found: kconfiglib cannot be loaded from {tree.base}/kconfiglib.py: too old",
    ]


def test_the_request(tree: KconfigTree) -> None:
    (tree.base / "link").symlink_to("linux")
    params = {"tree": str(tree.base / "link"), "output": "/out/", "arch": "i386", "base": "", "symbols": {"A": "y"}}
    request = request_from({**params, "fragments": ["/f"]})
    assert (request.tree, request.output, request.arch) == (str(tree.source), "/out", "i386")
    assert (request.symbols, request.fragments) == ({"A": "y"}, ("/f",))
    with pytest.raises(ConfigError, match="output is 'out'; it has to be an absolute path"):
        request_from({**params, "output": "out", "fragments": []})
