# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of paths."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from ansible_collections.netboot.diskless.plugins.plugin_utils import _fleet_paths as paths
from ansible_collections.netboot.diskless.plugins.plugin_utils._fleet_problems import Refused
from hypothesis import given
from hypothesis import strategies as st

Check = Callable[[object], object]


@pytest.mark.parametrize(
    ("check", "value", "result"),
    [
        (paths.path, "/diskless/a", "/diskless/a"),
        (paths.path, f"/{'x' * 255}", f"/{'x' * 255}"),
        (paths.path, "//diskless///a/", "/diskless/a"),
        (paths.path, "/diskless/./b/../a", "/diskless/a"),
        (paths.site_path, "/var/lib/tftpboot", "/var/lib/tftpboot"),
        (paths.site_path, "/home/diskless", "/home/diskless"),
        (paths.site_path, "/etcetera", "/etcetera"),
    ],
)
def test_accepted(check: Check, value: object, result: object) -> None:
    assert check(value) == result


@pytest.mark.parametrize(
    ("check", "value"),
    [
        (paths.path, ""),
        (paths.path, "/"),
        (paths.path, "//"),
        (paths.path, "/.."),
        (paths.path, "/a/.."),
        (paths.path, "diskless/a"),
        (paths.path, "./a"),
        (paths.path, "~/a"),
        (paths.path, "/a*"),
        (paths.path, "/a?"),
        (paths.path, "/[a]"),
        (paths.path, "/%s"),
        (paths.path, f"/{'x' * 256}"),
        (paths.site_path, "/etc"),
        (paths.site_path, "/etc/"),
        (paths.site_path, "//etc"),
        (paths.site_path, "/var/../etc"),
        (paths.site_path, "/etc/diskless"),
        (paths.site_path, "/usr"),
        (paths.site_path, "/usr/share/diskless"),
        (paths.site_path, "/usr/local"),
        (paths.site_path, "/usr/local/diskless"),  # below /usr, which every root gets a copy of
        (paths.site_path, "/bin"),
        (paths.site_path, "/boot/diskless"),
        (paths.site_path, "/var/lib/netboot-diskless"),
        (paths.site_path, "/var/cache/netboot-diskless/roots"),
        (paths.site_path, "/dev/shm/diskless"),
        (paths.site_path, "/lib64"),
        (paths.site_path, "/proc/1"),
        (paths.site_path, "/run/diskless"),
        (paths.site_path, "/sys"),
        (paths.site_path, "/var"),
        (paths.site_path, "/var/lib"),
        (paths.site_path, "/home"),
        (paths.site_path, "/root"),
        (paths.site_path, "/srv"),
        (paths.site_path, "/tmp"),
        (paths.site_path, "/mnt"),
        (paths.site_path, "/opt"),
    ],
)
def test_refused(check: Check, value: object) -> None:
    with pytest.raises(Refused, match="an absolute path"):
        check(value)


@given(st.text(alphabet="./abc", min_size=1))
def test_a_path_is_normal_and_stays_so(text: str) -> None:
    try:
        normal = paths.path(text)
    except Refused:
        return
    assert normal.startswith("/") and not normal.startswith("//") and not normal.endswith("/")
    assert not {"", ".", ".."} & set(normal.split("/")[1:])
    assert paths.path(normal) == normal


@pytest.mark.parametrize(
    ("one", "other", "overlapping"),
    [
        ("/diskless", "/diskless", True),
        ("/diskless", "/diskless/tftp", True),
        ("/diskless/tftp", "/diskless", True),
        ("/diskless", "/diskless-tftp", False),
        ("/srv/diskless", "/srv/tftp", False),
    ],
)
def test_overlap(one: str, other: str, overlapping: bool) -> None:
    assert paths.overlap(one, other) is overlapping
