# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Slaves that plant links, pipes and directories in their roots, to lead a run out of them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.netboot.diskless.plugins.module_utils._slave_root import RootError

from tests.unit.root_world import World
from tests.unit.shared import needs_root, picture

pytestmark = needs_root


FILE_TRAPS = (
    "dev/console",
    "etc/.hostname.netboot",
    "etc/conf.d/.net.netboot",
    "etc/conf.d/net",
    "etc/gshadow",
    "etc/hostname",
    "etc/init.d/agetty.ttyS0",
    "etc/machine-id",
    "etc/passwd",
    "etc/runlevels/default/sshd",
    "etc/shadow",
    "etc/ssh/ssh_host_ed25519_key",
    "etc/ssh/ssh_host_ed25519_key.pub",
    "usr/bin/bash",
)
DIRECTORY_TRAPS = (
    "dev",
    "etc",
    "etc/conf.d",
    "etc/init.d",
    "etc/runlevels",
    "etc/runlevels/default",
    "etc/ssh",
    "usr",
    "usr/bin",
    "var",
    "var/db",
    "var/tmp",
)


@pytest.mark.parametrize(
    ("trap", "target"),
    [(trap, target) for trap in FILE_TRAPS for target in ("file", "nothing")]
    + [(trap, target) for trap in DIRECTORY_TRAPS for target in (".", "below")],
)
def test_no_link_of_the_slaves_leads_out_of_its_root(standing: World, trap: str, target: str) -> None:
    root = Path(standing.slave()["root"])
    # So that the run has something to write at each of the traps.
    for name in ("hostname", "conf.d/net", "machine-id", "gshadow", "ssh/ssh_host_ed25519_key"):
        (root / "etc" / name).unlink()
    if (root / trap).is_dir():
        os.rename(root / trap, root / "moved")
    (root / trap).unlink(missing_ok=True)
    (root / trap).symlink_to(standing.base / "outside" / target)
    before = picture(standing.base / "outside")
    try:
        standing.bring(stamp="two", root_hash="$6$salt$other")
    except RootError as error:
        # A refusal says where the trap is.
        assert str(error).startswith("slave21: ") and f"{root}/{trap}" in str(error)
    assert picture(standing.base / "outside") == before


def test_no_pipe_of_the_slaves_makes_a_run_wait(standing: World) -> None:
    root = Path(standing.slave()["root"])
    for name in ("hostname", "hosts", "machine-id"):
        (root / "etc" / name).unlink()
        os.mkfifo(root / "etc" / name)
    assert standing.bring() == [f"{root}/etc/hostname is written", f"{root}/etc/hosts is written"]


def test_a_directory_among_the_services_is_refused(standing: World) -> None:
    root = Path(standing.slave()["root"])
    (root / "etc/runlevels/default/nested").mkdir()
    with pytest.raises(RootError, match="default/nested is a directory where none is wanted"):
        standing.bring()
