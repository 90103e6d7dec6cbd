# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The texts that make a root its slave's own."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from ansible_collections.netboot.diskless.plugins.module_utils import _root_identity as identity

SITE: dict[str, Any] = {
    "master_address": "192.168.1.1",
    "master_name": "master.mydomain.com",
    "domain": "mydomain.com",
    "dns_servers": ["192.168.1.1", "9.9.9.9"],
}
SLAVE: dict[str, Any] = {
    "name": "slave21",
    "hostname": "slave21",
    "fqdn": "slave21.mydomain.com",
    "address": "192.168.1.21",
    "root": "/diskless/192.168.1.21",
    "console": "ttyS0,115200",
    "nfs_version": "4.2",
}


def statements(text: str) -> list[str]:
    """The lines of a file that its first line says is managed."""
    assert text.startswith(identity.MANAGED) and text.endswith("\n")
    return [line for line in text.splitlines() if not line.startswith("#")]


@pytest.mark.parametrize(
    ("version", "options"), [("3", "rw,hard,nolock,vers=3"), ("4.1", "rw,hard,vers=4.1"), ("4.2", "rw,hard,vers=4.2")]
)
def test_fstab(version: str, options: str) -> None:
    text = identity.fstab({**SLAVE, "nfs_version": version}, SITE)
    assert statements(text) == [f"192.168.1.1:/diskless/192.168.1.21 / nfs {options} 0 0"]


@pytest.mark.parametrize(
    ("slave", "site", "own", "master"),
    [
        ({}, {}, "192.168.1.21 slave21.mydomain.com slave21", "192.168.1.1 master.mydomain.com master"),
        ({"fqdn": "slave21"}, {"master_name": "master"}, "192.168.1.21 slave21", "192.168.1.1 master"),
    ],
)
def test_hosts(slave: dict[str, str], site: dict[str, str], own: str, master: str) -> None:
    lines = statements(identity.hosts({**SLAVE, **slave}, {**SITE, **site}))
    assert lines == ["127.0.0.1 localhost", "::1 localhost", own, master]


@pytest.mark.parametrize(
    ("site", "lines"),
    [
        ({}, ["search mydomain.com", "nameserver 192.168.1.1", "nameserver 9.9.9.9"]),
        ({"domain": ""}, ["nameserver 192.168.1.1", "nameserver 9.9.9.9"]),
        ({"dns_servers": []}, ["search mydomain.com"]),
        ({"dns_servers": [], "domain": ""}, []),
    ],
)
def test_resolver(site: dict[str, Any], lines: list[str]) -> None:
    assert statements(identity.resolver({**SITE, **site})) == lines


def test_the_files_of_a_slave_that_starts_openrc() -> None:
    texts = identity.texts(SLAVE, SITE, "openrc")
    assert set(texts) == {
        "etc/conf.d/agetty.ttyS0",
        "etc/conf.d/hostname",
        "etc/conf.d/net",
        "etc/fstab",
        "etc/hostname",
        "etc/hosts",
        "etc/resolv.conf",
    }
    assert texts["etc/hostname"] == "slave21\n"
    assert statements(texts["etc/conf.d/hostname"]) == ['hostname="slave21"']
    assert statements(texts["etc/conf.d/net"]) == ['config_eth0="noop"']
    assert texts["etc/fstab"] == identity.fstab(SLAVE, SITE)
    assert texts["etc/hosts"] == identity.hosts(SLAVE, SITE)
    assert texts["etc/resolv.conf"] == identity.resolver(SITE)


def test_the_files_of_a_slave_that_starts_systemd() -> None:
    texts = identity.texts(SLAVE, SITE, "systemd")
    openrc = identity.texts(SLAVE, SITE, "openrc")
    shared = {"etc/fstab", "etc/hostname", "etc/hosts", "etc/resolv.conf"}
    network, processes = "etc/systemd/network/10-netboot-diskless.network", "etc/sysctl.d/50-pid-max.conf"
    assert set(texts) == {*shared, network, processes}
    assert {path: texts[path] for path in shared} == {path: openrc[path] for path in shared}
    assert statements(texts[network]) == ["[Match]", "Name=eth0", "", "[Network]", "KeepConfiguration=yes"]
    # Behind a hyphen, so that a kernel with room for fewer may refuse it.
    assert statements(texts[processes]) == ["-kernel.pid_max = 4194304"]


@pytest.mark.parametrize(
    ("console", "path", "baud"),
    [
        ("ttyS0,115200", "etc/conf.d/agetty.ttyS0", "115200"),
        ("ttyS1", "etc/conf.d/agetty.ttyS1", "9600"),
        ("hvc0", "etc/conf.d/agetty.hvc0", "9600"),
    ],
)
def test_a_serial_console(console: str, path: str, baud: str) -> None:
    text = identity.texts({**SLAVE, "console": console}, SITE, "openrc")[path]
    assert statements(text) == [f'baud="{baud}"', 'term_type="vt100"']


def test_no_console() -> None:
    assert not [path for path in identity.texts({**SLAVE, "console": ""}, SITE, "openrc") if "agetty" in path]


PASSWD = "root:x:0:0:root:/root:/bin/bash\nsshd:x:22:22::/var/empty:/sbin/nologin\n\n# no account\n"


@pytest.mark.parametrize(("given", "root"), [("", "*"), ("$6$salt$hash", "$6$salt$hash")])
def test_nobody_but_root_has_a_password(given: str, root: str) -> None:
    assert identity.shadow(PASSWD, given) == f"root:{root}::0:99999:7:::\nsshd:*::0:99999:7:::\n"


def test_the_masters_hashes_never_come_along() -> None:
    text = identity.shadow("root:$6$masters$hash:0:0:root:/root:/bin/bash\nbob:$6$bobs$hash:1:1::/:/bin/sh\n", "")
    assert "$6$" not in text


def test_roots_hash_is_replaced_and_every_other_account_kept() -> None:
    before = "root:*:1:0:99999:7:::\nrootless:$6$bobs$hash:2:0:99999:7:::\nbob:$6$bobs$hash:3:0:99999:7:::\nodd\n"
    after = identity.with_root_hash(before, "$6$new$hash")
    assert after == before.replace("root:*:", "root:$6$new$hash:", 1)
    assert identity.with_root_hash(after, "$6$new$hash") == after


def test_no_group_has_a_password() -> None:
    assert identity.group_shadow("root:x:0:\nwheel:x:10:root\n\n") == "root:!::\nwheel:!::\n"


def test_host_keys_are_pairs_and_never_the_same() -> None:
    (private, public), (other, _other_public) = identity.host_key("root@slave21"), identity.host_key("root@slave22")
    assert private != other
    assert public.split()[0] == b"ssh-ed25519" and public.split()[2] == b"root@slave21"
    # An OpenSSH private key holds its public half.
    assert base64.b64decode(public.split()[1]) in base64.b64decode(b"".join(private.splitlines()[1:-1]))


def test_a_failing_ssh_keygen_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(OSError, match="ssh-keygen"):
        identity.host_key("root@slave21")
