#!/bin/sh
# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Keeps the Debian master running: debian_boot.sh PIDFILE CONTROL-GROUPS OPTION-OF-SYSTEMD-NSPAWN...
# PIDFILE only names this process for those who look for it. CONTROL-GROUPS are directories, separated by colons: those
# of this instance alone. Everything else of the master's lives in namespaces that end with its init.

set -e

run()
{
	old_ifs="${IFS}"
	IFS=:
	for group in $1; do
		mkdir -p "${group}"
		echo $$ > "${group}/cgroup.procs"
	done
	IFS="${old_ifs}"
	shift
	# systemd-nspawn leaves a directory there, on a machine whose /run is no tmpfs
	mkdir -p /run/systemd
	mount -t tmpfs -o mode=755,nosuid,nodev,size=1m tmpfs /run/systemd
	# dnsmasq does not serve addresses without NET_ADMIN. The network is the master's own, made by the lab.
	exec systemd-nspawn --quiet --boot --register=no --keep-unit --console=pipe --settings=no --link-journal=no \
		--resolv-conf=off --timezone=off --hostname=master --system-call-filter=open_by_handle_at \
		--capability=CAP_NET_ADMIN "$@"
}

if [ "$1" = run ]; then
	shift
	run "$@"
fi

pid_file="$1"
shift
[ -n "${pid_file}" ]
while :; do
	status=0
	# pdeathsig and kill-child: whoever ends this script ends the master. systemd-nspawn that is killed leaves its
	# container running; in a pid namespace of its own, all below it ends with it.
	setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child=KILL --mount-proc sh "$0" run "$@" || status=$?
	# with --keep-unit systemd-nspawn leaves a reboot to whoever started it, and says so by this status
	[ "${status}" -eq 133 ] || exit "${status}"
	echo "master: starting again"
done
