# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Masters in containers: what starts them, and what is made of an unpacked root."""

import shutil
from pathlib import Path

import pytest

from lab.debian import build
from lab.masters import base, debian
from lab.masters.contract import ContractMaster
from lab.masters.debian import DebianMaster
from lab.settings import Settings

MOUNTS = """\
22 1 0:20 / / rw - ext4 /dev/vda rw
31 30 0:27 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd
32 30 0:28 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu
33 30 0:29 / /sys/fs/cgroup/unified rw shared:5 - cgroup2 cgroup2 rw
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings("some", tmp_path)


def test_groups_of_the_hierarchies_that_systemd_uses(settings: Settings) -> None:
    assert debian.control_groups(settings, MOUNTS) == [
        Path("/sys/fs/cgroup/systemd/netboot-lab-some"),
        Path("/sys/fs/cgroup/unified/netboot-lab-some"),
    ]


def test_a_colon_of_a_path_does_not_separate(tmp_path: Path) -> None:
    options = DebianMaster(Settings("some", tmp_path / "a:b")).keeper({})
    assert f"--bind={tmp_path}/a\\:b/kernel:/var/cache/netboot-diskless/kernel" in options


@pytest.mark.parametrize("kind", [ContractMaster, DebianMaster])
def test_a_keeper_names_its_pid_file_and_shows_the_userlands(
    kind: type[base.ContainerMaster], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lab.masters.contract.kernel_has_nfsd", lambda: False)
    words = kind(settings).keeper({"debian": Path("/trees/debian")})
    assert str(settings.master_pid_file) in words
    assert "/trees/debian" in " ".join(words)
    assert "/srv/roots/debian" in " ".join(words)


def test_the_stand_in_outweighs_the_package(tmp_path: Path) -> None:
    (tmp_path / "etc/systemd/system").mkdir(parents=True)
    shutil.copytree(build.HERE / "root/usr", tmp_path / "usr")
    debian.use_stand_in(tmp_path)
    units = tmp_path / "etc/systemd/system"
    assert "nfsd-stand-in start" in (units / "nfs-server.service").read_text()
    assert not (units / "nfs-server.service").is_symlink()
    assert (units / "nfs-mountd.service").readlink() == Path("/dev/null")


def test_a_control_group_goes_with_those_below(tmp_path: Path) -> None:
    (tmp_path / "group/payload/user.slice").mkdir(parents=True)
    debian.remove_group(tmp_path / "group")
    assert not (tmp_path / "group").exists()


def test_a_control_group_in_use_is_named(tmp_path: Path) -> None:
    (tmp_path / "group").mkdir()
    (tmp_path / "group/busy").touch()
    with pytest.raises(base.MasterError, match="group/?.* still has processes"):
        debian.remove_group(tmp_path / "group", seconds=0)


def test_every_machine_has_an_identity_of_its_own(tmp_path: Path) -> None:
    found = []
    for name in ("one", "two"):
        (tmp_path / name / "etc/ssh").mkdir(parents=True)
        base.personalise_debian(tmp_path / name)
        found.append((tmp_path / name / "etc/machine-id").read_text())
        assert (tmp_path / name / "etc/ssh/ssh_host_ed25519_key").exists()
    assert found[0] != found[1]
    assert all(len(text) == 33 for text in found)
