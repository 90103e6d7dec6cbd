# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

EAPI=8

inherit contract

DESCRIPTION="A small, fast HTTP server"
IUSE="aio debug +http +http2 http3 +http-cache ktls libatomic mail +pcre +pcre2 pcre-jit rtmp selinux ssl threads"

pkg_preinst() {
	contract_user nginx /var/lib/nginx
	fowners nginx:nginx /var/lib/nginx
}

src_install() {
	contract_src_install
	newinitd "${FILESDIR}"/nginx.initd nginx
	newconfd "${FILESDIR}"/nginx.confd nginx
	insinto /etc/nginx
	doins "${FILESDIR}"/nginx.conf
	keepdir /var/lib/nginx /var/log/nginx
	fperms 0750 /var/lib/nginx
}
