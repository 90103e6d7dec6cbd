#!/usr/bin/env bash
# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Make the virtual environment DIRECTORY from the pinned requirements; return at once when it is up to date.
# Usage: tools/venv.sh DIRECTORY [PYTHON]
# On a bare Debian, Python's venv module is a package of its own; as root this installs it.
set -euo pipefail
cd "$(dirname "$0")/.."

venv=${1:?usage: tools/venv.sh DIRECTORY [PYTHON]}
python=${2:-python3}
requirements=(requirements.txt requirements-dev.txt constraints.txt)
wanted=$(cat "${requirements[@]}" tools/venv.sh | sha256sum | cut -d' ' -f1)
stamp=$venv/.requirements.sha256

up_to_date() {
    [[ -x $venv/bin/python && -f $stamp && $(<"$stamp") == "$wanted" ]]
}

ensure_venv_module() {
    "$python" -c 'import ensurepip, venv' 2>/dev/null && return
    if [[ $(id -u) -ne 0 ]] || ! command -v apt-get >/dev/null; then
        echo "venv: $python has no venv module. On Debian: apt-get install python3-venv" >&2
        exit 1
    fi
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -q </dev/null
    apt-get install -q -y --no-install-recommends python3-venv </dev/null
}

up_to_date && exit 0
mkdir -p .cache
exec 9>.cache/venv.lock
flock 9 # two commands started together must not both install
up_to_date && exit 0

ensure_venv_module
"$venv/bin/python" -c '' 2>/dev/null || "$python" -m venv --clear "$venv"
# --no-compile: of the 40,000 files most are never imported, so compiling them all is wasted time.
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input --no-compile \
    -r requirements-dev.txt -c constraints.txt
printf '%s\n' "$wanted" >"$stamp"
