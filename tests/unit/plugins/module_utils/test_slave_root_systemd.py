# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roots that are made from a system with systemd, which lies in a directory of the master, and their choice of init."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.netboot.diskless.plugins.module_utils import _root_identity as identity
from ansible_collections.netboot.diskless.plugins.module_utils._root_source import inspect
from ansible_collections.netboot.diskless.plugins.module_utils._slave_root import Root, RootError

from tests.unit.root_world import ETC, World, services
from tests.unit.shared import needs_root, picture

pytestmark = needs_root

SYSTEM = "usr/lib/systemd/system"
UNITS = "etc/systemd/system"
FILES = {
    "usr/lib/systemd/systemd": "systemd",
    f"{SYSTEM}/getty@.service": "[Install]\nWantedBy=getty.target\n",
    f"{SYSTEM}/isc-dhcp-server.service": "[Install]\nWantedBy=multi-user.target\n",
    f"{SYSTEM}/ssh.service": "[Install]\nWantedBy=multi-user.target\nAlias=sshd.service\n",
    f"{SYSTEM}/nfs-server.service": "[Install]\nWantedBy=multi-user.target\n",
    f"{UNITS}/nfs-server.service": "[Service]\nExecStart=/usr/bin/masters-own\n",
    f"{UNITS}/own.service": "[Service]\nExecStart=/usr/bin/own\n",
    f"{UNITS}/ssh.service.d/override.conf": "[Service]\nEnvironment=MASTER=1\n",
    "etc/crypttab": "data /dev/sda2\n",
    "etc/init.d/isc-dhcp-server": "#!/bin/sh\n",
    "etc/netplan/50.yaml": "network:\n",
    "etc/network/interfaces": "iface eth0 inet static\n",
    "etc/systemd/journald.conf": "[Journal]\n",
    "etc/systemd/network/eth0.network": "[Network]\nAddress=192.168.1.1/24\n",
}
LINKS = {
    "lib": "usr/lib",
    "usr/sbin/init": "/lib/systemd/systemd",
    f"{UNITS}/multi-user.target.wants/isc-dhcp-server.service": f"/{SYSTEM}/isc-dhcp-server.service",
    f"{UNITS}/default.target": f"/{SYSTEM}/graphical.target",
    f"{UNITS}/run-rpc_pipefs.mount": "/dev/null",
    "etc/rc2.d/S01isc-dhcp-server": "../init.d/isc-dhcp-server",
    "etc/rcS.d/S01procps": "../init.d/procps",
}


class Debian(World):
    """A world whose master has a second system in a directory, of which slaves are made unless they say otherwise."""

    def __init__(self, base: Path) -> None:
        super().__init__(base)
        system = base / "srv/debian"
        shutil.copytree(self.master, system, symlinks=True)
        for name in ("sbin/init", "sbin/openrc-init", "etc/init.d", "etc/runlevels", "etc/conf.d"):
            path = system / name
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        (system / "sbin").rmdir()
        (system / "sbin").symlink_to("usr/sbin")
        for name, text in FILES.items():
            (system / name).parent.mkdir(parents=True, exist_ok=True)
            (system / name).write_text(text)
        for name, target in LINKS.items():
            (system / name).parent.mkdir(parents=True, exist_ok=True)
            (system / name).symlink_to(target)
        (base / "own-master").symlink_to(self.master)
        self.master = str(system)


@pytest.fixture
def debian(tmp_path: Path) -> Debian:
    return Debian(tmp_path)


def units(root: Path) -> dict[str, str]:
    """What is below /etc/systemd/system: the target of each link, and nothing of each file."""
    system = root / UNITS
    return {
        str(path.relative_to(system)): os.readlink(path) if path.is_symlink() else ""
        for path in system.rglob("*")
        if not path.is_dir()
    }


def test_a_new_root_starts_what_the_inventory_says(debian: Debian) -> None:
    assert debian.bring(dry=True) == debian.bring() == [debian.made_from()]
    root = debian.roots / "192.168.1.21"
    assert units(root) == {
        "default.target": f"/{SYSTEM}/multi-user.target",
        "getty.target.wants/getty@tty1.service": f"/{SYSTEM}/getty@.service",
        "multi-user.target.wants/ssh.service": f"/{SYSTEM}/ssh.service",
        "own.service": "",
        "sshd.service": f"/{SYSTEM}/ssh.service",
    }
    assert debian.bring() == []


