# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The models' renders, made once: a run of the playbook takes seconds."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.unit.playbooks.rendering import MODELS, render


@pytest.fixture(scope="session")
def renders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The directory below which each model was rendered."""
    directories = {model: tmp_path_factory.mktemp(model) / "render" for model in MODELS}
    with ThreadPoolExecutor() as pool:
        runs = {
            model: pool.submit(render, inventory, directories[model], platform=platform)
            for model, (inventory, platform) in MODELS.items()
        }
    for run in runs.values():
        assert run.result().code == 0 and run.result().changed > 0, run.result().text
    return directories
