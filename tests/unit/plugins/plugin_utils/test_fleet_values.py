# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of one value: what each accepts, what it refuses, and that the refusal says what is allowed."""

from __future__ import annotations

import datetime
from collections.abc import Callable

import pytest
from ansible_collections.netboot.diskless.plugins.plugin_utils import _fleet_paths as paths
from ansible_collections.netboot.diskless.plugins.plugin_utils import _fleet_site as site
from ansible_collections.netboot.diskless.plugins.plugin_utils import _fleet_values as values
from ansible_collections.netboot.diskless.plugins.plugin_utils._fleet_problems import Refused
from hypothesis import given
from hypothesis import strategies as st

Check = Callable[[object], object]

# What ends a word, a line, a statement, a string or an option somewhere: dhcpd.conf, exports, PXELINUX, iPXE, nfsroot=.
BREAKING = ("\n", "\r", "\0", "\x1b", '"', "'", "`", "{", "}", "\\", ";", " ", "\t", "#", ",", "$", "%", ":", "\u2028")

STRING_CHECKS: tuple[tuple[Check, str], ...] = (
    (values.mac, "00:02:a5:04:3b:66"),
    (values.address, "192.168.1.21"),
    (values.host_name, "slave21"),
    (values.inventory_name, "slave_21"),
    (values.domain, "mydomain.com"),
    (values.interface, "eth0"),
    (values.nic, "e1000"),
    (values.nic, "8086:10d3"),
    (values.console, "ttyS0"),
    (values.architecture, "x86_64"),
    (values.loader, "pxelinux"),
    (values.nfs_version, "4.2"),
    (paths.path, "/diskless/192.168.1.21"),
    (paths.site_path, "/diskless"),
    (site.network, "192.168.1.0/24"),
)
IDS = [f"{check.__module__.rpartition('_')[2]}-{good}" for check, good in STRING_CHECKS]


@pytest.mark.parametrize(("check", "good"), STRING_CHECKS, ids=IDS)
@pytest.mark.parametrize("breaking", BREAKING)
def test_no_breaking_character_passes(check: Check, good: str, breaking: str) -> None:
    check(good)
    middle = len(good) // 2
    for bad in (f"{good}{breaking}", f"{breaking}{good}", f"{good[:middle]}{breaking}{good[middle:]}"):
        with pytest.raises(Refused):
            check(bad)


@pytest.mark.parametrize(("check", "good"), [*STRING_CHECKS, (values.kernel_arguments, "quiet")])
@pytest.mark.parametrize(
    ("value", "read_as"),
    [
        (True, "a boolean"),
        (190, "a number"),
        (4.2, "a number"),
        (datetime.date(2024, 1, 1), "a date"),
        (datetime.datetime(2024, 1, 1, 1, 1), "a date"),
    ],
)
def test_what_yaml_takes_for_something_else_is_to_be_quoted(
    check: Check, good: str, value: object, read_as: str
) -> None:
    with pytest.raises(Refused, match=f"quote it, YAML read it as {read_as}$"):
        check(value)


@pytest.mark.parametrize(("check", "good"), [*STRING_CHECKS, (values.kernel_arguments, "quiet")])
@pytest.mark.parametrize("value", [None, ["x"], {"x": 1}, b"x"])
def test_other_types_are_refused(check: Check, good: str, value: object) -> None:
    with pytest.raises(Refused, match="as a string$"):
        check(value)


@pytest.mark.parametrize(
    ("check", "value", "result"),
    [
        (values.mac, "00:02:A5:04:3B:66", "00:02:a5:04:3b:66"),
        (values.mac, "00-02-A5-04-3B-66", "00:02:a5:04:3b:66"),
        (values.mac, "52:54:00:12:34:56", "52:54:00:12:34:56"),
        (values.host_name, "a", "a"),
        (values.host_name, "3com.lab", "3com.lab"),
        (values.host_name, "Slave-21", "Slave-21"),
        (values.host_name, "x" * 63, "x" * 63),
        (values.host_name, f"{'x' * 60}.abc", f"{'x' * 60}.abc"),
        (values.domain, "home.arpa", "home.arpa"),
        (values.domain, f"{'x' * 63}.{'x' * 63}.{'x' * 63}.{'x' * 61}", f"{'x' * 63}.{'x' * 63}.{'x' * 63}.{'x' * 61}"),
        (values.interface, "br-lan", "br-lan"),
        (values.interface, "eth0.10", "eth0.10"),
        (values.interface, "x" * 15, "x" * 15),
        (values.nic, "", ""),
        (values.nic, "via-rhine", "via-rhine"),
        (values.nic, "8139too", "8139too"),
        (values.nic, "x" * 55, "x" * 55),
        (values.nic, "8086:10D3", "8086:10d3"),
        (values.console, "", ""),
        (values.console, "tty0", "tty0"),
        (values.console, "ttyS0,115200", "ttyS0,115200"),
        (values.console, "ttyUSB1,115200n8", "ttyUSB1,115200n8"),
        (values.console, "ttyS1,9600e7r", "ttyS1,9600e7r"),
        (values.console, "hvc0", "hvc0"),
        (values.kernel_arguments, "", ""),
        (values.kernel_arguments, "quiet net.ifnames=0", "quiet net.ifnames=0"),
        (values.kernel_arguments, "isolcpus=1-3,5 rootwait rootfstype=nfs", "isolcpus=1-3,5 rootwait rootfstype=nfs"),
        (values.boolean, True, True),
        (values.boolean, False, False),
        (values.addresses, [], []),
        (values.addresses, ["1.1.1.1", "223.255.255.1"], ["1.1.1.1", "223.255.255.1"]),
        (values.addresses, ["192.168.1.1", "9.9.9.9"], ["192.168.1.1", "9.9.9.9"]),
        (values.addresses, ("9.9.9.9",), ["9.9.9.9"]),
    ],
)
def test_accepted(check: Check, value: object, result: object) -> None:
    assert check(value) == result


