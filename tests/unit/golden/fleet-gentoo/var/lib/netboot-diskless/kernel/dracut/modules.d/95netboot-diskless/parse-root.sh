#!/bin/sh
# Managed by netboot.diskless: the root is where the kernel's own words say (nfsroot.rst of Linux).
# dracut's init asks for what is set here.
# shellcheck disable=SC2034

if [ "$(getarg root=)" = /dev/nfs ] && getarg nfsroot= > /dev/null; then
    root=netboot-diskless
    rootok=1
fi
