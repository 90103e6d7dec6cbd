# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stages and causes, from events and console lines as real boots in the lab gave them."""

import pytest

from lab.causes import cause, dead_end
from lab.terminal import Line
from lab.timeline import Timeline, file_role
from lab.wire import Event

MAC, ADDRESS = "00:02:a5:04:3b:66", "192.168.1.21"


def dhcp(kind: str, boot_file: str = "pxelinux.0") -> Event:
    return Event(0.0, MAC, f"dhcp-{kind}", ADDRESS if kind in ("offer", "ack") else "0.0.0.0", boot_file)


def tftp(kind: str, name: str, detail: str = "") -> Event:
    return Event(0.0, ADDRESS, f"tftp-{kind}", name, detail)


def rpc(kind: str, detail: str = "") -> Event:
    return Event(0.0, ADDRESS, kind, "", detail)


DHCP = [dhcp("discover", ""), dhcp("offer"), dhcp("request", ""), dhcp("ack")]
LOADER = [tftp("request", "pxelinux.0"), tftp("begin", "pxelinux.0", "42430")]
MODULE = [tftp("request", "ldlinux.c32"), tftp("begin", "ldlinux.c32", "119524")]
BY_MAC = "pxelinux.cfg/01-00-02-a5-04-3b-66"
NOT_BY_MAC = [tftp("request", BY_MAC), tftp("error", BY_MAC, "File not found")]
CONFIG = [tftp("request", "pxelinux.cfg/C0A80115"), tftp("begin", "pxelinux.cfg/C0A80115", "162")]
KERNEL = [tftp("request", "bzImage_x86_64"), tftp("begin", "bzImage_x86_64", "4113408")]
LOADED = [*DHCP, *LOADER, *MODULE, *NOT_BY_MAC, *CONFIG, *KERNEL]
START = "[    0.000000] Linux version 6.1.192 (gcc (Debian 12.2.0-14+deb12u1) 12.2.0) #1 SMP"
MOUNTED = "[    2.801354] VFS: Mounted root (nfs4 filesystem) on device 0:13."
NFS = [rpc("nfs-call"), rpc("nfs-answer")]


def timeline(*story: Event | str | list[Event]) -> Timeline:
    """A boot that began at 100.0, with one thing every second after it."""
    one = Timeline(MAC, ADDRESS, 100.0)
    flat: list[Event | str] = []
    for part in story:
        flat += part if isinstance(part, list) else [part]
    for second, what in enumerate(flat, 101):
        if isinstance(what, str):
            one.console(Line(float(second), what))
        else:
            one.wire(Event(float(second), what.machine, what.kind, what.subject, what.detail))
    return one


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("pxelinux.0", "loader"),
        ("lpxelinux.0", "loader"),
        ("undionly.kpxe", "loader"),
        ("ipxe.efi", "loader"),
        ("efi64/syslinux.efi", "loader"),
        ("ldlinux.c32", "module"),
        ("efi64/ldlinux.e64", "module"),
        ("pxelinux.cfg/C0A80115", "config"),
        ("pxelinux.cfg/default", "config"),
        ("ipxe/01-00-02-a5-04-3b-66.ipxe", "config"),
        ("ipxe/00:02:a5:04:3b:66.gpxe", "config"),
        ("bzImage_x86_64", "kernel"),
        ("vmlinuz", "kernel"),
        ("slave21.elf", "kernel"),
        ("initrd.img-6.1.0-32-amd64", "initrd"),
        ("initramfs.cpio.gz", "initrd"),
    ],
)
def test_file_role(name: str, role: str) -> None:
    assert file_role(name) == role


def test_a_whole_boot() -> None:
    one = timeline(LOADED, START, DHCP, NFS, MOUNTED)
    assert one.login(130.0, "slave21 login:") == ["login"]
    assert one.mark("shell", 131.0, "answered") == "shell"
    assert one.rows() == [
        (4.0, "DHCP", "192.168.1.21, boot file pxelinux.0"),
        (6.0, "loader", "pxelinux.0, 42,430 bytes"),
        (12.0, "config file", "pxelinux.cfg/C0A80115, 162 bytes"),
        (14.0, "kernel", "bzImage_x86_64, 4,113,408 bytes"),
        (15.0, "kernel starts", "Linux version 6.1.192"),
        (22.0, "NFS root", "VFS: Mounted root (nfs4 filesystem)"),
        (30.0, "login", "slave21 login:"),
        (31.0, "logged in", "answered"),
    ]


def test_a_quiet_kernel_has_an_nfs_stage_too() -> None:
    one = timeline(LOADED, START, NFS)
    assert "nfs" not in one.stages
    assert one.login(130.0, "slave21 login:") == ["nfs", "login"]
    assert one.seconds("nfs") == 17.0


def test_an_ipxe_script_needs_no_loader() -> None:
    script = "ipxe/01-00-02-a5-04-3b-66.ipxe"
    one = timeline(dhcp("ack", script), tftp("request", script), tftp("begin", script, "120"), KERNEL)
    assert list(one.stages) == ["dhcp", "config", "kernel"]


def test_events_of_others_and_of_an_earlier_boot_are_told_apart() -> None:
    one = timeline()
    assert one.concerns(Event(100.5, MAC, "dhcp-ack"))
    assert one.concerns(Event(100.5, ADDRESS, "tftp-request"))
    assert not one.concerns(Event(99.5, MAC, "dhcp-ack"))
    assert not one.concerns(Event(100.5, "00:02:a5:04:3b:67", "dhcp-ack"))


