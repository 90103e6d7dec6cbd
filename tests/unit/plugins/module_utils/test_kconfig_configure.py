# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configurations of a tree of a few Kconfig files, made by a real make."""

from __future__ import annotations

import gzip
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.netboot.diskless.plugins.module_utils import _kconfig_configure
from ansible_collections.netboot.diskless.plugins.module_utils._kconfig import read
from ansible_collections.netboot.diskless.plugins.module_utils._kconfig_configure import (
    Attempt,
    ConfigError,
    Prepared,
    Request,
    attempt,
    closest,
    difference,
    install,
    is_current,
    prepare,
)
from ansible_collections.netboot.diskless.plugins.module_utils._kernel_build import Build, exclusive

from tests.unit.kconfig_tree import KconfigTree
from tests.unit.shared import picture


@pytest.fixture
def tree(tmp_path: Path) -> KconfigTree:
    return KconfigTree(tmp_path)


def prepared(tree: KconfigTree, base: str = "tinyconfig", arch: str = "x86_64", **rest: Any) -> Prepared:
    return prepare(Request(str(tree.source), str(tree.output), arch, base, **rest))


def attempted(tree: KconfigTree, base: str = "tinyconfig", **rest: Any) -> tuple[Prepared, Attempt]:
    scratch = tree.base / "scratch"
    scratch.mkdir(exist_ok=True)
    for left in scratch.iterdir():
        left.unlink()
    ready = prepared(tree, base, **rest)
    return ready, attempt(ready, str(scratch))


def configured(tree: KconfigTree, base: str = "tinyconfig", **rest: Any) -> str:
    """Path of the backup."""
    ready, made = attempted(tree, base, **rest)
    assert made.refusals == []
    return install(ready, made)


def values(tree: KconfigTree) -> dict[str, str]:
    return read(str(tree.output / ".config"))


WANTED = {"NET": True, "INET": "y", "NFS_FS": "m", "MODULES": True, "LOCALVERSION": "-slave", "NR_CPUS": 16}


def test_lays_symbols_over_a_base(tree: KconfigTree) -> None:
    assert configured(tree, symbols=WANTED) == ""
    found = values(tree)
    assert (found["INET"], found["NFS_FS"], found["SUNRPC"]) == ("y", "m", "m")
    assert (found["LOCALVERSION"], found["NR_CPUS"], found["PHYSICAL_START"]) == ('"-slave"', "16", "0x1000000")
    assert found["KERNEL_XZ"] == "y"


@pytest.mark.parametrize(
    ("base", "chosen"), [("tinyconfig", "KERNEL_XZ"), ("defconfig", "KERNEL_GZIP"), ("small_defconfig", "NET")]
)
def test_bases_of_the_tree(tree: KconfigTree, base: str, chosen: str) -> None:
    configured(tree, base)
    assert values(tree)[chosen] == "y"


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_base_of_the_users(tree: KconfigTree, pack: type[bytes]) -> None:
    (tree.base / "mine").write_bytes(pack(b"CONFIG_KERNEL_XZ=y\nCONFIG_NR_CPUS=4"))  # without the end of the line
    configured(tree, str(tree.base / "mine"), symbols={"NET": "y"})
    assert {"KERNEL_XZ": "y", "NR_CPUS": "4", "NET": "y"}.items() <= values(tree).items()


def test_half_a_packed_base_is_refused(tree: KconfigTree) -> None:
    (tree.base / "half.gz").write_bytes(gzip.compress(b"CONFIG_NR_CPUS=4\n" * 9)[:-9])
    with pytest.raises(ConfigError, match="half.gz is no whole gzip file"):
        prepared(tree, str(tree.base / "half.gz"))


def test_the_running_kernel_as_base(tree: KconfigTree, monkeypatch: pytest.MonkeyPatch) -> None:
    running = tree.base / "config-running"
    monkeypatch.setattr(_kconfig_configure, "running_configurations", lambda release: ["/nowhere", str(running)])
    with pytest.raises(ConfigError, match="the running kernel's configuration is in none of /nowhere, "):
        prepared(tree, "running")
    running.write_text("CONFIG_NR_CPUS=3\n")
    configured(tree, "running")
    assert values(tree)["NR_CPUS"] == "3"


def test_without_a_base_what_is_there_is_kept(tree: KconfigTree) -> None:
    with pytest.raises(ConfigError, match=r"output/\.config is not there yet: give a base"):
        prepared(tree, "")
    configured(tree, "tinyconfig", symbols={"NR_CPUS": 16})
    configured(tree, "", symbols={"NET": "y"})
    assert {"KERNEL_XZ": "y", "NR_CPUS": "16", "NET": "y"}.items() <= values(tree).items()


