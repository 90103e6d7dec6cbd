#!/usr/bin/env bash
# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Check the documentation of plugins, modules and roles. Usage: tools/lint_docs.sh
set -euo pipefail
cd "$(dirname "$0")/.."

antsibull-docs lint-collection-docs --plugin-docs --skip-rstcheck \
    --validate-collection-refs dependent --disallow-unknown-collection-refs \
    .collections/ansible_collections/netboot/diskless
