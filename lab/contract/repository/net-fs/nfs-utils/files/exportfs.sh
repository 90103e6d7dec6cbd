#!/bin/sh
# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# exportfs(8) tells the kernel's NFS server what it exports. The lab's stand-in for that server has to be told too.
/usr/libexec/netboot-lab/exportfs "$@" || exit
/usr/libexec/netboot-lab/nfsd-stand-in reload
