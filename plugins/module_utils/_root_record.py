# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the master remembers of a slave's root; it lies outside of the root, where the slave cannot change it."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import Any

from ansible_collections.netboot.diskless.plugins.module_utils._files import write_whole


class Record:
    """The master's memory of one root.

    Args:
        state_directory: where the master keeps what it knows of its roots.
        address: the slave's address, which names the record.
        root: path of the root; a record of another root says nothing of this one.
    """

    def __init__(self, state_directory: str, address: str, root: str) -> None:
        self.path = os.path.join(state_directory, "roots", f"{address}.json")
        self._root = root

    def _read(self) -> dict[str, Any]:
        try:
            with open(self.path, encoding="utf-8") as stream:
                known = json.load(stream)
        except (OSError, ValueError):
            return {}
        return known if isinstance(known, dict) and known.get("root") == self._root else {}

    def holds(self, programs: str) -> bool:
        """Whether the root got the programs of this stamp; a record that cannot be read says no."""
        return bool(self._read().get("programs") == programs)

    def source(self) -> str:
        """The directory that the root was made from; / of one that was made when there were no others."""
        return str(self._read().get("source", "/"))

    def modules(self) -> list[dict[str, Any]]:
        """The releases whose kernel modules the root got, the newest first, each with its release and its stamp."""
        known = self._read().get("modules", [])
        return [entry for entry in known if isinstance(entry, dict)] if isinstance(known, list) else []

    def exists(self) -> bool:
        """Whether the master knows this root at all: one that it does not know was made by somebody else."""
        return bool(self._read())

    def is_unfinished(self) -> bool:
        """Whether a run that built the root in its place did not come to its end."""
        return bool(self._read().get("unfinished"))

    def begin(self) -> None:
        """Remembers that the root is being built in its place."""
        self._write({"root": self._root, "unfinished": True})

    def finish(self, programs: str, source: str, modules: Sequence[dict[str, Any]] = ()) -> None:
        """Remembers that the root is complete, with the programs of this stamp of a source, and with these modules."""
        if not (self.holds(programs) and self.source() == source and self.modules() == list(modules)):
            self._write({"root": self._root, "programs": programs, "source": source, "modules": list(modules)})

    def _write(self, entries: dict[str, Any]) -> None:
        write_whole(self.path, json.dumps(entries).encode())
