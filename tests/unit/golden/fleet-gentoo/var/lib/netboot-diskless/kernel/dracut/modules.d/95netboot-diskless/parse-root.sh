#!/bin/sh
# Managed by netboot.diskless: the root is where the kernel's own words say (nfsroot.rst of Linux).

if [ "$(getarg root=)" = /dev/nfs ] && getarg nfsroot= > /dev/null; then
    root=netboot-diskless
    # dracut's init asks for it.
    # shellcheck disable=SC2034
    rootok=1
fi
