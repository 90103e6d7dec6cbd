# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a master is like before anything is changed: facts only, no judgement."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import shutil
import subprocess
from typing import Any

from ansible_collections.netboot.diskless.plugins.module_utils import _kconfig, _kernel_modules
from ansible_collections.netboot.diskless.plugins.module_utils._ledger import ownership
from ansible_collections.netboot.diskless.plugins.module_utils._root_record import Record
from ansible_collections.netboot.diskless.plugins.module_utils._root_source import inspect, measure_programs

# linux/if.h
IFF_UP = 0x1
IFF_MULTICAST = 0x1000


def interface(name: str) -> dict[str, Any]:
    """State of a network interface: exists, up, multicast, IPv4 addresses; and the names of all interfaces."""
    base = os.path.join("/sys/class/net", name)
    present = sorted(os.listdir("/sys/class/net"))
    if not name or not os.path.isdir(base):
        return {"exists": False, "up": False, "multicast": False, "addresses": [], "present": present}
    with open(os.path.join(base, "flags"), encoding="ascii") as stream:
        flags = int(stream.read(), 16)
    done = subprocess.run(
        ["ip", "-json", "-4", "address", "show", "dev", name], capture_output=True, text=True, check=True
    )
    addresses = [info["local"] for link in json.loads(done.stdout or "[]") for info in link.get("addr_info", [])]
    return {
        "exists": True,
        "up": bool(flags & IFF_UP),
        "multicast": bool(flags & IFF_MULTICAST),
        "addresses": addresses,
        "present": present,
    }


def default_route_interfaces(route_file: str = "/proc/net/route") -> list[str]:
    """Interfaces that carry an IPv4 default route (proc(5): destination and mask are hexadecimal zeros)."""
    with open(route_file, encoding="ascii") as stream:
        rows = [line.split() for line in stream.readlines()[1:]]
    return sorted({row[0] for row in rows if len(row) > 7 and row[1] == row[7] == "00000000"})


def space(path: str) -> dict[str, int]:
    """Free bytes and inodes where path is or will be, with the file system's device number."""
    while not os.path.isdir(path):
        path = os.path.dirname(path)
    status = os.statvfs(path)
    # A file system such as btrfs has no fixed number of inodes and reports none at all.
    inodes = status.f_favail if status.f_files else -1
    return {"bytes": status.f_bavail * status.f_frsize, "inodes": inodes, "device": os.stat(path).st_dev}


def running_kernel(wanted: list[str]) -> dict[str, Any]:
    """Where the running kernel's configuration was found, the wanted symbols' values, and what became of their modules.

    The article asks the source tree, whose configuration may be another kernel's.
    """
    release = os.uname().release
    places = ("/proc/config.gz", f"/boot/config-{release}", f"/lib/modules/{release}/config")
    for place in places:
        try:
            values = _kconfig.read(place)
        except OSError:
            continue
        symbols = {name: values.get(name, "n") for name in wanted}
        return {"release": release, "source": place, "symbols": symbols, "modules": _kernel_modules.states(symbols)}
    return {"release": release, "source": "", "symbols": {}, "modules": {}}


def _portage_has(atom: str, database: str = "/var/db/pkg") -> bool:
    category, _slash, name = atom.partition("/")
    directory = os.path.join(database, category)
    pattern = re.compile(re.escape(name) + r"-\d")
    return os.path.isdir(directory) and any(pattern.match(entry) for entry in os.listdir(directory))


def _dpkg_installed(status_file: str = "/var/lib/dpkg/status") -> set[str]:
    try:
        with open(status_file, encoding="utf-8", errors="replace") as stream:
            paragraphs = stream.read().split("\n\n")
    except OSError:
        return set()
    found = set()
    for paragraph in paragraphs:
        fields = dict(line.split(": ", 1) for line in paragraph.splitlines() if re.match(r"(Package|Status): ", line))
        if fields.get("Status", "").endswith(" installed"):
            found.add(fields["Package"])
    return found


def installed_parts(packages: dict[str, list[str]], commands: dict[str, list[str]]) -> list[str]:
    """The parts whose packages are all there, asked of the package databases and not of the slow package managers.

    Args:
        packages: package names by part; a name with a slash is Portage's, one without is dpkg's.
        commands: commands by part; a part whose commands are all there needs no packages.
    """
    debian = _dpkg_installed()

    def has(name: str) -> bool:
        return _portage_has(name) if "/" in name else name in debian

    def complete(part: str) -> bool:
        return part in commands and all(shutil.which(command) for command in commands[part])

    return sorted(part for part, names in packages.items() if complete(part) or all(has(name) for name in names))


