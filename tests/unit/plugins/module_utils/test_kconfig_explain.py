# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every kind of refusal on Kconfig files of a few lines each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import kconfiglib
import pytest
from ansible_collections.netboot.diskless.plugins.module_utils import _kconfig
from ansible_collections.netboot.diskless.plugins.module_utils._kconfig_explain import Explainer
from ansible_collections.netboot.diskless.plugins.module_utils._kconfig_library import parse
from ansible_collections.netboot.diskless.plugins.module_utils._kconfig_types import read_definitions
from ansible_collections.netboot.diskless.plugins.module_utils._kconfig_values import (
    UNSET,
    Refusal,
    canonical,
    granted,
    plain,
)

MODULES = 'config MODULES\n\tbool "Modules"\n\tmodules\n\tdefault y\n'


def entry(name: str, *lines: str, kind: str = "bool", prompt: bool = True) -> str:
    """A config entry; attributes are given without their tabs."""
    first = f'{kind} "{name}"' if prompt else kind
    return "\n".join([f"config {name}", *(f"\t{line}" for line in (first, *lines))]) + "\n"


def hidden(name: str, *lines: str, kind: str = "bool") -> str:
    return entry(name, *lines, kind=kind, prompt=False)


def tristate(name: str, *lines: str) -> str:
    return entry(name, *lines, kind="tristate")


def choice(title: str, *entries: str, default: str = "") -> str:
    lines = [f'\tprompt "{title}"'] + ([f"\tdefault {default}"] if default else [])
    return "\n".join(["choice", *lines, *entries, "endchoice"]) + "\n"


class Asked:
    """What comes of asking for symbols."""

    def __init__(self, directory: Path, kconfig: str, wanted: dict[str, Any]) -> None:
        (directory / "Kconfig").write_text(kconfig)
        config = directory / ".config"
        types = read_definitions(str(directory), "x86_64").types
        raw = {name: canonical(value, types[name]) for name, value in wanted.items()}
        config.write_text(_kconfig.fragment(raw))
        environment = {"srctree": str(directory), "ARCH": "x86_64"}
        kconf = parse(kconfiglib, environment, str(directory), str(config))
        kconf.write_config(str(config), save_old=False)
        self.values = _kconfig.read(str(config))
        kconf = parse(kconfiglib, environment, str(directory), str(config))
        explainer = Explainer(kconfiglib, kconf, {name: plain(value) for name, value in raw.items()})
        self.refusals: dict[str, Refusal] = {}
        for name, value in raw.items():
            if not granted(value, self.values.get(name), types[name]):
                actual = self.values.get(name, UNSET.get(types[name], ""))
                self.refusals[name] = explainer.explain(Refusal(name, plain(value), plain(actual)))


NFS = (
    entry("NET")
    + entry("INET", "depends on NET")
    + entry("IP_PNP", "depends on INET")
    + tristate("NFS_FS", "depends on INET")
    + entry("ROOT_NFS", "depends on NFS_FS=y && IP_PNP")
)

