# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which init scripts of OpenRC a root gets besides those it has, and which services each of its runlevels holds.

Source: openrc-run(8), rc-update(8): a runlevel is a directory of symbolic links to scripts of /etc/init.d.
"""

from __future__ import annotations

Runlevels = dict[str, list[str]]


class MissingServices(Exception):
    """Services were asked for that a root has no init script for; the text names them."""


def console_services(console: str) -> list[str]:
    """The login on a slave's serial console, as OpenRC calls it: agetty.ttyS0 for ttyS0,115200."""
    tty = console.partition(",")[0]
    return [f"agetty.{tty}"] if tty else []


def further_scripts(scripts: set[str], runlevels: Runlevels, console: str) -> dict[str, str]:
    """Links to make in /etc/init.d, with what each points to.

    agetty runs once for each terminal under a name of its own. net.eth0 is netifrc's script for the interface that the
    root came over, so that services which need the network find it started.
    """
    asked = [*console_services(console), *(name for names in runlevels.values() for name in names)]
    links = {name: "agetty" for name in asked if name.startswith("agetty.tty")}
    links.update({name: "agetty" for name in console_services(console)})
    links["net.eth0"] = "net.lo"
    return {name: target for name, target in sorted(links.items()) if target in scripts}


def wanted_runlevels(scripts: set[str], runlevels: Runlevels, services: list[str], console: str) -> dict[str, set[str]]:
    """The services of each runlevel.

    Args:
        scripts: the root's init scripts, with those of further_scripts.
        runlevels: services by runlevel; one that has no script is left out.
        services: services of the default runlevel that must have one.
        console: the slave's console, such as ttyS0,115200, or nothing.

    Raises:
        MissingServices: some of services have no script.
    """
    missing = [name for name in services if name not in scripts]
    if missing:
        paths = ", ".join(f"/etc/init.d/{name}" for name in missing)
        raise MissingServices(f"slave_rootfs_services asks for {', '.join(missing)}, but the root has no {paths}")
    wanted = {level: {name for name in names if name in scripts} for level, names in runlevels.items()}
    wanted.setdefault("default", set()).update(services, set(console_services(console)) & scripts)
    return wanted
