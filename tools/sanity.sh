#!/usr/bin/env bash
# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Build the collection as it would be published and put it through Ansible's own checks, at the path that
# ansible-test insists on.
# Every Python of a master or a controller that this machine has is used; ansible-test names those it has not.
# Usage: tools/sanity.sh [ANSIBLE-TEST ARGUMENT...]
set -euo pipefail
cd "$(dirname "$0")/.."

work=$PWD/.cache/sanity
collection=$work/ansible_collections/netboot/diskless
pythons=$work/python
home=${XDG_CACHE_HOME:-$HOME/.cache}/netboot-sanity # short: the environments below it have scripts with a #! line

# From the files that Git knows or would add: nothing else that lies about in the checkout can get in.
build_collection() {
    rm -rf "$work"
    mkdir -p "$work/source" "$collection"
    git ls-files -z --cached --others --exclude-standard --deduplicate |
        tar --create --ignore-failed-read --null --files-from=- |
        tar --extract --directory="$work/source"
    ansible-galaxy collection build --output-path "$work" "$work/source"
    tar --extract --directory="$collection" --file="$(echo "$work"/netboot-diskless-*.tar.gz)"
    git init --quiet "$collection" # else ansible-test asks the checkout around it, which ignores this directory
}

# pyenv puts a name on the PATH for every Python it knows, whether or not it may run: link those that do.
find_pythons() {
    local version candidate
    rm -rf "$pythons"
    mkdir -p "$pythons"
    for version in 3.9 3.10 3.11 3.12 3.13; do
        for candidate in $(type -ap "python$version") "${PYENV_ROOT:-$HOME/.pyenv}/versions/$version".*/bin/"python$version"; do
            if "$candidate" -c 'import ensurepip, venv' 2>/dev/null; then
                ln -s "$candidate" "$pythons/python$version"
                break
            fi
        done
    done
}

# ansible-test makes environments of its own below $HOME: give it one where pip needs no download and finds its index.
make_home() {
    umask 077 # an index may be named with a password
    mkdir -p "$home"/.ansible/test/cache "$home"/.pip "$home"/.config/pip
    # In place of the downloaded get-pip.py; the name is ansible-test's.
    printf 'import ensurepip\n\nensurepip.bootstrap()\n' >"$home/.ansible/test/cache/get_pip_24_2.py"
    cat "$HOME/.config/pip/pip.conf" >"$home/.pip/pip.conf" 2>/dev/null || true
    # ansible-test hides the environment from pip: its settings become a file, the one that wins.
    {
        echo '[global]'
        env | sed -n 's/^PIP_\([A-Z_]*\)=/\L\1\E = /p'
    } >"$home/.config/pip/pip.conf"
}

build_collection
find_pythons
make_home
cd "$collection"
path=$pythons:${PATH//"${PYENV_ROOT:-$HOME/.pyenv}/shims":/}
PATH=$path HOME=$home ansible-test sanity --color no "$@"