# kind; Kconfig; asked; refused symbol; its line
CASES = [
    pytest.param(
        "dependency",
        NFS,
        {"ROOT_NFS": "y", "NET": "y", "INET": "y", "NFS_FS": "y"},
        "ROOT_NFS",
        "ROOT_NFS=y came out as n: it needs IP_PNP (is n). Set IP_PNP=y",
        id="one dependency",
    ),
    pytest.param(
        "dependency",
        NFS,
        {"ROOT_NFS": "y"},
        "ROOT_NFS",
        "ROOT_NFS=y came out as n: it needs NFS_FS (is n; needs INET (is n; needs NET (is n))) and IP_PNP (is n). "
        "Set NET=y, INET=y, NFS_FS=y, IP_PNP=y",
        id="the chain down, each symbol once",
    ),
    pytest.param(
        "dependency",
        NFS,
        {"ROOT_NFS": "y", "NET": "n", "INET": "y"},
        "INET",
        "INET=y came out as n: it needs NET (is n, as you ask). Set NET=y",
        id="what the user asks himself",
    ),
    pytest.param(
        "dependency",
        MODULES + NFS,
        {"ROOT_NFS": "y", "NET": "y", "INET": "y", "IP_PNP": "y", "NFS_FS": "m"},
        "ROOT_NFS",
        "ROOT_NFS=y came out as n: it needs NFS_FS (is m, as you ask). Set NFS_FS=y",
        id="a module where only y will do",
    ),
    pytest.param(
        "dependency",
        entry("A") + entry("B") + entry("C", "depends on B") + entry("D", "depends on (A && C) || B"),
        {"D": "y"},
        "D",
        "D=y came out as n: it needs B (is n). Set B=y",
        id="the cheapest alternative",
    ),
    pytest.param(
        "dependency",
        entry("A", "default y") + entry("B", "depends on !A"),
        {"B": "y"},
        "B",
        "B=y came out as n: it needs A (is y). Set A=n",
        id="something that must not be",
    ),
    pytest.param(
        "dependency",
        entry("A") + entry("B", "default y", "select C") + hidden("C") + entry("D", "depends on !C"),
        {"D": "y"},
        "D",
        "D=y came out as n: it needs C (is y; is selected by B (is y)). Set B=n",
        id="something that must not be but is selected",
    ),
    pytest.param(
        "dependency",
        choice("Which", entry("A"), entry("B"), default="A") + entry("C", "depends on !A"),
        {"C": "y"},
        "C",
        "C=y came out as n: it needs A (is y; is chosen instead of B (is n)). Set B=y",
        id="something that must not be chosen",
    ),
    pytest.param(
        "dependency",
        entry("A", "select VIRT_BUS")
        + entry("VIRT_PCI", "depends on PCI", "select VIRT_BUS")
        + entry("PCI")
        + hidden("VIRT_BUS")
        + entry("NET", "depends on VIRT_BUS"),
        {"NET": "y"},
        "NET",
        "NET=y came out as n: it needs VIRT_BUS (is n; is selected by VIRT_PCI, A; the least it takes is "
        "VIRT_PCI (is n; needs PCI (is n))). Set PCI=y, VIRT_PCI=y",
        id="a hidden symbol, by one of its family",
    ),
    pytest.param(
        "dependency",
        entry("A") + hidden("B", "default y if A") + entry("C", "depends on B"),
        {"C": "y"},
        "C",
        "C=y came out as n: it needs B (is n; follows A (is n)). Set A=y",
        id="a hidden symbol with a default",
    ),
    pytest.param(
        "dependency",
        "success = $(shell,$(1) && echo y || echo n)\n" + entry("A", "depends on $(success,false)"),
        {"A": "y"},
        "A",
        "A=y came out as n: it needs something that is n here for good, such as a feature that the compiler lacks; "
        "see Kconfig:2",
        id="never",
    ),
    pytest.param(
        "dependency",
        entry("A", "depends on NOWHERE"),
        {"A": "y"},
        "A",
        "A=y came out as n: it needs NOWHERE (is n; this tree does not define it); see Kconfig:1",
        id="a symbol of another tree",
    ),
    pytest.param(
        "dependency",
        entry("N", "default 3", kind="int") + entry("A", "depends on N > 5"),
        {"A": "y"},
        "A",
        "A=y came out as n: it needs N > 5 (N is 3); see Kconfig:4",
        id="a number",
    ),
    pytest.param(
        "dependency",
        entry("EXPERT") + 'config A\n\tbool "A" if EXPERT\n\tdefault y\n',
        {"A": "n"},
        "A",
        "A=n came out as y: it can be changed only with EXPERT (is n). Set EXPERT=y",
        id="n that only experts may ask",
    ),
    pytest.param(
        "dependency",
        entry("A") + entry("N", "depends on A", kind="int"),
        {"N": 3},
        "N",
        "N=3 came out as not set: it needs A (is n). Set A=y",
        id="a number that is not there",
    ),
    pytest.param(
        "dependency",
        MODULES + entry("A") + tristate("B", "depends on A"),
        {"MODULES": "n", "B": "m"},
        "B",
        "B=m came out as n: it needs A (is n), and as a module MODULES (is n, as you ask). Set MODULES=y, A=y",
        id="m takes modules too",
    ),
    pytest.param(
        "dependency",
        'menu "Drivers"\n\tdepends on PCI\n' + entry("A") + "endmenu\nif NET\n" + entry("B") + "endif\n"
        'config PCI\n\tbool "PCI"\nconfig NET\n\tbool "NET"\n' + entry("C", "depends on A && B"),
        {"C": "y"},
        "C",
        "C=y came out as n: it needs A (is n; needs PCI (is n)) and B (is n; needs NET (is n)). "
        "Set PCI=y, A=y, NET=y, B=y",
        id="menus and ifs",
    ),
    pytest.param(
        "module",
        MODULES + tristate("USB") + tristate("USB_STORAGE", "depends on USB"),
        {"USB": "m", "USB_STORAGE": "y"},
        "USB_STORAGE",
        "USB_STORAGE=y came out as m: it can be no more than m because of USB (is m, as you ask). Set USB=y",
        id="limited to m",
    ),
    pytest.param(
        "modules",
        MODULES + tristate("A"),
        {"MODULES": "n", "A": "m"},
        "A",
        "A=m came out as y: there are no modules because MODULES is n, as you ask; ask y, or modules. Set MODULES=y",
        id="m without modules",
    ),
    pytest.param(
        "choice",
        choice("Compression", entry("GZIP"), entry("XZ")),
        {"GZIP": "y", "XZ": "y"},
        "GZIP",
        "GZIP=y came out as n: XZ=y is asked too, but of the choice 'Compression' only one can be y: "
        "ask only one of them",
        id="two of a choice",
    ),
    pytest.param(
        "choice",
        choice("Compression", entry("GZIP"), entry("XZ"), entry("LZO"), default="XZ"),
        {"XZ": "n", "GZIP": "n", "LZO": "n"},
        "XZ",
        "XZ=n came out as y: of the choice 'Compression' one has to be y; ask another one for y: GZIP, LZO",
        id="none of a choice",
    ),
    pytest.param(
        "choice",
        entry("A") + choice("Compression", entry("GZIP"), entry("XZ", "depends on A")),
        {"GZIP": "n"},
        "GZIP",
        "GZIP=n came out as y: nothing else of the choice 'Compression' can be had here",
        id="the last of a choice",
    ),
    pytest.param(
        "dependency",
        entry("A") + choice("Compression", entry("GZIP"), entry("XZ", "depends on A")),
        {"XZ": "y"},
        "XZ",
        "XZ=y came out as n: it needs A (is n). Set A=y",
        id="a choice that is not there",
    ),
    pytest.param(
        "selected",
        MODULES + entry("EXT4", "default y", "select JBD2") + tristate("JBD2"),
        {"JBD2": "n"},
        "JBD2",
        "JBD2=n came out as y: EXT4 (is y) selects it. Set EXT4=n",
        id="selected",
    ),
    pytest.param(
        "selected",
        MODULES + entry("EXT4", "default y", "select JBD2") + tristate("JBD2"),
        {"JBD2": "m"},
        "JBD2",
        "JBD2=m came out as y: EXT4 (is y) selects it. Set EXT4=n",
        id="selected to more than m",
    ),
    pytest.param(
        "selected",
        "".join(entry(f"S{number}", "default y", "select A") for number in range(6)) + entry("A"),
        {"A": "n", "S1": "n"},
        "A",
        "A=n came out as y: S0 (is y) and S2 (is y) and S3 (is y) and S4 (is y) and 1 more select it. "
        "Set S0=n, S2=n, S3=n, S4=n, S5=n",
        id="selected by many",
    ),
    pytest.param(
        "selected",
        entry("A", "default y", "select B") + hidden("B", "select C") + entry("C"),
        {"C": "n"},
        "C",
        "C=n came out as y: B (is y) selects it; B (is y; is selected by A (is y)). Set A=n",
        id="selected by what is selected",
    ),
    pytest.param(
        "hidden",
        entry("A", "select CRC") + hidden("CRC"),
        {"CRC": "y"},
        "CRC",
        "CRC=y came out as n: it has no prompt to set it by; it follows A (is n). Set A=y",
        id="without a prompt",
    ),
    pytest.param(
        "hidden",
        hidden("MMU", "default y"),
        {"MMU": "n"},
        "MMU",
        "MMU=n came out as y: it has no prompt to set it by; it follows something that is y here for good; "
        "see Kconfig:1",
        id="fixed by the tree",
    ),
    pytest.param(
        "hidden",
        hidden("UNUSED"),
        {"UNUSED": "y"},
        "UNUSED",
        "UNUSED=y came out as n: it has no prompt to set it by; it follows nothing that could set it; see Kconfig:1",
        id="what nothing sets",
    ),
    pytest.param(
        "hidden",
        hidden("HZ", "default 250", kind="int"),
        {"HZ": 100},
        "HZ",
        "HZ=100 came out as 250: it has no prompt, so it cannot be set; Kconfig:1 computes it",
        id="a computed number",
    ),
    pytest.param(
        "range",
        entry("NR_CPUS", "range 2 64", "default 8", kind="int"),
        {"NR_CPUS": 128},
        "NR_CPUS",
        "NR_CPUS=128 came out as 8: it takes 2 to 64",
        id="out of range",
    ),
    pytest.param(
        "range",
        entry("BIG") + entry("START", "range 0x10 0xff if !BIG", "range 0x10 0xffff", "default 0x10", kind="hex"),
        {"START": "0x100"},
        "START",
        "START=0x100 came out as 0x10: it takes 0x10 to 0xff with !BIG",
        id="out of a conditional range",
    ),
]


