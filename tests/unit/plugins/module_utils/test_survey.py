# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the survey of a master reads, from files given to it."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.netboot.diskless.plugins.module_utils import _survey
from ansible_collections.netboot.diskless.plugins.module_utils._ledger import sha256
from ansible_collections.netboot.diskless.plugins.module_utils._root_record import Record

# proc(5), /proc/net/route: addresses are hexadecimal, the default route has neither destination nor mask.
ROUTES = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"
DEFAULT = "{}\t00000000\tFE01A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
NETWORK = "{}\t0001A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"


@pytest.mark.parametrize(
    ("rows", "interfaces"),
    [
        ("", []),
        (NETWORK.format("eth0"), []),
        (NETWORK.format("eth0") + DEFAULT.format("eth1"), ["eth1"]),
        (DEFAULT.format("wlan0") + DEFAULT.format("eth0") + DEFAULT.format("eth0"), ["eth0", "wlan0"]),
        # Half of all addresses (0.0.0.0/1): its destination alone looks like the default route's.
        ("tun0\t00000000\t0\t0001\t0\t0\t0\t00000080\t0\t0\t0\n", []),
        ("short\t00000000\n", []),
    ],
)
def test_default_routes(tmp_path: Path, rows: str, interfaces: list[str]) -> None:
    (tmp_path / "route").write_text(ROUTES + rows)
    assert _survey.default_route_interfaces(str(tmp_path / "route")) == interfaces


def test_an_interface_that_is_not_there() -> None:
    found = _survey.interface("no-such-interface")
    assert not found["exists"] and not found["up"] and not found["multicast"] and found["addresses"] == []
    assert found["present"] == sorted(os.listdir("/sys/class/net"))
    assert not _survey.interface("")["exists"]


def test_an_interface_that_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = [{"ifname": "lo", "addr_info": [{"local": "127.0.0.1"}, {"local": "127.0.0.2"}]}, {}]
    asked = []

    def ip(command: list[str], **_options: Any) -> subprocess.CompletedProcess[str]:
        asked.append(command)
        return subprocess.CompletedProcess(command, 0, json.dumps(answer), "")

    monkeypatch.setattr(subprocess, "run", ip)
    found = _survey.interface("lo")
    flags = int(Path("/sys/class/net/lo/flags").read_text(), 16)
    assert found["exists"] and found["up"] == bool(flags & 1) and found["multicast"] == bool(flags & 0x1000)
    assert found["addresses"] == ["127.0.0.1", "127.0.0.2"]
    assert asked == [["ip", "-json", "-4", "address", "show", "dev", "lo"]]


def test_space_of_what_is_not_there_yet_is_its_parents(tmp_path: Path) -> None:
    here, deeper = _survey.space(str(tmp_path)), _survey.space(str(tmp_path / "not/there/yet"))
    assert here["device"] == deeper["device"] == tmp_path.stat().st_dev
    assert here["bytes"] > 0 and (here["inodes"] > 0 or here["inodes"] == -1)
    (tmp_path / "file").write_text("")
    assert _survey.space(str(tmp_path / "file"))["device"] == here["device"]


@pytest.mark.parametrize(("files", "favail", "inodes"), [(1000, 10, 10), (1000, 0, 0), (0, 0, -1)])
def test_space_where_inodes_are_unlimited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: int, favail: int, inodes: int
) -> None:
    class Status:
        f_bavail, f_frsize, f_files, f_favail = 3, 4096, files, favail

    monkeypatch.setattr(os, "statvfs", lambda path: Status)
    found = _survey.space(str(tmp_path))
    assert (found["bytes"], found["inodes"]) == (3 * 4096, inodes)


def kernel_with(monkeypatch: pytest.MonkeyPatch, places: dict[str, bytes]) -> None:
    """Lets the running kernel tell its configuration at these places only."""

    def read(path: str) -> dict[str, str]:
        if path not in places:
            raise FileNotFoundError(path)
        return {"data": places[path].decode()}

    monkeypatch.setattr(_survey._kconfig, "read", read)


def test_the_running_kernels_own_word_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    release = os.uname().release
    order = ["/proc/config.gz", f"/boot/config-{release}", f"/lib/modules/{release}/config"]
    for number in range(len(order)):
        kernel_with(monkeypatch, {path: path.encode() for path in order[number:]})
        found = _survey.running_kernel(["data", "NFSD"])
        symbols = {"data": order[number], "NFSD": "n"}
        expected = {"release": release, "source": order[number], "symbols": symbols, "modules": {}}
        assert found == expected


