# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files of an /etc may leave the master."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.netboot.diskless.plugins.module_utils._root_secrets import holds_private_key, passing

from tests.unit.shared import needs_root

# What a key looks like, without one in this file that a scanner would take for one.
KEYS = {
    "pkcs1": "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIE\n",
    "pkcs8": "-----BEGIN " + "PRIVATE KEY-----\nMIIE\n",
    "encrypted": "-----BEGIN ENCRYPTED " + "PRIVATE KEY-----\nMIIE\n",
    "ec": "-----BEGIN EC " + "PRIVATE KEY-----\nMIIE\n",
    "openssh": "-----BEGIN OPENSSH " + "PRIVATE KEY-----\nb3Bl\n",
    "openpgp": "-----BEGIN PGP " + "PRIVATE KEY BLOCK-----\n\nlQ\n",
    "ssh2": "---- BEGIN SSH2 ENCRYPTED " + "PRIVATE KEY ----\nP2\n",
    "putty": "PuTTY-User-Key-File" + "-3: ssh-ed25519\n",
    "age": "# created: today\nAGE-SECRET-" + "KEY-1QQQ\n",
    "wireguard": "[Interface]\n  Private" + "Key = aGVsbG8=\n",
    "after a certificate": "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n-----BEGIN "
    + "PRIVATE KEY-----\nMIIE\n",
}
NO_KEYS = {
    "certificate": "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n",
    "public": "-----BEGIN PUBLIC KEY-----\nMII\n",
    "openssh public": "ssh-ed25519 AAAA root@master\n",
    "setting": "# where the private key is\nprivate_key = /etc/ssl/private/server.key\n",
    "empty": "",
}
# Whoever reads these on a slave learns nothing that every account of the master could not read as well.
ORDINARY = (
    "bash/bashrc",
    "conf.d/bootmisc",
    "conf.d/sshd",
    "default/ssh",
    "group",
    "hosts.allow",
    "init.d/agetty",
    "init.d/hostname",
    "init.d/net.lo",
    "init.d/sshd",
    "ld.so.conf",
    "local.d/README",
    "login.defs",
    "network/if-up.d/script",
    "rc.d/script",
    "systemd/journald.conf",
    "systemd/system/own.service",
    "nsswitch.conf",
    "os-release",
    "pam.d/login",
    "passwd",
    "profile",
    "rc.conf",
    "services",
    "ssh/moduli",
    "ssh/ssh_config",
    "ssh/sshd_config",
    "ssl/certs/ca-certificates.crt",
    "ssl/openssl.cnf",
)
# World-readable here, so that it is the name alone that keeps each on the master.
MASTERS_BY_NAME = (
    "NetworkManager/system-connections/home.nmconnection",
    "ansible/vault",
    "apache2/ssl/site.key",
    "conf.d/agetty.ttyS0",
    "conf.d/dhcpd",
    "conf.d/hostname",
    "conf.d/in.tftpd",
    "conf.d/net",
    "conf.d/net.eth0",
    "conf.d/nfs",
    "crypttab",
    "default/isc-dhcp-server",
    "default/nfs-kernel-server",
    "default/tftpd-hpa",
    "dhcp/dhcpd.conf",
    "exports",
    "exports.d/netboot-diskless.exports",
    "fstab",
    "group-",
    "gshadow",
    "gshadow-",
    "hostid",
    "hostname",
    "hosts",
    "init.d/agetty.ttyS0",
    "init.d/net.eth0",
    "ipsec.secrets",
    "kea/kea-dhcp4.conf",
    "krb5.keytab",
    "letsencrypt/live/site/fullchain.pem",
    "local.d/nat.start",
    "local.d/nat.stop",
    "machine-id",
    "mail/dkim.key",
    "mtab",
    "netplan/50-cloud-init.yaml",
    "network/interfaces",
    "network/interfaces.d/eth0",
    "nfs.conf",
    "nfs.conf.d/netboot-diskless.conf",
    "openvpn/office.conf",
    "passwd-",
    "portage/make.conf",
    "ppp/chap-secrets",
    "rc2.d/S01ssh",
    "rcS.d/S01procps",
    "resolv.conf",
    "runlevels/default/sshd",
    "samba/client.keytab",
    "shadow",
    "shadow-",
    "ssh/ssh_host_ed25519_key",
    "ssh/ssh_host_ed25519_key.pub",
    "ssl/client.p12",
    "ssl/client.pfx",
    "ssl/private/site.pem",
    "udev/rules.d/70-persistent-net.rules",
    "wireguard/wg0.conf",
    "wpa_supplicant/wpa_supplicant.conf",
    "wpa_supplicant.conf",
)


def fill(etc: Path, files: dict[str, str]) -> None:
    for relative, text in files.items():
        path = etc / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def passed(etc: Path, *extra: str) -> set[str]:
    """What passes, without the directories."""
    found = set(passing(str(etc), list(extra)))
    for relative in found:
        above = os.path.dirname(relative)
        assert not above or above in found, f"{relative} passes without its directory"
    return {relative for relative in found if (etc / relative).is_symlink() or not (etc / relative).is_dir()}


def test_what_is_ordinary_passes_and_what_is_the_masters_does_not(tmp_path: Path) -> None:
    fill(tmp_path, dict.fromkeys((*ORDINARY, *MASTERS_BY_NAME), "text\n"))
    assert passed(tmp_path) == set(ORDINARY)


