# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The models' renders, made once: a run of the playbook takes seconds."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.playbooks.rendering import MODELS, render


@pytest.fixture(scope="session")
def renders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The directory below which each model was rendered."""
    directories = {}
    for model, (inventory, platform) in MODELS.items():
        directories[model] = tmp_path_factory.mktemp(model) / "render"
        run = render(inventory, directories[model], platform=platform)
        assert run.code == 0 and run.changed > 0, run.text
    return directories