@pytest.mark.parametrize(
    ("check", "value"),
    [
        (values.mac, ""),
        (values.mac, "00:02:a5:04:3b"),
        (values.mac, "00:00:00:00:00:00"),
        (values.mac, "ff:ff:ff:ff:ff:ff"),
        (values.mac, "01:00:5e:00:00:01"),
        (values.mac, "33:33:00:00:00:01"),
        (values.mac, "0F:00:00:00:00:01"),
        (values.address, "192.168.1"),
        (values.address, "192.168.1.021"),
        (values.address, "slave21"),
        (values.host_name, ""),
        (values.host_name, "slave_21"),
        (values.host_name, "-slave"),
        (values.host_name, "slave-"),
        (values.host_name, "a..b"),
        (values.host_name, "slave21."),
        (values.host_name, "x" * 64),
        (values.host_name, f"{'x' * 61}.abc"),
        (values.host_name, "192.168.1.21"),
        (values.host_name, "21"),
        (values.host_name, "sl\u00e4ve"),
        (values.inventory_name, ""),
        (values.inventory_name, "-x"),
        (values.inventory_name, "x."),
        (values.inventory_name, "x" * 254),
        (values.inventory_name, "/x"),
        (values.domain, ""),
        (values.domain, "mydomain.com."),
        (values.domain, ".com"),
        (values.domain, "10.0"),
        (values.domain, f"{'x' * 63}.{'x' * 63}.{'x' * 63}.{'x' * 62}"),
        (values.interface, ""),
        (values.interface, "x" * 16),
        (values.interface, "a/b"),
        (values.interface, "."),
        (values.interface, ".."),
        (values.nic, "../e1000"),
        (values.nic, "-e1000"),
        (values.nic, "x" * 56),
        (values.nic, "8086:"),
        (values.nic, "8086:10d"),
        (values.nic, "8086:10d3a"),
        (values.nic, "8086:10g3"),
        (values.nic, "8086.10d3"),
        (values.console, "ttyS0,"),
        (values.console, "ttyS0,fast"),
        (values.console, "ttyS0,0115200"),
        (values.console, "/dev/ttyS0"),
        (values.console, "ttyS0,115200 init=/bin/sh"),
        (values.console, "ttyS"),
        (values.architecture, "X86_64"),
        (values.architecture, "arm64"),
        (values.architecture, ""),
        (values.loader, "iPXE"),
        (values.nfs_version, "4"),
        (values.nfs_version, "2"),
        (values.nfs_version, "4.0"),
        (values.kernel_arguments, "quiet\nAPPEND evil"),
        (values.kernel_arguments, "quiet\n"),
        (values.kernel_arguments, " quiet"),
        (values.kernel_arguments, "quiet  splash"),
        (values.kernel_arguments, "quiet\tsplash"),
        (values.kernel_arguments, "x='a b'"),
        (values.kernel_arguments, 'x="a b"'),
        (values.kernel_arguments, "x=\\"),
        (values.kernel_arguments, "x=${net0/mac}"),
        (values.kernel_arguments, "x;reboot"),
        (values.kernel_arguments, "x&&shell"),
        (values.kernel_arguments, "x||shell"),
        (values.kernel_arguments, "x=#"),
        (values.kernel_arguments, "x=\u00e4"),
        (values.kernel_arguments, "x=\x7f"),
        (values.kernel_arguments, "ip=off"),
        (values.kernel_arguments, "quiet root=/dev/sda1"),
        (values.kernel_arguments, "nfsroot=10.0.0.1:/evil quiet"),
        (values.kernel_arguments, "nfsaddrs=off"),
        (values.kernel_arguments, "root"),
        (values.boolean, "true"),
        (values.boolean, "yes"),
        (values.boolean, 1),
        (values.boolean, None),
        (values.addresses, "192.168.1.1"),
        (values.addresses, None),
        (values.addresses, {"192.168.1.1": 1}),
        (values.addresses, [1]),
        (values.addresses, ["dns.mydomain.com"]),
        (values.addresses, ["127.0.0.1"]),
        (values.addresses, ["0.0.0.0"]),
        (values.addresses, ["224.0.0.1"]),
        (values.addresses, ["255.255.255.255"]),
        (values.addresses, ["fe80::1"]),
    ],
)
def test_refused(check: Check, value: object) -> None:
    with pytest.raises(Refused) as caught:
        check(value)
    assert str(caught.value)


@given(st.text())
def test_words_for_the_kernel_stay_one_printable_line(text: str) -> None:
    try:
        words = values.kernel_arguments(text)
    except Refused:
        return
    assert words == text
    assert all(" " <= character <= "~" for character in words)
    assert not set(words) & set("\"'\\{};#$`&|<>")
    assert not {word.partition("=")[0] for word in words.split()} & {"ip", "root", "nfsroot", "nfsaddrs"}


def test_ansibles_strings_become_plain_ones() -> None:
    class Tagged(str):
        pass

    assert type(values.text(Tagged("x"), "x")) is str
    assert type(values.host_name(Tagged("x"))) is str
