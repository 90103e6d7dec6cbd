# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is found out about a directory that roots are made from."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.netboot.diskless.plugins.module_utils._root_source import (
    System,
    elf_machine,
    inspect,
    measure_programs,
    on_master,
    programs_to_copy,
    resolve,
)

# elf(5): the magic, 64-bit, least significant byte first, version, and e_machine 16 bytes further.
ELF = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x02\x00"
X86_64 = ELF + b"\x3e\x00"
I386 = b"\x7fELF\x01\x01\x01" + bytes(9) + b"\x02\x00\x03\x00"


def source(base: Path, files: dict[str, bytes | str]) -> str:
    """A system of these files; text is what a link points to."""
    for name, content in files.items():
        path = base / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.symlink_to(content)
    return str(base)


MERGED: dict[str, bytes | str] = {"lib": "usr/lib", "sbin": "usr/sbin", "bin": "usr/bin", "etc/passwd": b""}
SYSTEMD: dict[str, bytes | str] = {**MERGED, "usr/lib/systemd/systemd": X86_64, "usr/bin/sh": X86_64}
OPENRC: dict[str, bytes | str] = {**MERGED, "usr/sbin/openrc-init": I386, "usr/sbin/openrc": I386}
BOTH = {**SYSTEMD, **OPENRC}


@pytest.mark.parametrize(
    ("files", "init", "inits", "machine"),
    [
        ({**SYSTEMD, "usr/sbin/init": "../lib/systemd/systemd"}, "systemd", ["systemd"], "x86_64"),
        ({**SYSTEMD, "usr/sbin/init": "/lib/systemd/systemd"}, "systemd", ["systemd"], "x86_64"),
        ({**SYSTEMD, "usr/sbin/init": "/usr/../../../bin/../lib/systemd/systemd"}, "systemd", ["systemd"], "x86_64"),
        ({**OPENRC, "usr/sbin/init": "openrc-init"}, "openrc", ["openrc"], "i386"),
        ({**BOTH, "usr/sbin/init": "openrc-init"}, "openrc", ["openrc", "systemd"], "i386"),
        ({**BOTH, "usr/sbin/init": "../lib/systemd/systemd"}, "systemd", ["openrc", "systemd"], "x86_64"),
        # sysvinit, which starts OpenRC of this or of an older release.
        ({**MERGED, "usr/sbin/init": X86_64, "usr/sbin/openrc": X86_64}, "openrc", [], "x86_64"),
        ({**BOTH, "usr/sbin/init": I386}, "openrc", ["openrc", "systemd"], "i386"),
        ({**MERGED, "usr/sbin/init": X86_64}, "", [], "x86_64"),
        ({**SYSTEMD, "usr/sbin/init": b"#!/bin/sh"}, "", ["systemd"], "x86_64"),
        ({**MERGED, "usr/sbin/init": b"#!/bin/sh"}, "", [], ""),
    ],
)
def test_what_a_system_starts(
    tmp_path: Path, files: dict[str, bytes | str], init: str, inits: list[str], machine: str
) -> None:
    assert inspect(source(tmp_path / "source", files)) == System(True, [], inits, init, machine)


@pytest.mark.parametrize(
    ("files", "missing"),
    [
        ({}, ["/etc", "/usr", "/sbin/init"]),
        (SYSTEMD, ["/sbin/init"]),
        ({"usr/bin/sh": X86_64, "sbin/init": X86_64}, ["/etc"]),
        ({"etc/passwd": b"", "sbin/init": X86_64}, ["/usr"]),
        # It leads to nothing in the system, whatever the master has there.
        ({**SYSTEMD, "usr/sbin/init": "/bin/bash"}, ["/sbin/init"]),
        ({**SYSTEMD, "usr/sbin/init": "init"}, ["/sbin/init"]),
    ],
)
def test_what_is_no_system(tmp_path: Path, files: dict[str, bytes | str], missing: list[str]) -> None:
    (tmp_path / "source").mkdir()
    assert inspect(source(tmp_path / "source", files)).missing == missing


def test_no_directory_is_no_system(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for name in ("file", "nothing"):
        assert inspect(str(tmp_path / name)) == System(False, [], [], "", "")


@pytest.mark.parametrize("target", ["{}", "../../../../../../../../../..{}"])
def test_no_link_leads_to_the_masters_own(tmp_path: Path, target: str) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(X86_64)
    base = source(tmp_path / "source", {"sbin/init": target.format(outside), "lib": "/usr/lib"})
    assert resolve(base, "/sbin/init") is None
    found = inspect(base)
    assert (found.init, found.machine) == ("", "")
    source(tmp_path / "source", {str(outside).lstrip("/"): I386})
    assert resolve(base, "/sbin/init") == str(outside) and inspect(base).machine == "i386"


@pytest.mark.parametrize(
    ("wanted", "inits", "init", "chosen"),
    [
        ("auto", ["openrc", "systemd"], "systemd", "systemd"),
        ("auto", [], "openrc", "openrc"),
        ("auto", ["systemd"], "", ""),
        ("openrc", ["openrc", "systemd"], "systemd", "openrc"),
        ("systemd", ["openrc"], "openrc", ""),
        # There is no program for init= to name.
        ("openrc", [], "openrc", ""),
    ],
)
def test_slave_init_chooses(wanted: str, inits: list[str], init: str, chosen: str) -> None:
    assert System(True, [], inits, init, "x86_64").chosen(wanted) == chosen


@pytest.mark.parametrize(
    ("header", "machine"),
    [
        (X86_64, "x86_64"),
        (I386, "i386"),
        (ELF + b"\xb7\x00", "aarch64"),
        (ELF + b"\x16\x00", "machine 22 of elf(5)"),
        # The big end first.
        (b"\x7fELF\x01\x02\x01" + bytes(9) + b"\x00\x02\x00\x03", "i386"),
        (X86_64[:19], ""),
        (b"#!/bin/sh\n" + bytes(20), ""),
        (b"", ""),
    ],
)
def test_what_a_program_is_made_for(tmp_path: Path, header: bytes, machine: str) -> None:
    (tmp_path / "program").write_bytes(header)
    assert elf_machine(str(tmp_path / "program")) == machine
    assert elf_machine(str(tmp_path / "nothing")) == ""


def test_this_machine_is_one() -> None:
    found = inspect("/")
    assert found.exists and "/usr" not in found.missing and found.machine == os.uname().machine.replace("i686", "i386")


def test_programs_are_named_as_rsync_wants_them(tmp_path: Path) -> None:
    base = source(tmp_path, {"usr/bin/sh": b"", "bin": "usr/bin", "lib": "nothing"})
    assert programs_to_copy(base, ["/bin", "/lib", "/lib32", "/usr"]) == [
        f"{base}/./{name}" for name in ("bin", "lib", "usr")
    ]
    assert programs_to_copy("/", ["/usr", "/no-such-directory"]) == ["/usr"]
    assert (on_master("/", "/etc"), on_master("/srv/a", "/etc")) == ("/etc", "/srv/a/etc")


def test_what_is_excluded_is_below_the_source(tmp_path: Path) -> None:
    base = source(tmp_path, {"usr/bin/sh": b"", "usr/src/linux": b"", "usr/bin/x.pyc": b""})
    before = measure_programs(base, ["/usr"], ["/usr/src", "*.pyc"])
    assert before.inodes == 2
    (tmp_path / "usr/src/more").write_text("")
    assert measure_programs(base, ["/usr"], ["/usr/src", "*.pyc"]) == before
    assert measure_programs(base, ["/usr"], ["*.pyc"]).inodes == 5
