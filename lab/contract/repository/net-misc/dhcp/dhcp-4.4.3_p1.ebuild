# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

EAPI=8

inherit contract

DESCRIPTION="ISC's DHCP server"
IUSE="+client ipv6 ldap selinux +server ssl vim-syntax"

pkg_preinst() {
	contract_user dhcp /var/lib/dhcp
	if use server; then
		fowners dhcp:dhcp /var/lib/dhcp
	fi
}

src_install() {
	# the client is no part of the contract: a master and its slaves have fixed addresses
	if use server; then
		contract_src_install
		newinitd "${FILESDIR}"/dhcpd.initd dhcpd
		newconfd "${FILESDIR}"/dhcpd.confd dhcpd
		insinto /etc/dhcp
		doins "${FILESDIR}"/dhcpd.conf
	fi
	keepdir /var/lib/dhcp
}