@pytest.mark.parametrize(("kind", "kconfig", "wanted", "symbol", "line"), CASES)
def test_refusals(tmp_path: Path, kind: str, kconfig: str, wanted: dict[str, Any], symbol: str, line: str) -> None:
    refusal = Asked(tmp_path, kconfig, wanted).refusals[symbol]
    assert (refusal.kind, refusal.line()) == (kind, line)
    if not refusal.advice:
        return
    # Whoever does as he is told gets what he asked.
    followed = {**wanted, **refusal.advice}
    assert symbol not in Asked(tmp_path, kconfig, followed).refusals


def test_what_is_explained_stays(tmp_path: Path) -> None:
    (tmp_path / "Kconfig").write_text(entry("A"))
    (tmp_path / ".config").write_text("")
    kconf = parse(kconfiglib, {"srctree": str(tmp_path)}, str(tmp_path), str(tmp_path / ".config"))
    refusal = Refusal("NOWHERE", "y", "", "unknown", "this tree has no such symbol")
    assert Explainer(kconfiglib, kconf, {}).explain(refusal) is refusal


def test_a_long_search_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ansible_collections.netboot.diskless.plugins.module_utils import _kconfig_explain

    monkeypatch.setattr(_kconfig_explain, "_BUDGET", 5)
    chain = entry("A0") + "".join(entry(f"A{number}", f"depends on A{number - 1}") for number in range(1, 20))
    refusal = Asked(tmp_path, chain, {"A19": "y"}).refusals["A19"]
    assert refusal.kind == "dependency" and refusal.advice == {}
