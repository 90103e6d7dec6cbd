# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a symbol cannot do without, read from the Kconfig files of a kernel's source without evaluating them.

Only what stands there plainly: a symbol that every way to fulfil a `depends on` or an enclosing if or menu asks for.
Which value comes out is for the tree's own conf to say. Only the files that hold a needed symbol, and those that
include them, are looked into.

Source: Documentation/kbuild/kconfig-language.rst.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field, replace

from ansible_collections.netboot.diskless.plugins.module_utils._kconfig_types import source_arch, without_help

_NAMED = re.compile(r"^[ \t]*(?:menu)?config[ \t]+(\w+)[ \t]*(?:#.*)?$", re.MULTILINE)
_INCLUDED = re.compile(r'^[ \t]*source[ \t]+"?([^"\s]+)"?', re.MULTILINE)
_KEYWORD = re.compile(r"\s*(\w+)\s*(.*)")
_PROMPT = re.compile(r"(?:bool|tristate|string|int|hex|prompt)\s*[\"'].*")
_VALUE = re.compile(r"(?:def_bool|def_tristate|default)\b.*")
_MACRO = re.compile(r"\$\((?:[^()]|\([^()]*\))*\)")
_TOKEN = re.compile(r"\w+|\"[^\"]*\"|'[^']*'|&&|\|\||!=|<=|>=|[<>=!()]")
_NAME = re.compile(r"\w+")
_CONSTANT = re.compile(r"[ymn]|\d+|0[xX][0-9a-fA-F]+")
_COMPARISONS = ("=", "!=", "<", "<=", ">", ">=")


class _Expression:
    """The symbols that an expression cannot be y without."""

    def __init__(self, text: str) -> None:
        self._tokens = _TOKEN.findall(_MACRO.sub('""', text.partition("#")[0]))

    def _take(self, *wanted: str) -> str:
        if self._tokens and (not wanted or self._tokens[0] in wanted):
            return str(self._tokens.pop(0))
        return ""

    def any_of(self) -> set[str]:
        found = self.all_of()
        while self._take("||"):
            found &= self.all_of()
        return found

    def all_of(self) -> set[str]:
        found = self._one()
        while self._take("&&"):
            found |= self._one()
        return found

    def _one(self) -> set[str]:
        if self._take("!"):
            self._one()
            return set()
        if self._take("("):
            found = self.any_of()
            self._take(")")
            return found
        name = self._take()
        comparison = self._take(*_COMPARISONS)
        with_what = self._take() if comparison else ""
        plain = not comparison or (comparison, with_what.strip("\"'")) in (("=", "y"), ("!=", "n"))
        return {name} if plain and _NAME.fullmatch(name) and not _CONSTANT.fullmatch(name) else set()

    def rest(self) -> bool:
        return bool(self._tokens)


def required(expression: str) -> set[str]:
    """The symbols that have to be y or m for an expression to be so, whichever way it is fulfilled.

    Args:
        expression: what follows `depends on` or `if`; of one that cannot be read nothing is required.
    """
    parsed = _Expression(expression)
    found = parsed.any_of()
    # `depends on A if B` of recent trees asks for A at times only.
    return set() if parsed.rest() else found


@dataclass
class Entry:
    """One definition of a symbol.

    Args:
        depends: what it and all around it in its file require.
        prompt: whether one can set it.
        computed: whether it has a value of its own without that.
        selects: what it sets with itself.
    """

    depends: set[str] = field(default_factory=set)
    prompt: bool = False
    computed: bool = False
    selects: set[str] = field(default_factory=set)


class _File:
    """What one Kconfig file defines and includes, with the conditions around it."""

    def __init__(self, text: str) -> None:
        self.entries: dict[str, list[Entry]] = {}
        self.included: dict[str, set[str]] = {}
        # The conditions of the ifs, menus and choices that are open, the outermost first.
        self._open: list[set[str]] = []
        # Whose attributes follow: of an entry, of a menu or choice, or of nothing that is of interest.
        self._entry: Entry | None = None
        self._block: set[str] | None = None
        continued = ""
        for line in without_help(text):
            if line.endswith("\\"):
                continued += line[:-1] + " "
                continue
            keyword = _KEYWORD.fullmatch(continued + line)
            continued = ""
            if keyword:
                self._read(keyword[1], keyword[2].strip())

    def _around(self) -> set[str]:
        return set().union(*self._open)

    def _read(self, word: str, rest: str) -> None:
        if word in ("config", "menuconfig"):
            self._block, self._entry = None, Entry(self._around())
            self.entries.setdefault(rest.split("#")[0].strip(), []).append(self._entry)
        elif word in ("if", "menu", "choice"):
            self._entry, self._block = None, required(rest) if word == "if" else set()
            self._open.append(self._block)
        elif word in ("endif", "endmenu", "endchoice", "comment", "source"):
            self._entry = self._block = None
            if word == "source":
                self.included.setdefault(rest.strip("\"' "), self._around())
            elif word != "comment" and self._open:
                self._open.pop()
        elif word == "depends" and rest.startswith("on"):
            self._attribute(required(rest[2:]))
        elif word == "select" and self._entry:
            # The condition of a select is left to conf.
            self._entry.selects.add(rest.split()[0])
        elif self._entry:
            self._entry.prompt |= bool(_PROMPT.fullmatch(f"{word} {rest}"))
            self._entry.computed |= bool(_VALUE.fullmatch(f"{word} {rest}"))

    def _attribute(self, found: set[str]) -> None:
        if self._entry:
            self._entry.depends |= found
        elif self._block is not None:
            self._block |= found


