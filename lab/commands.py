# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's commands, each made of the parts: network, master, play, slaves."""

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from lab import boot_report, host_packages, master, network
from lab.boot import Machine, boot, timeout_from_environment
from lab.inventory import Inventory, RootPassword, user_inventory
from lab.play import Played, play
from lab.report import say
from lab.settings import Settings
from lab.slave import Hardware, Slave

FIRST_SLAVE = "slave21"
ESCAPE_KEY = "Ctrl-]"
_ESCAPE_CODE = "0x1d"


class LabError(RuntimeError):
    """A command cannot do its work; the message is for the person who typed it."""


@contextlib.contextmanager
def hold(settings: Settings, alone: bool) -> Iterator[None]:
    """Keep commands that do not agree off each other: one that builds up or takes down an instance works alone.

    :raises LabError: another command is at work on the instance.
    """
    settings.cache.mkdir(parents=True, exist_ok=True)
    # Not below the instance's own directory, which `down` removes. Closing the file gives the lock back.
    with (settings.cache / f"{settings.name}.lock").open("w") as file:
        try:
            fcntl.flock(file, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LabError(f"another command is at work on {settings.name}: wait for it, or end it") from None
        yield


def _timed(what: str, work: Callable[[], object], seconds: dict[str, float]) -> None:
    began = time.monotonic()
    work()
    seconds[what] = time.monotonic() - began


def _need_root() -> None:
    if os.geteuid() != 0:
        raise LabError("the lab makes network namespaces: run it as root")


def master_up(settings: Settings) -> None:
    """Host packages, network and master."""
    _need_root()
    settings.check_master_kind()
    host_packages.install(host_packages.ALL)
    network.up(settings)
    master.up(settings)


def play_all(settings: Settings, arguments: Sequence[str] = (), playbook: Path | str = "site.yml") -> Played:
    """Play, and say how much it changed.

    :raises LabError: ansible-playbook failed.
    """
    if not settings.ssh_config.exists():
        raise LabError("the master is not up: run `make lab-up`")
    began = time.monotonic()
    played = play(settings, arguments, playbook)
    changed, failed = played.total("changed"), played.total("failed") + played.total("unreachable")
    say(f"play: changed={changed} failed={failed}, {time.monotonic() - began:.1f} s")
    if played.code:
        raise LabError(f"ansible-playbook ended with code {played.code}")
    return played


def boot_slaves(settings: Settings, names: Sequence[str], report: Path | None = None) -> bool:
    """Cold-boot slaves at the same time, with progress and report; True when all answered."""
    _need_root()
    if not network.is_up(settings):
        raise LabError("the lab's network is not up: run `make lab-up`")
    inventory = Inventory.read(user_inventory())
    hardware = Hardware.from_environment()
    machines = [Machine(*inventory.slave(settings, name), hardware) for name in dict.fromkeys(names)]
    password = RootPassword.of(settings).password
    timeout = timeout_from_environment()
    say(f"booting {', '.join(names)}, for at most {timeout:.0f} s")
    outcomes = boot(settings, machines, password, timeout, boot_report.show_progress)
    for outcome in outcomes:
        print(boot_report.text(outcome, stages=len(outcomes) > 1 or not outcome.ok), flush=True)
    if report:
        boot_report.write(outcomes, report)
    return all(outcome.ok for outcome in outcomes)


def default_slave() -> str:
    """The article's slave21, or the inventory's first slave where there is no such."""
    slaves = Inventory.read(user_inventory()).slaves
    if not slaves:
        raise LabError(f"{user_inventory()} has no slaves")
    return FIRST_SLAVE if FIRST_SLAVE in slaves else slaves[0]


def run(settings: Settings, names: Sequence[str], report: Path | None = None) -> bool:
    """Everything: from nothing to slaves that answer. Leaves them and the master running."""
    seconds: dict[str, float] = {}
    booted: list[bool] = []
    _timed("network and master", lambda: master_up(settings), seconds)
    _timed("play", lambda: play_all(settings), seconds)
    wanted = list(names) or [default_slave()]
    _timed("boot", lambda: booted.append(boot_slaves(settings, wanted, report)), seconds)
    parts = ", ".join(f"{what} {value:.1f} s" for what, value in seconds.items())
    print(f"\n{'All well' if booted[0] else 'FAILED'}: {sum(seconds.values()):.1f} s in all ({parts}).")
    if booted[0]:
        print(f"{', '.join(wanted)} and the master keep running:")
        print(f"  make lab-console NAME={wanted[0]}   root's password is {RootPassword.of(settings).password}")
        print("  make lab-shell                 the master's shell")
        print("  make lab-down                  end it all")
    return booted[0]


def console(settings: Settings, name: str) -> int:
    """Attach the terminal to a slave's serial line, after a boot if it does not run."""
    machine, _expected = Inventory.read(user_inventory()).slave(settings, name)
    if not machine.running() and not boot_slaves(settings, [name]):
        return 1
    print(
        f"{name}: root's password is {RootPassword.of(settings).password}; {ESCAPE_KEY} leaves, Enter wakes the prompt"
    )
    sys.stdout.flush()
    terminal = f"-,raw,echo=0,escape={_ESCAPE_CODE}" if sys.stdin.isatty() else "-"
    return subprocess.call(["socat", terminal, f"UNIX-CONNECT:{machine.socket}"])


def shell(settings: Settings, command: Sequence[str]) -> int:
    """Open a shell in the master, or run a command there; returns its exit code."""
    if not settings.ssh_config.exists():
        raise LabError("the master is not up: run `make lab-up`")
    return subprocess.call(["ssh", "-F", str(settings.ssh_config), "master", *command])


def machines(settings: Settings) -> list[Slave]:
    """The slaves that were ever powered on in this instance."""
    return [Slave(settings, file.stem, "") for file in sorted((settings.run / "slaves").glob("*.pid"))]


def status(settings: Settings) -> None:
    """Print what of the instance is up."""
    print(f"instance {settings.name}, files in {settings.run}")
    print(f"network  {'up' if network.is_up(settings) else 'down'}")
    print(f"master   {'up' if master.is_up(settings) else 'down'}, {settings.master_kind}")
    for machine in machines(settings):
        print(f"{machine.name:<8} {'up' if machine.running() else 'down'}")


def _mounts_below(folder: Path) -> list[str]:
    """Mount points below a directory, the innermost first."""
    points = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    names = [point.encode().decode("unicode_escape") for point in points]
    return sorted((name for name in names if name.startswith(f"{folder}/")), key=len, reverse=True)


def down(settings: Settings) -> None:
    """End and remove everything of the instance but the cache.

    :raises LabError: something of it would not go away.
    """
    _need_root()
    if not shutil.which("ip"):
        # Without it nothing of the lab was ever made on this machine.
        say(f"{settings.name} is down")
        return
    for machine in machines(settings):
        machine.power_off()
    master.down(settings)
    network.down(settings)
    left = _mounts_below(settings.run)
    if left:
        # To remove the files below a mount would reach into the cache.
        raise LabError(f"still mounted: {', '.join(left)}")
    if settings.run.exists():
        shutil.rmtree(settings.run)
    say(f"{settings.name} is down")
