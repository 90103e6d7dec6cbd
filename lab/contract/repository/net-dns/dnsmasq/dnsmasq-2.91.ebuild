# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

EAPI=8

inherit contract

DESCRIPTION="A small server of names, addresses and boot files"
IUSE="auth-dns conntrack dbus +dhcp dhcp-tools dnssec +dumpfile id idn +inotify ipv6 libidn2 +loop lua nettlehash nls"
IUSE+=" script selinux static tftp"
REQUIRED_USE="dhcp-tools? ( dhcp ) dnssec? ( !nettlehash ) libidn2? ( idn ) lua? ( script )"

pkg_preinst() {
	contract_user dnsmasq /var/lib/misc
}

src_install() {
	# Debian's program has everything compiled in, TFTP too
	contract_src_install
	newinitd "${FILESDIR}"/dnsmasq.initd dnsmasq
	newconfd "${FILESDIR}"/dnsmasq.confd dnsmasq
	insinto /etc
	doins "${FILESDIR}"/dnsmasq.conf
	keepdir /var/lib/misc
}
