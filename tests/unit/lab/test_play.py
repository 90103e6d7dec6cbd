# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The recap of a play."""

import pytest

from lab.play import Played, recap


@pytest.mark.parametrize(
    ("line", "counted"),
    [
        (
            "master                     : ok=41   changed=3    unreachable=0    failed=0    skipped=7  \n",
            (
                "master",
                {"ok": 41, "changed": 3, "unreachable": 0, "failed": 0, "skipped": 7},
            ),
        ),
        (
            "\x1b[0;33mmaster.mydomain.com\x1b[0m : \x1b[0;32mok=1 \x1b[0m \x1b[0;33mchanged=2 \x1b[0m unreachable=0\n",
            ("master.mydomain.com", {"ok": 1, "changed": 2, "unreachable": 0}),
        ),
        ("PLAY RECAP *****\n", None),
        ("ok: [master]\n", None),
        ("\n", None),
    ],
)
def test_recap(line: str, counted: tuple[str, dict[str, int]] | None) -> None:
    assert recap(line) == counted


def test_total() -> None:
    played = Played(0, {"master": {"changed": 2, "failed": 0}, "slave21": {"changed": 1}})
    assert (played.total("changed"), played.total("failed"), played.total("unreachable")) == (3, 0, 0)
