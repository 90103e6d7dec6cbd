# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an initial RAM disk holds, lacks and must not hold."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from ansible_collections.netboot.diskless.plugins.module_utils._ramdisk import BadRamDisk, entries, missing, secrets

from tests.unit.packaged_kernel import DIRECTORY, FILE, MODULES, PACKED, PLAIN, cpio, ram_disk

KEY = b"-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n"


def test_every_archive_of_it_is_read() -> None:
    found = {entry.path: entry for entry in entries(ram_disk())}
    assert set(found) == {name.removeprefix("./") for name in {**PLAIN, **PACKED}}
    assert found["usr/sbin/mount.nfs"].data == b"\x7fELF" and found["usr/sbin/mount.nfs"].mode == FILE
    assert found["."].mode == DIRECTORY
    assert found["etc/netconfig"].data == b"udp\n"


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"\x28\xb5\x2f\xfd", "neither cpio nor gzip"),
        (cpio(PLAIN)[:200], "broken"),
        (ram_disk()[:-20], "ends too early"),
        (cpio({}) + b"\x1f\x8b" + b"x" * 50, "broken"),
    ],
)
def test_a_broken_one_is_refused(data: bytes, told: str) -> None:
    with pytest.raises(BadRamDisk, match=told):
        list(entries(data))


@pytest.mark.parametrize(
    ("driver", "known"),
    [
        ("", True),
        ("via-rhine", True),
        ("via_rhine", True),
        # Built in.
        ("e1000", True),
        ("e1000e", False),
        ("nfs.ko", False),
        ("1106:3065", True),
        ("8086:10d4", False),
        ("8086:10D4", False),
        # Of this one the driver claims some boards only; which board it is, nobody knows here.
        ("1106:3106", True),
        # What claims it is a sound card's.
        ("8086:2668", False),
        # Its driver is not in here, whatever is said of it.
        ("8086:10d3", False),
        # Of a driver that no distribution has.
        ("10ec:8168", True),
        ("10EC:8168", True),
    ],
)
def test_a_driver_that_is_missing_is_told(driver: str, known: bool) -> None:
    kind = "a driver of the network adapter" if ":" in driver else "the network driver"
    assert missing(list(entries(ram_disk())), [driver], [], []) == ([] if known else [f"{kind} {driver}"])


@pytest.mark.parametrize(
    ("modules", "known"),
    [((), False), (("virtio_pci",), False), (("virtio_net",), False), (("virtio_net", "virtio_pci"), True)],
)
def test_a_virtual_card_needs_the_driver_of_its_bus_and_its_own(modules: tuple[str, ...], known: bool) -> None:
    files = {**PLAIN, **{f"{MODULES}kernel/{name}.ko.xz": b"" for name in modules}}
    for pci_id in ("1af4:1000", "1af4:1041", "1AF4:1041"):
        assert (missing(list(entries(ram_disk(files))), [pci_id], [], []) == []) == known
    # All that this vendor has is claimed by the bus.
    assert missing(list(entries(ram_disk(files))), ["1af4:1042"], [], []) != []


def test_a_device_of_a_driver_that_is_built_in_is_known() -> None:
    text = b"e1000.license=GPL\0e1000.alias=pci:v00008086d0000100Esv*sd*bc*sc*i*\0e1000.author=x\0"
    files = {**PLAIN, f"{MODULES}modules.builtin.modinfo": text}
    assert missing(list(entries(ram_disk(files))), ["8086:100e"], [], []) == []


@pytest.mark.parametrize("lost", [*PLAIN, *PACKED])
def test_modules_and_programs_that_are_missing_are_told(lost: str) -> None:
    plain = {name: data for name, data in PLAIN.items() if name != lost}
    packed = {name: data for name, data in PACKED.items() if name != lost}
    lacking = missing(
        list(entries(ram_disk(plain, packed))), [], ["nfs", "nfsv3", "nfsv4"], ["bin/nfsmount", "sbin/mount.nfs"]
    )
    name = lost.rpartition("/")[2]
    kinds = {"nfs": "the module nfs", "nfsv3": "the module nfsv3", "nfsv4": "the module nfsv4"}
    kinds |= {"nfsmount": "the program /bin/nfsmount", "mount": "the program /sbin/mount.nfs"}
    wanted = kinds.get(name.partition(".")[0])
    assert lacking == ([wanted] if wanted else [])


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"etc/profile": b"PATH=/bin\n"}, []),
        ({"etc/dropbear/key": KEY}, ["etc/dropbear/key"]),
        ({"root/key": KEY, "cryptroot/keyfiles/a": KEY}, ["cryptroot/keyfiles/a", "root/key"]),
        # A library that reads keys has their first line among its texts.
        ({"usr/lib/libcrypto.so.3": b"\x7fELF" + KEY}, []),
        # On the master, others cannot read it.
        ({"etc/secret": b"password\n"}, ["etc/secret"]),
        ({"etc/public": b"password\n"}, []),
        ({"etc/secret": DIRECTORY}, []),
        ({"etc/closed/public": b"password\n"}, ["etc/closed/public"]),
        ({"etc/closed/in/public": b"password\n"}, ["etc/closed/in/public"]),
        # What a link leads to is in the RAM disk as a file.
        ({"etc/to_secret": b"password\n", "etc/to_public": b"password\n"}, ["etc/to_secret"]),
        ({"etc/to_closed": b"password\n", "etc/to_home": b"password\n"}, ["etc/to_closed", "etc/to_home"]),
        ({"etc/in_closed": b"password\n", "etc/nowhere": b"", "etc/to_nowhere": b""}, ["etc/in_closed"]),
        # That is closed on Gentoo, and no secret.
        ({"etc/ssh/sshd_config": b"UsePAM yes\n"}, []),
    ],
)
def test_secrets_are_told(tmp_path: Path, files: dict[str, bytes | int], told: list[str]) -> None:
    etc, home = tmp_path / "etc", tmp_path / "root"
    for directory in (etc / "closed/in", etc / "ssh", home):
        directory.mkdir(parents=True)
    modes = {"secret": 0o640, "public": 0o644, "closed/public": 0o644, "closed/in/public": 0o644}
    for name, mode in {**modes, "ssh/sshd_config": 0o600, "../root/public": 0o644}.items():
        (etc / name).write_text("password\n")
        (etc / name).chmod(mode)
    for closed in (etc / "closed", home):
        closed.chmod(0o700)
    links = {"secret": "secret", "public": "public", "closed": "closed/public", "home": "../root/public"}
    for name, target in {**links, "nowhere": "nowhere"}.items():
        (etc / f"to_{name}").symlink_to(target)
    (etc / "in_closed").symlink_to("closed/in/public")
    found = list(entries(gzip.compress(cpio(files))))
    assert secrets(found, str(tmp_path)) == told
