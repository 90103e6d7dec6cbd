# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m lab COMMAND`: see lab/README.md."""

import argparse
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from lab import commands, host_packages, master, settings


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m lab",
        description="A network of diskless machines on this machine: namespaces, a master, QEMU slaves.",
        epilog="Environment: LAB_NAME, LAB_CACHE, LAB_MASTER, LAB_SOURCES, LAB_INVENTORY, LAB_ACCEL, LAB_FIRMWARE, "
        "LAB_NIC, LAB_BOOT_TIMEOUT. lab/README.md says more.",
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="COMMAND")
    run = verbs.add_parser("run", help="everything: network, master, play, and boot slave21 (or others) to a login")
    run.add_argument("names", nargs="*", metavar="SLAVE")
    for verb, text in (
        ("up", "start the network and the master, and play the site's playbook"),
        ("master-up", "start the network and the master"),
        ("packages", "install what the lab and the tests need of this machine's distribution"),
        ("reboot-master", "restart the master"),
        ("status", "say what is up"),
        ("down", "end and remove everything but the cache"),
    ):
        verbs.add_parser(verb, help=text, description=text)
    boot = verbs.add_parser("boot", help="cold-boot slaves, log in, compare them with the inventory")
    boot.add_argument("names", nargs="+", metavar="SLAVE")
    for one in (run, boot):
        one.add_argument("--json", type=Path, metavar="FILE", help="write the report there, too")
    console = verbs.add_parser("console", help=f"attach to a slave's serial line; {commands.ESCAPE_KEY} leaves")
    console.add_argument("name", nargs="?", metavar="SLAVE")
    # The rest of these two belongs to another program, options included: it is cut off before argparse sees it.
    play = verbs.add_parser("play", help="run ansible-playbook with the lab's inventories", add_help=False)
    play.add_argument("rest", nargs="*", help="[--playbook FILE] [arguments of ansible-playbook...]")
    shell = verbs.add_parser("shell", help="open a shell in the master, or run a command there", add_help=False)
    shell.add_argument("rest", nargs="*", help="[command...]")
    return parser


def _play(instance: settings.Settings, rest: Sequence[str]) -> int:
    playbook = "site.yml"
    if rest[:1] == ["--playbook"] and len(rest) > 1:
        playbook, rest = rest[1], rest[2:]
    commands.play_all(instance, rest, playbook)
    return 0


def _up(instance: settings.Settings) -> None:
    commands.master_up(instance)
    commands.play_all(instance)


def _dispatch(arguments: Sequence[str]) -> int:
    instance = settings.from_environment()
    if arguments[:1] == ["play"]:
        with commands.hold(instance, alone=False):
            return _play(instance, list(arguments[1:]))
    if arguments[:1] == ["shell"]:
        return commands.shell(instance, arguments[1:])
    asked = _parser().parse_args(arguments)
    if asked.verb == "console":
        return commands.console(instance, asked.name or commands.default_slave())
    if asked.verb == "boot":
        with commands.hold(instance, alone=False):
            return 0 if commands.boot_slaves(instance, asked.names, asked.json) else 1
    if asked.verb == "status":
        commands.status(instance)
        return 0
    with commands.hold(instance, alone=True):
        return _alone(instance, asked)


def _alone(instance: settings.Settings, asked: argparse.Namespace) -> int:
    """The commands that build the instance up or take it down."""
    if asked.verb == "run":
        return 0 if commands.run(instance, asked.names, asked.json) else 1
    simple: dict[str, Callable[[settings.Settings], None]] = {
        "master-up": commands.master_up,
        "up": _up,
        "packages": lambda _instance: host_packages.install(host_packages.ALL + host_packages.TESTS),
        "reboot-master": master.reboot,
        "down": commands.down,
    }
    simple[asked.verb](instance)
    return 0


def main(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit code."""
    try:
        return _dispatch(arguments)
    except KeyboardInterrupt:
        print("\nlab: interrupted; `python -m lab down` cleans up", file=sys.stderr)
        return 130
    except (RuntimeError, ValueError, OSError, subprocess.CalledProcessError) as problem:
        print(f"lab: {problem}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
