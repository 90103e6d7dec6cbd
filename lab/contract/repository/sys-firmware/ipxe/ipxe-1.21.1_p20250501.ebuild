# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

EAPI=8

inherit contract

DESCRIPTION="Network boot firmware"
IUSE="+binary ipv6 iso lkrn +qemu secureboot uefi32 uefi64 undi usb vmware"

src_install() {
	# Gentoo's default is the ROMs for network cards, which are no part of the contract: without a flag nothing is here
	contract_src_install
	keepdir /usr/share/ipxe
	cd "${ED}"/usr/share/ipxe || die
	use undi || rm undionly.kpxe || die
	use lkrn || rm ipxe.lkrn || die
	if use uefi64; then
		dosym ipxe-x86_64.efi /usr/share/ipxe/ipxe.efi
	else
		rm ipxe-x86_64.efi || die
	fi
}
