#!/usr/bin/env bash
# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Every linter, the same here and in continuous integration. Usage: make lint
set -euo pipefail
cd "$(dirname "$0")/.."
source tools/steps.sh

collection=.collections/ansible_collections/netboot/diskless

# The files of the checkout that match the patterns, tracked or new.
files() {
    git ls-files --cached --others --exclude-standard --deduplicate -- "$@" | while read -r path; do
        [[ ! -e $path ]] || printf '%s\n' "$path"
    done
}

# Plugins are checked under the name by which they import each other, and only under that.
types() {
    local -a paths
    mapfile -t paths < <(files '*.py' | sed "s|^plugins/|$collection/plugins/|")
    mypy "${paths[@]}"
}

shell() {
    local -a paths
    mapfile -t paths < <(files '*.sh' .ci/run)
    shellcheck --external-sources "${paths[@]}"
}

step "ruff check" ruff check --quiet
step "ruff format" ruff format --check --quiet
step "mypy" types
step "shellcheck" shell
step "yamllint" yamllint --strict .
step "argument specs" python tools/check_argument_specs.py roles
step "changelog" antsibull-changelog lint
step "collection docs" tools/lint_docs.sh
step "ansible-lint" ansible-lint --nocolor
close_steps lint