def test_what_its_machine_is_and_starts_stays_behind(debian: Debian) -> None:
    seen = picture(debian.made())
    stayed = (
        "crypttab",
        "netplan",
        "network/interfaces",
        "rc2.d",
        "rcS.d",
        "systemd/network/eth0.network",
        "runlevels",
    )
    assert not [name for name in stayed if f"etc/{name}" in seen]
    assert not [name for name in seen if name.startswith("etc/conf.d")]
    assert "etc/systemd/journald.conf" in seen and "etc/init.d/isc-dhcp-server" in seen


def test_its_identity_is_its_own_and_its_network_the_kernels(debian: Debian) -> None:
    root, other = debian.made(21), debian.made(22)
    for number, path in ((21, root), (22, other)):
        assert (path / "etc/hostname").read_text() == f"slave{number}\n"
    for name in ("etc/machine-id", "etc/ssh/ssh_host_ed25519_key", "etc/hosts", "etc/fstab"):
        assert (root / name).read_bytes() != (other / name).read_bytes(), name
    assert (root / identity.NETWORK).read_text() == identity.KEEP_NETWORK
    assert os.listdir(root / "etc/systemd/network") == [os.path.basename(identity.NETWORK)]


@pytest.mark.parametrize(
    ("harm", "mended"),
    [
        (lambda root: (root / identity.NETWORK).unlink(), [f"{identity.NETWORK} is written"]),
        (
            lambda root: (root / f"{UNITS}/default.target").unlink(),
            [f"{UNITS}/default.target is linked to /{SYSTEM}/multi-user.target"],
        ),
        (
            lambda root: (root / f"{UNITS}/sshd.service").unlink(),
            [f"{UNITS}/sshd.service is linked to /{SYSTEM}/ssh.service"],
        ),
        (
            lambda root: (root / f"{UNITS}/multi-user.target.wants/own.service").symlink_to("../own.service"),
            [f"{UNITS}/multi-user.target.wants/own.service is removed"],
        ),
        (
            lambda root: shutil.rmtree(root / f"{UNITS}/getty.target.wants"),
            [
                f"{UNITS}/getty.target.wants is made",
                f"{UNITS}/getty.target.wants/getty@tty1.service is linked to /{SYSTEM}/getty@.service",
            ],
        ),
    ],
)
def test_what_was_harmed_is_mended_and_shown_before(
    debian: Debian, harm: Callable[[Path], object], mended: list[str]
) -> None:
    root = debian.made()
    whole = picture(root)
    harm(root)
    harmed = picture(root)
    assert debian.bring(dry=True) == [f"{root}/{line}" for line in mended]
    assert picture(root) == harmed
    assert debian.bring() == [f"{root}/{line}" for line in mended]
    assert picture(root) == whole and debian.bring() == []


def test_what_the_slave_enabled_elsewhere_and_wrote_itself_stays(debian: Debian) -> None:
    root = debian.made()
    (root / f"{UNITS}/timers.target.wants").mkdir()
    (root / f"{UNITS}/timers.target.wants/own.timer").symlink_to("../own.timer")
    (root / f"{UNITS}/sshd.service").unlink()
    (root / f"{UNITS}/sshd.service").write_text("the slave's")
    assert debian.bring(units={"multi-user.target": ["ssh.service"]}, services=[]) == []


@pytest.mark.parametrize("dry", [True, False])
def test_services_are_units_and_must_be_there(debian: Debian, dry: bool) -> None:
    with pytest.raises(RootError, match=r"slave21: slave_rootfs_services asks for ntpd.* no unit ntpd\.service"):
        debian.bring(dry=dry, services=["ntpd", "own"])
    assert os.listdir(debian.roots) == []
    root = debian.made(services=["own"])
    assert f"{UNITS}/own.service" in os.readlink(root / f"{UNITS}/multi-user.target.wants/own.service")
    with pytest.raises(RootError, match="no unit ntpd"):
        debian.bring(dry=dry, services=["ntpd"])


