# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which services the runlevels of a root hold."""

from __future__ import annotations

import pytest
from ansible_collections.netboot.diskless.plugins.module_utils._root_services import (
    MissingServices,
    console_services,
    further_scripts,
    wanted_runlevels,
)

SCRIPTS = {"agetty", "bootmisc", "hostname", "local", "net.lo", "sshd"}
RUNLEVELS = {"boot": ["bootmisc", "hostname", "keymaps"], "default": ["agetty.tty1", "local", "net.eth0", "sshd"]}


@pytest.mark.parametrize(
    ("console", "services"),
    [("", []), ("ttyS0,115200", ["agetty.ttyS0"]), ("ttyS1", ["agetty.ttyS1"]), ("hvc0", ["agetty.hvc0"])],
)
def test_a_serial_console_has_a_login(console: str, services: list[str]) -> None:
    assert console_services(console) == services


@pytest.mark.parametrize(
    ("scripts", "console", "links"),
    [
        (SCRIPTS, "", {"agetty.tty1": "agetty", "net.eth0": "net.lo"}),
        (SCRIPTS, "ttyS0,9600", {"agetty.tty1": "agetty", "agetty.ttyS0": "agetty", "net.eth0": "net.lo"}),
        (SCRIPTS - {"agetty"}, "ttyS0,9600", {"net.eth0": "net.lo"}),
        (SCRIPTS - {"net.lo"}, "", {"agetty.tty1": "agetty"}),
        (set(), "ttyS0", {}),
    ],
)
def test_scripts_of_several_names(scripts: set[str], console: str, links: dict[str, str]) -> None:
    assert further_scripts(scripts, RUNLEVELS, console) == links


@pytest.mark.parametrize(
    ("services", "console", "boot", "default"),
    [
        ([], "", {"bootmisc", "hostname"}, {"local", "sshd"}),
        (["bootmisc"], "", {"bootmisc", "hostname"}, {"bootmisc", "local", "sshd"}),
        ([], "ttyS0", {"bootmisc", "hostname"}, {"local", "sshd"}),
    ],
)
def test_runlevels_hold_what_has_a_script(services: list[str], console: str, boot: set[str], default: set[str]) -> None:
    assert wanted_runlevels(SCRIPTS, RUNLEVELS, services, console) == {"boot": boot, "default": default}


def test_what_is_linked_is_started() -> None:
    scripts = SCRIPTS | set(further_scripts(SCRIPTS, RUNLEVELS, "ttyS0,9600"))
    wanted = wanted_runlevels(scripts, RUNLEVELS, [], "ttyS0,9600")
    assert wanted["default"] == {"agetty.tty1", "agetty.ttyS0", "local", "net.eth0", "sshd"}


def test_services_make_the_default_runlevel_when_there_is_none() -> None:
    assert wanted_runlevels(SCRIPTS, {"boot": ["hostname"]}, ["sshd"], "") == {
        "boot": {"hostname"},
        "default": {"sshd"},
    }


def test_all_missing_services_are_named_at_once() -> None:
    with pytest.raises(MissingServices) as refusal:
        wanted_runlevels(SCRIPTS, RUNLEVELS, ["ntpd", "sshd", "cronie"], "")
    text = str(refusal.value)
    assert "/etc/init.d/ntpd" in text and "/etc/init.d/cronie" in text and "sshd" not in text
    assert "slave_rootfs_services" in text


def test_does_not_change_what_it_is_given() -> None:
    runlevels = {"default": ["local"]}
    wanted_runlevels(SCRIPTS, runlevels, ["sshd"], "")
    assert runlevels == {"default": ["local"]}
