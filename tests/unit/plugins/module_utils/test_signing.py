# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signing: once for each image and certificate, by a key that nobody else can read, and nothing left by a dry run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.netboot.diskless.plugins.module_utils import _signing
from ansible_collections.netboot.diskless.plugins.module_utils._signing import Signer, SigningError, signer

# A stand-in for sbsign(1), whose signatures differ each time, as sbsign's do.
SBSIGN = """#!/bin/sh
count=$(cat {count} 2>/dev/null || echo 0); echo $((count + 1)) > {count}
while [ $# -gt 1 ]; do case $1 in --key) key=$2;; --cert) cert=$2;; --output) output=$2;; esac; shift 2; done
grep -q refuse "$1" && {{ echo "invalid image" >&2; exit 1; }}
{{ cat "$1"; echo "signed $count by $(cat "$key") as $(cat "$cert")"; }} > "$output"
"""


@pytest.fixture(name="one")
def fixture_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Signer:
    program = tmp_path / "sbsign"
    program.write_text(SBSIGN.format(count=tmp_path / "count"))
    program.chmod(0o755)
    monkeypatch.setattr(_signing, "PROGRAM", str(program))
    (tmp_path / "key").write_text("my key")
    (tmp_path / "key").chmod(0o600)
    (tmp_path / "certificate").write_text("my certificate")
    return Signer(str(tmp_path / "key"), str(tmp_path / "certificate"), str(tmp_path / "cache"))


def test_an_image_is_signed_once(one: Signer) -> None:
    first = one.sign(b"a kernel\n")
    assert first == b"a kernel\nsigned 0 by my key as my certificate\n"
    assert one.sign(b"a kernel\n") == first
    assert one.sign(b"another\n") == b"another\nsigned 1 by my key as my certificate\n"
    assert len(os.listdir(one.cache)) == 2


def test_another_certificate_is_another_signature(one: Signer) -> None:
    one.sign(b"a kernel\n")
    Path(one.certificate).write_text("a newer one")
    assert one.sign(b"a kernel\n") == b"a kernel\nsigned 1 by my key as a newer one\n"


def test_a_dry_run_leaves_nothing(one: Signer) -> None:
    assert one.sign(b"a kernel\n", keep=False) == b"a kernel\nsigned 0 by my key as my certificate\n"
    assert not os.path.exists(one.cache)


def test_a_dry_run_does_without_the_program(one: Signer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_signing, "PROGRAM", "/nonexistent/sbsign")
    assert one.sign(b"a kernel\n", keep=False) is None
    with pytest.raises(SigningError, match="sbsign is not installed"):
        one.sign(b"a kernel\n")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_key_that_others_may_touch_signs_nothing(one: Signer, mode: int) -> None:
    os.chmod(one.key, mode)
    with pytest.raises(SigningError, match=f"mode {mode:04o}: only root may read it"):
        one.sign(b"a kernel\n")
    assert not os.path.exists(one.cache)


@pytest.mark.parametrize("name", ["key", "certificate"])
def test_what_is_missing_is_named(one: Signer, name: str) -> None:
    os.unlink(getattr(one, name))
    with pytest.raises(SigningError, match=f"{name} is missing"):
        one.sign(b"a kernel\n")


def test_a_refusal_is_told_and_nothing_is_kept(one: Signer) -> None:
    with pytest.raises(SigningError, match="invalid image"):
        one.sign(b"refuse\n")
    assert os.listdir(one.cache) == []


def test_nothing_is_signed_unless_asked_for() -> None:
    assert signer("/a", "/b") == Signer("/a", "/b")
    for key, certificate in (("", ""), (None, None), ("/a", ""), ("", "/b")):
        assert signer(key, certificate) is None
