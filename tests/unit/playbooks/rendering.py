# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running the render playbook as its user does, in a process of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
ARTICLE = ROOT / "inventory"
FLEET = ROOT / "tests/unit/models/fleet"
PLATFORMS = sorted(path.stem for path in (ROOT / "roles/fleet/vars/platforms").glob("*.yml"))
# Inventory and platform by name: the article's one slave, and four slaves that have nothing in common, on each.
INVENTORIES = {"article": ARTICLE, "fleet": FLEET}
MODELS = {
    f"{name}-{platform}": (inventory, platform) for name, inventory in INVENTORIES.items() for platform in PLATFORMS
}


@dataclass(frozen=True)
class Run:
    """How a run of the playbook ended.

    Args:
        code: exit status.
        text: everything that it printed.
    """

    code: int
    text: str

    @property
    def changed(self) -> int:
        """How many tasks changed something, by the recap."""
        return sum(int(count) for count in re.findall(r" changed=(\d+) ", self.text))

    @property
    def said(self) -> str:
        """The text with each run of white space as one blank, because Ansible folds its messages."""
        return " ".join(self.text.split())


def render(inventory: Path, directory: Path | None, *options: str, platform: str = "gentoo") -> Run:
    """Renders an inventory below a directory; without one, render_dir is not given."""
    given = [] if directory is None else ["-e", f"render_dir={directory}"]
    given += ["-e", f"render_platform={platform}"] if platform else []
    environment = {
        **os.environ,
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_FORCE_COLOR": "0",
        "ANSIBLE_RETRY_FILES_ENABLED": "0",
        "COLUMNS": "1000",
    }
    done = subprocess.run(
        [sys.executable, "-m", "ansible", "playbook", str(ROOT / "playbooks/render.yml"), "-i", str(inventory)]
        + [*given, *options],
        cwd="/",
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return Run(done.returncode, done.stdout + done.stderr)


def files(directory: Path) -> dict[str, str]:
    """The text of each file below a directory, by its relative path."""
    return {str(path.relative_to(directory)): path.read_text() for path in directory.rglob("*") if path.is_file()}
