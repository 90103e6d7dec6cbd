# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

EAPI=8

inherit contract

DESCRIPTION="ISC's DHCP server of today"
IUSE="debug doc kerberos mysql +openssl postgres selinux shell"

pkg_preinst() {
	contract_user dhcp /var/lib/dhcp
	fowners dhcp:dhcp /var/lib/kea /var/log/kea
	fowners -R root:dhcp /etc/kea
}

src_install() {
	# only DHCP for IPv4, with its hooks: the other services are no part of the contract
	contract_src_install
	# Kea takes its hooks from one directory alone, whose name is compiled in: Debian's, where Gentoo's is another
	exeinto /usr/libexec/netboot-lab
	doexe "${ED}"/usr/sbin/kea-dhcp4
	newsbin "${FILESDIR}"/kea-dhcp4.sh kea-dhcp4
	newinitd "${FILESDIR}"/kea.initd kea
	dosym kea /etc/init.d/kea-dhcp4
	newconfd "${FILESDIR}"/kea-dhcp4.confd kea-dhcp4
	insinto /etc/kea
	doins "${FILESDIR}"/kea-dhcp4.conf
	fperms 0750 /etc/kea
	fperms 0640 /etc/kea/kea-dhcp4.conf
	keepdir /var/lib/kea /var/log/kea
	fperms 0750 /var/lib/kea /var/log/kea
}
