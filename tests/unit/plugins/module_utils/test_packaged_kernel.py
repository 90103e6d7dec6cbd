# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which kernel a distribution's package has installed, by its database."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.netboot.diskless.plugins.module_utils._packaged_kernel import (
    Kernel,
    NoKernel,
    find_kernel,
    release_of,
)

from tests.unit.packaged_kernel import dpkg, image, place, portage

DEBIAN, GENTOO = "linux-image-amd64", "sys-kernel/gentoo-kernel-bin"
SOURCE = "usr/src/linux-{release}/arch/x86/boot/bzImage"


def kernel(root: Path, release: str, where: str) -> Kernel:
    return Kernel(release, f"{root}/{where.format(release=release)}", f"{root}/lib/modules/{release}")


def test_debians_package_names_the_one_that_has_the_kernel(tmp_path: Path) -> None:
    old, new = place(tmp_path, "6.9.2-amd64"), place(tmp_path, "6.12.1+deb13-amd64")
    cloud = place(tmp_path, "6.13.0-cloud-amd64")
    packages = {
        DEBIAN: ("linux-image-6.12.1+deb13-amd64 (= 6.12.1-1)", []),
        "linux-image-6.9.2-amd64": ("kmod, linux-base", old),
        "linux-image-6.12.1+deb13-amd64": ("kmod, initramfs-tools (>= 0.120) | linux-initramfs-tool", new),
        "linux-image-6.12.1+deb13-amd64-dbg": ("", cloud),
        "linux-image-6.13.0-cloud-amd64": ("kmod", cloud),
    }
    dpkg(tmp_path, packages)
    wanted = kernel(tmp_path, "6.12.1+deb13-amd64", "boot/vmlinuz-{release}")
    assert find_kernel(DEBIAN, str(tmp_path)) == wanted
    # The package itself can be named, too.
    assert find_kernel("linux-image-6.12.1+deb13-amd64", str(tmp_path)) == wanted


def test_gentoos_newest_version_by_its_numbers(tmp_path: Path) -> None:
    for version in ("6.9.2", "6.12.10", "6.12.9"):
        portage(tmp_path, f"{GENTOO}-{version}", place(tmp_path, f"{version}-gentoo-dist", SOURCE))
    portage(tmp_path, f"{GENTOO}-sources-7.0", place(tmp_path, "7.0.0-other", SOURCE))
    # /boot has copies that no package owns.
    (tmp_path / "boot").mkdir()
    (tmp_path / "boot/vmlinuz-6.12.10-gentoo-dist").write_bytes(b"anybody's")
    assert find_kernel(GENTOO, str(tmp_path)) == kernel(tmp_path, "6.12.10-gentoo-dist", SOURCE)


@pytest.mark.parametrize("lost", ["boot/vmlinuz-6.12.1", "usr/lib/modules/6.12.1/modules.dep"])
def test_one_that_is_not_whole_is_passed_over(tmp_path: Path, lost: str) -> None:
    files = [*place(tmp_path, "6.12.1"), *place(tmp_path, "6.9.2")]
    dpkg(tmp_path, {DEBIAN: ("", files)})
    assert find_kernel(DEBIAN, str(tmp_path)).release == "6.12.1"
    (tmp_path / lost).unlink()
    assert find_kernel(DEBIAN, str(tmp_path)).release == "6.9.2"


@pytest.mark.parametrize("package", [DEBIAN, GENTOO])
def test_a_kernel_that_no_package_has_is_none(tmp_path: Path, package: str) -> None:
    place(tmp_path, "6.12.1")
    with pytest.raises(NoKernel, match=f"{package} has installed no kernel"):
        find_kernel(package, str(tmp_path))


def test_a_package_that_was_removed_has_none(tmp_path: Path) -> None:
    dpkg(tmp_path, {DEBIAN: ("", place(tmp_path, "6.12.1"))}, "deinstall ok config-files")
    with pytest.raises(NoKernel):
        find_kernel(DEBIAN, str(tmp_path))


@pytest.mark.parametrize("release", ["6.12.117+deb13-amd64", "6.1.0-49-686", "7.0.0-rc1~exp", "6.12.8-gentoo_dist"])
def test_an_image_tells_its_release(tmp_path: Path, release: str) -> None:
    (tmp_path / "image").write_bytes(image(release))
    assert release_of(str(tmp_path / "image")) == release


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is no bootable image"),
        (b"\x7fELF" + bytes(4000), "is no bootable image"),
        (image("6.12.1")[:0x500], "is no bootable image"),
        (image(""), "tells a release that cannot be one"),
        (image("../../etc"), "tells a release that cannot be one: '../../etc'"),
        (image("6.1/../.."), "tells a release that cannot be one"),
        # The version's place must lie in the setup code, which is half a kilobyte here.
        (image("6.12.1")[:0x1F1] + b"\1" + image("6.12.1")[0x1F2:], "is no bootable image"),
    ],
)
def test_what_tells_no_release_is_refused(tmp_path: Path, content: bytes, told: str) -> None:
    (tmp_path / "image").write_bytes(content)
    with pytest.raises(NoKernel, match=told):
        release_of(str(tmp_path / "image"))


def test_an_image_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NoKernel, match=f"there is no {tmp_path}/image"):
        release_of(str(tmp_path / "image"))
