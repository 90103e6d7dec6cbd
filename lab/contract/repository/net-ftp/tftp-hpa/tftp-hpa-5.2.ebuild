# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

EAPI=8

inherit contract

DESCRIPTION="H. Peter Anvin's TFTP server"
IUSE="readline selinux tcpd"

src_install() {
	contract_src_install
	newinitd "${FILESDIR}"/in.tftpd.initd in.tftpd
	newconfd "${FILESDIR}"/in.tftpd.confd in.tftpd
}
