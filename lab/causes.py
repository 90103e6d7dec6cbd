# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a boot stopped, guessed from its timeline. Pure; the rules are tried from the latest stage to the first."""

import re
from collections.abc import Callable

from lab.timeline import Timeline, file_role

DEAD_ENDS = (
    (
        "the firmware found nothing to boot from",
        re.compile(r"No bootable (?:device|option)|No more network devices|UEFI Interactive Shell"),
    ),
    (
        "the loader found no configuration",
        re.compile(r"Unable to locate configuration file|No configuration file found"),
    ),
    ("the loader could not load its module", re.compile(r"Failed to load (?:ldlinux\.[ce](?:32|64)|COM32)")),
    # After a first kernel that it cannot load, the loader tries the one before it. UEFI programs move the cursor in the
    # midst of a name.
    ("the loader found no kernel", re.compile(r"Could not find kernel image|Loading \S+\.prev\S*\.\.\. ?failed: .*")),
    # OVMF goes on to IPv6 then, which takes it minutes and finds nothing here.
    ("the firmware could not boot over IPv4", re.compile(r'BdsDxe: failed to (?:load|start) \S+ "[^"]*PXEv4[^"]*"')),
    # GRUB's words, and the shim's; after a kernel that it refuses, GRUB tries the one before it.
    ("the loader is not signed by a key that the machine knows", re.compile(r"Verification failed: \(0x1A\).*")),
    ("the kernel gave up", re.compile(r"Kernel panic - not syncing.*|No working init found.*")),
)
"""Console lines after which a machine goes no further, and what they mean."""

_NFS_ERRORS = {
    "1": "the server refuses the mount: is the root exported to this address?",
    "2": "the server has no such directory, or does not export it to this address",
    "13": "the server refuses the mount: is the root exported to this address?",
    "22": "the server or the kernel does not know a mount option",
    "93": "the server does not speak this NFS version",
    "110": "the server does not answer in time",
    "111": "nfsd is not running",
    "10013": "the server is still in its grace period",
    "10016": "the server wants another kind of authentication",
    "10021": "the server does not speak this minor version of NFS",
}
"""errno(3) numbers of the kernel's messages about its NFS root, and the server's own (RFC 1813, RFC 8881)."""

_NFS_ERROR = re.compile(r"(?:Unable to mount root fs via NFS|mount root|nfs.*mount).*?(?:error |returned )-(\d+)", re.I)
_NO_DEVICE = re.compile(r"IP-Config: (?:No network devices available|Failed to open|Device `.*' not found)")
_RETRYING = re.compile(r"Retrying forever|DHCP/BOOTP: Reply not for us|timed out!")
_CANNOT_MOUNT = re.compile(r"Unable to mount root fs|Cannot open root device")
_NOT_RESPONDING = re.compile(r"server \S+ not responding")
_BUSY = 20.0
"""Seconds; a machine that said something so shortly before the end was still at work."""

_ASKED = ("dhcp-discover", "dhcp-request")


def sign_of_end(text: str) -> str | None:
    """What a line of the console says of the boot's end, or None."""
    for meaning, pattern in DEAD_ENDS:
        match = pattern.search(text)
        if match:
            return f"{meaning}: {match.group()}"
    return None


def dead_end(timeline: Timeline) -> str | None:
    """A sign on the console that this boot is over, or None."""
    return next((sign for line in timeline.lines if (sign := sign_of_end(line.text))), None)


def _seen(timeline: Timeline, pattern: re.Pattern[str]) -> str | None:
    """The first console line that a pattern is found in."""
    return next((line.text for line in timeline.lines if pattern.search(line.text)), None)


def _after_root(timeline: Timeline, ended: float) -> str | None:
    if "nfs" not in timeline.stages or _seen(timeline, _CANNOT_MOUNT):
        return None
    silent = _seen(timeline, _NOT_RESPONDING)
    if silent:
        return f"the NFS server stopped answering: {silent}"
    if "login" in timeline.stages:
        return "the login prompt came, but no shell answered: see the console"
    end = dead_end(timeline)
    if end:
        return f"the NFS root was reached, then {end}"
    if timeline.lines and ended - timeline.lines[-1].time < _BUSY:
        return "the machine was still starting when the time was over: give it more (LAB_BOOT_TIMEOUT)"
    return "the NFS root was reached, but no login prompt came: is there a getty on the serial line, and an init?"


