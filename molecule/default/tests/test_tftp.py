# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What everybody on the network can read by TFTP: the loader, the kernels and each slave's configuration. No more.

curl(1) speaks TFTP (RFC 1350); its exit codes 68 and 69 are the server's answers "file not found" and "access
violation", so a server that does not answer at all is not taken for one that refuses.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from testinfra.host import Host

Run = Callable[..., "CompletedProcess[bytes]"]

TFTP_ROOT = "/srv/tftp"
SLAVE_ROOT = "/diskless/192.168.1.21"
LOADERS = ("pxelinux.0", "lpxelinux.0", "syslinux.efi", "stranger.lua")
CONFIGURATIONS = ("pxelinux.cfg/01-00-02-a5-04-3b-66", "pxelinux.cfg/C0A80115")
SECRETS = ("etc/hostname", "etc/shadow", "etc/ssh/ssh_host_ed25519_key")
REFUSED = (68, 69)


def get(outside: Run, path: str, target: Path) -> "CompletedProcess[bytes]":
    """Fetch a file; with --path-as-is it is the server that judges the dots in a path."""
    url = f"tftp://192.168.1.1/{path}"
    return outside("curl", "-sS", "--path-as-is", "--max-time", "30", "--output", str(target), url)


@pytest.mark.parametrize(
    "path", ["pxelinux.0", "lpxelinux.0", "syslinux.efi", "stranger.lua", "bzImage_x86_64", *CONFIGURATIONS]
)
def test_serves(master: Host, outside: Run, tmp_path: Path, path: str) -> None:
    target = tmp_path / "fetched"
    done = get(outside, path, target)
    assert done.returncode == 0, done.stderr
    assert hashlib.sha256(target.read_bytes()).hexdigest() == master.file(f"{TFTP_ROOT}/{path}").sha256sum


def test_negotiates_what_makes_it_fast(master: Host, outside: Run, tmp_path: Path) -> None:
    """The size of a block (RFC 2348) and of the file (RFC 2349), as boot ROMs ask for them."""
    ask = ("curl", "-sSv", "--tftp-blksize", "1428", "--output", str(tmp_path / "fetched"))
    told = outside(*ask, "tftp://192.168.1.1/bzImage_x86_64").stderr.decode()
    size = master.file(f"{TFTP_ROOT}/bzImage_x86_64").size
    assert "got option=(blksize) value=(1428)" in told
    assert f"got option=(tsize) value=({size})" in told


@pytest.mark.parametrize("path", CONFIGURATIONS)
def test_configuration_is_the_slaves_own(outside: Run, tmp_path: Path, path: str) -> None:
    target = tmp_path / "fetched"
    assert get(outside, path, target).returncode == 0
    words = target.read_text(encoding="ascii").split()
    assert words[words.index("LINUX") + 1] == "/bzImage_x86_64"
    assert "root=/dev/nfs" in words
    assert any(word.startswith(f"nfsroot=192.168.1.1:{SLAVE_ROOT},") for word in words)


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("way", ["{root}", "/{root}", "..{root}", "../..{root}", "pxelinux.cfg/../../..{root}"])
def test_refuses_a_slaves_files(outside: Run, tmp_path: Path, way: str, secret: str) -> None:
    done = get(outside, f"{way.format(root=SLAVE_ROOT)}/{secret}", tmp_path / "fetched")
    assert done.returncode in REFUSED, done.stderr


def test_the_refused_files_exist(master: Host) -> None:
    """Else the refusals above would prove nothing."""
    assert master.file(f"{SLAVE_ROOT}/etc/hostname").exists
    assert master.file(f"{SLAVE_ROOT}/etc/shadow").exists


def test_no_link_leads_out(master: Host) -> None:
    """Neither a symbolic link nor another name of the same file."""
    assert master.check_output(f"find {TFTP_ROOT} -type l -lname '/*'") == ""
    assert master.check_output(f"find {TFTP_ROOT} -type f -links +1") == ""


@pytest.mark.parametrize("path", ["stranger", "pxelinux.cfg/default"])
def test_accepts_no_file(master: Host, outside: Run, tmp_path: Path, path: str) -> None:
    """Asked with tftp(1): curl loses the server's answer to an upload."""
    upload = tmp_path / "upload"
    upload.write_text("from a stranger")
    before = master.check_output(f"find {TFTP_ROOT} -printf '%p %s %T@\\n'")
    done = outside("tftp", "-m", "binary", "192.168.1.1", "-c", "put", str(upload), path)
    assert b"Error code" in done.stdout + done.stderr
    assert master.check_output(f"find {TFTP_ROOT} -printf '%p %s %T@\\n'") == before
