# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's master: the contract image unpacked, booted by OpenRC in namespaces, reached by ssh."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from lab import kernel_source, processes
from lab.contract import build
from lab.report import say
from lab.settings import MASTER_ADDRESS, Settings

HOSTNAME = "master"
SSH_SECONDS = 60.0
STOP_SECONDS = 30.0
REBOOT_SECONDS = 180.0  # init flushes the host's disks before it ends
IDLE_SECONDS = 0.5
POLL = 0.05
_BOOT = Path(__file__).with_name("master_boot.sh")
_ENVIRONMENT = ("PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LC_ALL=C.UTF-8", "TERM=dumb")

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


class MasterError(RuntimeError):
    """The master did not do what it should; the message says what, and where its log is."""


def up(settings: Settings) -> None:
    """Everything from the image to an answer by ssh. The network namespaces exist already; a running master stays."""
    if not is_up(settings):
        kernel_source.ensure(settings)
        if not settings.master_root.exists():
            unpack(settings)
        start(settings)
    wait_ssh(settings)


def down(settings: Settings) -> None:
    """Stop the master and remove its root."""
    stop(settings)
    if settings.master_root.exists():
        shutil.rmtree(settings.master_root)
    settings.ssh_config.unlink(missing_ok=True)


def is_up(settings: Settings) -> bool:
    """Whether the master's init runs."""
    return init_pid(settings) is not None


def init_pid(settings: Settings) -> int | None:
    """Host pid of the master's init: the grandchild of the process that keeps it running. It changes in a reboot."""
    pid = processes.running(settings.master_pid_file)
    for _generation in range(2):
        children = _children(pid)
        pid = int(children[0]) if children else None
    return pid if pid and "openrc-init" in " ".join(processes.arguments(pid)) else None


def _ssh_key(settings: Settings) -> str:
    """The public key of the cache's pair, made when missing."""
    if not settings.ssh_key.exists():
        settings.ssh_key.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "netboot-lab", "-f", str(settings.ssh_key)]
        subprocess.run(command, check=True)
    return settings.ssh_key.with_suffix(".pub").read_text(encoding="ascii")


def unpack(settings: Settings) -> None:
    """Make a fresh root from the image (built when missing), with its name and our key.

    :raises FileExistsError: there is a root already.
    """
    if settings.master_root.exists():
        raise FileExistsError(f"{settings.master_root} exists")
    image = build.image(settings)
    say("master: unpacking the image")
    part = settings.run / "master.part"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    names = ["--numeric-owner", "--same-permissions", "--xattrs", "--xattrs-include=*"]
    subprocess.run(["tar", "-C", str(part), *names, "--use-compress-program=zstd", "-xf", str(image)], check=True)
    (part / "etc/hostname").write_text(f"{HOSTNAME}\n", encoding="ascii")
    (part / "etc/conf.d/hostname").write_text(f'hostname="{HOSTNAME}"\n', encoding="ascii")
    (part / "etc/resolv.conf").write_text("", encoding="ascii")
    hosts = f"127.0.0.1 localhost\n::1 localhost\n{MASTER_ADDRESS} {HOSTNAME}\n"
    (part / "etc/hosts").write_text(hosts, encoding="ascii")
    keys = part / "root/.ssh"
    keys.mkdir(mode=0o700)
    (keys / "authorized_keys").write_text(_ssh_key(settings), encoding="ascii")
    part.rename(settings.master_root)


def start(settings: Settings) -> None:
    """Boot the root in its namespaces, and write the ssh configuration. Does not wait for the services.

    :raises MasterError: it runs already, or its init did not come up.
    """
    if is_up(settings):
        raise MasterError("the master runs already")
    settings.kernel_cache.mkdir(parents=True, exist_ok=True)
    settings.kernel_source.mkdir(parents=True, exist_ok=True)
    _load_nfsd()
    say("master: booting")
    where = [f"--net=/run/netns/{settings.master_namespace}", "--", "sh", str(_BOOT), str(settings.master_pid_file)]
    what = [str(settings.master_root), str(settings.kernel_source), str(settings.kernel_cache)]
    processes.spawn(["nsenter", *where, *what], settings.master_pid_file, settings.master_log)
    write_ssh_config(settings)
    _wait(settings, lambda: is_up(settings), 10.0, "init does not run")


