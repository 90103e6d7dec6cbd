#!/usr/bin/env bash
# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Run a molecule command on a scenario, in an instance of the lab of its own.
# Usage: tools/molecule.sh SCENARIO [COMMAND [ARGUMENT...]]; without a command the whole test.
# Environment: TEST_LAB_NAME tells two runs at the same time apart; default netboot-test.
set -euo pipefail
cd "$(dirname "$0")/.."

scenario=${1:?give a scenario: $(cd molecule && echo */)}
shift
export LAB_NAME=${TEST_LAB_NAME:-netboot-test}-$scenario
export LAB_CACHE=${LAB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/netboot-lab}
export MOLECULE_LAB_INVENTORY=$LAB_CACHE/run/$LAB_NAME/inventory
export MOLECULE_EPHEMERAL_DIRECTORY=$PWD/.cache/molecule/$LAB_NAME
mkdir -p "$MOLECULE_EPHEMERAL_DIRECTORY"
# Without a terminal its output is read by programs.
[[ -t 1 ]] || export NO_COLOR=1 PY_COLORS=0 ANSIBLE_FORCE_COLOR=0

if (($# == 0)); then
    set -- test
fi
command=$1
shift
molecule "$command" --scenario-name "$scenario" "$@"
