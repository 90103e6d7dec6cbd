# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The option of every module that keeps something on the master."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  state_directory:
    description: Where the master keeps ledgers, former versions of files, and what it knows of the slaves' roots.
    type: path
    default: /var/lib/netboot-diskless
"""
