#!/usr/bin/env python3
# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fingerprint of a running machine, to prove that a dry run changed nothing.

It holds every path's type, mode, owner, size, modification time and content, and what no file shows: started
services, mounts, listening sockets and network settings. Runs on the master (standard library, Python 3.9).

Usage: fingerprint.py take FILE
       fingerprint.py compare BEFORE AFTER
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

# What looking at a machine changes by itself: logs, process ids, the shell's and Ansible's own traces.
NOISE = re.compile(
    r"""
    /(proc|sys|dev|run|tmp)(/.*)? | /var/(run|lock|log|tmp)(/.*)? |
    /root(/\.ansible(/.*)?|/\.cache(/.*)?)? |
    .*\.pid | .*/__pycache__(/.*)? |
    /etc/mtab | /lib/rc/cache(/.*)? | /var/lib/(misc|random-seed|urandom|seedrng)(/.*)?
    """,
    re.VERBOSE,
)
HASHED_UP_TO = 1 << 20  # bytes: of a larger file, size and modification time must do
SHOWN = 50  # differences; one is enough to fail
LISTENING = {"tcp": "0A", "tcp6": "0A", "udp": "07", "udp6": "07"}  # the state column of /proc/net, proc(5)
SETTINGS = ("net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding", "kernel/hostname")


def read_only_mounts() -> set[str]:
    """Mount points below which nothing can change. proc(5): fields 5 and 6 of mountinfo."""
    lines = Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    mounts = [line.split()[4:6] for line in lines]
    return {point for point, options in mounts if "ro" in options.split(",") and point != "/"}


def describe(path: str) -> str:
    """One path in one line; a symbolic link by its target, a small file by its content."""
    status = os.lstat(path)
    words = [stat.filemode(status.st_mode), f"{status.st_uid}:{status.st_gid}", str(status.st_mtime_ns)]
    if stat.S_ISLNK(status.st_mode):
        words.append(os.readlink(path))
    elif stat.S_ISREG(status.st_mode):
        words.append(str(status.st_size))
        if status.st_size <= HASHED_UP_TO:
            words.append(hashlib.blake2b(Path(path).read_bytes(), digest_size=16).hexdigest())
    return " ".join(words)


def paths(skipped: set[str]) -> Iterator[str]:
    """Every path of the machine, but noise and the inside of *skipped* directories."""
    for directory, names, files in os.walk("/"):
        here = directory.rstrip("/")
        names[:] = sorted(
            name for name in names if not NOISE.fullmatch(f"{here}/{name}") or f"{here}/{name}" == "/root"
        )
        yield from (f"{here}/{name}" for name in names + files if not NOISE.fullmatch(f"{here}/{name}"))
        names[:] = [name for name in names if f"{here}/{name}" not in skipped]


def listening() -> Iterator[str]:
    """The sockets that wait for somebody, as protocol and local address in /proc's notation."""
    for protocol, state in LISTENING.items():
        table = Path("/proc/net", protocol)
        for line in table.read_text(encoding="utf-8").splitlines()[1:] if table.exists() else []:
            fields = line.split()
            if fields[3] == state:
                yield f"{protocol} {fields[1]}"


def take() -> dict[str, str]:
    """The fingerprint: what is there, by name."""
    result = {}
    for path in paths(read_only_mounts()):
        try:
            result[path] = describe(path)
        except FileNotFoundError:
            continue  # gone since its directory was read
    started = Path("/run/openrc/started")
    result["started services"] = " ".join(sorted(os.listdir(started))) if started.is_dir() else ""
    result["mounts"] = Path("/proc/self/mounts").read_text(encoding="utf-8")
    result["listening sockets"] = ", ".join(sorted(set(listening())))
    for setting in SETTINGS:
        file = Path("/proc/sys", setting)
        result[f"sysctl {setting}"] = file.read_text(encoding="utf-8").strip() if file.exists() else ""
    return result


def differences(before: dict[str, str], after: dict[str, str]) -> Iterator[str]:
    """One line for each thing that appeared, disappeared or changed."""
    for name in sorted(before.keys() | after.keys()):
        if name not in after:
            yield f"removed: {name}"
        elif name not in before:
            yield f"created: {name}: {after[name]}"
        elif before[name] != after[name]:
            yield f"changed: {name}: {before[name]} -> {after[name]}"


def main(action: str, first: str, *rest: str) -> int:
    """Take a fingerprint, or compare two and return 1 when they differ."""
    if action == "take":
        Path(first).write_text(json.dumps(take()), encoding="utf-8")
        return 0
    before, after = (json.loads(Path(file).read_text(encoding="utf-8")) for file in (first, *rest))
    found = list(differences(before, after))
    print("\n".join(found[:SHOWN]))
    print(f"{len(after)} things compared, {len(found)} differ")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