def test_a_dry_run_knows_the_units_that_new_programs_bring(debian: Debian) -> None:
    root = debian.made(services=[])
    Path(debian.master, SYSTEM, "chrony.service").write_text("[Install]\nAlias=chronyd.service\n")
    expected = [
        f"{root}/ gets the programs of {debian.master}",
        f"{root}/{UNITS}/chronyd.service is linked to /{SYSTEM}/chrony.service",
        f"{root}/{UNITS}/multi-user.target.wants/chrony.service is linked to /{SYSTEM}/chrony.service",
    ]
    before = picture(root)
    assert debian.bring(dry=True, stamp="two", services=["chrony"]) == expected
    assert picture(root) == before
    assert debian.bring(stamp="two", services=["chrony"]) == expected
    assert debian.bring(stamp="two", services=["chrony"]) == []


@pytest.mark.parametrize("name", ["a b", "../../../etc/passwd", "a/b"])
def test_a_unit_that_cannot_be_is_refused(debian: Debian, name: str) -> None:
    with pytest.raises(RootError, match="slave21: .* cannot be the name of a unit"):
        debian.bring(units={"multi-user.target": [name]}, services=[])


TRAPS = ("etc/systemd", UNITS, f"{UNITS}/multi-user.target.wants", "etc/systemd/network", "usr/lib/systemd", SYSTEM)


@pytest.mark.parametrize("trap", TRAPS)
def test_no_link_of_the_slaves_leads_out_of_its_root(debian: Debian, trap: str) -> None:
    root = debian.made()
    (root / identity.NETWORK).unlink()
    (root / f"{UNITS}/default.target").unlink()
    os.rename(root / trap, root / "moved")
    (root / trap).symlink_to(debian.base / "outside/below")
    before = picture(debian.base / "outside")
    with pytest.raises(RootError, match=f"slave21: {root}/{trap}"):
        debian.bring()
    assert picture(debian.base / "outside") == before


# --- which init, and which source


@pytest.fixture
def both(debian: Debian) -> Debian:
    """A world whose source has OpenRC beside systemd."""
    system = Path(debian.master)
    (system / "usr/sbin/openrc-init").write_text("openrc-init")
    for name in ("agetty", "bootmisc", "local", "net.lo", "sshd"):
        (system / "etc/init.d" / name).write_text(ETC["init.d/sshd"])
    (system / SYSTEM / "sshd.service").write_text("")
    return debian


def bring(world: World, init: str) -> Path:
    Root(world.slave(init=init), world.source(), False).bring()
    return world.roots / "192.168.1.21"


def test_slave_init_chooses_and_can_change(both: Debian) -> None:
    root = bring(both, init="openrc")
    assert "sshd" in services(root, "default") and (root / "etc/conf.d/net").exists()
    assert units(root) == {"own.service": ""}
    assert bring(both, init="auto") == root
    assert "multi-user.target.wants/sshd.service" in units(root) and (root / identity.NETWORK).exists()
    before = picture(root)
    bring(both, init="systemd")
    assert picture(root) == before


@pytest.mark.parametrize(
    ("init", "link", "told"),
    [("openrc", "", "does not have openrc"), ("auto", "/usr/bin/bash", "does not have an init that is known")],
)
def test_an_init_that_is_not_there_is_refused(debian: Debian, init: str, link: str, told: str) -> None:
    if link:
        Path(debian.master, "usr/sbin/init").unlink()
        Path(debian.master, "usr/sbin/init").symlink_to(link)
    with pytest.raises(RootError, match=f"slave21: {debian.master} {told}"):
        bring(debian, init=init)
    assert os.listdir(debian.roots) == []


@pytest.mark.parametrize("dry", [True, False])
def test_two_systems_in_one_root_are_refused(debian: Debian, dry: bool) -> None:
    root = debian.made()
    before = picture(root)
    own = str(debian.base / "own-master")
    told = f"slave21: {root} was made from {debian.master}, and slave_rootfs_source is now {own}"
    with pytest.raises(RootError, match=told):
        debian.bring(dry=dry, directory=own, system=inspect(own))
    assert picture(root) == before
    os.rename(root, f"{root}.old")
    assert debian.bring(dry=dry, directory=own, system=inspect(own)) == [f"{root} is made from the programs of {own}"]


def test_a_root_without_a_word_on_its_source_is_the_masters(world: World) -> None:
    root = world.made()
    (world.base / "state/roots/192.168.1.21.json").write_text(f'{{"root": "{root}", "programs": "one"}}')
    with pytest.raises(RootError, match=f"{root} was made from /, and slave_rootfs_source is now {world.master}"):
        world.bring()
