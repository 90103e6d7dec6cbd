# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# An ebuild of the contract: its distribution file is a tree of ready files, and it installs the part of that tree
# which its USE flags choose. The name, the flags and the resulting paths are Gentoo's; the contents come from Debian.

case ${EAPI} in
	8) ;;
	*) die "EAPI ${EAPI} is not supported" ;;
esac

HOMEPAGE="https://www.gentoo.org/"
SRC_URI="${P}.tar.xz"
LICENSE="GPL-3"
SLOT="0"
KEYWORDS="amd64"
RESTRICT="fetch mirror strip test"
QA_PREBUILT="*"
REQUIRES_EXCLUDE="*"

# @FUNCTION: contract_user
# @USAGE: <user> <home directory>
# @DESCRIPTION:
# Make a system user with a group of its own, as Gentoo's acct-user packages do, unless it exists.
contract_user() {
	getent group "$1" >/dev/null || groupadd --system "$1" || die
	getent passwd "$1" >/dev/null ||
		useradd --system --gid "$1" --home-dir "$2" --no-create-home --shell /sbin/nologin "$1" || die
}

contract_pkg_nofetch() {
	die "${P}.tar.xz is missing from the distribution files: the contract master was built without it"
}

contract_src_install() {
	cp -a "${S}/." "${ED}/" || die
}

EXPORT_FUNCTIONS pkg_nofetch src_install
