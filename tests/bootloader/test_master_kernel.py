# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role master_kernel as a user plays it, on a machine that GRUB 2 starts from its own disk: `make bootloader`.

It is not a part of `make test`: it builds two kernels once, and then starts an emulated machine seven times. The steps
follow each other; make ends at the first one that fails.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from lab import commands, host_packages, kernel_source, master, network
from lab.play import Played, play
from lab.report import say
from lab.settings import CHECKOUT, Settings, from_environment
from tests.bootloader import kernels
from tests.bootloader.machines import MODULES, GrubMaster, power_on
from tests.bootloader.variables import BROKEN, GOOD, OUTPUT, arguments

INSTANCE = "netboot-bootloader"
REBOOT_SECONDS = 900
"""Two boots under emulation, and between them the minutes in which the kernel gives up."""

# Everything that could start another kernel, or that the role keeps.
_LISTING = """\
cd / && find boot etc/default etc/grub.d etc/modules-load.d var/lib/netboot-diskless -type f -exec sha256sum {} + 2>&1
find boot etc/grub.d lib/modules usr/lib/modules var/lib/netboot-diskless -printf '%p %l %m %s %T@\\n' 2>&1
"""
_DEFAULT = re.compile(r"^\s*set default='(\S+)'$", re.MULTILINE)


class Tee(io.StringIO):
    """What is written is shown, too."""

    def write(self, text: str) -> int:
        sys.__stdout__.write(text)  # type: ignore[union-attr]
        sys.__stdout__.flush()  # type: ignore[union-attr]
        return super().write(text)


@dataclass(frozen=True)
class Proof:
    """The machine, and what is asked of it."""

    machine: GrubMaster

    @property
    def settings(self) -> Settings:
        return self.machine.settings

    def ask(self, *command: str) -> str:
        """What a command prints in the machine.

        :raises AssertionError: it fails.
        """
        done = self.machine.execute(*command)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout.strip()

    def offer(self, name: str) -> None:
        """Let the output directory be as after the build of a kernel."""
        self.ask("sh", "-ec", f"cd {OUTPUT}; rm -rf {GOOD}; cp -a built/{name} {GOOD}")

    def play(self, name: str, *options: str, **variables: Any) -> tuple[Played, str]:
        """Play the role for a kernel; returns the recap and all that was said, without folds."""
        self.offer(name)
        said = Tee()
        words = [*arguments(name, master_kernel_reboot_timeout=REBOOT_SECONDS, **variables), "--diff", *options]
        with contextlib.redirect_stdout(said):
            played = play(self.settings, words)
        return played, " ".join(said.getvalue().split())

    def release(self, name: str) -> str:
        """The release of a kernel that was built."""
        (found,) = kernels.releases(self.settings, name)
        return found

    def running(self) -> str:
        return self.ask("uname", "-r")

    def listing(self) -> str:
        return "\n".join(sorted(self.machine.execute("sh", "-c", _LISTING).stdout.splitlines()))

    def default(self) -> list[str]:
        """What our script makes GRUB's default."""
        return _DEFAULT.findall(self.ask("cat", "/boot/grub/grub.cfg"))

    def console(self) -> str:
        return self.settings.master_log.read_text(encoding="utf-8", errors="replace")


@pytest.fixture(scope="module")
def proof() -> Iterator[Proof]:
    """The kernels in the cache, and a fresh machine that sees them; ended whatever happens."""
    if os.geteuid() != 0:
        pytest.skip("the lab makes network namespaces: run it as root")
    host_packages.install((*host_packages.ALL, *host_packages.TESTS))
    environment = {**os.environ, "LAB_NAME": os.environ.get("LAB_NAME") or INSTANCE, "LAB_SOURCES": ""}
    container = from_environment({**environment, "LAB_MASTER": "debian"})
    settings = from_environment({**environment, "LAB_MASTER": "debian-vm"})
    with pytest.MonkeyPatch.context() as patch, commands.hold(settings, alone=True):
        patch.setenv("LAB_INVENTORY", str(CHECKOUT / "inventory"))
        commands.down(settings)
        try:
            kernels.ensure(container)
            kernel_source.ensure(settings)
            network.up(settings)
            settings.master_kind_file.write_text(f"{settings.master_kind}\n", encoding="ascii")
            machine = GrubMaster(settings)
            machine.prepare()
            power_on(machine)
            proof = Proof(machine)
            proof.ask("cp", "-a", f"{OUTPUT}/{MODULES}/.", "/lib/modules/")
            yield proof
        finally:
            commands.down(settings)


