# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare every role's documented defaults (meta/argument_specs.yml) with its real ones (defaults/main.yml).

Ansible reads the two files for different ends and never compares them: what the documentation promises would
drift from what the role does. A default that is computed (Jinja) cannot be repeated in a specification, because
Ansible would evaluate it there before its variables exist; such an option is documented without a default.

Usage: python tools/check_argument_specs.py ROLES_DIRECTORY
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml


def is_computed(value: object) -> bool:
    """Whether a default contains Jinja, at any depth."""
    if isinstance(value, dict):
        return any(is_computed(item) for pair in value.items() for item in pair)
    if isinstance(value, list):
        return any(is_computed(item) for item in value)
    return isinstance(value, str) and ("{{" in value or "{%" in value)


def load(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file; empty when the file is absent or empty."""
    return (yaml.safe_load(path.read_text(encoding="utf-8")) or {}) if path.exists() else {}


def documented_options(specification: dict[str, Any]) -> dict[str, Any]:
    """The options of all entry points by name; a default stated by any entry point is kept."""
    options: dict[str, Any] = {}
    for entry_point in specification.get("argument_specs", {}).values():
        for name, option in entry_point.get("options", {}).items():
            options[name] = {**options.get(name, {}), **option}
    return options


def same(left: object, right: object) -> bool:
    """Equality that tells true from 1 and 1 from 1.0, as a reader of the documentation would."""
    return type(left) is type(right) and left == right


def compare(options: dict[str, Any], defaults: dict[str, Any]) -> Iterator[str]:
    """Yield one sentence for each difference between a role's specification and its defaults."""
    for name in sorted(defaults.keys() - options.keys()):
        yield f"{name} has a default but is not documented"
    for name, option in sorted(options.items()):
        documented = "default" in option
        if documented and is_computed(option["default"]):
            yield f"{name}: the documented default contains Jinja"
        elif documented and name not in defaults:
            yield f"{name}: documented default {option['default']!r}, but the role sets none"
        elif name in defaults and is_computed(defaults[name]):
            if documented:
                yield f"{name}: the role computes the default, the documentation says {option['default']!r}"
        elif name in defaults and not (documented and same(option["default"], defaults[name])):
            stated = repr(option["default"]) if documented else "none"
            yield f"{name}: the role's default is {defaults[name]!r}, the documented one {stated}"


def check_role(role: Path) -> list[str]:
    """The differences of one role, each prefixed with the role's path."""
    specification = role / "meta" / "argument_specs.yml"
    if not specification.exists():
        return [f"{role}: no meta/argument_specs.yml"]
    options = documented_options(load(specification))
    return [f"{role}: {text}" for text in compare(options, load(role / "defaults" / "main.yml"))]


def main(directory: str) -> int:
    """Print every difference; return 1 when there is one."""
    roles = sorted(path for path in Path(directory).iterdir() if path.is_dir())
    problems = [problem for role in roles for problem in check_role(role)]
    for problem in problems:
        print(problem)
    print(f"{len(roles)} roles compared, {len(problems)} differences")
    return 1 if problems or not roles else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