def test_a_kernel_that_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel_with(monkeypatch, {})
    found = _survey.running_kernel(["NFSD"])
    assert found == {"release": os.uname().release, "source": "", "symbols": {}, "modules": {}}


def test_a_compressed_configuration_is_read(tmp_path: Path) -> None:
    (tmp_path / "config.gz").write_bytes(gzip.compress(b"CONFIG_NFSD=m\n"))
    assert _survey._kconfig.read(str(tmp_path / "config.gz")) == {"NFSD": "m"}


@pytest.mark.parametrize(
    ("atom", "there"),
    [
        ("net-misc/dhcp", True),
        ("net-misc/dhcpcd", False),
        ("net-misc/dhcp-relay", False),
        ("net-misc/c++-lib", True),
        ("net-dns/dhcp", False),
    ],
)
def test_portages_packages(tmp_path: Path, atom: str, there: bool) -> None:
    for name in ("dhcp-4.4.3_p1", "dhcp-relay-ng-1", "c++-lib-2"):
        (tmp_path / "net-misc" / name).mkdir(parents=True)
    assert _survey._portage_has(atom, str(tmp_path)) == there


def test_dpkgs_packages(tmp_path: Path) -> None:
    (tmp_path / "status").write_bytes(
        b"Package: rsync\nStatus: install ok installed\nDescription: x\n Package: fake\n\n"
        b"Package: held\nStatus: hold ok installed\nMaintainer: \xe4\n\n"
        b"Package: removed\nStatus: deinstall ok config-files\n\n"
        b"Package: half\nStatus: install ok half-installed\n\n"
        b"Package: unpacked\nStatus: install ok unpacked\n"
    )
    assert _survey._dpkg_installed(str(tmp_path / "status")) == {"rsync", "held"}
    assert _survey._dpkg_installed(str(tmp_path / "nothing")) == set()


def test_which_parts_are_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_survey, "_dpkg_installed", lambda: {"rsync"})
    monkeypatch.setattr(_survey, "_portage_has", lambda atom: atom == "net-misc/dhcp")
    monkeypatch.setattr(_survey.shutil, "which", lambda name: f"/bin/{name}" if name in ("make", "gcc") else None)
    packages = {
        "dhcp": ["net-misc/dhcp"],
        "half": ["net-misc/dhcp", "net-misc/rsync"],
        "rootfs": ["rsync"],
        "kernel": ["sys-devel/bc"],
        "tools": ["sys-devel/bc"],
        "none": [],
    }
    commands = {"kernel": ["make", "gcc"], "tools": ["make", "bc"], "elsewhere": ["make"]}
    assert _survey.installed_parts(packages, commands) == ["dhcp", "kernel", "none", "rootfs"]


def test_owners_by_all_ledgers(tmp_path: Path) -> None:
    (tmp_path / "ledger").mkdir()
    paths = {name: str(tmp_path / name) for name in ("ours", "also", "foreign", "absent", "comments")}
    for name in ("ours", "also", "foreign"):
        Path(paths[name]).write_text("statement\n")
    Path(paths["comments"]).write_text("# nothing\n")
    (tmp_path / "ledger/dhcp.json").write_text(json.dumps({paths["ours"]: sha256(b"")}))
    (tmp_path / "ledger/nfs.json").write_text(json.dumps({paths["also"]: sha256(b"")}))
    found = _survey.owners(list(paths.values()), str(tmp_path))
    expected = {"ours": "ours", "also": "ours", "foreign": "foreign", "absent": "absent", "comments": "pristine"}
    assert found == {paths[name]: owner for name, owner in expected.items()}
    assert _survey.owners([paths["ours"]], str(tmp_path / "fresh")) == {paths["ours"]: "foreign"}