def test_fragments_in_their_order_below_the_symbols(tree: KconfigTree) -> None:
    one, two = tree.base / "one", tree.base / "two"
    one.write_text('CONFIG_NR_CPUS=2\nCONFIG_LOCALVERSION="-one"\nCONFIG_NET=y\n')
    two.write_text('CONFIG_NR_CPUS=4\nCONFIG_LOCALVERSION="-two"\n# CONFIG_MODULES is not set\n')
    configured(tree, fragments=(str(one), str(two)), symbols={"NR_CPUS": 8})
    assert {"NR_CPUS": "8", "LOCALVERSION": '"-two"', "NET": "y", "MODULES": "n"}.items() <= values(tree).items()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"base": "menuconfig"}, "the base is 'menuconfig'; allowed is an absolute path, defconfig, "),
        ({"base": "mine/config"}, "the base is 'mine/config'"),
        ({"base": "/nowhere/config"}, "the base /nowhere/config is not there"),
        ({"fragments": ("/nowhere/fragment",)}, "the fragment /nowhere/fragment cannot be read: No such file"),
        ({"arch": "mips"}, "has nothing for mips: .*arch/mips/Kconfig"),
    ],
)
def test_what_is_not_there(tree: KconfigTree, changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        prepared(tree, **changes)


def test_what_is_no_kernel(tree: KconfigTree, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="holds no Linux source"):
        prepare(Request(str(tmp_path), str(tree.output), "x86_64", "tinyconfig"))


def test_a_failing_make_ends_with_its_last_words(tree: KconfigTree) -> None:
    (tree.source / "broken").touch()
    with pytest.raises(
        ConfigError, match=r"(?s)make -C .* tinyconfig failed with 2; it ends with:\n.*the tree is broken"
    ):
        attempted(tree)


def test_no_make_at_all(tree: KconfigTree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tree.base))
    with pytest.raises(ConfigError, match="make cannot be run: No such file"):
        attempted(tree)


def test_all_refusals_at_once(tree: KconfigTree) -> None:
    wanted = {"NFSD_V3": "y", "ARM64_PAN": "y", "NFS_ROOT": True, "NR_CPUS": "many", "ROOT_NFS": "y", "X86": "n"}
    before = picture(tree.base)
    ready, made = attempted(tree, symbols={**wanted, "NET": "y"})
    found = {refusal.symbol: (refusal.kind, refusal.actual, refusal.reason) for refusal in made.refusals}
    assert found == {
        "ARM64_PAN": ("unknown", "", "it exists only below arch/arm64, not for x86_64"),
        "NFSD_V3": ("unknown", "", "since Linux 5.18 it is part of NFSD for good"),
        "NFS_ROOT": ("unknown", "", "this tree has no such symbol; closest: ROOT_NFS"),
        "NR_CPUS": ("type", "", "it takes a whole number"),
        "ROOT_NFS": ("", "n", ""),
        "X86": ("", "y", ""),
    }
    assert {name: text for name, text in picture(tree.base).items() if "scratch" not in name and "log" not in name} == {
        name: text for name, text in before.items() if "scratch" not in name and "log" not in name
    }


def test_what_nobody_knows_may_be_asked_for_n(tree: KconfigTree) -> None:
    ready, made = attempted(tree, symbols={"NFS_V2": "n", "MODULE": False})
    assert made.refusals == []
    assert ready.warnings == [
        "MODULE=n holds, but this tree has no such symbol; closest: MODULES",
        "NFS_V2=n holds, but this tree has no such symbol, nor one with a name like it",
    ]


@pytest.mark.parametrize(
    ("symbol", "names"),
    [
        ("CONFIG_NFS_FS", ["NFS_FS"]),
        ("nfs_fs", ["NFS_FS"]),
        ("FS_NFS", ["NFS_FS"]),
        ("NET_NFS", ["NFS_NET"]),
        ("IP_PNPP", ["IP_PNP"]),
        ("QUITE_ANOTHER", []),
    ],
)
def test_closest_names(symbol: str, names: list[str]) -> None:
    known = dict.fromkeys(["NFS_FS", "NFS_NET", "ROOT_NFS", "IP_PNP", "MODULES"], "bool")
    assert closest(symbol, known)[: len(names) or None] == names


def test_the_same_again_needs_no_make(tree: KconfigTree) -> None:
    configured(tree, symbols=WANTED)
    runs, before = tree.runs(), picture(tree.base)
    again = prepared(tree, symbols=WANTED)
    assert is_current(again) and again.final(again.before)["LOCALVERSION"] == "-slave"
    # The same, said otherwise.
    assert is_current(prepared(tree, symbols={**WANTED, "NET": "y", "LOCALVERSION": '"-slave"', "NR_CPUS": "16"}))
    assert tree.runs() == runs and picture(tree.base) == before


