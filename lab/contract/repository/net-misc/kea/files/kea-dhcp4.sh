#!/bin/sh
# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Kea with Gentoo's directory for hooks.
export KEA_HOOKS_PATH=/usr/lib64/kea/hooks
exec /usr/libexec/netboot-lab/kea-dhcp4 "$@"