def test_roots_are_missing_ours_or_somebody_elses(tmp_path: Path) -> None:
    state = tmp_path / "state"
    addresses = {f"192.168.1.{number}": str(tmp_path / f"root{number}") for number in range(21, 28)}
    _absent, empty, ours, strange, unfinished, moved, old = (Path(path) for path in addresses.values())
    empty.mkdir()
    for root in (ours, strange, unfinished, moved, old):
        (root / "etc").mkdir(parents=True)
    Record(str(state), "192.168.1.23", str(ours)).finish("stamp", "/srv/a")
    Record(str(state), "192.168.1.26", str(moved)).finish("stamp", "/srv/b")
    # As they were when all roots were made of the master.
    (state / "roots/192.168.1.27.json").write_text(json.dumps({"root": str(old), "programs": "stamp"}))
    Record(str(state), "192.168.1.25", str(unfinished)).begin()
    # A record of another place says nothing of this one.
    Record(str(state), "192.168.1.24", "/elsewhere").finish("stamp", "/srv/a")
    wanted = {address: {"root": root, "source": "/srv/a"} for address, root in addresses.items()}
    missing, unknown, other = _survey.roots(wanted, str(state))
    assert missing == [addresses["192.168.1.21"], str(empty), str(unfinished)]
    assert unknown == [str(strange)]
    assert other == [{"root": str(moved), "was": "/srv/b"}, {"root": str(old), "was": "/"}]
    wanted["192.168.1.27"]["source"] = "/"
    assert _survey.roots(wanted, str(state))[2] == other[:1]


def test_roots_that_have_no_modules_yet(tmp_path: Path) -> None:
    roots = {f"192.168.1.{number}": {"root": f"/diskless/{number}"} for number in (21, 22, 23, 24)}
    for number, releases in {21: ["6.12.2", "6.12.1"], 22: [], 24: ["6.12.1"]}.items():
        record = Record(str(tmp_path), f"192.168.1.{number}", f"/diskless/{number}")
        record.finish("stamp", "/", [{"release": release, "stamp": "one"} for release in releases])
    # What is known of 24 is of a root that was moved away.
    found = _survey.roots_without_modules(roots, ["/diskless/24"], str(tmp_path))
    assert found == ["/diskless/22", "/diskless/23", "/diskless/24"]


def test_sources_are_looked_at_and_measured_where_roots_are_missing(tmp_path: Path) -> None:
    for name in ("one", "other"):
        (tmp_path / name / "usr/src").mkdir(parents=True)
        (tmp_path / name / "usr/file").write_bytes(b"x" * 5000)
    one, other, nothing = (str(tmp_path / name) for name in ("one", "other", "nothing"))
    found = _survey.sources([one, other, nothing], [one, nothing], ["/usr", "/lib"], ["/usr/src"])
    system = {"exists": True, "missing": ["/etc", "/sbin/init"], "inits": [], "init": "", "machine": ""}
    assert found[one] == {**system, "bytes": (tmp_path / "one/usr/file").stat().st_blocks * 512, "inodes": 1}
    assert found[one]["bytes"] >= 5000
    assert found[other] == {**system, "bytes": 0, "inodes": 0}
    assert (found[nothing]["exists"], found[nothing]["bytes"]) == (False, 0)


@pytest.mark.parametrize(
    ("files", "state"),
    [
        ([], "missing"),
        (["Kconfig"], "clean"),
        (["Kconfig", ".config"], "used"),
        (["Kconfig", "include/config/auto.conf"], "used"),
        (["Kconfig", "arch/x86/include/generated/x.h"], "used"),
    ],
)
def test_a_tree_that_was_built_in_is_known(tmp_path: Path, files: list[str], state: str) -> None:
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    assert _survey.kernel_tree(str(tmp_path)) == state


@pytest.mark.parametrize(
    ("makefile", "version"),
    [
        ("VERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 117\nEXTRAVERSION =\n", "6.12.117"),
        ("# SPDX\nVERSION = 7\nPATCHLEVEL = 0\nSUBLEVEL = 0\nEXTRAVERSION = -rc1\n", "7.0.0"),
        ("VERSION = 7\nPATCHLEVEL = 2\nSUBLEVEL =\n", "7.2"),
        ("SUBLEVEL = 1\nVERSION = 6\n", ""),
        ("all:\n", ""),
        (None, ""),
    ],
)
def test_the_version_of_a_source_is_what_its_makefile_says(tmp_path: Path, makefile: str | None, version: str) -> None:
    if makefile is not None:
        (tmp_path / "Makefile").write_text(makefile)
    assert _survey.kernel_version(str(tmp_path)) == version
