# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Commands of boot loaders, and replacing files so that what was there can come back."""

from __future__ import annotations

import contextlib
import os
import subprocess

from ansible_collections.netboot.diskless.plugins.module_utils import _files
from ansible_collections.netboot.diskless.plugins.module_utils._boot_entry import BootError
from ansible_collections.netboot.diskless.plugins.module_utils._files import read_file


def call(*command: str) -> str:
    """Runs a command and returns what it prints.

    Raises:
        BootError: it fails, or it is not there; the text has the end of what it said.
    """
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    except OSError as error:
        raise BootError(f"{command[0]} cannot be run: {error.strerror}") from error
    if done.returncode:
        end = "\n".join((done.stdout + done.stderr).strip().splitlines()[-15:])
        raise BootError(f"{' '.join(command)} failed with {done.returncode}:\n{end}")
    return done.stdout


def keep(path: str, state_directory: str) -> None:
    """Keeps a former version where the former versions of our own files are (see Placer)."""
    backups = os.path.join(state_directory, "former")
    _files.make_directories(backups)
    os.chmod(backups, 0o700)
    kept = os.path.join(backups, path.lstrip("/"))
    _files.make_directories(os.path.dirname(kept))
    _files.copy_whole(path, kept)


def swap(path: str, content: bytes, state_directory: str) -> None:
    """Replaces a file of somebody else's by rename, with its owner and mode, and keeps the former version."""
    keep(path, state_directory)
    os.replace(_files.stage(path, content, _files.attributes_of(path)), path)


def _held(path: str) -> str:
    return f"{path}.mapped"


def hold(path: str) -> None:
    """Keeps an image that a map may be of; one that is kept since a run that was killed is the one in the map."""
    if os.path.exists(path) and not os.path.exists(_held(path)):
        try:
            os.link(path, _held(path))
        except OSError:
            # A file system without second names.
            _files.copy_whole(path, _held(path))


def let_go(path: str) -> None:
    """Gives up an image that was kept."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(_held(path))


def take_back(path: str) -> None:
    """Puts the image that was kept in its place; where none was kept there was none."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    with contextlib.suppress(FileNotFoundError):
        os.replace(_held(path), path)


def put_back(path: str, content: bytes | None, mode: int = 0o644) -> None:
    """Makes a file what it was; None when there was none."""
    if content is not None:
        if read_file(path) != content:
            _files.write_whole(path, content, mode)
        return
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
