# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lets these tests import the checkout as ansible_collections.netboot.diskless, as the unit tests do."""

from __future__ import annotations

import tests.unit.conftest  # noqa: F401 - importing it is what it is for
