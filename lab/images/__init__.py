# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the masters' images share: where packages come from, programs in a root, and where an image is kept.

The directory is an input of every image, with the stand-in for the kernel's NFS server that both userlands use.
"""
