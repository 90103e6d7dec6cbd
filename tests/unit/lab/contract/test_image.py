# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of the image fit together: what one file names, another has."""

import re
import subprocess
from pathlib import Path

import pytest

from lab.contract import build, distfiles, runlevels, userland

REPOSITORY = build.HERE / "repository"
EBUILDS = sorted(REPOSITORY.glob("*/*/*.ebuild"))
SCRIPTS = sorted([*(build.HERE / "root/etc/init.d").iterdir(), *REPOSITORY.rglob("*.initd")])


def test_every_service_of_a_runlevel_has_a_script() -> None:
    ours = {path.name for path in (build.HERE / "root/etc/init.d").iterdir()}
    known = ours | set(build.KEPT_SCRIPTS) | {"net.eth0"}
    named = {service for services in runlevels.RUNLEVELS.values() for service in services.split()}
    assert named - known == set()


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_are_openrc_services_that_a_shell_can_read(script: Path) -> None:
    assert script.read_text(encoding="utf-8").startswith("#!/sbin/openrc-run\n")
    subprocess.run(["sh", "-n", str(script)], check=True)


@pytest.mark.parametrize("ebuild", EBUILDS, ids=lambda path: path.stem)
def test_ebuild(ebuild: Path) -> None:
    text = ebuild.read_text(encoding="utf-8")
    category, package = ebuild.parts[-3:-1]
    assert category in (REPOSITORY / "profiles/categories").read_text(encoding="ascii").split()
    assert (f"{category}/{package}" in distfiles.MOVES) == ('SRC_URI=""' not in text)
    for name in re.findall(r'FILESDIR}?"?/([\w.-]+)', text):
        assert (ebuild.parent / "files" / name).exists()


def test_every_distribution_file_has_an_ebuild() -> None:
    assert {package for package in distfiles.MOVES if distfiles.ebuild_of(REPOSITORY, package)} == set(distfiles.MOVES)


def test_no_daemon_stays_in_the_image() -> None:
    assert set(userland.LISTS["daemons"]) & set(userland.LISTS["base"]) == set()


def test_the_hash_is_of_the_contents() -> None:
    assert re.fullmatch(r"[0-9a-f]{16}", build.IMAGE.inputs_hash())
    assert build.IMAGE.inputs_hash() == build.IMAGE.inputs_hash()


def test_distribution_file_and_manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "root"
    ebuild = root / "var/db/repos/contract/net-misc/tool/tool-1.ebuild"
    program = root / "usr/sbin/tool"
    for path in (ebuild, program):
        path.parent.mkdir(parents=True)
        path.write_text("x")
    monkeypatch.setattr(distfiles, "MOVES", {"net-misc/tool": (("usr/sbin/*", "usr/bin/"),)})
    distfiles.make(root)
    archive = root / "var/cache/distfiles/tool-1.tar.xz"
    listing = subprocess.run(["tar", "-tf", str(archive)], check=True, capture_output=True, text=True).stdout
    assert "tool-1/usr/bin/tool" in listing.split()
    assert not program.exists()
    words = (ebuild.parent / "Manifest").read_text().split()
    assert words[:3] == ["DIST", "tool-1.tar.xz", str(archive.stat().st_size)]
    assert [len(words[4]), len(words[6])] == [128, 128]


def test_a_place_can_have_what_the_pattern_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "root"
    ebuild = root / "var/db/repos/contract/sys-kernel/linux/linux-1.ebuild"
    for path in (ebuild, root / "boot/vmlinuz-6.12"):
        path.parent.mkdir(parents=True)
        path.write_text("x")
    monkeypatch.setattr(distfiles, "MOVES", {"sys-kernel/linux": (("boot/vmlinuz-*", "usr/src/linux-*/bzImage"),)})
    distfiles.make(root)
    command = ["tar", "-tf", str(root / "var/cache/distfiles/linux-1.tar.xz")]
    listing = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert "linux-1/usr/src/linux-6.12/bzImage" in listing.split()


def test_missing_file_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "var/db/repos/contract/a-b/c").mkdir(parents=True)
    (tmp_path / "var/db/repos/contract/a-b/c/c-1.ebuild").touch()
    monkeypatch.setattr(distfiles, "MOVES", {"a-b/c": (("usr/bin/c", "usr/bin/"),)})
    with pytest.raises(FileNotFoundError, match="usr/bin/c"):
        distfiles.make(tmp_path)