@dataclass(frozen=True)
class Needs:
    """What symbols need.

    Args:
        symbols: what has to be y and can be set, the symbols themselves among them.
        missing: pairs of a needed symbol that the architecture has not, and what needs it.
    """

    symbols: tuple[str, ...]
    missing: tuple[tuple[str, str], ...]


class Kconfig:
    """The Kconfig files that belong to an architecture.

    Args:
        tree: kernel source.
        arch: as make's ARCH.
    """

    def __init__(self, tree: str, arch: str) -> None:
        self._tree = tree
        self._arch = source_arch(arch)
        self._texts: dict[str, str] = {}
        self._parents: dict[str, str] = {}
        self._homes: dict[str, list[str]] = {}
        self._files: dict[str, _File] = {}
        waiting = [("Kconfig", "")]
        while waiting:
            path, parent = waiting.pop()
            if path in self._texts:
                continue
            try:
                with open(os.path.join(tree, path), encoding="utf-8", errors="replace") as stream:
                    text = stream.read()
            except OSError:
                continue  # What a help text says, or a file of another architecture.
            self._texts[path] = text
            self._parents[path] = parent
            for name in _NAMED.findall(text):
                self._homes.setdefault(name, []).append(path)
            waiting += [(self._path(included), path) for included in _INCLUDED.findall(text)]

    def _path(self, included: str) -> str:
        return re.sub(r"\$\(?SRCARCH\)?", self._arch, included)

    def _file(self, path: str) -> _File:
        if path not in self._files:
            self._files[path] = _File(self._texts[path])
        return self._files[path]

    def _around(self, path: str) -> set[str]:
        """What the files that include one require around it."""
        found: set[str] = set()
        while parent := self._parents[path]:
            for included, conditions in self._file(parent).included.items():
                if self._path(included) == path:
                    found |= conditions
            path = parent
        return found

    def entries(self, symbol: str) -> list[Entry]:
        """The definitions of a symbol, with what all around them requires; none when the architecture has it not."""
        found = []
        for path in dict.fromkeys(self._homes.get(symbol, [])):
            around = self._around(path)
            for entry in self._file(path).entries.get(symbol, []):
                found.append(replace(entry, depends=entry.depends | around))
        return found

    def can_be_set(self, symbol: str) -> bool:
        """Whether a symbol has a prompt."""
        return any(entry.prompt for entry in self.entries(symbol))

    def selected_by(self, symbol: str) -> list[str]:
        """The symbols with a prompt that select one, of those that are defined in the same files."""
        found = set()
        for path in dict.fromkeys(self._homes.get(symbol, [])):
            for name, entries in self._file(path).entries.items():
                if any(entry.prompt and symbol in entry.selects for entry in entries):
                    found.add(name)
        return sorted(found)

    def needs(self, *symbols: str) -> Needs:
        """What has to be y for symbols to be y, down to what needs nothing.

        A symbol without a prompt is not asked for, since others select it or it follows from what else is set.
        """
        done: dict[str, bool] = {}
        missing: list[tuple[str, str]] = []
        waiting = [(symbol, "") for symbol in symbols]
        while waiting:
            symbol, by = waiting.pop(0)
            if symbol in done:
                continue
            found = self.entries(symbol)
            prompted = [entry for entry in found if entry.prompt]
            done[symbol] = bool(prompted)
            if not found:
                missing.append((symbol, by))
            ways = [entry.depends for entry in prompted or found if entry.prompt or entry.computed]
            inner = set.intersection(*ways) if ways else set()
            waiting += [(name, symbol) for name in sorted(inner)]
        return Needs(tuple(symbol for symbol, settable in done.items() if settable), tuple(missing))
