# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The check that a role's documented defaults are its real ones."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tools import check_argument_specs


@pytest.mark.parametrize(
    ("options", "defaults", "expected"),
    [
        ({}, {}, []),
        ({"port": {"default": 69}}, {"port": 69}, []),
        ({"name": {"required": True}}, {}, []),
        ({"path": {"type": "path"}}, {"path": "{{ base }}/x"}, []),
        ({"paths": {}}, {"paths": ["/a", {"b": "{{ base }}"}]}, []),
        ({"port": {"default": 69}}, {"port": 70}, ["port: the role's default is 70, the documented one 69"]),
        ({"port": {}}, {"port": 70}, ["port: the role's default is 70, the documented one none"]),
        ({"on": {"default": 1}}, {"on": True}, ["on: the role's default is True, the documented one 1"]),
        ({"port": {"default": 69}}, {}, ["port: documented default 69, but the role sets none"]),
        ({}, {"port": 69}, ["port has a default but is not documented"]),
        ({"x": {"default": "{{ y }}"}}, {"x": "{{ y }}"}, ["x: the documented default contains Jinja"]),
        (
            {"path": {"default": "/x"}},
            {"path": "{{ base }}/x"},
            ["path: the role computes the default, the documentation says '/x'"],
        ),
    ],
)
def test_compare(options: dict[str, Any], defaults: dict[str, Any], expected: list[str]) -> None:
    assert list(check_argument_specs.compare(options, defaults)) == expected


def test_entry_points_share_the_defaults() -> None:
    specification = {
        "argument_specs": {
            "main": {"options": {"port": {"type": "int", "default": 69}, "name": {"type": "str"}}},
            "service": {"options": {"port": {"type": "int"}}},
            "preflight": {"short_description": "no options"},
        }
    }
    options = check_argument_specs.documented_options(specification)
    assert options == {"port": {"type": "int", "default": 69}, "name": {"type": "str"}}


@pytest.mark.parametrize(
    ("files", "status", "message"),
    [
        (
            {"meta/argument_specs.yml": {"argument_specs": {"main": {"options": {}}}}},
            0,
            "1 roles compared, 0 differences",
        ),
        ({"defaults/main.yml": {"x": 1}}, 1, "no meta/argument_specs.yml"),
        (
            {"meta/argument_specs.yml": {"argument_specs": {"main": {}}}, "defaults/main.yml": {"x": 1}},
            1,
            "x has a default but is not documented",
        ),
    ],
)
def test_main(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], files: dict[str, Any], status: int, message: str
) -> None:
    for name, content in files.items():
        file = tmp_path / "example" / name
        file.parent.mkdir(parents=True)
        file.write_text(yaml.safe_dump(content), encoding="utf-8")
    assert check_argument_specs.main(str(tmp_path)) == status
    assert message in capsys.readouterr().out


def test_no_roles_is_an_error(tmp_path: Path) -> None:
    assert check_argument_specs.main(str(tmp_path)) == 1
