#!/usr/bin/env bash
# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Everything that must pass, and the time of each part. Usage: make test
set -euo pipefail
cd "$(dirname "$0")/.."
source tools/steps.sh

step packages python -m lab packages
step lint tools/lint.sh
step unit pytest
# The source of Linux is one of the packages above; without it this step fails.
step linux pytest tests/linux
step sanity tools/sanity.sh
step "molecule default" tools/molecule.sh default
step "molecule debian" tools/molecule.sh debian
step "molecule nfsd" tools/molecule.sh nfsd
step "molecule answers" tools/molecule.sh answers
step "boot matrix" python -m matrix --core
close_steps test
