# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which kernel symbols each purpose needs."""

from __future__ import annotations

import re

import pytest
from ansible_collections.netboot.diskless.plugins.module_utils._kconfig import fragment
from ansible_collections.netboot.diskless.plugins.module_utils._kernel_symbols import (
    NEWEST,
    Part,
    compose,
    master_symbols,
    parse_version,
    slave_symbols,
)

# What a slave cannot boot or work without, with the reason: Documentation/admin-guide/nfs/nfsroot.rst of Linux.
VITAL = (
    "IP_PNP",  # the kernel sets its address up by itself
    "IP_PNP_DHCP",
    "ROOT_NFS",
    "NFS_FS",
    "NFS_V3",
    "NFS_V4",
    "NFS_V4_2",
    "INET",
    "PACKET",
    "DEVTMPFS",
    "DEVTMPFS_MOUNT",  # the root has no device files but two
    "TMPFS",
    "PROC_FS",
    "SYSFS",
    "UNIX",
    "BINFMT_ELF",
    "BINFMT_SCRIPT",
    "SERIAL_8250_CONSOLE",
    "CGROUPS",
    "INOTIFY_USER",
    "FHANDLE",
)


@pytest.mark.parametrize("architecture", ["x86_64", "i386", "arm64"])
def test_every_slave_has_what_is_vital(architecture: str) -> None:
    found = slave_symbols(architecture)
    assert {name: found.get(name) for name in VITAL} == dict.fromkeys(VITAL, "y")
    # Nothing is a module: a kernel without modules cannot load one.
    assert found["MODULES"] == "n" and "m" not in found.values()
    assert found["64BIT"] == ("n" if architecture == "i386" else "y")
    assert fragment(found)


# What there is on one kind of machine alone: Kconfig knows no such symbol elsewhere, or has it depend on the machine.
ONLY_ON = {
    "PC": {"X86_TSC", "KVM_GUEST", "KERNEL_GZIP", "RTC_DRV_CMOS", "VGA_CONSOLE", "SERIAL_8250_PNP", "MTRR"},
    "Arm": {"SERIAL_AMBA_PL011", "SERIAL_AMBA_PL011_CONSOLE", "PCI_HOST_GENERIC", "RTC_DRV_PL031"},
}


@pytest.mark.parametrize(("architecture", "kind"), [("x86_64", "PC"), ("i386", "PC"), ("arm64", "Arm")])
def test_a_machine_gets_what_its_kind_has(architecture: str, kind: str) -> None:
    found = slave_symbols(architecture, "6.1")
    (other,) = ONLY_ON.keys() - {kind}
    assert ONLY_ON[kind] <= found.keys()
    assert found.keys() & ONLY_ON[other] == set()
    assert {"EFI_STUB": "y", "ACPI": "y", "PCI": "y", "BLK_DEV_INITRD": "y"}.items() <= found.items()


def test_a_32_bit_kernel_has_the_calls_that_32_bit_programs_make() -> None:
    assert slave_symbols("i386", version="6.1")["COMPAT_32BIT_TIME"] == "y"
    assert "COMPAT_32BIT_TIME" not in slave_symbols("x86_64", version="6.1")


@pytest.mark.parametrize("architecture", ["", "riscv", "X86_64", "amd64"])
def test_an_unknown_architecture_is_refused(architecture: str) -> None:
    known = "arm64, i386, x86_64"
    with pytest.raises(ValueError, match=re.escape(f"{architecture!r} is no known architecture; known: {known}")):
        slave_symbols(architecture)


@pytest.mark.parametrize("nat", [True, False])
def test_a_master_serves_nfs_and_masquerades_when_told_to(nat: bool) -> None:
    found = master_symbols(nat)
    assert {"NFSD": "y", "NFSD_V4": "y", "INET": "y", "PACKET": "y"}.items() <= found.items()
    assert (
        {"NFT_MASQ": "y", "NF_NAT": "y", "NF_CONNTRACK": "y"}.items() <= found.items()
        if nat
        else "NFT_MASQ" not in found
    )


def test_nobody_changes_the_tables() -> None:
    before = slave_symbols("x86_64")
    slave_symbols("x86_64")["ROOT_NFS"] = "n"
    master_symbols(True)["NFSD"] = "n"
    assert slave_symbols("x86_64") == before and master_symbols(False)["NFSD"] == "y"


@pytest.mark.parametrize(
    ("text", "version"),
    [("", NEWEST), ("6.1", (6, 1)), ("6.12.117", (6, 12)), ("7.0-rc3", (7, 0)), ("6.12.117-gentoo-r1", (6, 12))],
)
def test_a_version_is_its_first_two_numbers(text: str, version: tuple[int, int]) -> None:
    assert parse_version(text) == version


@pytest.mark.parametrize("text", ["6", "six.one", "v6.1", " 6.1", "6.", "."])
def test_what_is_no_version_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"{text!r} is no version of Linux; allowed is one such as 6.12")):
        parse_version(text)


@pytest.mark.parametrize(
    ("version", "found"),
    [((5, 0), {"A": "y"}), ((6, 1), {"A": "y", "B": "y"}), ((6, 9), {"A": "n", "B": "y"}), ((6, 10), {"A": "n"})],
)
def test_a_part_is_for_its_versions_alone(version: tuple[int, int], found: dict[str, str]) -> None:
    parts = [
        Part({"A": "y"}),
        Part({"B": "y"}, since=(6, 1), until=(6, 10)),
        Part({"A": "n"}, since=(6, 2)),
    ]
    assert compose(parts, version) == found


# What changed its name or went, with the first version that has it otherwise: by the kernel's history.
@pytest.mark.parametrize(
    ("symbol", "until", "since"),
    [
        ("NFS_V4_1", "6.19", "7.0"),
        ("BASE_FULL", "6.9", "6.10"),
        ("MICROCODE", "6.5", "6.6"),
        ("RANDOM_TRUST_CPU", "6.1", "6.2"),
        ("PREEMPT_NONE", "6.19", "7.0"),
    ],
)
def test_a_symbol_ends_with_its_version(symbol: str, until: str, since: str) -> None:
    assert symbol in slave_symbols("x86_64", until)
    assert symbol not in slave_symbols("x86_64", since)
    assert symbol not in slave_symbols("x86_64")


@pytest.mark.parametrize(("symbol", "before", "since"), [("BASE_SMALL", "6.9", "6.10"), ("SLUB_TINY", "6.1", "6.2")])
def test_a_symbol_begins_with_its_version(symbol: str, before: str, since: str) -> None:
    assert symbol not in slave_symbols("x86_64", before)
    assert slave_symbols("x86_64", since)[symbol] == slave_symbols("x86_64")[symbol] == "n"


def test_a_slave_gets_what_its_init_asks_for() -> None:
    openrc, systemd = (slave_symbols("x86_64", "", [init]) for init in ("openrc", "systemd"))
    both = slave_symbols("x86_64")
    assert both == {**openrc, **systemd}
    assert "AUTOFS_FS" in systemd and "AUTOFS_FS" not in openrc
    assert "CGROUPS" in openrc and "CGROUPS" not in slave_symbols("x86_64", "", [])


def test_version_3_of_nfs_had_a_symbol_on_the_master_once() -> None:
    assert master_symbols(False, version="5.17")["NFSD_V3"] == "y"
    assert "NFSD_V3" not in master_symbols(False, version="5.18")


def test_a_master_filters_when_told_to() -> None:
    assert "NFT_REJECT" in master_symbols(False, True) and "NFT_MASQ" not in master_symbols(False, True)
    assert {"NFT_REJECT", "NFT_MASQ"} <= set(master_symbols(True, True))
