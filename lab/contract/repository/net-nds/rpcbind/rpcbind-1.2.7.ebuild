# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

EAPI=8

inherit contract

DESCRIPTION="The portmapper: tells where the RPC programs listen"
IUSE="debug remotecalls selinux systemd tcpd warmstarts"

pkg_preinst() {
	# the name is compiled into the daemon; Gentoo's is rpc
	contract_user _rpc /run/rpcbind
}

src_install() {
	contract_src_install
	newinitd "${FILESDIR}"/rpcbind.initd rpcbind
	newconfd "${FILESDIR}"/rpcbind.confd rpcbind
}
