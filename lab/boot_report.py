# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A boot for people and for tests: live progress, the timeline, what the slave said, or why it failed; and JSON."""

import json
from collections.abc import Sequence
from pathlib import Path

from lab.boot import Outcome
from lab.timeline import STAGES

CONSOLE_TAIL = 30
"""Lines of a failed machine's console that are shown."""


def row(name: str, seconds: float, title: str, detail: str) -> str:
    """One line of a timeline."""
    return f"  {name:<12} {seconds:7.2f} s  {title:<14} {detail}"


def show_progress(name: str, seconds: float, title: str, detail: str) -> None:
    """Print a stage as it is reached."""
    print(row(name, seconds, title, detail), flush=True)


def facts(outcome: Outcome) -> list[str]:
    """What a slave said about itself, as lines."""
    said = outcome.facts
    if said is None:
        return []
    pairs = (
        ("host name", said.hostname),
        ("address", ", ".join(said.addresses)),
        ("root", said.root),
        ("kernel", f"{said.kernel} {said.machine}"),
        ("command line", said.cmdline),
        ("init", said.init),
        ("firmware", said.firmware),
        ("machine-id", said.machine_id or "(none)"),
        ("ssh host key", said.host_key or "(none)"),
    )
    return [f"    {title:<13} {value}" for title, value in pairs]


def text(outcome: Outcome, stages: bool = True) -> str:
    """The report of one machine; `stages` adds its timeline."""
    head = f"{outcome.name}: {'up' if outcome.ok else 'FAILED'} after {outcome.seconds:.1f} s"
    rows = [row("", *stage) for stage in outcome.timeline.rows()] if stages else []
    parts = [head, *rows, *facts(outcome)]
    if not outcome.ok:
        tail = [f"    {line}" for line in outcome.lines[-CONSOLE_TAIL:]] or ["    (nothing)"]
        parts += [f"  likely cause: {outcome.cause}", f"  last lines of its console, of {len(outcome.lines)}:", *tail]
    return "\n".join(parts)


def data(outcomes: Sequence[Outcome]) -> dict[str, object]:
    """The report as plain data; times are seconds since a machine's power on."""
    slaves = {}
    for outcome in outcomes:
        said, line = outcome.facts, outcome.timeline
        slaves[outcome.name] = {
            "ok": outcome.ok,
            "seconds": round(outcome.seconds, 3),
            "cause": outcome.cause,
            "stages": {
                key: round(outcome.timeline.seconds(key), 3) for key in STAGES if key in outcome.timeline.stages
            },
            "details": {key: passed.text for key, passed in line.stages.items()},
            "facts": None if said is None else vars(said),
        }
    return {"ok": bool(outcomes) and all(outcome.ok for outcome in outcomes), "slaves": slaves}


def write(outcomes: Sequence[Outcome], file: Path) -> None:
    """Write the report as JSON."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(data(outcomes), indent=2) + "\n")
