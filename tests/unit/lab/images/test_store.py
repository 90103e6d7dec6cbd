# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images in the cache: when a name changes, what is built, and what goes."""

import os
import subprocess
from pathlib import Path

import pytest

from lab.images import store
from lab.images.store import KEPT_IMAGES, Image
from lab.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings("netboot-lab", tmp_path / "cache")


@pytest.fixture
def image(tmp_path: Path) -> Image:
    inputs = tmp_path / "inputs"
    inputs.mkdir()
    (inputs / "list").write_text("one")
    return Image("thing-master", (inputs,))


def test_the_hash_is_of_contents_names_and_modes(image: Image) -> None:
    file = image.inputs[0] / "list"
    seen = [image.inputs_hash()]
    file.write_text("two")
    seen.append(image.inputs_hash())
    file.chmod(0o755)
    seen.append(image.inputs_hash())
    file.rename(file.with_name("other"))
    seen.append(image.inputs_hash())
    assert len(set(seen)) == 4
    (image.inputs[0] / "README.md").touch()
    assert image.inputs_hash() == seen[-1]


def test_what_images_share_is_an_input_of_each(image: Image, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = image.inputs_hash()
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "mirror.py").touch()
    monkeypatch.setattr(store, "SHARED", shared)
    assert image.inputs_hash() != before


def test_built_once_and_unpacked_once(image: Image, settings: Settings) -> None:
    built = []

    def build(work: Path) -> Path:
        built.append(work)
        (work / "root/etc").mkdir(parents=True)
        (work / "root/etc/name").write_text("x")
        return work / "root"

    assert image.ensure(settings, build) == image.ensure(settings, build) == image.path(settings)
    tree = image.tree(settings, build)
    assert image.tree(settings, build) == tree
    assert (tree / "etc/name").read_text() == "x"
    assert len(built) == 1
    assert not built[0].exists()


def test_a_build_that_fails_leaves_nothing(image: Image, settings: Settings) -> None:
    def build(work: Path) -> Path:
        (work / "root").mkdir()
        raise RuntimeError("no mirror")

    with pytest.raises(RuntimeError, match="no mirror"):
        image.ensure(settings, build)
    assert [path.name for path in settings.cache.iterdir()] == ["thing-master.lock"]


def test_only_the_newest_stay(image: Image, settings: Settings) -> None:
    (settings.cache / "trees").mkdir(parents=True)
    for number in range(KEPT_IMAGES + 2):
        name = f"thing-master-{number:016x}"
        (settings.cache / f"{name}.tar.zst").touch()
        os.utime(settings.cache / f"{name}.tar.zst", (number, number))
        (settings.cache / "trees" / name).mkdir()
    (settings.cache / "other-master-0.tar.zst").touch()
    image.prune(settings)
    assert sorted(path.name for path in (settings.cache / "trees").iterdir()) == [
        f"thing-master-{number:016x}" for number in (2, 3, 4)
    ]
    assert sorted(path.name for path in settings.cache.glob("*.zst")) == [
        "other-master-0.tar.zst",
        *(f"thing-master-{number:016x}.tar.zst" for number in (2, 3, 4)),
    ]


def test_files_replace_links_and_keep_one_of_two_modes(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    (source / "bin").mkdir(parents=True)
    (target / "bin").mkdir(parents=True)
    (source / "bin/tool").write_text("new")
    (source / "bin/tool").chmod(0o700)
    (target / "secret").write_text("old")
    (target / "bin/tool").symlink_to("../secret")
    store.copy_tree(source, target)
    assert (target / "secret").read_text() == "old"
    assert not (target / "bin/tool").is_symlink()
    assert (target / "bin/tool").stat().st_mode & 0o777 == 0o755


def test_packing_keeps_links_and_modes(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "tmp").mkdir()
    (root / "tmp").chmod(0o1777)
    (root / "link").symlink_to("/nowhere")
    store.pack(root, tmp_path / "image.tar.zst")
    store.unpack(tmp_path / "image.tar.zst", tmp_path / "again")
    found = subprocess.run(["ls", "-A", str(tmp_path / "again")], check=True, capture_output=True, text=True).stdout
    assert found.split() == ["link", "tmp"]
    assert (tmp_path / "again/tmp").stat().st_mode & 0o7777 == 0o1777
    assert (tmp_path / "again/link").readlink() == Path("/nowhere")