@pytest.fixture(scope="module")
def debian(proof: Proof) -> str:
    """The release that the machine runs before anything is done."""
    return proof.running()


def test_grub_starts_it_from_its_own_disk(proof: Proof, debian: str) -> None:
    assert "GNU GRUB" in proof.console()
    assert debian.endswith("-amd64")
    told = proof.ask("cat", "/proc/cmdline").split()
    assert told[0] == f"BOOT_IMAGE=/boot/vmlinuz-{debian}"
    assert told[1].startswith("root=UUID=")
    assert proof.ask("findmnt", "--noheadings", "--output=SOURCE,FSTYPE", "/").split() == ["/dev/vda1", "ext4"]


def test_check_mode_tells_what_would_be_done_and_changes_nothing(proof: Proof, debian: str) -> None:
    before = proof.listing()
    played, said = proof.play(GOOD, "--check", master_kernel_reboot=True)
    assert played.code == 0
    assert played.total("changed") > 0
    assert "/boot/bzImage-master" in said
    assert proof.listing() == before
    assert proof.running() == debian


def test_it_comes_up_with_the_new_kernel_that_it_tried_once(proof: Proof, debian: str) -> None:
    played, said = proof.play(GOOD, master_kernel_reboot=True)
    assert played.code == 0
    assert played.total("changed") > 0
    assert "kernel_build:" not in said, "it was compiled under emulation"
    assert "grubenv: next_entry=netboot-diskless-master" in said
    assert proof.running() == proof.release(GOOD)
    assert f"/lib/modules/{proof.running()}/kernel/drivers/net/dummy.ko" in proof.ask("modprobe", "--verbose", "dummy")
    # It was found running after the reboot, which makes it the default; nothing is left to be tried.
    assert proof.default() == ["netboot-diskless-master"]
    assert "next_entry=netboot" not in proof.ask("grub-editenv", "list")
    assert f"/boot/vmlinuz-{debian}" in proof.ask("cat", "/boot/grub/grub.cfg")


def test_the_next_run_changes_and_reboots_nothing(proof: Proof) -> None:
    boot, before = proof.machine.boot_mark(), proof.listing()
    played, _said = proof.play(GOOD, master_kernel_reboot=True)
    assert (played.code, played.total("changed")) == (0, 0)
    assert proof.machine.boot_mark() == boot
    assert proof.listing() == before


def test_a_reboot_by_its_administrator_starts_the_new_kernel(proof: Proof) -> None:
    master.reboot(proof.settings)
    assert proof.running() == proof.release(GOOD)


def test_a_kernel_that_lacks_the_roots_file_system_is_refused(proof: Proof) -> None:
    before = proof.ask("sha256sum", "/boot/bzImage-master", "/boot/grub/grub.cfg", "/boot/grub/grubenv")
    played, said = proof.play(BROKEN, master_kernel_reboot=True, master_kernel_check_drivers=True)
    assert played.code != 0
    assert f"the new kernel {proof.release(BROKEN)} would not come up" in said
    assert proof.ask("sha256sum", "/boot/bzImage-master", "/boot/grub/grub.cfg", "/boot/grub/grubenv") == before


def test_a_kernel_that_does_not_come_up_is_tried_once_and_left(proof: Proof) -> None:
    good, broken = proof.release(GOOD), proof.release(BROKEN)
    seen = len(proof.console())
    played, said = proof.play(BROKEN, master_kernel_reboot=True)
    assert played.code != 0
    assert f"The master was rebooted and did not come up with {broken}. It runs {good}." in said
    tried = re.findall(r"Linux version (\S+)", proof.console()[seen:])
    assert tried == [broken, good]
    assert proof.running() == good
    assert proof.default() == ["netboot-diskless-master-old"]
    assert "next_entry=netboot" not in proof.ask("grub-editenv", "list")


def test_after_that_the_old_kernel_goes_on(proof: Proof) -> None:
    good = proof.release(GOOD)
    master.reboot(proof.settings)
    assert proof.running() == good
    played, _said = proof.play(GOOD, master_kernel_reboot=True)
    assert played.code == 0
    assert proof.default() == ["netboot-diskless-master"]
    again, _said = proof.play(GOOD, master_kernel_reboot=True)
    assert (again.code, again.total("changed")) == (0, 0)
    say(f"bzImage-master: {int(proof.ask('stat', '--format=%s', '/boot/bzImage-master')):,} bytes")