@pytest.mark.parametrize("name", MASTERS_BY_NAME)
def test_no_name_of_the_masters_passes_alone(tmp_path: Path, name: str) -> None:
    fill(tmp_path, {name: "text\n"})
    assert passed(tmp_path) == set()


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o400, 0o000, 0o660, 0o711, 0o4711, 0o2750])
@pytest.mark.parametrize("relative", ["application.conf", "deep/down/application.conf"])
def test_what_others_cannot_read_does_not_pass(tmp_path: Path, relative: str, mode: int) -> None:
    fill(tmp_path, {relative: "password = secret\n", "other.conf": "text\n"})
    (tmp_path / relative).chmod(mode)
    assert passed(tmp_path) == {"other.conf"}


@pytest.mark.parametrize("mode", [0o700, 0o750, 0o710, 0o711, 0o744, 0o754])
def test_what_is_in_a_directory_closed_to_others_does_not_pass(tmp_path: Path, mode: int) -> None:
    fill(tmp_path, {"closed/below/readable.conf": "password = secret\n", "open/readable.conf": "text\n"})
    (tmp_path / "closed").chmod(mode)
    assert passed(tmp_path) == {"open/readable.conf"}


def test_sshds_settings_pass_although_gentoo_hides_them(tmp_path: Path) -> None:
    settings = ("ssh/sshd_config", "ssh/sshd_config.d/50-site.conf")
    fill(tmp_path, dict.fromkeys((*settings, "ssh/other_config", "deep/ssh/sshd_config"), "PermitRootLogin no\n"))
    for path in tmp_path.rglob("*config*"):
        path.chmod(0o700 if path.is_dir() else 0o600)
    (tmp_path / settings[1]).chmod(0o600)
    assert passed(tmp_path) == set(settings)


@pytest.mark.parametrize("name", ["ssh/sshd_config", "ssh/sshd_config.d/50-site.conf"])
def test_a_key_in_sshds_settings_stays(tmp_path: Path, name: str) -> None:
    fill(tmp_path, {name: KEYS["openssh"]})
    assert passed(tmp_path) == set()


@pytest.mark.parametrize("form", KEYS)
def test_a_private_key_stays_wherever_it_lies(tmp_path: Path, form: str) -> None:
    fill(tmp_path, {"some/where/site.pem": KEYS[form], "some/where/other": "text\n"})
    assert passed(tmp_path) == {"some/where/other"}


@pytest.mark.parametrize("form", NO_KEYS)
def test_what_is_no_private_key_passes(tmp_path: Path, form: str) -> None:
    fill(tmp_path, {"site.pem": NO_KEYS[form]})
    assert passed(tmp_path) == {"site.pem"}


def test_a_key_in_a_large_file_stays(tmp_path: Path) -> None:
    fill(tmp_path, {"large": KEYS["pkcs8"] + "x" * (5 << 20)})
    assert passed(tmp_path) == set()


def test_a_file_that_cannot_be_read_counts_as_a_key(tmp_path: Path) -> None:
    assert holds_private_key(str(tmp_path / "gone"))
    assert holds_private_key(str(tmp_path))


def test_a_hard_link_to_a_secret_stays_under_its_other_name(tmp_path: Path) -> None:
    fill(tmp_path, {"shadow": "root:$6$secret:1::::::\n"})
    (tmp_path / "shadow").chmod(0o640)
    os.link(tmp_path / "shadow", tmp_path / "harmless")
    assert passed(tmp_path) == set()


def test_a_link_passes_as_a_link_and_is_not_followed(tmp_path: Path) -> None:
    fill(tmp_path, {"etc/text": "text\n", "outside/secret": KEYS["pkcs8"], "outside/plain": "text\n"})
    for name, target in {"dir": "../outside", "file": "../outside/secret", "gone": "nowhere", "in": "text"}.items():
        (tmp_path / "etc" / name).symlink_to(target)
    assert passed(tmp_path / "etc") == {"dir", "file", "gone", "in", "text"}


@needs_root
@pytest.mark.parametrize(
    "make",
    [
        lambda path: os.mkfifo(path),
        lambda path: os.mknod(path, stat.S_IFBLK | 0o666, os.makedev(7, 0)),
        lambda path: os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 3)),
        lambda path: socket.socket(socket.AF_UNIX).bind(str(path)),
    ],
    ids=["pipe", "block device", "character device", "socket"],
)
def test_what_is_no_file_stays(tmp_path: Path, make: Callable[[Path], object]) -> None:
    make(tmp_path / "special")
    (tmp_path / "special").chmod(0o666)
    assert passed(tmp_path) == set()


@pytest.mark.parametrize(
    ("pattern", "left"),
    [
        ("site.conf", {"deep/other.conf", "other.conf"}),
        ("deep/*", {"other.conf", "site.conf"}),
        ("deep", {"other.conf", "site.conf"}),
        ("deep/site.conf", {"deep/other.conf", "other.conf", "site.conf"}),
        ("*.conf", set()),
        ("", {"deep/other.conf", "deep/site.conf", "other.conf", "site.conf"}),
    ],
)
def test_the_users_patterns(tmp_path: Path, pattern: str, left: set[str]) -> None:
    fill(tmp_path, dict.fromkeys(("site.conf", "other.conf", "deep/site.conf", "deep/other.conf"), "text\n"))
    assert passed(tmp_path, pattern) == left


def test_a_file_that_goes_away_meanwhile_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path, {"going": "text\n", "staying": "text\n"})
    lstat = os.lstat

    def gone(path: str) -> os.stat_result:
        if path.endswith("/going"):
            os.unlink(path)
        return lstat(path)

    monkeypatch.setattr(os, "lstat", gone)
    assert set(passing(str(tmp_path), [])) == {"staying"}
