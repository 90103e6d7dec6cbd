# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images of roots in the cache: named by a hash over what they are made of, built once, packed, unpacked, pruned."""

import contextlib
import fcntl
import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lab.report import say
from lab.settings import Settings

SHARED = Path(__file__).resolve().parent
KEPT_IMAGES = 3
_NAMES = ("--numeric-owner", "--xattrs", "--xattrs-include=*")

Build = Callable[[Path], Path]
"""Makes a root below a directory for files, and returns where it is."""


@dataclass(frozen=True)
class Image:
    """A root as a tarball of the cache.

    :param name: what it is, the beginning of its file's name
    :param inputs: directories; every file in them but READMEs is part of the hash, and so is this package
    """

    name: str
    inputs: tuple[Path, ...]

    def inputs_hash(self) -> str:
        """Sixteen hexadecimal digits over every file that the image is made from."""
        digest = hashlib.sha256()
        for directory in (*self.inputs, SHARED):
            for path in sorted(directory.rglob("*")):
                if path.is_file() and path.suffix != ".md" and "__pycache__" not in path.parts:
                    mode = path.stat().st_mode & 0o111
                    head = f"{directory.name}/{path.relative_to(directory)}\0{mode}\0{path.stat().st_size}\0"
                    digest.update(head.encode() + path.read_bytes())
        return digest.hexdigest()[:16]

    def path(self, settings: Settings) -> Path:
        """Where the image of the present inputs is, or will be."""
        return settings.cache / f"{self.name}-{self.inputs_hash()}.tar.zst"

    def tree_path(self, settings: Settings) -> Path:
        """Where the image of the present inputs lies unpacked, or will."""
        return settings.cache / "trees" / f"{self.name}-{self.inputs_hash()}"

    @contextlib.contextmanager
    def _alone(self, settings: Settings) -> Iterator[None]:
        """Two callers may come at once: the second waits for what the first makes."""
        settings.cache.mkdir(parents=True, exist_ok=True)
        with (settings.cache / f"{self.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def ensure(self, settings: Settings, build: Build) -> Path:
        """The image's file; built when it is missing."""
        target = self.path(settings)
        with self._alone(settings):
            if not target.exists():
                self._make(settings, target, build)
        return target

    def tree(self, settings: Settings, build: Build) -> Path:
        """The image unpacked for those who only read it, on first use."""
        image, target = self.ensure(settings, build), self.tree_path(settings)
        with self._alone(settings):
            if not target.exists():
                say(f"{self.name}: unpacking the image to be read by others")
                part = target.with_name(f"{target.name}.part")
                shutil.rmtree(part, ignore_errors=True)
                unpack(image, part)
                part.rename(target)
        return target

    def _make(self, settings: Settings, target: Path, build: Build) -> None:
        with tempfile.TemporaryDirectory(prefix=f"{self.name}-", dir=settings.cache) as directory:
            root = build(Path(directory))
            say(f"{self.name}: packing the image")
            part = Path(directory) / "image.tar.zst"
            pack(root, part)
            part.rename(target)
        self.prune(settings)
        say(f"{self.name}: {target.name}, {target.stat().st_size // 1_000_000} MB")

    def prune(self, settings: Settings) -> None:
        """Keep the newest images only: each change of an input makes another one. A tree goes with its image."""
        found = settings.cache.glob(f"{self.name}-{'[0-9a-f]' * 16}.tar.zst")
        for old in sorted(found, key=lambda path: path.stat().st_mtime)[:-KEPT_IMAGES]:
            old.unlink(missing_ok=True)
            shutil.rmtree(settings.cache / "trees" / old.name.removesuffix(".tar.zst"), ignore_errors=True)


def pack(root: Path, target: Path) -> None:
    """Level 3: packing takes a few seconds, and unpacking one."""
    command = ["tar", "-C", str(root), *_NAMES, "--use-compress-program=zstd -3 -T0 -q", "-cf", str(target), "."]
    subprocess.run(command, check=True)


def unpack(image: Path, root: Path) -> None:
    """Unpack an image into *root*, which is made when missing."""
    root.mkdir(parents=True, exist_ok=True)
    names = [*_NAMES, "--same-permissions", "--use-compress-program=zstd"]
    subprocess.run(["tar", "-C", str(root), *names, "-xf", str(image)], check=True)


def copy_tree(source: Path, target: Path) -> None:
    """Copy files over a root. A link in the way is replaced, never followed."""
    for path in sorted(source.rglob("*")):
        place = target / path.relative_to(source)
        if path.is_dir():
            place.mkdir(parents=True, exist_ok=True)
        elif "__pycache__" not in path.parts:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.unlink(missing_ok=True)
            shutil.copyfile(path, place)
            place.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
