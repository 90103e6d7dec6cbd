# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lets the tests import the checkout as ansible_collections.netboot.diskless, through Ansible's own loader."""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# Read when ansible is imported, so before that: the checkout's settings, whatever directory pytest was started in.
os.environ["ANSIBLE_CONFIG"] = str(ROOT / "ansible.cfg")
# The checkout itself, for the packages that are not part of the collection: lab, bench, tools.
sys.path.insert(0, str(ROOT))

from ansible.plugins.loader import init_plugin_loader  # noqa: E402

# Before site-packages, which may hold a released collection of the same name.
init_plugin_loader([str(ROOT / ".collections")])
