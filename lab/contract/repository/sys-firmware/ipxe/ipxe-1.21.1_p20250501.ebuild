# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

EAPI=8

inherit contract

DESCRIPTION="Network boot firmware"
IUSE="ipv6 iso lkrn +rom uefi64 undi usb"

src_install() {
	contract_src_install
	cd "${ED}"/usr/share/ipxe || die
	use undi || rm undionly.kpxe || die
	use lkrn || rm ipxe.lkrn || die
	use rom || rm ./*.rom || die
	if use uefi64; then
		dosym ipxe-x86_64.efi /usr/share/ipxe/ipxe.efi
	else
		rm ipxe-x86_64.efi || die
	fi
}