@pytest.mark.parametrize(
    "change",
    [
        lambda tree: tree.write("net/Kconfig", (tree.source / "net/Kconfig").read_text() + "# more\n"),
        lambda tree: tree.write("Makefile", (tree.source / "Makefile").read_text() + "# more\n"),
        lambda tree: tree.write("scripts/probe.sh", "false\n"),
        lambda tree: tree.write("arch/x86/configs/tinyconfig", "CONFIG_NET=y\n"),
        lambda tree: (tree.output / ".config").write_text("CONFIG_NET=y\n"),
        lambda tree: (tree.output / ".config").unlink(),
        lambda tree: (tree.output / ".netboot-config-key").unlink(),
    ],
)
def test_a_change_is_noticed(tree: KconfigTree, change: Any) -> None:
    configured(tree, symbols=WANTED)
    change(tree)
    assert not is_current(prepared(tree, symbols=WANTED))


@pytest.mark.parametrize("changes", [{"symbols": {"NET": "n"}}, {"base": "defconfig"}, {"base": ""}, {"arch": "i386"}])
def test_another_request_is_another(tree: KconfigTree, changes: dict[str, Any]) -> None:
    configured(tree, symbols={"NET": "y"})
    assert not is_current(prepared(tree, **{"symbols": {"NET": "y"}, **changes}))


def test_another_compiler_is_noticed(tree: KconfigTree, monkeypatch: pytest.MonkeyPatch) -> None:
    programs = tree.base / "bin"
    programs.mkdir()
    configured(tree)
    assert is_current(prepared(tree))
    monkeypatch.setenv("PATH", str(programs), prepend=":")
    (programs / "gcc").write_text("#!/bin/sh\n")
    (programs / "gcc").chmod(0o755)
    assert not is_current(prepared(tree))


def test_another_cross_compiler_is_noticed(tree: KconfigTree, monkeypatch: pytest.MonkeyPatch) -> None:
    configured(tree)
    monkeypatch.setenv("CROSS_COMPILE", "i686-linux-gnu-")
    assert not is_current(prepared(tree))


def test_a_file_that_is_only_touched_is_the_same(tree: KconfigTree) -> None:
    configured(tree)
    text = (tree.output / ".config").read_text()
    (tree.output / ".config").write_text("# a comment\n" + text)
    (tree.source / "Kconfig").touch()
    assert is_current(prepared(tree))


def test_the_former_one_is_kept_and_its_image_forgotten(tree: KconfigTree) -> None:
    configured(tree, symbols={"NR_CPUS": 4})
    former = (tree.output / ".config").read_bytes()
    (tree.output / ".netboot-key").write_text("what the image was built of\n")
    assert configured(tree, symbols={"NR_CPUS": 16}) == str(tree.output / ".config.previous")
    assert (tree.output / ".config.previous").read_bytes() == former
    assert values(tree)["NR_CPUS"] == "16" and not (tree.output / ".netboot-key").exists()


def test_an_equal_one_is_left_untouched_and_its_image_known(tree: KconfigTree) -> None:
    configured(tree, symbols={"NR_CPUS": 4})
    (tree.output / ".netboot-key").write_text("what the image was built of\n")
    (tree.output / ".netboot-config-key").unlink()
    before = (tree.output / ".config").stat()
    assert configured(tree, symbols={"NR_CPUS": 4}) == ""
    after = (tree.output / ".config").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert (tree.output / ".netboot-key").exists()
    assert is_current(prepared(tree, symbols={"NR_CPUS": 4}))


def test_it_waits_for_a_build(tree: KconfigTree) -> None:
    """The kernel_build module holds the same lock while it compiles."""
    ready, made = attempted(tree)
    with exclusive(Build(str(tree.source), str(tree.output), "x86_64", False, 1)):
        thread = threading.Thread(target=install, args=(ready, made))
        thread.start()
        time.sleep(0.3)
        assert not (tree.output / ".config").exists()
    thread.join(10)
    assert (tree.output / ".config").exists()


@pytest.mark.parametrize(
    ("before", "after", "old", "new"),
    [
        ({"A": "y"}, {"A": "y"}, "", ""),
        ({"A": "y", "B": "n"}, {"A": "n", "B": "m"}, "A=y\nB=n\n", "A=n\nB=m\n"),
        ({"A": "y"}, {"A": "y", "B": "y"}, "B=n\n", "B=y\n"),
        ({"A": "y", "B": "y"}, {"A": "y"}, "B=y\n", "B=n\n"),
        ({"A": "y"}, {"A": "y", "B": "n"}, "", ""),
        ({"A": "y"}, {"A": "y", "N": "8"}, "", "N=8\n"),
        ({"A": '"a"'}, {"A": '"b"'}, 'A="a"\n', 'A="b"\n'),
        ({}, {"A": "y", "B": "n", "N": "8"}, "", "A=y\nN=8\n"),
    ],
)
def test_difference_in_symbols(before: dict[str, str], after: dict[str, str], old: str, new: str) -> None:
    assert difference(before, after) == (old, new)
