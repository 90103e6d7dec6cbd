# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which images for Etherboot's ROMs a fleet needs, and what they are called.

An image holds a command line, so that slaves share one only where their command lines agree. That of an image names no
path: the kernel takes its root from DHCP's root-path (option 17), and the options of NFS from nfsroot=,OPTIONS
(Documentation/admin-guide/nfs/nfsroot.rst of Linux, fs/nfs/nfsroot.c).
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Mapping, MutableMapping, Sequence

LOADER = "etherboot"
# How much of a slave's own kernel arguments a name repeats, in characters; a checksum follows.
_READABLE = 24

Record = Mapping[str, str]


def name_images(records: Sequence[MutableMapping[str, str]]) -> list[dict[str, str]]:
    """Enter in each slave's record the name of its image, as etherboot_file, and return the images by their names.

    The image that most slaves of an architecture need is called vmlinuz_ARCHITECTURE, as in the article. The name of
    another one tells what is special about it, and depends on nothing but that.
    records: the slaves of the model; those without an Etherboot ROM get "".
    """
    ours = [record for record in records if record["loader"] == LOADER]
    plain = _commonest(ours)
    images: dict[str, dict[str, str]] = {}
    for record in ours:
        name = f"vmlinuz_{record['architecture']}"
        if plain[record["architecture"]] != _suffix(record):
            name += f"-{_suffix(record)}"
        images[name] = {
            "file": name,
            "architecture": record["architecture"],
            "kernel_file": record["kernel_file"],
            "initrd_file": record["initrd_file"],
            "command_line": command_line(record),
        }
        record["etherboot_file"] = name
    return [images[name] for name in sorted(images)]


def command_line(record: Record) -> str:
    """Return a slave's command line without the path of its root."""
    _path, _comma, options = record["nfs_root"].partition(",")
    return record["command_line"].replace(f"nfsroot={record['nfs_root']}", f"nfsroot=,{options}", 1)


def _commonest(records: Sequence[Record]) -> dict[str, str]:
    """Return by architecture the suffix of the image that most slaves need; of equals, the first slave's."""
    counted: dict[str, Counter[str]] = {}
    for record in records:
        counted.setdefault(record["architecture"], Counter())[_suffix(record)] += 1
    return {architecture: counts.most_common(1)[0][0] for architecture, counts in counted.items()}


def _suffix(record: Record) -> str:
    """Return what tells two images of an architecture apart, in words that are safe in a file's name."""
    words = [f"nfs{record['nfs_version']}"]
    if record["kernel_source"] == "package":
        words.insert(0, "package")
    if record["init"] != "auto":
        words.append(record["init"])
    if record["console"]:
        words.append(record["console"].replace(",", "-"))
    if arguments := record["kernel_arguments"]:
        words += [
            re.sub("[^A-Za-z0-9._]+", "-", arguments)[:_READABLE].strip("-."),
            hashlib.sha256(arguments.encode()).hexdigest()[:8],
        ]
    return "-".join(filter(None, words))
