# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The contract master: real Portage and real OpenRC under Gentoo's paths and names, on a userland from Debian.

It keeps the contract between a play and a Gentoo master (package, service and file names, USE flags, CONFIG_PROTECT,
runlevels, the daemons' real answers). It is not Gentoo: nothing is compiled, and no package of Gentoo's is in it.
"""
