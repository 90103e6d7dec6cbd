# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Debian image: which packages lie in its archive, and what of the stand-in's is unpacked."""

from pathlib import Path

from lab.debian import build


def test_nothing_that_a_play_installs_is_in_the_image_already() -> None:
    archive = set(build.LISTS["archive"])
    assert archive & set(build.LISTS["base"]) == set()
    assert archive & set(build.LISTS["stand_in"]) == set()


def test_lists_are_sorted() -> None:
    for name in ("base", "archive", "stand_in"):
        assert build.LISTS[name] == sorted(build.LISTS[name])


def test_the_stand_in_takes_only_what_the_archive_does_not_bring(tmp_path: Path) -> None:
    archive, fetched = tmp_path / "archive", tmp_path / "fetched"
    for directory, names in ((archive, ["rpcbind_1.deb"]), (fetched, ["rpcbind_1.deb", "liburcu_0.deb", "log"])):
        directory.mkdir()
        for name in names:
            (directory / name).touch()
    assert build.stand_in_packages(archive, fetched) == [fetched / "liburcu_0.deb"]


def test_programs_and_libraries_only() -> None:
    names = [
        "./etc/ganesha/ganesha.conf",
        "./usr/bin/ganesha.nfsd",
        "./usr/lib/",
        "./usr/lib/ganesha/libganesha_nfsd.so.6.5",
        "./usr/lib/systemd/system/nfs-ganesha.service",
        "./usr/lib/x86_64-linux-gnu/ganesha/libfsalvfs.so",
    ]
    assert build.stand_in_files(names) == [names[1], names[3], names[5]]


def test_the_archive_is_where_the_source_says() -> None:
    source = (build.HERE / "root/etc/apt/sources.list.d/netboot-lab.sources").read_text()
    assert f"URIs: file:/{build.ARCHIVE}\n" in source


def test_the_unit_calls_the_stand_in() -> None:
    unit = (build.HERE / "root/usr/lib/netboot-lab/units/nfs-server.service").read_text()
    for verb in ("start", "reload", "stop"):
        assert f"=/{build.STAND_IN} {verb}\n" in unit
