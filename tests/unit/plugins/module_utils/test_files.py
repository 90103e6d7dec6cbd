# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which file systems keep the owner and mode of a file."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.netboot.diskless.plugins.module_utils._files import keeps_attributes

MOUNTS = """\
22 1 254:1 / / rw - ext4 /dev/vda1 rw
23 22 8:1 / /boot/efi rw - vfat /dev/sda1 rw,umask=0077
24 22 8:2 / /efi rw - autofs systemd-1 rw
25 24 8:2 / /efi rw shared:1 - vfat /dev/sda2 rw
26 23 8:3 / /boot/efi/inner rw - xfs /dev/sda3 rw
"""


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("/etc/file", True),
        ("/boot/file", True),
        ("/boot/efi-not/file", True),
        ("/boot/efi", False),
        ("/boot/efi/EFI/file", False),
        ("/boot/efi/inner/file", True),
        # Of two at one place the later covers the other.
        ("/efi/loader/entries/a.conf", False),
    ],
)
def test_who_keeps_them(tmp_path: Path, path: str, kept: bool) -> None:
    (tmp_path / "mountinfo").write_text(MOUNTS)
    assert keeps_attributes(path, str(tmp_path / "mountinfo")) == kept
