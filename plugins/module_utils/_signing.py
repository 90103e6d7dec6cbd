# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Signing what UEFI starts with a key of the master's own (sbsign(1)), so that Secure Boot accepts it.

A signature holds the time when it was made, so the same kernel signed again would be another file. What was signed is
kept, under a name made of everything that it follows from.
"""

from __future__ import annotations

import hashlib
import os
import stat
import subprocess
import tempfile
from dataclasses import dataclass

from ansible_collections.netboot.diskless.plugins.module_utils._files import read_file

CACHE = "/var/cache/netboot-diskless/signed"
PROGRAM = "sbsign"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class SigningError(Exception):
    """A file cannot be signed; the text says why."""


@dataclass(frozen=True)
class Signer:
    """A key and its certificate.

    Args:
        key: path of the private key, PEM.
        certificate: path of its certificate, PEM.
        cache: directory of what was signed.
    """

    key: str
    certificate: str
    cache: str = CACHE

    def sign(self, image: bytes, keep: bool = True) -> bytes | None:
        """The image with a signature more, or None where nothing can sign yet and keep is false.

        Args:
            image: a program for UEFI, as a kernel with an EFI stub is one.
            keep: whether a new signature may be kept; without that, as in check mode, nothing is left behind.

        Raises:
            SigningError: the key or the certificate is missing or open to others, or sbsign refuses.
        """
        certificate = read_file(self.certificate)
        if certificate is None:
            raise SigningError(f"{self.certificate} is missing, the certificate to sign with")
        self._check_key()
        digest = hashlib.sha256(hashlib.sha256(image).digest() + hashlib.sha256(certificate).digest()).hexdigest()
        kept = os.path.join(self.cache, f"{digest}.efi")
        found = read_file(kept)
        if found is not None:
            return found
        if keep:
            os.makedirs(self.cache, mode=0o755, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.cache if keep else None) as work:
            made = self._run(image, work, keep)
            if made and keep:
                os.rename(os.path.join(work, "signed"), kept)
        return made

    def _run(self, image: bytes, work: str, required: bool) -> bytes | None:
        source, target = os.path.join(work, "image"), os.path.join(work, "signed")
        with open(source, "wb") as stream:
            stream.write(image)
        command = [PROGRAM, "--key", self.key, "--cert", self.certificate, "--output", target, source]
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        except FileNotFoundError:
            if required:
                raise SigningError(f"{PROGRAM} is not installed") from None
            return None
        made = read_file(target)
        if done.returncode or made is None:
            raise SigningError(f"{PROGRAM} fails with {self.key}: {(done.stderr or done.stdout).strip()}")
        return made

    def _check_key(self) -> None:
        try:
            status = os.stat(self.key)
        except FileNotFoundError:
            raise SigningError(f"{self.key} is missing, the key to sign with") from None
        if status.st_uid != os.geteuid() or status.st_mode & _OTHERS:
            mode = stat.S_IMODE(status.st_mode)
            raise SigningError(f"{self.key} has the owner {status.st_uid} and mode {mode:04o}: only root may read it")


def signer(key: str | None, certificate: str | None) -> Signer | None:
    """Who signs, or None when nothing is to be signed."""
    return Signer(key, certificate) if key and certificate else None
