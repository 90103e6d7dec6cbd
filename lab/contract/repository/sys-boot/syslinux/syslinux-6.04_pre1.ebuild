# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

EAPI=8

inherit contract

DESCRIPTION="Boot loaders, pxelinux among them"
IUSE="abi_x86_32 +bios +uefi"

src_install() {
	contract_src_install
	if ! use bios; then
		find "${ED}"/usr/share/syslinux -maxdepth 1 -type f -delete || die
	fi
	if ! use uefi; then
		rm -r "${ED}"/usr/share/syslinux/efi{32,64} || die
	fi
}