PANIC = (
    "[    2.862000] Kernel panic - not syncing: No working init found.  Try passing init= option to kernel.",
    "[    3.010000] ---[ end Kernel panic - not syncing: No working init found.",
)


@pytest.mark.parametrize(
    ("story", "words"),
    [
        ([], "sent no DHCP request"),
        (
            [dhcp("discover", ""), dhcp("discover", "")],
            "no DHCP answer: is the DHCP server running, does it know 00:02:",
        ),
        ([dhcp("discover", ""), "No more network devices"], "no DHCP answer"),
        ([dhcp("request", ""), dhcp("nak", "")], "refused the address"),
        ([dhcp("discover", ""), dhcp("offer")], "offer was not taken up"),
        ([dhcp("ack", "")], "names no boot file"),
        ([dhcp("ack")], "never asked for it: is next-server right?"),
        ([DHCP, tftp("request", "pxelinux.0")], "no TFTP answer for pxelinux.0"),
        (
            [DHCP, LOADER[0], tftp("error", "pxelinux.0", "File not found"), "No more network devices"],
            "file not found over TFTP: pxelinux.0 (File not found)",
        ),
        (
            [DHCP, LOADER, MODULE[0], tftp("error", "ldlinux.c32", "File not found")],
            "file not found over TFTP: ldlinux.c32",
        ),
        (
            [DHCP, LOADER, MODULE, NOT_BY_MAC, "Unable to locate configuration file"],
            "file not found over TFTP: pxelinux.cfg/01-00-02-a5-04-3b-66",
        ),
        (
            [DHCP, LOADER, MODULE, NOT_BY_MAC, CONFIG, KERNEL[0], tftp("error", "bzImage_x86_64", "File not found")],
            "file not found over TFTP: bzImage_x86_64",
        ),
        ([DHCP, LOADER], "pxelinux.0 was fetched, and nothing followed"),
        ([LOADED], "4,113,408 bytes was fetched, but printed nothing"),
        ([LOADED, START], "never asked for its NFS root"),
        ([LOADED, START, "[    1.2] IP-Config: No network devices available"], "no driver for this network card"),
        ([LOADED, START, "[   90.2] IP-Config: Retrying forever (NFS root)..."], "DHCP request got no answer"),
        ([LOADED, START, rpc("nfs-call")], "no NFS answer: the NFS server does not reply"),
        ([LOADED, START, rpc("portmap-call")], "no NFS answer: the portmapper does not reply"),
        ([LOADED, START, rpc("nfs-call"), rpc("nfs-refused")], "refuses connections to nfsd"),
        ([LOADED, START, rpc("portmap-call"), rpc("portmap-refused")], "refuses connections to rpcbind"),
        ([LOADED, START, NFS], "the NFS server answers, but the kernel did not mount its root"),
        ([LOADED, START, NFS, rpc("nfs-error", "2")], "NFS error 2: the server has no such directory"),
        ([LOADED, START, NFS, rpc("nfs-error", "10021")], "minor version"),
        ([LOADED, START, NFS, rpc("nfs-error", "10063")], "NFS error 10063: see RFC 8881"),
        ([LOADED, START, NFS, MOUNTED, rpc("nfs-error", "2")], "no login prompt came"),
        (
            [LOADED, START, NFS, MOUNTED, *PANIC],
            "reached, then the kernel gave up: Kernel panic - not syncing: No working",
        ),
        (
            [LOADED, START, NFS, MOUNTED, "[ 190.1] nfs: server 192.168.1.1 not responding, still trying"],
            "stopped answering",
        ),
        ([LOADED, START, NFS, MOUNTED], "is there a getty on the serial line"),
    ],
)
def test_cause(story: list[Event | str | list[Event]], words: str) -> None:
    assert words in cause(timeline(*story), ended=1000.0)


def test_cause_after_the_login_prompt() -> None:
    one = timeline(LOADED, START, NFS, MOUNTED)
    one.login(130.0, "slave21 login:")
    assert "no shell answered" in cause(one, ended=1000.0)


def test_a_machine_that_still_worked_wants_more_time() -> None:
    one = timeline(LOADED, START, NFS, MOUNTED, " * Starting sshd ...")
    assert "LAB_BOOT_TIMEOUT" in cause(one, ended=one.lines[-1].time + 5.0)
    assert "getty" in cause(one, ended=one.lines[-1].time + 30.0)


@pytest.mark.parametrize(
    ("line", "meaning"),
    [
        ("No bootable device.", "the firmware found nothing to boot from"),
        ("No more network devices", "the firmware found nothing to boot from"),
        ("BdsDxe: No bootable option or device was found.", "the firmware found nothing to boot from"),
        ("Unable to locate configuration file", "the loader found no configuration"),
        ("Failed to load ldlinux.c32", "the loader could not load its module"),
        ("Could not find kernel image: linux", "the loader found no kernel"),
        (PANIC[0], "the kernel gave up"),
        (
            "[    1.0] Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,255)",
            "the kernel gave up",
        ),
    ],
)
def test_dead_end(line: str, meaning: str) -> None:
    found = dead_end(timeline(line))
    assert found is not None
    assert found.startswith(meaning)


@pytest.mark.parametrize("line", [START, MOUNTED, "slave21 login:", "Booting from ROM..."])
def test_no_dead_end(line: str) -> None:
    assert dead_end(timeline(line)) is None
