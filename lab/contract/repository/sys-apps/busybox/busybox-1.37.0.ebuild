# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

EAPI=8

inherit contract

# Its files are part of the image: this entry says so to Portage.
DESCRIPTION="Many small programs in one"
SRC_URI=""
RESTRICT=""
S="${WORKDIR}"

src_install() { :; }
