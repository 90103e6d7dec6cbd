# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finding the kernel that a distribution's package has installed: asked of the package databases, and not of /boot,
where a kernel may be anybody's.
"""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass

from ansible_collections.netboot.diskless.plugins.module_utils import _kernel_image

# Below the root: where a package puts the image of a release. Gentoo's lies in the kernel's build directory, and /boot
# has a copy of it that no package owns (kernel-install.eclass).
IMAGES = (
    "boot/vmlinuz-{release}",
    "usr/lib/modules/{release}/vmlinuz",
    "usr/src/linux-{release}/arch/x86/boot/bzImage",
)
_MODULES = re.compile(r"/(?:usr/)?lib/modules/([^/\s]+)/")
# The setup code, which holds the version, has at most 64 sectors of 512 bytes.
_SETUP_BYTES = 65 * 512


class NoKernel(Exception):
    """A package has no kernel here, or a file is none; the text says which."""


@dataclass(frozen=True)
class Kernel:
    """A kernel that is installed.

    Args:
        release: as uname -r has it.
        image: path of the bootable image.
        modules: path of the directory of its modules.
    """

    release: str
    image: str
    modules: str


def version_key(text: str) -> list[tuple[int, str]]:
    """Sorts versions by the numbers in them: 6.9 before 6.12."""
    return [(int(number or -1), word) for number, word in re.findall(r"(\d+)|(\D+)", text)]


def _portage_files(root: str, atom: str) -> Iterator[str]:
    """Paths of the files that the installed versions of a package own (CONTENTS of Portage's database)."""
    for contents in glob.glob(os.path.join(root, "var/db/pkg", f"{glob.escape(atom)}-[0-9]*", "CONTENTS")):
        with open(contents, encoding="utf-8", errors="replace") as stream:
            for line in stream:
                if line.startswith("obj "):
                    # obj PATH MD5 TIME
                    yield line[4:].rstrip("\n").rsplit(" ", 2)[0]


def _dpkg_depends(root: str, package: str) -> list[str] | None:
    """Names of the packages that an installed one depends on; None when it is not installed."""
    try:
        with open(os.path.join(root, "var/lib/dpkg/status"), encoding="utf-8", errors="replace") as stream:
            paragraphs = stream.read().split("\n\n")
    except FileNotFoundError:
        return None
    for paragraph in paragraphs:
        fields = dict(re.findall(r"^(Package|Status|Depends): (.*)$", paragraph, re.MULTILINE))
        if fields.get("Package") == package and fields.get("Status", "").endswith(" installed"):
            return re.findall(r"(?:^|[,|])\s*([a-z0-9][a-z0-9+.-]*)", fields.get("Depends", ""))
    return None


def _dpkg_files(root: str, package: str) -> Iterator[str]:
    """Paths of the files of a package and of those that it depends on: a kernel's usual package only names another."""
    depends = _dpkg_depends(root, package)
    for name in [] if depends is None else [package, *depends]:
        for listing in glob.glob(os.path.join(root, "var/lib/dpkg/info", f"{glob.escape(name)}*.list")):
            # NAME.list, or NAME:ARCHITECTURE.list where several may be there.
            if os.path.basename(listing)[: -len(".list")].partition(":")[0] == name:
                with open(listing, encoding="utf-8", errors="replace") as stream:
                    yield from (line.rstrip("\n") for line in stream)


def find_kernel(package: str, root: str = "/") -> Kernel:
    """The newest kernel that a package has installed, with its modules.

    Args:
        package: its name; one with a slash is Portage's, one without is dpkg's.
        root: where the package databases and the files are.

    Raises:
        NoKernel: the package is not installed, or what it installed is no kernel with modules.
    """
    files = _portage_files(root, package) if "/" in package else _dpkg_files(root, package)
    owned = set(files)
    releases = {match[1] for match in map(_MODULES.match, owned) if match}
    for release in sorted(releases, key=version_key, reverse=True):
        modules = os.path.join(root, "lib/modules", release)
        if not os.path.isfile(os.path.join(modules, "modules.dep")):
            continue
        for pattern in IMAGES:
            path = pattern.format(release=release)
            if f"/{path}" in owned and os.path.isfile(os.path.join(root, path)):
                return Kernel(release, os.path.join(root, path), modules)
    raise NoKernel(f"the package {package} has installed no kernel with modules here")


def release_of(image: str) -> str:
    """The release of a bootable image of x86, which its header tells.

    Raises:
        NoKernel: there is no such file, or it is no bootable image that tells its release.
    """
    try:
        with open(image, "rb") as stream:
            told = _kernel_image.release(stream.read(_SETUP_BYTES))
    except FileNotFoundError as error:
        raise NoKernel(f"there is no {image}") from error
    if not told:
        raise NoKernel(f"{image} is no bootable image of Linux for x86 that tells its release")
    # It becomes the name of a directory.
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._+~-]*", told):
        raise NoKernel(f"{image} tells a release that cannot be one: {told!r}")
    return told
