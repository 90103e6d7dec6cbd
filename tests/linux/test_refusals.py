# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every kind of refusal on the source of Linux 6.1, whose own conf is the judge.

The source is the lab's: Debian's package linux-source-6.1, unpacked into LAB_CACHE. Without it these tests fail, for
`make test` must not pass without them. conf is built and run in a scratch directory; the source is only read.
"""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kconfiglib
import pytest
from ansible_collections.netboot.diskless.plugins.module_utils import _kconfig
from ansible_collections.netboot.diskless.plugins.module_utils._kconfig_configure import (
    Attempt,
    Prepared,
    Request,
    attempt,
    install,
    is_current,
    prepare,
)
from ansible_collections.netboot.diskless.plugins.module_utils._kconfig_explain import Explainer
from ansible_collections.netboot.diskless.plugins.module_utils._kconfig_history import GONE
from ansible_collections.netboot.diskless.plugins.module_utils._kconfig_library import make_environment, parse
from ansible_collections.netboot.diskless.plugins.module_utils._kconfig_types import read_definitions
from ansible_collections.netboot.diskless.plugins.module_utils._kconfig_values import Refusal, plain

from lab import kernel_source, settings

TYPES = {
    kconfiglib.UNKNOWN: "",
    kconfiglib.BOOL: "bool",
    kconfiglib.TRISTATE: "tristate",
    kconfiglib.STRING: "string",
    kconfiglib.INT: "int",
    kconfiglib.HEX: "hex",
}


class Linux:
    """The source, and one parse of it, whose values change with each configuration."""

    def __init__(self, source: Path, scratch: Path) -> None:
        self.source, self.scratch = source, scratch
        # All values of each configuration, as conf gave them and as kconfiglib computes them.
        self.compared: list[tuple[dict[str, str], dict[str, str]]] = []
        self.request = Request(str(source), str(scratch / "output"), "x86_64", "tinyconfig")
        self.directory = scratch / "objects"
        self.directory.mkdir()
        self.prepared = prepare(self.request)
        self.tiny = self.attempt(self.request)[1].values
        environment = make_environment(self.request, str(self.directory))
        self.kconf = parse(kconfiglib, environment, str(self.directory), str(self.directory / ".config"))

    def attempt(self, request: Request) -> tuple[Prepared, Attempt]:
        """One configuration; conf itself is built only for the first."""
        ready = prepare(request)
        return ready, attempt(ready, str(self.directory))

    def refused(self, base: str, wanted: dict[str, Any]) -> dict[str, Refusal]:
        """The explained refusals of symbols laid over the text of a configuration."""
        path = self.scratch / "base"
        path.write_text(base)
        ready, made = self.attempt(dataclasses.replace(self.request, base=str(path), symbols=wanted))
        self.kconf.load_config(made.config)
        lines = (symbol.config_string for symbol in self.kconf.unique_defined_syms)
        self.compared.append((made.values, _kconfig.parse("".join(lines))))
        explainer = Explainer(kconfiglib, self.kconf, {name: plain(value) for name, value in ready.wanted.items()})
        return {refusal.symbol: explainer.explain(refusal) for refusal in made.refusals}


@pytest.fixture(scope="session")
def linux(tmp_path_factory: pytest.TempPathFactory) -> Linux:
    return Linux(kernel_source.ensure(settings.from_environment()), tmp_path_factory.mktemp("linux"))


@pytest.fixture(scope="session")
def cases(linux: Linux) -> Iterator[dict[str, Refusal]]:
    """All cases of the table: two configurations instead of one for each."""
    found = linux.refused(_kconfig.fragment(linux.tiny), {name: value for name, value, *_rest in TINY})
    found.update(linux.refused(MODULAR, {name: value for name, value, *_rest in WITH_MODULES} | MODULAR_WANTED))
    yield found


# Symbol, value, kind, its line.
TINY: list[tuple[str, Any, str, str]] = [
    ("NFSD_V3", "y", "unknown", "NFSD_V3=y: since Linux 5.18 it is part of NFSD for good; ask NFSD"),
    ("NFS_ROOT", True, "unknown", "NFS_ROOT=y: this tree has no such symbol; closest: ROOT_NFS, CIFS_ROOT"),
    ("ARM64_PAN", "y", "unknown", "ARM64_PAN=y: it exists only below arch/arm64, not for x86_64"),
    ("E1000E", "many", "type", "E1000E=many: it is a tristate, which takes y, m or n"),
    ("LOG_BUF_SHIFT", "big", "type", "LOG_BUF_SHIFT=big: it takes a whole number"),
    (
        "PHYSICAL_ALIGN",
        0x100,
        "range",
        "PHYSICAL_ALIGN=0x100 came out as 0x200000: it takes 0x200000 to 0x1000000 with X86_64",
    ),
    (
        "ROOT_NFS",
        "y",
        "dependency",
        "ROOT_NFS=y came out as n: it needs NFS_FS (is n; needs INET (is n; needs NET (is n)) and FILE_LOCKING (is n) "
        "and MULTIUSER (is n) and NETWORK_FILESYSTEMS (is n)) and IP_PNP (is n). Set NET=y, INET=y, FILE_LOCKING=y, "
        "MULTIUSER=y, NETWORK_FILESYSTEMS=y, NFS_FS=y, IP_PNP=y",
    ),
    ("NR_CPUS", 64, "dependency", "NR_CPUS=64 came out as 1: it needs SMP (is n). Set SMP=y"),
    (
        "KERNEL_GZIP",
        "y",
        "choice",
        "KERNEL_GZIP=y came out as n: KERNEL_XZ=y is asked too, but of the choice 'Kernel compression mode' only one "
        "can be y: ask only one of them",
    ),
    ("KERNEL_XZ", "y", "", ""),
    (
        "UNWINDER_GUESS",
        "n",
        "choice",
        "UNWINDER_GUESS=n came out as y: of the choice 'Choose kernel unwinder' one has to be y; ask another one "
        "for y: UNWINDER_ORC, UNWINDER_FRAME_POINTER",
    ),
    (
        "GENERIC_BUG",
        "y",
        "hidden",
        "GENERIC_BUG=y came out as n: it has no prompt to set it by; it follows BUG (is n). Set BUG=y",
    ),
    (
        "SERIAL_8250",
        "m",
        "dependency",
        "SERIAL_8250=m came out as n: it needs TTY (is n), and as a module MODULES (is n). Set MODULES=y, TTY=y",
    ),
]
# A configuration with modules, in which a bus is one and a journal is selected.
MODULAR = "CONFIG_MODULES=y\nCONFIG_USB=m\nCONFIG_SCSI=y\nCONFIG_EXT4_FS=y\n"
MODULAR_WANTED = {"MODULES": "y", "USB": "m", "SCSI": "y"}
WITH_MODULES: list[tuple[str, Any, str, str]] = [
    (
        "USB_STORAGE",
        "y",
        "module",
        "USB_STORAGE=y came out as m: it can be no more than m because of USB (is m, as you ask). Set USB=y",
    ),
    ("JBD2", "n", "selected", "JBD2=n came out as y: EXT4_FS (is y) selects it. Set EXT4_FS=n"),
    ("VT", "n", "dependency", "VT=n came out as y: it can be changed only with EXPERT (is n). Set EXPERT=y"),
]


@pytest.mark.parametrize(("symbol", "value", "kind", "line"), [*TINY, *WITH_MODULES])
def test_refusals(cases: dict[str, Refusal], symbol: str, value: Any, kind: str, line: str) -> None:
    if not kind:
        assert symbol not in cases
        return
    assert (cases[symbol].kind, cases[symbol].line()) == (kind, line)


def test_m_without_modules(linux: Linux) -> None:
    refusal = linux.refused(MODULAR, {"MODULES": "n", "EXT4_FS": "m"})["EXT4_FS"]
    assert (refusal.kind, refusal.advice) == ("modules", {"MODULES": "y"})
    assert refusal.line().startswith("EXT4_FS=m came out as y: there are no modules because MODULES is n, as you ask")


def test_every_kind_is_among_them() -> None:
    kinds = {kind for _symbol, _value, kind, _line in [*TINY, *WITH_MODULES] if kind} | {"modules"}
    documentation = Path(__file__).parents[2] / "plugins/modules/kernel_config.py"
    told = re.search(r"- (C\(unknown\).*?), or C\(other\)", documentation.read_text(), re.DOTALL)
    assert told and set(re.findall(r"C\((\w+)\)", told[1])) == kinds


def test_whoever_follows_the_advice_gets_what_he_asked(linux: Linux, cases: dict[str, Refusal]) -> None:
    """For all refusals over tinyconfig that have an advice: the explanation is kconfiglib's, the proof conf's."""
    advised = [name for name, _value, kind, _line in TINY if kind and cases[name].advice]
    wanted: dict[str, Any] = {name: value for name, value, *_rest in TINY if name in advised}
    for name in advised:
        wanted.update(cases[name].advice)
    assert len(advised) == 4 and linux.refused(_kconfig.fragment(linux.tiny), wanted) == {}


def test_kconfiglib_reads_every_symbol(linux: Linux) -> None:
    assert len(linux.kconf.unique_defined_syms) == len(linux.prepared.definitions.types) > 16_000


def test_the_types_are_read_as_kconfiglib_reads_them(linux: Linux) -> None:
    types = {symbol.name: TYPES[symbol.orig_type] for symbol in linux.kconf.unique_defined_syms}
    assert read_definitions(str(linux.source), "x86_64").types == types


def test_kconfiglib_gives_the_values_that_conf_gives(linux: Linux, cases: dict[str, Refusal]) -> None:
    assert cases and len(linux.compared) >= 2
    for conf, computed in linux.compared:
        assert computed == conf


def test_the_history_is_true_of_6_1(linux: Linux) -> None:
    types = linux.prepared.definitions.types
    for symbol, gone in GONE.items():
        later = gone.since and tuple(map(int, gone.since.split("."))) > (6, 1)
        if later:
            assert symbol in types, f"{symbol} is said to be there until {gone.since}"
        elif gone.since or symbol != "CFI_CLANG":  # which went at a time that the table does not know
            assert symbol not in types, f"{symbol} is said to be gone"
            assert [name for name in gone.now if name not in types] == []


def test_a_run_without_a_change_is_quick(linux: Linux) -> None:
    (linux.scratch / "base").write_text(_kconfig.fragment(linux.tiny))
    base = str(linux.scratch / "base")
    request = dataclasses.replace(linux.request, base=base, symbols={"LOCALVERSION": "-slave"})
    ready, made = linux.attempt(request)
    assert made.refusals == []
    install(ready, made)
    began = os.times()
    assert is_current(prepare(request))
    ended = os.times()
    # Of the processor, for the machine may be busy; the wall's clock says hardly more.
    assert ended.user + ended.system - began.user - began.system < 1.5
