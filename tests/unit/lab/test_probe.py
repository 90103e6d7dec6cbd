# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The question to a slave's shell: asked of a real shell, and answers that are not whole."""

import os
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from lab.probe import Expected, Facts, Probe, fingerprint

PROBE = Probe(first=2012, second=5009)
ANSWER = """\
~ # n=lab$((2012*5009)); o() { echo "<$n $1 $2>"; }
<lab10078108 hostname slave21>
<lab10078108 address 127.0.0.1>
<lab10078108 address 192.168.1.21>
<lab10078108 address 127.0.0.1>
<lab10078108 address 192.168.1.21>
<lab10078108 root 192.168.1.1:/diskless/192.168.1.21 nfs4 rw,relatime,vers=4.2,proto=tcp,addr=192.168.1.1 0 0>
<lab10078108 cmdline BOOT_IMAGE=bzImage_x86_64 ip=dhcp root=/dev/nfs rw>
<lab10078108 kernel 6.1.192>
<lab10078108 machine x86_64>
<lab10078108 modules none>
<lab10078108 init openrc-init>
<lab10078108 firmware uefi>
<lab10078108 machine-id 0123456789abcdef0123456789abcdef>
-sh: can't open /etc/ssh/ssh_host_ed25519_key.pub: no such file
<lab10078108 ssh-key >
<lab10078108 end 7021>
"""
FACTS = Facts(
    hostname="slave21",
    addresses=("192.168.1.21",),
    root="192.168.1.1:/diskless/192.168.1.21 nfs4 rw,relatime,vers=4.2,proto=tcp,addr=192.168.1.1 0 0",
    cmdline="BOOT_IMAGE=bzImage_x86_64 ip=dhcp root=/dev/nfs rw",
    kernel="6.1.192",
    machine_id="0123456789abcdef0123456789abcdef",
    host_key="",
    init="openrc-init",
    firmware="uefi",
    machine="x86_64",
    modules="none",
)
EXPECTED = Expected(
    *("slave21", "192.168.1.21", "192.168.1.1:/diskless/192.168.1.21", "4.2", "openrc", "uefi"), architecture="x86_64"
)


def test_read() -> None:
    assert PROBE.read(ANSWER) == FACTS


def test_carriage_returns_do_not_matter() -> None:
    assert PROBE.read(ANSWER.replace("\n", "\r\n")) == FACTS


@pytest.mark.parametrize("lines", range(len(ANSWER.splitlines())))
def test_no_part_of_an_answer_passes(lines: int) -> None:
    assert PROBE.read("\n".join(ANSWER.splitlines()[:lines])) is None


def test_the_echo_of_the_question_does_not_pass() -> None:
    assert PROBE.read(PROBE.script()) is None
    assert PROBE.nonce not in PROBE.script()


def test_an_earlier_answer_does_not_pass() -> None:
    assert Probe(2012, 5010).read(ANSWER) is None


def test_a_mangled_answer_does_not_pass() -> None:
    mangled = ANSWER.replace("kernel 6.1.192>", "kern[    9.1] random: crng init done\nel 6.1.192>")
    assert PROBE.read(mangled) is None


@pytest.mark.parametrize("shell", [shell for shell in ("sh", "dash", "bash", "busybox") if shutil.which(shell)])
def test_a_real_shell_answers(shell: str) -> None:
    command = [shell, "sh"] if shell == "busybox" else [shell]
    done = subprocess.run(command, input=PROBE.script(), capture_output=True, text=True, check=False)
    facts = PROBE.read(done.stdout)
    assert facts is not None
    assert facts.hostname == subprocess.run(["uname", "-n"], capture_output=True, text=True, check=True).stdout.strip()
    assert re.match(r"\S+ \S+ ", facts.root)
    assert facts.init == Path("/proc/1/comm").read_text().strip()
    assert facts.machine == (os.uname().machine if Path("/proc/sys/kernel/arch").exists() else "")
    assert facts.firmware == ("uefi" if Path("/sys/firmware/efi").is_dir() else "bios")


