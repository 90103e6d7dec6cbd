# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

EAPI=8

inherit contract

DESCRIPTION="Parts of systemd for systems that do not start it"
IUSE="+acl boot +kmod kernel-install secureboot selinux split-usr sysusers test +tmpfiles +udev ukify"
