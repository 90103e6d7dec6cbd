# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

EAPI=8

inherit contract

DESCRIPTION="Copies trees and sends only the differences"
IUSE="acl examples iconv lz4 rrsync ssl stunnel system-zlib xattr xxhash zstd"

src_install() {
	contract_src_install
	newinitd "${FILESDIR}"/rsyncd.initd rsyncd
	newconfd "${FILESDIR}"/rsyncd.confd rsyncd
	insinto /etc
	doins "${FILESDIR}"/rsyncd.conf
}
