# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's master, whatever its kind: made, booted, reached by ssh, rebooted, removed."""

import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import lab.contract.build
import lab.debian.build
import lab.i386.build
from lab import kernel_source, processes
from lab.masters.base import HOSTNAME, POLL, Master, MasterError
from lab.masters.contract import ContractMaster
from lab.masters.debian import DebianMaster
from lab.masters.machine import MachineMaster
from lab.report import say
from lab.settings import MASTER_ADDRESS, Settings

STOP_SECONDS = 30.0
REBOOT_SECONDS = 180.0  # init flushes the host's disks before it ends

_KINDS: dict[str, type[Master]] = {"contract": ContractMaster, "debian": DebianMaster, "debian-vm": MachineMaster}

_USERLANDS: Mapping[str, Callable[[Settings], Path]] = {
    "contract": lab.contract.build.tree,
    "debian": lab.debian.build.tree,
    "debian-i386": lab.i386.build.tree,
}

_SSH_CONFIG = """\
Host {hostname}
  HostName {address}
  User root
  IdentityFile "{key}"
  IdentitiesOnly yes
  ProxyCommand ip netns exec {namespace} socat - TCP:%h:%p,connect-timeout=5
  StrictHostKeyChecking no
  UserKnownHostsFile /dev/null
  GlobalKnownHostsFile /dev/null
  LogLevel ERROR
  ServerAliveInterval 15
"""


def of(settings: Settings) -> Master:
    """The instance's master, of the instance's kind."""
    return _KINDS[settings.master_kind](settings)


def sources(settings: Settings) -> dict[str, Path]:
    """The userlands that the instance was asked for, by name; images that are missing are built."""
    return {name: _USERLANDS[name](settings) for name in settings.sources}


def up(settings: Settings) -> None:
    """Everything from the image to an answer by ssh. The network namespaces exist already; a running master stays.

    :raises ValueError: the instance has a master of another kind than was asked for.
    """
    settings.check_master_kind()
    settings.run.mkdir(parents=True, exist_ok=True)
    settings.master_kind_file.write_text(f"{settings.master_kind}\n", encoding="ascii")
    unseen = [name for name in settings.sources if name not in _seen(settings)]
    if is_up(settings) and unseen:
        say(f"master: it has to start again to see {', '.join(unseen)}")
        stop(settings)
    if not is_up(settings):
        kernel_source.ensure(settings)
        unpack(settings)
        start(settings)
    wait_ssh(settings)


def down(settings: Settings) -> None:
    """Stop the master and remove it."""
    stop(settings)
    of(settings).remove()
    for file in (settings.ssh_config, _sources_file(settings), settings.master_kind_file):
        file.unlink(missing_ok=True)


def is_up(settings: Settings) -> bool:
    """Whether the master's init runs."""
    return init_pid(settings) is not None


def init_pid(settings: Settings) -> int | None:
    """Host pid of the master's init, which changes in a reboot; of its emulator where it has one."""
    return of(settings).init_pid()


def unpack(settings: Settings) -> None:
    """Make the master's root or disk from its image, which is built when missing; one that exists stays."""
    machine = of(settings)
    if not machine.exists():
        machine.prepare()


def _sources_file(settings: Settings) -> Path:
    """The names of the userlands that the running master sees; not there when it sees none."""
    return settings.run / "master-sources"


def _seen(settings: Settings) -> list[str]:
    try:
        return _sources_file(settings).read_text(encoding="ascii").split()
    except FileNotFoundError:
        return []


def start(settings: Settings) -> None:
    """Boot the master, and write the ssh configuration. Does not wait for the services.

    :raises MasterError: it runs already, or its init did not come up.
    """
    if is_up(settings):
        raise MasterError("the master runs already")
    seen = sources(settings)
    say("master: booting")
    of(settings).start(seen)
    if seen:
        _sources_file(settings).write_text("".join(f"{name}\n" for name in seen), encoding="ascii")
    else:
        _sources_file(settings).unlink(missing_ok=True)
    write_ssh_config(settings)
    _wait(settings, lambda: is_up(settings), 10.0, "init does not run")


def write_ssh_config(settings: Settings) -> None:
    """OpenSSH's way to the master, for ssh itself, Ansible and testinfra."""
    text = _SSH_CONFIG.format(
        hostname=HOSTNAME, address=MASTER_ADDRESS, key=settings.ssh_key, namespace=settings.lab_namespace
    )
    settings.ssh_config.write_text(text, encoding="ascii")


def _answers(settings: Settings) -> bool:
    command = ["ssh", "-F", str(settings.ssh_config), "-o", "ConnectTimeout=5", "-o", "BatchMode=yes", HOSTNAME, "true"]
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode == 0


def wait_ssh(settings: Settings, seconds: float | None = None) -> None:
    """Wait until a command by ssh works.

    :param seconds: how long at most; by default what a master of this kind may take
    :raises MasterError: not within *seconds*, or the master has ended.
    """
    limit = of(settings).boot_seconds if seconds is None else seconds
    _wait(settings, lambda: _answers(settings), limit, "no answer by ssh")
    say("master: answers by ssh")


def _wait(settings: Settings, ready: Callable[[], bool], seconds: float, trouble: str) -> None:
    limit = time.monotonic() + seconds
    missed = 0
    while not ready():
        # a process that is just becoming another program shows no arguments for a moment: look more than once
        missed = missed + 1 if processes.running(settings.master_pid_file) is None else 0
        ended = missed > 3
        if ended or time.monotonic() > limit:
            log = settings.master_log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:]
            state = "the master has ended" if ended else f"{trouble} after {seconds:.0f} s"
            raise MasterError("\n".join([f"{state}; the end of {settings.master_log}:", *log]))
        time.sleep(POLL)


def execute(settings: Settings, *command: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run a command in the master; the caller looks at its return code.

    :raises MasterError: the master does not run.
    """
    machine = of(settings)
    if machine.init_pid() is None:
        raise MasterError("the master does not run")
    return machine.execute(*command, stdin=stdin)


def stop(settings: Settings, seconds: float = STOP_SECONDS) -> None:
    """Shut the master down as its administrator would; after *seconds* end its init, and with it all of its processes.

    A master that does not run is left alone.
    """
    keeper = processes.running(settings.master_pid_file)
    if keeper is None:
        settings.master_pid_file.unlink(missing_ok=True)
        return
    say("master: shutting down")
    of(settings).shut_down(seconds)
    if not processes.stop(settings.master_pid_file):
        raise MasterError(f"process {keeper}, which keeps the master running, does not end")


def reboot(settings: Settings) -> None:
    """Reboot the master as its administrator would, and wait for ssh.

    :raises MasterError: it did not go down or did not come back.
    """
    machine = of(settings)
    before = machine.boot_mark()
    if not before:
        raise MasterError("the master does not run")
    say("master: rebooting")
    machine.request_reboot()
    _wait(settings, lambda: machine.boot_mark() not in (before, ""), REBOOT_SECONDS, "it does not go down")
    wait_ssh(settings)
