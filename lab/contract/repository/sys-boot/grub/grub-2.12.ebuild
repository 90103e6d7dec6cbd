# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

EAPI=8

inherit contract

DESCRIPTION="GNU's boot loader"
IUSE="+branding +device-mapper doc efiemu +fonts grub_platforms_efi-64 grub_platforms_pc libzfs mount nls sdl secureboot"
IUSE+=" +themes truetype"

src_install() {
	# of Gentoo's platforms the two of a PC; without a choice of one, what GRUB itself guesses for a PC: pc
	contract_src_install
	use grub_platforms_efi-64 || rm -r "${ED}"/usr/lib/grub/x86_64-efi || die
	if use grub_platforms_efi-64 && ! use grub_platforms_pc; then
		rm -r "${ED}"/usr/lib/grub/i386-pc || die
	fi
}
