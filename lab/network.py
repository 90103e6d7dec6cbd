# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's wires: two network namespaces, a bridge in one, the master's eth0 in the other.

Nothing is created in the host's own namespace; both ends of the veth pair are born where they belong.
"""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from lab import processes
from lab.settings import BRIDGE, CONTROLLER_ADDRESS, MASTER_ADDRESS, MASTER_INTERFACE, PREFIX, Settings

MASTER_PORT = "to-master"
"""The master's port of the bridge."""


class NetworkError(RuntimeError):
    """An `ip` command failed, or something of the lab would not go away."""


def inside(namespace: str, *command: str) -> list[str]:
    """Argument vector that runs `command` in a network namespace (ip-netns(8): it replaces itself by the command)."""
    return ["ip", "netns", "exec", namespace, *command]


def _ip(*words: str) -> str:
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise NetworkError(f"ip {' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


def _has_link(namespace: str, link: str) -> bool:
    command = ["ip", "-n", namespace, "link", "show", "dev", link]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def namespaces() -> set[str]:
    """Names of the machine's network namespaces."""
    return {line.split()[0] for line in _ip("netns", "list").splitlines() if line.strip()}


def is_up(settings: Settings) -> bool:
    """Whether both namespaces and the bridge exist."""
    both = {settings.lab_namespace, settings.master_namespace} <= namespaces()
    return both and _has_link(settings.lab_namespace, BRIDGE)


def _advertiser_pid_file(settings: Settings) -> Path:
    return settings.run / "advertise.pid"


def up(settings: Settings) -> None:
    """Make what is missing of the network; a second call changes nothing."""
    settings.run.mkdir(parents=True, exist_ok=True)
    lab, master = settings.lab_namespace, settings.master_namespace
    for namespace in (lab, master):
        if namespace not in namespaces():
            _ip("netns", "add", namespace)
        _ip("-n", namespace, "link", "set", "lo", "up")
    if not _has_link(lab, BRIDGE):
        # No snooping: the bridge would hold back IPv6 neighbour discovery until it has learnt the groups.
        _ip("-n", lab, "link", "add", BRIDGE, "type", "bridge", "forward_delay", "0", "mcast_snooping", "0")
    _ip("-n", lab, "address", "replace", f"{CONTROLLER_ADDRESS}/{PREFIX}", "dev", BRIDGE)
    _ip("-n", lab, "link", "set", BRIDGE, "up")
    if settings.master_in_container:
        _join_master(lab, master)
    _advertise(settings)


def _join_master(lab: str, master: str) -> None:
    """The wire to a container; an emulated machine brings a TAP of its own."""
    if not _has_link(master, MASTER_INTERFACE):
        pair = ["link", "add", MASTER_PORT, "type", "veth", "peer", "name", MASTER_INTERFACE, "netns", master]
        _ip("-n", lab, *pair)
    _ip("-n", lab, "link", "set", MASTER_PORT, "master", BRIDGE, "up")
    _ip("-n", master, "address", "replace", f"{MASTER_ADDRESS}/{PREFIX}", "dev", MASTER_INTERFACE)
    _ip("-n", master, "link", "set", MASTER_INTERFACE, "up")


def _advertise(settings: Settings) -> None:
    pid_file = _advertiser_pid_file(settings)
    if processes.running(pid_file):
        return
    script = str(Path(__file__).with_name("advertise.py"))
    command = inside(settings.lab_namespace, sys.executable, "-I", script, BRIDGE, str(pid_file))
    processes.spawn(command, pid_file, settings.run / "advertise.log")


def _pids(namespace: str) -> list[int]:
    return [int(word) for word in _ip("netns", "pids", namespace).split()]


def _end_all(namespace: str, grace: float) -> Sequence[int]:
    """End every process of a namespace, and those that they start meanwhile; returns what is left."""
    for _round in range(3):
        pids = _pids(namespace)
        if not pids:
            break
        for pid in pids:
            processes.end(pid, grace)
    return _pids(namespace)


def down(settings: Settings) -> None:
    """End all processes in the two namespaces, then remove the namespaces with every link in them.

    :raises NetworkError: a process cannot be ended.
    """
    for namespace in (settings.lab_namespace, settings.master_namespace):
        if namespace not in namespaces():
            continue
        left = _end_all(namespace, grace=2.0)
        if left:
            raise NetworkError(f"namespace {namespace}: processes {left} do not end")
        _ip("netns", "delete", namespace)
    _advertiser_pid_file(settings).unlink(missing_ok=True)
