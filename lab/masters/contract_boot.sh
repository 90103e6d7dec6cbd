#!/bin/sh
# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Keeps the contract master running, from inside its network namespace:
# contract_boot.sh PIDFILE ROOT SOURCE KERNELS [TREE PLACE]...
# PIDFILE only names this process for those who look for it. Everything else of the master's (mounts, processes, host
# name, SysV IPC) lives in namespaces that end with its init, so nothing can be left behind.

set -e

prepare()
{
	mount --make-rprivate /
	mount --bind "$1" "$1"
	cd "$1"
	mount -t proc -o nosuid,nodev,noexec proc proc
	mount -t sysfs -o ro,nosuid,nodev,noexec sysfs sys
	mount -t tmpfs -o mode=755,nosuid,noexec,size=1m dev dev
	for node in null:3 zero:5 full:7 random:8 urandom:9; do
		mknod -m 666 "dev/${node%:*}" c 1 "${node#*:}"
	done
	mknod -m 666 dev/tty c 5 0
	# what a service prints on the console is not lost: init's own output is the master's log
	mknod -m 600 dev/console c 1 3
	mkdir dev/pts dev/shm
	mount -t devpts -o newinstance,nosuid,noexec,ptmxmode=666,mode=620,gid=5 devpts dev/pts
	mount -t tmpfs -o nosuid,nodev,mode=1777 shm dev/shm
	ln -s pts/ptmx dev/ptmx
	ln -s /proc/self/fd dev/fd
	ln -s fd/0 dev/stdin
	ln -s fd/1 dev/stdout
	ln -s fd/2 dev/stderr
	mount -t tmpfs -o mode=755,nosuid,nodev run run
	# each boot has an identity of its own, or Ansible's module reboot would wait for a change forever
	cat proc/sys/kernel/random/uuid > run/boot_id
	mount --bind run/boot_id proc/sys/kernel/random/boot_id
	mount -o remount,bind,ro proc/sys/kernel/random/boot_id
	mkdir -p usr/src/linux var/cache/netboot-diskless/kernel
	mount --bind "$2" usr/src/linux
	mount -o remount,bind,ro usr/src/linux
	mount --bind "$3" var/cache/netboot-diskless/kernel
	shift 3
	# others' userlands, to be read only
	while [ $# -gt 0 ]; do
		mkdir -p ".$2"
		mount --bind "$1" ".$2"
		mount -o remount,bind,ro ".$2"
		shift 2
	done
	hostname "$(cat etc/hostname)"
	pivot_root . .
	umount -l .
	# OpenRC learns from this variable that it runs in a container, and leaves the hardware alone
	exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin TERM=linux container=lxc /sbin/openrc-init
}

if [ "$1" = prepare ]; then
	shift
	prepare "$@"
fi

pid_file="$1"
shift
[ -n "${pid_file}" ]
while :; do
	status=0
	# pdeathsig and kill-child: whoever ends this script ends the master
	setpriv --pdeathsig KILL unshare --mount --pid --uts --ipc --fork --kill-child=KILL sh "$0" prepare "$@" || status=$?
	# reboot(2) in a pid namespace: its init ends by SIGHUP for a restart, by SIGINT for a halt
	[ "${status}" -eq 129 ] || exit "${status}"
	echo "master: starting again"
done