def test_lines_are_short_enough_for_any_line_editor() -> None:
    assert max(map(len, PROBE.script().splitlines())) < 250


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({}, None),
        ({"hostname": "slave21.mydomain.com"}, None),
        ({"hostname": "slave22"}, "host name is 'slave22', not 'slave21'"),
        ({"addresses": ("192.168.1.22",)}, "IPv4 addresses are 192.168.1.22, not 192.168.1.21"),
        ({"addresses": ()}, "IPv4 addresses are none, not 192.168.1.21"),
        (
            {"addresses": ("192.168.1.21", "192.168.1.121")},
            "IPv4 addresses are 192.168.1.21, 192.168.1.121, not 192.168.1.21",
        ),
        (
            {"root": "192.168.1.1:/diskless/192.168.1.22 nfs4 rw,vers=4.2 0 0"},
            "the root is 192.168.1.1:/diskless/192.168.1.22, not 192.168.1.1:/diskless/192.168.1.21",
        ),
        ({"root": "192.168.1.1:/diskless/192.168.1.21 ext4 vers=4.2 0 0"}, "the root is of type ext4, not nfs"),
        (
            {"root": "192.168.1.1:/diskless/192.168.1.21 nfs rw,vers=3,proto=tcp 0 0"},
            "the root's NFS version is 3, not 4.2",
        ),
        (
            {"root": "192.168.1.1:/diskless/192.168.1.21 nfs4 rw 0 0"},
            "the root's NFS version is unknown, not 4.2",
        ),
        ({"init": "init"}, None),
        ({"init": "systemd"}, "the init is 'systemd', not openrc"),
        ({"firmware": "bios"}, "the firmware is bios, not uefi"),
        ({"machine": "i686"}, "the machine is i686, not x86_64"),
        ({"machine": ""}, "the machine is unknown, not x86_64"),
    ],
)
def test_comparison(change: dict[str, object], problem: str | None) -> None:
    assert replace(FACTS, **change).problems(EXPECTED) == ([problem] if problem else [])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("release", "expected", "right"),
    [
        ("6.1.192-slave", "build", True),
        ("6.1.192-slave", "package", False),
        ("6.12.117+deb13-amd64", "package", True),
        ("6.12.117+deb13-amd64", "build", False),
        ("6.12.117+deb13-amd64", "", True),
    ],
)
def test_where_the_kernel_comes_from_is_compared(release: str, expected: str, right: bool) -> None:
    told = f"the kernel is {release!r}, which is not of slave_kernel_source {expected}"
    facts = replace(FACTS, kernel=release, modules="there" if expected == "package" else "none")
    assert facts.problems(replace(EXPECTED, kernel=expected)) == ([] if right else [told])


@pytest.mark.parametrize(("expected", "wanted"), [("build", "none"), ("package", "there"), ("", "")])
@pytest.mark.parametrize("modules", ["none", "there"])
def test_a_root_has_the_modules_of_a_kernel_that_has_some(expected: str, wanted: str, modules: str) -> None:
    release = "6.12.117+deb13-amd64" if expected == "package" else "6.1.192-slave"
    found = replace(FACTS, kernel=release, modules=modules).problems(replace(EXPECTED, kernel=expected))
    told = f"the modules of its kernel: {modules}, not {wanted}"
    assert found == ([] if wanted in ("", modules) else [told])


def test_a_root_that_cannot_be_read_is_reported() -> None:
    assert replace(FACTS, root="").problems(EXPECTED)[0] == "the root is of type unknown, not nfs"


def test_a_root_that_only_ansible_knows_is_not_compared() -> None:
    assert replace(FACTS, root="elsewhere:/x nfs rw 0 0").problems(replace(EXPECTED, root="", nfs_version="")) == []


def test_systemd_is_nothing_but_systemd() -> None:
    expected = replace(EXPECTED, init="systemd")
    assert replace(FACTS, init="init").problems(expected) == ["the init is 'init', not systemd"]
    assert replace(FACTS, init="systemd").problems(expected) == []


def test_an_init_and_a_firmware_that_nobody_asked_for_are_not_compared() -> None:
    nobody = replace(EXPECTED, init="", firmware="", architecture="")
    assert replace(FACTS, init="busybox", firmware="bios", machine="riscv64").problems(nobody) == []


def test_a_32_bit_slave_runs_a_32_bit_kernel() -> None:
    expected = replace(EXPECTED, architecture="i386")
    assert replace(FACTS, machine="i686").problems(expected) == []
    assert FACTS.problems(expected) == ["the machine is x86_64, not i686"]


def test_fingerprint_is_that_of_ssh_keygen() -> None:
    # A key made for this test, and what ssh-keygen -l says of it.
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGVPLeuluJGRwYm3NVw1o3jsn4uPJQ25HO4jOmZgx8Oe test"
    assert fingerprint(key) == "SHA256:sEa6XN6OuaBqlnU4cquwLgWTCVMSPfGbzzlMpCVHQrc"


@pytest.mark.parametrize("key", ["", "ssh-ed25519", "ssh-ed25519 not+base64!"])
def test_no_key_has_no_fingerprint(key: str) -> None:
    assert fingerprint(key) == ""
