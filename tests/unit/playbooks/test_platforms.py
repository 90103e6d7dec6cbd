# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What platforms call things: each file says all of it, its templates exist, and what no file describes is refused."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest
import yaml

from tests.unit.playbooks.rendering import PLATFORMS, ROOT

# Which role holds the template of each file that a platform names.
TEMPLATES = {
    "nfs_settings": "nfs_server",
    "tftp_settings": "tftp_pxelinux",
}
# What differs inside of these is meant to; everything else has the same keys everywhere.
FREE = ("commands", "grub_loaders", "package_use", "shipped_settings")


def described(platform: str) -> dict[str, Any]:
    text = (ROOT / f"roles/fleet/vars/platforms/{platform}.yml").read_text()
    found = yaml.safe_load(text)["fleet_platform"]
    assert isinstance(found, dict)
    return found


def shape(platform: str) -> dict[str, Any]:
    """Every key with its kind: the keys of a map, or the name of a type."""
    return {
        key: sorted(value) if isinstance(value, dict) and key not in FREE else type(value).__name__
        for key, value in described(platform).items()
    }


@pytest.mark.parametrize("platform", PLATFORMS)
def test_each_platform_says_the_same_of_itself(platform: str) -> None:
    assert shape(platform) == shape("gentoo")


def test_no_two_platforms_are_the_same() -> None:
    titles = [described(platform)["title"] for platform in PLATFORMS]
    assert len(set(titles)) == len(titles) > 1


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("key", TEMPLATES)
def test_each_file_has_its_template(platform: str, key: str) -> None:
    path = described(platform)[key]
    if key == "nfs_settings" and path == "":
        return
    assert path.startswith("/")
    assert (ROOT / "roles" / TEMPLATES[key] / "templates" / f"{path[1:]}.j2").is_file()


@pytest.mark.parametrize("platform", PLATFORMS)
def test_what_is_named_elsewhere_in_a_file_is_there(platform: str) -> None:
    names = described(platform)
    assert set(names["commands"]) <= set(names["packages"])
    assert set(names["package_use"]) <= set(names["packages"])
    settings = {names[key] for key in TEMPLATES} | {server["settings"] for server in names["dhcp"].values()}
    assert set(names["shipped_settings"]) <= settings
    assert all(path.startswith("/") for path in names["boot_loaders"].values())
    assert all(path.startswith("/") for paths in names["memory_tests"].values() for path in paths)


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("server", ["isc", "kea", "dnsmasq"])
def test_each_dhcp_server_is_described(platform: str, server: str) -> None:
    names = described(platform)
    found = names["dhcp"][server]
    assert set(found) == set(described("gentoo")["dhcp"][server])
    assert f"dhcp_{server}" in names["packages"]
    assert "%s" in found["check"]
    for key in ("configuration", "settings"):
        if found[key]:
            assert (ROOT / "roles/dhcp/templates" / f"{found[key][1:]}.j2").is_file()


@pytest.mark.parametrize("platform", PLATFORMS)
def test_grub_is_finished_or_made(platform: str) -> None:
    names = described(platform)
    loaders = names["grub_loaders"]
    assert all(path.startswith("/") and not path.startswith("/srv") for path in loaders.values())
    assert names["packages"]["grub"]
    if names["grub_modules"]:
        # Nothing else can be checked by a shim, which knows only its distribution's GRUB.
        assert set(loaders) == {"bootx64.efi"}
    else:
        assert set(loaders) == {"bootx64.efi", "grubx64.efi", "mmx64.efi"}


def platform_tasks(platform: str) -> str:
    """What a run of the role's look at the platform says that has this machine for its master."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "ansible", "adhoc", "localhost", "-c", "local"),
            *("-m", "ansible.builtin.include_role", "-a", "name=netboot.diskless.fleet tasks_from=platform"),
            *("-e", f"fleet_platform_name={platform}"),
        ],
        env={**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1", "COLUMNS": "1000"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    return " ".join((done.stdout + done.stderr).split())


def supported() -> str:
    return "; supported: " + ", ".join(described(platform)["title"] for platform in PLATFORMS)


@pytest.mark.parametrize(
    ("platform", "missing"),
    [
        ("slackware", "missing: roles/fleet/vars/platforms/slackware.yml, which would say what its packages"),
        # Not where these tests run on OpenRC.
        ("gentoo", "missing: openrc, whose services roles/fleet/vars/platforms/gentoo.yml describes"),
    ],
)
def test_a_master_that_no_file_describes_is_refused_in_one_message(platform: str, missing: str) -> None:
    said = platform_tasks(platform)
    refusal = said[said.index("not supported: ") :]
    assert " with " in refusal.partition(";")[0]
    assert missing in refusal and supported() in refusal
