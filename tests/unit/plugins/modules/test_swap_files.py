# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module place_files, below its AnsibleModule."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.netboot.diskless.plugins.module_utils._placing import (
    PlacingError,
    Plan,
    WantedDirectory,
    WantedFile,
)
from ansible_collections.netboot.diskless.plugins.modules.swap_files import differences, run, wanted_files

from tests.unit.shared import needs_root, picture


def test_what_the_action_plugin_sends_becomes_files(tmp_path: Path) -> None:
    (tmp_path / "pxelinux.0").write_bytes(b"\0\xff")
    packed = gzip.compress(b"CONFIG_NFSD=m\n")
    (tmp_path / "config.gz").write_bytes(packed)
    entries: list[dict[str, Any]] = [
        {"path": "/etc/a", "content": "\u00e4\n", "mode": "0644"},
        {
            "path": "/etc/b",
            "content": "",
            "mode": "1750",
            "owner": "dhcp",
            "group": "nogroup",
            "validate": "dhcpd -t -cf %s",
        },
        {"path": "/srv/tftp/pxelinux.0", "source": str(tmp_path / "pxelinux.0"), "mode": "0444"},
        {"path": "/srv/tftp/later", "source": str(tmp_path / "nothing"), "mode": "0644"},
        {"path": "/srv/unpacked", "source": str(tmp_path / "config.gz"), "mode": "0644", "unpack": True},
        {"path": "/srv/packed", "source": str(tmp_path / "config.gz"), "mode": "0644", "unpack": False},
        {"path": "/srv/plain", "source": str(tmp_path / "pxelinux.0"), "mode": "0644", "unpack": True},
        {"path": "/srv/later", "source": str(tmp_path / "nothing"), "mode": "0644", "unpack": True},
    ]
    assert wanted_files(entries) == [
        WantedFile("/etc/a", "\u00e4\n".encode(), 0o644, "root", "root", ""),
        WantedFile("/etc/b", b"", 0o1750, "dhcp", "nogroup", "dhcpd -t -cf %s"),
        WantedFile("/srv/tftp/pxelinux.0", b"\0\xff", 0o444),
        WantedFile("/srv/tftp/later", None, 0o644),
        WantedFile("/srv/unpacked", b"CONFIG_NFSD=m\n"),
        WantedFile("/srv/packed", packed),
        WantedFile("/srv/plain", b"\0\xff"),
        WantedFile("/srv/later", None),
    ]


def test_a_plan_is_shown_as_differences(tmp_path: Path) -> None:
    contents = {"changed": b"old \xe4\n", "stale": b"stale\n", "binary": b"\0" * 100}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    changed, stale, binary, new = (str(tmp_path / name) for name in ("changed", "stale", "binary", "new"))
    plan = Plan(
        directories=[WantedDirectory("/srv/tftp", 0o755)],
        write=[
            WantedFile(changed, b"new\n"),
            WantedFile(new, b"new\n"),
            WantedFile(binary, b"\0" * 7),
            WantedFile("/later", None),
        ],
        mend=[WantedFile("/etc/mode", b"", 0o600, "dhcp", "daemon")],
        remove=[stale],
    )
    shown = differences(plan)
    header = [{key: entry[key] for key in ("before_header", "after_header")} for entry in shown[:4]]
    assert header == [{"before_header": path, "after_header": path} for path in (changed, new, binary, "/later")]
    assert [(entry["before"], entry["after"]) for entry in shown[:4]] == [
        ("old \ufffd\n", "new\n"),
        ("", "new\n"),
        ("(100 bytes, not text)\n", "(7 bytes, not text)\n"),
        ("", ""),
    ]
    assert shown[4] == {
        "before_header": stale,
        "after_header": f"{stale} (removed)",
        "before": "stale\n",
        "after": "",
    }
    assert [entry["prepared"] for entry in shown[5:]] == [
        "/srv/tftp: root:root 0755\n",
        "/etc/mode: dhcp:daemon 0600\n",
    ]
    assert differences(Plan()) == []


def parameters(base: Path, *names: str, **options: str) -> dict[str, Any]:
    return {
        "part": "dhcp",
        "files": [{"path": f"{base}/etc/{name}", "content": "new\n", "mode": "0644", **options} for name in names],
        "directories": [{"path": f"{base}/etc", "mode": "0755"}],
        "shipped_settings": {},
        "state_directory": f"{base}/state",
    }


@needs_root
def test_check_mode_says_what_a_run_would_do_and_touches_nothing(tmp_path: Path) -> None:
    wishes = parameters(tmp_path, "one", "two")
    checked = run(wishes, dry=True, with_differences=True)
    assert picture(tmp_path) == {}
    assert run(wishes, dry=False, with_differences=True) == checked
    assert checked["changed"] and checked["written"] == [f"{tmp_path}/etc/one", f"{tmp_path}/etc/two"]
    assert [entry.get("after") for entry in checked["diff"]] == ["new\n", "new\n", None]


@needs_root
def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    wishes = parameters(tmp_path, "one")
    run(wishes, dry=False, with_differences=False)
    before = picture(tmp_path)
    for dry in (True, False):
        result = run(wishes, dry=dry, with_differences=True)
        assert result == {"changed": False, "written": [], "removed": [], "diff": []}
    assert picture(tmp_path) == before


@needs_root
def test_what_is_no_longer_wanted_is_told(tmp_path: Path) -> None:
    run(parameters(tmp_path, "one", "two"), dry=False, with_differences=False)
    for dry in (True, False):
        result = run(parameters(tmp_path, "one"), dry=dry, with_differences=False)
        assert result == {"changed": True, "written": [], "removed": [f"{tmp_path}/etc/two"]}
        assert (tmp_path / "etc/two").exists() == dry


@needs_root
@pytest.mark.parametrize("dry", [True, False])
def test_a_checker_is_asked_in_either_mode(tmp_path: Path, dry: bool) -> None:
    with pytest.raises(PlacingError, match="refused by its checker"):
        run(parameters(tmp_path, "one", validate="grep -q never %s"), dry=dry, with_differences=False)
    assert not (tmp_path / "etc/one").exists()