def _root(timeline: Timeline) -> str | None:
    if "start" not in timeline.stages:
        return None
    for line in timeline.lines:
        match = _NFS_ERROR.search(line.text)
        if match and match.group(1) in _NFS_ERRORS:
            return f"NFS error {match.group(1)}: {_NFS_ERRORS[match.group(1)]}"
    refusal = timeline.last("nfs-error")
    if refusal is not None:
        return f"NFS error {refusal.detail}: {_NFS_ERRORS.get(refusal.detail, 'see RFC 8881, section 15')}"
    kinds = timeline.kinds()
    if "nfs-refused" in kinds or "portmap-refused" in kinds:
        return "the master refuses connections to " + ("nfsd" if "nfs-refused" in kinds else "rpcbind")
    for service, name in (("nfs", "NFS server"), ("portmap", "portmapper")):
        if f"{service}-call" in kinds and f"{service}-answer" not in kinds:
            return f"no NFS answer: the {name} does not reply"
    if "nfs-answer" in kinds:
        return "the NFS server answers, but the kernel did not mount its root: is it exported to this address?"
    return None


def _kernel_network(timeline: Timeline) -> str | None:
    if "start" not in timeline.stages:
        return None
    missing = _seen(timeline, _NO_DEVICE)
    if missing:
        return f"the kernel has no driver for this network card: {missing}"
    waiting = _seen(timeline, _RETRYING)
    if waiting:
        return f"the kernel's own DHCP request got no answer: {waiting}"
    end = dead_end(timeline)
    if end:
        return end
    return "the kernel started, but never asked for its NFS root: are ip=dhcp and root=/dev/nfs on its command line?"


def _kernel(timeline: Timeline) -> str | None:
    if "kernel" not in timeline.stages:
        return None
    text = timeline.stages["kernel"].text
    return dead_end(timeline) or f"{text} was fetched, but printed nothing: is its console ttyS0, is it for this CPU?"


def _tftp(timeline: Timeline) -> str | None:
    error = timeline.last("tftp-error")
    request = timeline.last("tftp-request")
    if request is None:
        return None
    if error is not None and (error.time >= request.time or file_role(error.subject) == "config"):
        asked = sorted({event.subject for event in timeline.events if event.kind == "tftp-error"})
        return f"file not found over TFTP: {', '.join(asked)} ({error.detail})"
    begun = {event.subject for event in timeline.events if event.kind == "tftp-begin"}
    if request.subject not in begun:
        return f"no TFTP answer for {request.subject}: is the TFTP server running?"
    end = dead_end(timeline)
    if end and file_role(request.subject) == "loader":
        return f"{request.subject} was fetched, but is it a loader for this firmware? {end}"
    return end or f"{request.subject} was fetched, and nothing followed"


def _dhcp(timeline: Timeline) -> str | None:
    kinds = timeline.kinds()
    acknowledged = timeline.last("dhcp-ack")
    if acknowledged is not None:
        if not acknowledged.detail:
            return "the DHCP answer names no boot file"
        return f"DHCP named {acknowledged.detail}, but the machine never asked for it: is next-server right?"
    if "dhcp-nak" in kinds:
        return "the DHCP server refused the address"
    offer = timeline.last("dhcp-offer")
    if offer is not None:
        # UEFI firmware passes such an offer over; other firmware asks for it.
        return "the DHCP offer was not taken up" + ("" if offer.detail else ": it names no boot file")
    if kinds & set(_ASKED):
        return f"no DHCP answer: is the DHCP server running, does it know {timeline.mac}?"
    return dead_end(timeline) or "the machine sent no DHCP request: has its firmware a network boot ROM?"


_RULES: tuple[Callable[[Timeline], str | None], ...] = (_root, _kernel_network, _kernel, _tftp, _dhcp)


def cause(timeline: Timeline, ended: float) -> str:
    """The likely cause of a boot that did not reach its login, in one line.

    :param ended: when it was given up, seconds since the epoch
    """
    return _after_root(timeline, ended) or next(text for rule in _RULES if (text := rule(timeline)))
