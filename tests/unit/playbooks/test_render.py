# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the render playbook promises: it is repeatable, it refuses with advice, and no limit makes a fleet smaller."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.unit.playbooks.rendering import ARTICLE, FLEET, ROOT, files, render


def copied(inventory: Path, tmp_path: Path) -> Path:
    shutil.copytree(inventory, tmp_path / "inventory")
    return tmp_path / "inventory"


def test_a_second_run_changes_nothing_and_no_limit_drops_a_slave(renders: dict[str, Path]) -> None:
    before = files(renders["fleet-gentoo"])
    times = {path: path.stat().st_mtime_ns for path in renders["fleet-gentoo"].rglob("*")}
    # One slave of three: had the others been dropped, dhcpd.conf and the exports would have changed.
    again = render(FLEET, renders["fleet-gentoo"], "--limit", "cluster-a")
    assert again.code == 0 and again.changed == 0, again.text
    assert files(renders["fleet-gentoo"]) == before
    assert {path: path.stat().st_mtime_ns for path in renders["fleet-gentoo"].rglob("*")} == times


def test_check_mode_says_what_would_change_and_writes_nothing(tmp_path: Path) -> None:
    run = render(ARTICLE, tmp_path / "render", "--check")
    assert run.code == 0 and run.changed > 0, run.text
    assert list(tmp_path.iterdir()) == []


def test_a_file_more_is_a_slave_more(tmp_path: Path) -> None:
    inventory = copied(ARTICLE, tmp_path)
    (inventory / "host_vars/slave22.yml").write_text(
        '---\nslave_mac: "00:02:A5:04:3B:67"\nslave_address: 192.168.1.22\n'
    )
    run = render(inventory, tmp_path / "render")
    assert run.code == 0, run.text
    rendered = files(tmp_path / "render")
    for path in ("etc/dhcp/dhcpd.conf", "etc/exports.d/netboot-diskless.exports"):
        assert "192.168.1.21" in rendered[path] and "192.168.1.22" in rendered[path]
    configured = {Path(path).name for path in rendered if "pxelinux.cfg/" in path}
    names = {"01-00-02-a5-04-3b-66", "C0A80115", "01-00-02-a5-04-3b-67", "C0A80116", "default"}
    assert configured == names


def test_a_bad_inventory_writes_nothing_and_names_all_problems(tmp_path: Path) -> None:
    inventory = copied(FLEET, tmp_path)
    with (inventory / "group_vars/all.yml").open("a") as stream:
        stream.write("fleet_nfs_version: 4.3\n")
    (inventory / "host_vars/cluster-a.yml").write_text('---\nslave_mac: "01:00:5e:00:00:01"\nslave_adress: 10.20.0.9\n')
    (inventory / "host_vars/copy.yml").write_text((inventory / "host_vars/old-pc.yml").read_text())
    run = render(inventory, tmp_path / "render")
    assert run.code != 0
    for problem in (
        "fleet_nfs_version is 4.3",
        "cluster-a: slave_mac is '01:00:5e:00:00:01'",
        "cluster-a: slave_address is not set",
        "slave_adress",
        "did you mean slave_address?",
        "slave_mac is '00:20:18:bc:00:02'; allowed: a value of its own",
        "slave_address is '10.20.1.2'; allowed: a value of its own",
    ):
        assert problem in run.said, problem
    assert not (tmp_path / "render").exists()


GIVE = "Give -e render_dir=DIRECTORY and -e render_platform=NAME"
OUT_OF_LINE = '{"nfs_server_root_options": "rw) *(rw"}'
NEXT_LINE = '{"nfs_server_root_options": "rw\\n"}'


@pytest.mark.parametrize(
    ("directory", "platform", "variables", "told"),
    [
        ("", "gentoo", "{}", GIVE),
        ("render", "../gentoo", "{}", GIVE),
        ("render", "slackware", "{}", "not supported: slackware; missing: roles/fleet/vars/platforms/slackware.yml"),
        ("render", "gentoo", OUT_OF_LINE, "nfs_server_root_options is"),
        ("render", "gentoo", NEXT_LINE, "nfs_server_root_options is"),
    ],
)
def test_a_refusal_says_what_to_do_and_writes_nothing(
    tmp_path: Path, directory: str, platform: str, variables: str, told: str
) -> None:
    run = render(ARTICLE, tmp_path / directory if directory else None, "-e", variables, platform=platform)
    assert run.code != 0
    assert told in run.said
    assert platform != "slackware" or "supported: Debian and Ubuntu with systemd, Gentoo with OpenRC" in run.said
    assert list(tmp_path.iterdir()) == []


def test_no_pattern_lets_a_line_end_through() -> None:
    """A final $ matches in front of a line end, too, and a value with one leaves the line of the file it goes into."""
    tasks = [*(ROOT / "roles").rglob("*.yml"), *(ROOT / "playbooks").rglob("*.yml")]
    patterns = {path: re.findall(r"(?:match\(|'match', |_value: )('[^']*')", path.read_text()) for path in tasks}
    assert sum(len(found) for found in patterns.values()) > 5
    assert not [(path.name, pattern) for path, found in patterns.items() for pattern in found if pattern[-2] == "$"]
