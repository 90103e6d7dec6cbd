# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

EAPI=8

inherit contract

DESCRIPTION="NFS server and client tools, with a server in user space for kernels without nfsd"
IUSE="+caps junction kerberos ldap libmount +nfsv3 +nfsv4 sasl selinux tcpd +uuid"
RDEPEND="net-nds/rpcbind"

pkg_preinst() {
	# the name is compiled into rpc.statd; Gentoo's is rpcuser
	contract_user statd /var/lib/nfs
	fowners statd:statd /var/lib/nfs/sm /var/lib/nfs/sm.bak /var/lib/nfs/state
}

src_install() {
	local script
	contract_src_install
	for script in nfs nfsclient $(usex nfsv3 rpc.statd "") $(usex nfsv4 "rpc.idmapd rpc.pipefs" ""); do
		newinitd "${FILESDIR}/${script}.initd" "${script}"
	done
	newconfd "${FILESDIR}"/nfsclient.confd nfsclient
	insinto /etc
	doins "${FILESDIR}"/exports
	exeinto /usr/libexec/netboot-lab
	doexe "${FILESDIR}"/nfsd-stand-in
	mv "${ED}"/usr/sbin/exportfs "${ED}"/usr/libexec/netboot-lab/exportfs || die
	newsbin "${FILESDIR}"/exportfs.sh exportfs
	keepdir /etc/exports.d /var/lib/nfs/{sm,sm.bak,v4recovery,v4root,ganesha} /var/lib/nfs/rpc_pipefs
	: > "${ED}"/var/lib/nfs/state || die
}
