# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Debian userland under the contract: how it is fetched, and how everything that is Debian's way is taken out."""

import shutil
import subprocess
from pathlib import Path

from lab.contract import chroot, mirror

SUITE = "trixie"  # OpenRC 0.56; the suite before has 0.45, the ones after have no ISC DHCP server

# What stays in the image.
BASE = (
    "bc bison bzip2 cpio file flex gcc iproute2 kmod libc6-dev libcap2-bin libelf-dev libssl-dev make netbase openrc "
    "openssh-server patch pax-utils procps python3 systemd-standalone-sysusers systemd-standalone-tmpfiles util-linux "
    "wget xz-utils zstd"
).split()
# What becomes distribution files.
DAEMONS = (
    "ipxe isc-dhcp-server nfs-common nfs-ganesha nfs-ganesha-vfs nfs-kernel-server pxelinux rpcbind rsync "
    "syslinux-common syslinux-efi tcpdump tftpd-hpa"
).split()
# What builds Portage.
BUILD = ["meson", "ninja-build"]
# Debian's way to do what Portage and OpenRC do here; with a trailing star, every package of that prefix.
DEBIANS = (
    "adduser apt apt-* dbus dbus-* debconf debian-archive-keyring dpkg init-system-helpers insserv libapt-pkg* meson "
    "ninja-build python3-pkg-resources python3-setuptools runit-helper sensible-utils sqv systemd systemd-* ucf"
).split()
USERS = "_apt _rpc messagebus statd systemd-network tcpdump tftp".split()

LEFTOVERS = """
boot/* etc/apparmor.d etc/apt etc/cron.* etc/debconf.conf etc/debian_version etc/default etc/dhcp etc/dpkg etc/exports
etc/ganesha etc/init.d/* etc/insserv* etc/issue* etc/logcheck etc/logrotate.d etc/machine-id etc/motd etc/nfs.conf*
etc/os-release etc/rc?.d etc/request-key* etc/runlevels/*/* etc/ssh/ssh_host_* etc/systemd etc/tmpfiles.d etc/ucf.conf
etc/update-motd.d etc/xdg media/* srv/* tmp/* usr/lib/apt usr/lib/binfmt.d usr/lib/dpkg usr/lib/init usr/lib/lsb
usr/lib/os-release usr/lib/systemd usr/lib/udev usr/lib/PXELINUX usr/lib/SYSLINUX.EFI usr/lib/ipxe usr/lib/syslinux
usr/sbin/invoke-rc.d usr/sbin/update-rc.d usr/sbin/service usr/share/bash-completion usr/share/bug usr/share/debconf
usr/share/doc usr/share/dpkg usr/share/info usr/share/initramfs-tools usr/share/keyrings usr/share/lintian
usr/share/locale usr/share/man usr/share/perl5 usr/share/zsh var/backups var/cache/apt var/cache/debconf
var/cache/ldconfig var/lib/apt var/lib/dhcp var/lib/dpkg var/lib/ganesha var/lib/nfs var/lib/systemd var/lib/ucf
var/log/* var/mail var/tmp/*
""".split()
# The compiler is there for kernels: no link-time optimisation, no sanitizers, no profiles, no static libraries.
COMPILER_PARTS = """
usr/bin/*gprofng* usr/bin/*lto-dump* usr/lib/gcc/x86_64-linux-gnu/*/*san* usr/lib/x86_64-linux-gnu/gprofng
usr/lib/x86_64-linux-gnu/lib*san.so* usr/lib/x86_64-linux-gnu/libcrypto.a usr/lib/x86_64-linux-gnu/libgprofng*
usr/lib/x86_64-linux-gnu/libssl.a usr/libexec/gcc/x86_64-linux-gnu/*/lto1
""".split()
NO_DOCUMENTS = ("doc", "info", "lintian", "locale", "man")


def fetch(root: Path, work: Path) -> None:
    """Unpack and configure the packages in *root*, from the archive that the host's apt uses; *work* is for files."""
    settings = work / "apt.conf"
    settings.write_text(mirror.apt_settings() + 'APT::Install-Recommends "false";\n', encoding="utf-8")
    excludes = [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in NO_DOCUMENTS]
    wanted = ",".join([*BASE, *DAEMONS, *BUILD])
    source = f"deb [signed-by={mirror.KEYRING}] {mirror.debian_uri()} {SUITE} main"
    log = work / "mmdebstrap.log"
    command = ["mmdebstrap", "--mode=root", "--variant=minbase", f"--include={wanted}", f"--aptopt={settings}"]
    with log.open("w", encoding="utf-8") as output:
        done = subprocess.run(
            [*command, *excludes, SUITE, str(root), source], stdout=output, stderr=subprocess.STDOUT, check=False
        )
    if done.returncode:
        end = "\n".join(log.read_text(encoding="utf-8").splitlines()[-30:])
        raise RuntimeError(f"mmdebstrap ended with {done.returncode}:\n{end}")


def _installed(root: Path) -> dict[str, list[str]]:
    """Package name to the paths that it owns."""
    owned = {}
    for listing in (root / "var/lib/dpkg/info").glob("*.list"):
        owned[listing.stem.partition(":")[0]] = listing.read_text(encoding="utf-8").splitlines()
    return owned


def _wanted(name: str, patterns: list[str]) -> bool:
    return any(name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern for pattern in patterns)


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def strip(root: Path) -> None:
    """Take Debian's tools, their data and what the image does not need out of *root*."""
    chroot.run(root, "sh", "-c", f"for user in {' '.join(USERS)}; do userdel --force $user || :; done")
    # the standalone tools of systemd made users and directories while the packages were configured
    gone = [*DAEMONS, *DEBIANS]
    for name, paths in _installed(root).items():
        if _wanted(name, gone):
            for path in paths:
                target = root / path.lstrip("/")
                if target.is_symlink() or not target.is_dir():
                    target.unlink(missing_ok=True)
    for pattern in [*LEFTOVERS, *COMPILER_PARTS]:
        for path in root.glob(pattern):
            _delete(path)
    # links into what is gone
    for link in [path for path in (root / "etc/alternatives").iterdir() if path.is_symlink()]:
        target = Path(str(link.readlink()))
        if not (root / str(target).lstrip("/")).exists():
            link.unlink()
