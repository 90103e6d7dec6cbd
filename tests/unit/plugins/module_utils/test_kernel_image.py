# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an image says of itself."""

from __future__ import annotations

import pytest
from ansible_collections.netboot.diskless.plugins.module_utils._kernel_image import release

from tests.unit.boot_world import bzimage

GOOD = bzimage("6.1.9-master-1")


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (GOOD, "6.1.9-master-1"),
        (GOOD[:0x1F1] + b"\0" + GOOD[0x1F2:], "6.1.9-master-1"),
        (b"", ""),
        (b"\x7fELF" + b"\0" * 0x400, ""),
        # A pointer of nothing, and one behind the setup of one sector.
        (GOOD[:0x20E] + b"\0\0" + GOOD[0x210:], ""),
        (GOOD[:0x1F1] + b"\1" + GOOD[0x1F2:0x20E] + b"\0\2" + GOOD[0x210:] + b"6.1.9 x\0", ""),
        (GOOD[:0x20E] + b"\0\2" + GOOD[0x210:] + b"6.1.9 x\0", "6.1.9"),
        (GOOD[:0x300] + b"\0" + GOOD[0x301:], ""),
        (GOOD[:0x250], ""),
    ],
)
def test_a_release(data: bytes, found: str) -> None:
    assert release(data) == found
