#!/usr/bin/env bash
# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Sourced by the runners: run every step, fail or not, and close with a table of results and times.

declare -a steps_report=()
declare -i steps_passed=0 steps_failed=0

# step NAME COMMAND [ARGUMENT...]
step() {
    local name=$1 start=$SECONDS result=passed
    shift
    printf '\n=== %s\n' "$name"
    if "$@"; then
        steps_passed+=1
    else
        result=FAILED
        steps_failed+=1
    fi
    steps_report+=("$(printf '%-22s %-7s %4d s' "$name" "$result" $((SECONDS - start)))")
}

# close_steps WHAT: print the table; the status says whether every step passed.
close_steps() {
    printf '\n'
    printf '%s\n' "${steps_report[@]}"
    printf '%s: %d passed, %d failed in %d s\n' "$1" "$steps_passed" "$steps_failed" "$SECONDS"
    ((steps_failed == 0))
}
