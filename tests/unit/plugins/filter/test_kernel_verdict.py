# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the survey of a running kernel means for a master."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.netboot.diskless.plugins.filter.kernel_verdict import FilterModule, kernel_verdict

BUILT_IN = {"INET": "y", "NFSD": "y", "NFSD_V4": "y"}
AS_MODULE = {**BUILT_IN, "NFSD": "m", "PACKET": "m"}


def kernel(symbols: dict[str, str], source: str = "/boot/config-6.1.0", **modules: str) -> dict[str, Any]:
    return {"release": "6.1.0", "source": source, "symbols": symbols, "modules": modules}


def test_is_found_by_its_name() -> None:
    assert FilterModule().filters() == {"kernel_verdict": kernel_verdict}


@pytest.mark.parametrize(
    ("given", "lacks", "load", "boot", "told"),
    [
        (kernel(BUILT_IN), [], [], [], ""),
        (kernel(AS_MODULE, NFSD="loadable", PACKET="loaded"), [], ["nfsd"], ["nfsd"], ""),
        (kernel(AS_MODULE, NFSD="loaded", PACKET="loadable"), [], [], ["nfsd"], ""),
        # In a container the host's kernel still loads what it loads itself.
        (kernel(AS_MODULE, NFSD="loaded", PACKET="forbidden"), [], [], ["nfsd"], ""),
        (kernel(AS_MODULE, NFSD="forbidden", PACKET="loaded"), ["NFSD"], [], [], "on the host (modprobe nfsd)"),
        (kernel(AS_MODULE, NFSD="missing", PACKET="loaded"), ["NFSD"], [], [], "/lib/modules/6.1.0 has no such file"),
        (kernel(AS_MODULE, NFSD="loadable", PACKET="missing"), ["PACKET"], ["nfsd"], ["nfsd"], "has af_packet as mod"),
        (kernel({**BUILT_IN, "NFSD": "n", "INET": "n"}), ["INET", "NFSD"], [], [], "lacks INET, NFSD: build one"),
        (kernel({**AS_MODULE, "NFSD_V4": "n"}, NFSD="forbidden"), ["NFSD", "NFSD_V4"], [], [], "lacks NFSD_V4: build"),
        (kernel({}, source=""), [], [], [], "does not tell its configuration"),
    ],
)
def test_a_verdict(given: dict[str, Any], lacks: list[str], load: list[str], boot: list[str], told: str) -> None:
    found = kernel_verdict(given)
    assert (found["lacks"], found["load"], found["boot"]) == (lacks, load, boot)
    assert told in found["advice"] and bool(told) == bool(found["advice"])
    assert "6.1.0" in found["advice"] or not told


@pytest.mark.parametrize("given", [None, "6.1.0", {}, {"release": "6.1.0", "source": "", "symbols": {}}])
def test_what_is_no_survey(given: Any) -> None:
    with pytest.raises(AnsibleFilterError, match="kernel_verdict: the input lacks"):
        kernel_verdict(given)