def roots(
    by_address: dict[str, dict[str, str]], state_directory: str
) -> tuple[list[str], list[str], list[dict[str, str]]]:
    """The roots that are still to be made, those that are there though the master does not know them, and others.

    The others are there and known, but were made from another source than they are wanted from: root, and was.

    Args:
        by_address: root and source of each slave, by the slave's address.
        state_directory: where the master keeps what it knows of its roots.
    """
    missing, unknown, other = [], [], []
    for address, wanted in by_address.items():
        root = wanted["root"]
        record = Record(state_directory, address, root)
        if not os.path.isdir(root) or set(os.listdir(root)) <= {"lost+found"} or record.is_unfinished():
            missing.append(root)
        elif not record.exists():
            unknown.append(root)
        elif record.source() != wanted["source"]:
            other.append({"root": root, "was": record.source()})
    return missing, unknown, other


def roots_without_modules(by_address: dict[str, dict[str, str]], missing: list[str], state_directory: str) -> list[str]:
    """The roots that have got no kernel's modules yet, as far as the master knows.

    Args:
        by_address: root of each slave, by the slave's address.
        missing: the roots that are still to be made; what is known of one is of another that was moved away.
        state_directory: where the master keeps what it knows of its roots.
    """
    roots = {address: wanted["root"] for address, wanted in by_address.items()}
    return [
        root
        for address, root in roots.items()
        if root in missing or not Record(state_directory, address, root).modules()
    ]


def sources(
    directories: list[str], missing: list[str], programs: list[str], exclude: list[str]
) -> dict[str, dict[str, Any]]:
    """What is in each directory that roots are made from, and how large a root of it is where one is to be made.

    Args:
        directories: the sources.
        missing: those of which a root is still to be made; the others are not measured.
        programs: directories of a system that a root gets a copy of.
        exclude: what is left out of them.
    """
    found = {}
    for directory in directories:
        system = inspect(directory)
        size = measure_programs(directory, programs, exclude) if directory in missing and system.exists else None
        sizes = {"bytes": size.bytes, "inodes": size.inodes} if size else {"bytes": 0, "inodes": 0}
        found[directory] = {**dataclasses.asdict(system), **sizes}
    return found


def kernel_tree(tree: str) -> str:
    """What a kernel's source is fit for: missing, used (Kbuild refuses O= with a tree that was built in), or clean."""
    if not os.path.isfile(os.path.join(tree, "Kconfig")):
        return "missing"
    traces = (".config", "include/config", "arch/x86/include/generated")
    return "used" if any(os.path.exists(os.path.join(tree, trace)) for trace in traces) else "clean"


def kernel_version(tree: str) -> str:
    """The version that a kernel's source says it is, such as 6.12.117; empty when it says none."""
    try:
        with open(os.path.join(tree, "Makefile"), encoding="utf-8", errors="replace") as stream:
            head = stream.read(4096)
    except OSError:
        return ""
    values = dict(re.findall(r"^(VERSION|PATCHLEVEL|SUBLEVEL) *= *(\d+)$", head, re.MULTILINE))
    parts = [values.get(name, "") for name in ("VERSION", "PATCHLEVEL", "SUBLEVEL")]
    return ".".join(part for part in parts if part) if all(parts[:2]) else ""


def _ledgers(state_directory: str) -> dict[str, dict[str, str]]:
    """The files of each part that this master has a ledger of, each with its checksum."""
    directory = os.path.join(state_directory, "ledger")
    found = {}
    for name in sorted(os.listdir(directory)) if os.path.isdir(directory) else []:
        with open(os.path.join(directory, name), encoding="utf-8") as stream:
            found[os.path.splitext(name)[0]] = dict(json.load(stream))
    return found


def placed_parts(state_directory: str) -> list[str]:
    """The parts of which this master has files.

    Args:
        state_directory: where the master keeps ledgers.
    """
    return [part for part, files in _ledgers(state_directory).items() if files]


def owners(paths: list[str], state_directory: str, shipped: dict[str, list[str]] | None = None) -> dict[str, str]:
    """Whose each configuration file is, by all ledgers of this master.

    Args:
        paths: the files.
        state_directory: where the master keeps ledgers.
        shipped: by path, what files say that packages' scripts make.
    """
    recorded = {path: digest for files in _ledgers(state_directory).values() for path, digest in files.items()}
    return {path: ownership(path, recorded, shipped=shipped) for path in paths}
