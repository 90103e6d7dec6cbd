# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Judging the running kernel of a master: what it lacks, which of its modules are to be loaded, and which cannot be."""

from __future__ import annotations

from typing import Any

from ansible_collections.netboot.diskless.plugins.module_utils._kernel_modules import (
    BY_HAND,
    FORBIDDEN,
    LOADABLE,
    LOADED,
    MISSING,
    MODULES,
)


def _stuck(states: dict[str, str]) -> list[str]:
    """The symbols whose module is wanted and cannot be had.

    In a container the kernel loads what it loads itself from its host's files, which cannot be seen from here.
    """
    return sorted(
        symbol for symbol, state in states.items() if (state == FORBIDDEN and symbol in BY_HAND) or state == MISSING
    )


def _advice(release: str, stuck: list[str], states: dict[str, str]) -> list[str]:
    lines = []
    missing = [MODULES[symbol] for symbol in stuck if states[symbol] == MISSING]
    forbidden = [MODULES[symbol] for symbol in stuck if states[symbol] == FORBIDDEN]
    if missing:
        lines.append(
            f"it has {', '.join(missing)} as modules, but /lib/modules/{release} has no such file (a kernel that was "
            "replaced since this boot takes its modules along: reboot into the new one, or install them again)"
        )
    if forbidden:
        lines.append(
            f"it has {', '.join(forbidden)} as a module that is not loaded, and this machine may not load modules, as "
            f"in a container: load it on the host (modprobe {' '.join(forbidden)}), at each of its boots"
        )
    return lines


def verdict(kernel: dict[str, Any]) -> dict[str, Any]:
    """What the survey of a running kernel means for a master.

    Args:
        kernel: release, source, symbols and modules, as the module preflight reports them.

    Returns:
        lacks: symbols that are not there, or as modules that cannot be had. load: modules to load now. boot: modules to
        load at each boot. advice: what is wrong and what to do, or an empty text.
    """
    release, symbols, states = kernel["release"], kernel["symbols"], kernel["modules"]
    absent = sorted(symbol for symbol, value in symbols.items() if value == "n")
    stuck = _stuck(states)
    by_hand = {symbol: states[symbol] for symbol in BY_HAND if states.get(symbol) in (LOADED, LOADABLE)}
    result = {
        "lacks": sorted([*absent, *stuck]),
        "load": [MODULES[symbol] for symbol, state in by_hand.items() if state == LOADABLE],
        "boot": [MODULES[symbol] for symbol in by_hand],
        "advice": "",
    }
    if not kernel["source"]:
        result["advice"] = (
            f"The running kernel {release} does not tell its configuration (no /proc/config.gz, no /boot/config), so "
            "nothing is known of what it lacks"
        )
        return result
    told = _advice(release, stuck, states)
    if absent:
        told.append(f"it lacks {', '.join(absent)}: build one with master_kernel_build: true")
    if told:
        result["advice"] = (
            f"The running kernel {release} (by {kernel['source']}) is not what a master needs: {'; '.join(told)}. "
            "Set master_kernel_missing: warn when something else serves NFS"
        )
    return result