def _load_nfsd() -> None:
    """A container cannot load modules: where the host has the kernel's NFS server, make it ready for the master."""
    if "nfsd" not in Path("/proc/filesystems").read_text(encoding="ascii").split() and shutil.which("modprobe"):
        subprocess.run(["modprobe", "--quiet", "nfsd"], capture_output=True, check=False)


def write_ssh_config(settings: Settings) -> None:
    """OpenSSH's way to the master, for ssh itself, Ansible and testinfra."""
    text = _SSH_CONFIG.format(
        hostname=HOSTNAME, address=MASTER_ADDRESS, key=settings.ssh_key, namespace=settings.lab_namespace
    )
    settings.ssh_config.write_text(text, encoding="ascii")


def _answers(settings: Settings) -> bool:
    command = ["ssh", "-F", str(settings.ssh_config), "-o", "ConnectTimeout=5", "-o", "BatchMode=yes", HOSTNAME, "true"]
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode == 0


def wait_ssh(settings: Settings, seconds: float = SSH_SECONDS) -> None:
    """Wait until a command by ssh works.

    :raises MasterError: not within *seconds*, or the master has ended.
    """
    _wait(settings, lambda: _answers(settings), seconds, "no answer by ssh")
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
    """Run a command in the master without ssh; the caller looks at its return code.

    :raises MasterError: the master does not run.
    """
    pid = init_pid(settings)
    if pid is None:
        raise MasterError("the master does not run")
    spaces = ["--mount", "--pid", "--net", "--uts", "--ipc", "--root", "--wdns=/"]
    return subprocess.run(
        ["nsenter", f"--target={pid}", *spaces, "--", "env", "-i", *_ENVIRONMENT, *command],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )


def _children(pid: int | None) -> list[str]:
    """Pids of a process's children; none when it has ended."""
    try:
        return Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def stop(settings: Settings, seconds: float = STOP_SECONDS) -> None:
    """Shut the master down as its administrator would; after *seconds* end its init, and with it all of its processes.

    A master that does not run is left alone.
    """
    keeper = processes.running(settings.master_pid_file)
    if keeper is None:
        settings.master_pid_file.unlink(missing_ok=True)
        return
    say("master: shutting down")
    pid = init_pid(settings)
    if pid is not None:
        execute(settings, "openrc-shutdown", "--poweroff", "now")
        limit = time.monotonic() + seconds
        idle_since = time.monotonic()
        while init_pid(settings) == pid and time.monotonic() < limit:
            if _children(pid):
                idle_since = time.monotonic()
            elif time.monotonic() - idle_since > IDLE_SECONDS:
                # Every service has ended. What init still does is to wait three seconds and to flush the disks of
                # the whole host, which can take minutes on a busy one.
                break
            time.sleep(POLL)
    if init_pid(settings) == pid and pid is not None:
        # the kernel ends every process of a pid namespace with its first one
        os.kill(pid, signal.SIGKILL)
    if not processes.stop(settings.master_pid_file):
        raise MasterError(f"process {keeper}, which keeps the master running, does not end")


def reboot(settings: Settings) -> None:
    """Reboot the master as its administrator would, and wait for ssh.

    :raises MasterError: it did not go down or did not come back.
    """
    before = init_pid(settings)
    if before is None:
        raise MasterError("the master does not run")
    say("master: rebooting")
    execute(settings, "openrc-shutdown", "--reboot", "now")
    _wait(settings, lambda: init_pid(settings) not in (before, None), REBOOT_SECONDS, "it does not go down")
    wait_ssh(settings)
