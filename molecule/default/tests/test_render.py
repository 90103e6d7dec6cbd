# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What playbooks/render.yml writes without a master is, byte for byte, what the converged master has."""

import json
from pathlib import Path

import pytest
from testinfra.host import Host

from lab import settings
from lab.homes import Home
from lab.play import play

LEDGERS = "/var/lib/netboot-diskless/ledger"
# These are the master's own: copied from its packages or built there, so no render can have them.
NOT_RENDERED = tuple(
    f"/srv/tftp/{name}"
    for name in (
        *("pxelinux.0", "lpxelinux.0", "ldlinux.c32", "syslinux.efi", "ldlinux.e64"),
        *("lua.c32", "liblua.c32", "libcom32.c32"),
        *("bzImage_x86_64", "bzImage_x86_64.previous"),
    )
)
BUILT = ("/var/lib/netboot-diskless/kernel/.config_",)


@pytest.fixture(scope="module")
def rendered(instance: settings.Settings, home: Home, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The renders by their paths on a master."""
    directory = tmp_path_factory.mktemp("render")
    variables = ["-e", f"render_dir={directory}", "-e", f"render_platform={home.platform}"]
    assert play(instance, variables, Path("playbooks/render.yml")).code == 0
    return {f"/{path.relative_to(directory)}": path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def test_master_has_what_is_rendered(master: Host, rendered: dict[str, bytes]) -> None:
    assert rendered
    for path, content in rendered.items():
        assert master.file(path).content == content, path


def test_all_that_was_placed_is_rendered(master: Host, rendered: dict[str, bytes]) -> None:
    placed: set[str] = set()
    for ledger in master.file(LEDGERS).listdir():
        placed |= set(json.loads(master.file(f"{LEDGERS}/{ledger}").content_string))
    left = {path for path in placed - set(rendered) if not path.startswith((*NOT_RENDERED, *BUILT))}
    assert left == set()
    assert placed >= set(NOT_RENDERED) | set(rendered)
