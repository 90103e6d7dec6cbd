# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in for the kernel's NFS server: what it makes of exportfs's table and of rpc.nfsd's options."""

import importlib.machinery
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from lab.images import store

SCRIPT = store.SHARED / "nfsd-stand-in"
DEFAULTS = "sync,wdelay,hide,nocrossmnt,secure,root_squash,no_all_squash,no_subtree_check,secure_locks,acl,no_pnfs"


@pytest.fixture(name="stand_in")
def _stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script as a module, its files in a directory of the test."""
    loader = importlib.machinery.SourceFileLoader("nfsd_stand_in", str(SCRIPT))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    assert spec
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, loader.name, module)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    loader.exec_module(module)
    for name in ("ETAB", "NFS_CONF", "CONFIG"):
        monkeypatch.setattr(module, name, tmp_path / name.lower())
    monkeypatch.setattr(module, "IDS", tmp_path / "ids/export-ids.json")
    return module


def test_table_keeps_the_order_of_clients_and_unescapes_paths(stand_in: ModuleType) -> None:
    text = f"/a\\040b\t192.0.2.1(rw,{DEFAULTS})\n/a\\040b\t*(ro,{DEFAULTS},anonuid=5)\n"
    (path, clients), *rest = stand_in.parse_etab(text).items()
    assert (path, rest) == ("/a b", [])
    assert [client.match for client in clients] == ["192.0.2.1", "*"]
    assert clients[1].options["anonuid"] == "5"


def test_unknown_line_is_refused(stand_in: ModuleType) -> None:
    with pytest.raises(ValueError, match="cannot read"):
        stand_in.parse_etab("/a 192.0.2.1\n")


@pytest.mark.parametrize(
    ("match", "options", "expected"),
    [
        ("192.0.2.1", "rw,no_root_squash", ["Clients = 192.0.2.1;", "Access_Type = RW;", "Squash = No_Root_Squash;"]),
        ("192.0.2.0/255.255.255.0", "ro", ["Clients = 192.0.2.0/24;", "Access_Type = RO;", "Squash = Root_Squash;"]),
        ("*", "ro,no_root_squash,all_squash,anonuid=7", ["Squash = All_Squash;", "Anonymous_Uid = 7;"]),
        ("*", "ro,sec=krb5:sys,insecure", ["SecType = krb5,sys;", "PrivilegedPort = false;"]),
        ("*", "ro,secure", ["SecType = sys;", "PrivilegedPort = true;"]),
    ],
)
def test_client_block(stand_in: ModuleType, match: str, options: str, expected: list[str]) -> None:
    (clients,) = stand_in.parse_etab(f"/a\t{match}({options})\n").values()
    block = stand_in.client_block(clients[0])
    assert [line for line in expected if line not in block] == []


@pytest.mark.parametrize(
    ("fsid", "expected"),
    [
        ("", ""),
        ("21", "  Filesystem_Id = 0.21;\n"),
        ("00000000-0000-0001-0000-000000000002", "  Filesystem_Id = 1.2;\n"),
    ],
)
def test_filesystem_id(stand_in: ModuleType, fsid: str, expected: str) -> None:
    assert stand_in.filesystem_id(fsid) == expected


@pytest.mark.parametrize("fsid", ["0", "root"])
def test_root_of_nfs4_is_refused(stand_in: ModuleType, fsid: str) -> None:
    with pytest.raises(ValueError, match="fsid=0"):
        stand_in.filesystem_id(fsid)


@pytest.mark.parametrize(
    ("conf", "arguments", "expected"),
    [
        ("", [], {"3", "4.1", "4.2"}),
        ("", ["8"], {"3", "4.1", "4.2"}),
        ("", ["-N", "3", "8"], {"4.1", "4.2"}),
        ("", ["--no-nfs-version", "4"], {"3"}),
        ("", ["-V", "4.0"], {"3", "4.0", "4.1", "4.2"}),
        ("[nfsd]\nvers3=n\nvers4.2 = y\n", [], {"4.1", "4.2"}),
        ("[nfsd]\nvers4=n\nvers4.2=y\nthreads=8\n", [], {"3", "4.2"}),
        ("[nfsd]\nvers3=n\n", ["-V", "3"], {"3", "4.1", "4.2"}),
    ],
)
def test_versions(stand_in: ModuleType, conf: str, arguments: list[str], expected: set[str]) -> None:
    stand_in.NFS_CONF.write_text(conf)
    assert stand_in.versions(arguments) == expected


def test_files_beside_nfs_conf_outweigh_it(stand_in: ModuleType) -> None:
    stand_in.NFS_CONF.write_text("[nfsd]\nvers3=n\n")
    parts = stand_in.NFS_CONF.with_name("nfs.conf.d")
    parts.mkdir()
    (parts / "10-first.conf").write_text("[nfsd]\nvers3=y\nvers4.1=y\n")
    (parts / "20-second.conf").write_text("[nfsd]\nvers4.1=n\n")
    (parts / "30-not.conf.bak").write_text("[nfsd]\nvers4.2=n\n")
    assert stand_in.versions([]) == {"3", "4.2"}


def test_numbers_stay_but_a_replaced_directory_gets_a_new_one(stand_in: ModuleType, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    paths = [str(first), str(second)]
    before = stand_in.numbers(paths)
    assert before == {paths[0]: 1, paths[1]: 2}
    assert stand_in.numbers([paths[1]])[paths[1]] == 2
    first.rename(tmp_path / "old")
    first.mkdir()
    assert stand_in.numbers(paths) == {paths[0]: 3, paths[1]: 2}


def test_whole_configuration(stand_in: ModuleType, tmp_path: Path) -> None:
    root = tmp_path / "192.0.2.1"
    root.mkdir()
    stand_in.ETAB.write_text(f"{root}\t192.0.2.1(rw,{DEFAULTS})\n")
    stand_in.write_config(["-N", "3"])
    text = stand_in.CONFIG.read_text()
    assert "Protocols = 4;" in text
    assert "Minor_Versions = 1,2;" in text
    assert f'Path = "{root}";\n  Pseudo = "{root}";' in text


def test_no_version_left(stand_in: ModuleType) -> None:
    with pytest.raises(ValueError, match="switched off"):
        stand_in.write_config(["-N", "3", "-N", "4"])
