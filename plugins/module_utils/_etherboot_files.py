# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The images of one directory, made of the kernels in it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ansible_collections.netboot.diskless.plugins.module_utils._bzimage import ImageError
from ansible_collections.netboot.diskless.plugins.module_utils._etherboot_image import make, tell
from ansible_collections.netboot.diskless.plugins.module_utils._files import read_file
from ansible_collections.netboot.diskless.plugins.module_utils._placing import Plan, WantedFile


@dataclass
class Prepared:
    """What can be made of the kernels that are there.

    Attributes:
        files: the images.
        missing: by the path of an image, the file that it lacks.
    """

    files: list[WantedFile] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)


def prepare(directory: str, form: str, images: Sequence[Mapping[str, str]]) -> Prepared:
    """Makes images, without writing one.

    Args:
        directory: where kernels are, and images go.
        form: elf or nbi.
        images: each with file, kernel_file, initrd_file ("" for none) and command_line.

    Raises:
        ImageError: one of them could not work; all reasons are told.
    """
    prepared = Prepared()
    problems = []
    for wanted in images:
        sources = [name for name in (wanted["kernel_file"], wanted["initrd_file"]) if name]
        foreign = [name for name in (wanted["file"], *sources) if os.path.basename(name) != name or name in ("", "..")]
        if foreign:
            problems.append(f"{foreign[0]!r} is no name of a file in {directory}")
            continue
        path = os.path.join(directory, wanted["file"])
        paths = [os.path.join(directory, name) for name in sources]
        contents = [read_file(source) for source in paths]
        absent = [source for source, content in zip(paths, contents) if content is None]
        if absent:
            prepared.missing[path] = absent[0]
            continue
        try:
            initrd = contents[1] if wanted["initrd_file"] else None
            data = make(form, contents[0] or b"", wanted["command_line"], initrd)
        except ImageError as error:
            problems.append(f"{path} cannot be made of {' and '.join(paths)}: {error}")
            continue
        prepared.files.append(WantedFile(path, data))
    if problems:
        raise ImageError("\n".join(problems))
    return prepared


def describe(path: str, data: bytes) -> dict[str, object]:
    """What an image is, by names that people understand; of another file, its path and size alone."""
    told = tell(data)
    more = told._asdict() if told else {}
    return {"file": path, "bytes": len(data), **more}


def differences(plan: Plan, missing: Mapping[str, str]) -> list[dict[str, str]]:
    """A plan in the form that --diff shows: what is in an image, instead of its bytes."""
    changes = [_change(path, f"made as soon as {absent} is there\n") for path, absent in missing.items()]
    changes += [_change(item.path, _lines(item.path, item.content)) for item in plan.write]
    changes += [_change(path, "", " (removed)") for path in plan.remove]
    changes += [{"prepared": f"{item.path}: {item.owner}:{item.group} {item.mode:04o}\n"} for item in plan.mend]
    return changes


def _change(path: str, after: str, remark: str = "") -> dict[str, str]:
    before = _lines(path, read_file(path))
    return {"before_header": path, "after_header": f"{path}{remark}", "before": before, "after": after}


def _lines(path: str, data: bytes | None) -> str:
    described = {} if data is None else describe(path, data)
    return "".join(f"{name}: {value}\n" for name, value in described.items() if name != "file")
