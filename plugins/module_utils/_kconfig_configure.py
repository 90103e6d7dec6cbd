# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Making a kernel's .config of a base and wanted symbols by the tree's own conf, and refusing what conf does not grant.

In three steps, so that a caller can stop after any of them: prepare() reads and judges what needs no make, attempt()
makes the configuration in a scratch directory, install() puts it into its place. Only the last changes anything.
"""

from __future__ import annotations

import contextlib
import difflib
import gzip
import hashlib
import json
import os
import re
import shutil
import subprocess
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.netboot.diskless.plugins.module_utils import _kconfig
from ansible_collections.netboot.diskless.plugins.module_utils._files import copy_whole, read_file, write_whole
from ansible_collections.netboot.diskless.plugins.module_utils._kconfig_history import what_became_of
from ansible_collections.netboot.diskless.plugins.module_utils._kconfig_types import (
    Definitions,
    architectures_with,
    read_definitions,
    source_arch,
)
from ansible_collections.netboot.diskless.plugins.module_utils._kconfig_values import (
    UNSET,
    Refusal,
    canonical,
    granted,
    plain,
    shown,
)
from ansible_collections.netboot.diskless.plugins.module_utils._kernel_arch import cross_prefix, make_words
from ansible_collections.netboot.diskless.plugins.module_utils._lock import locked

# The same as the build's: a configuration must not change under a compiler.
LOCK_FILE = ".netboot-lock"
# What the image in the directory was built from; it stands for the configuration that is replaced.
IMAGE_KEY_FILE = ".netboot-key"
KEY_FILE = ".netboot-config-key"
BACKUP_FILE = ".config.previous"
LOG_TAIL = 25
# Part of the key: a change of what this file does with its inputs makes every configuration anew.
KEY_VERSION = 1

TARGET = re.compile(r"defconfig|tinyconfig|allnoconfig|[a-z0-9_-]+_defconfig")
# Programs that Kconfig asks for versions and features, behind the cross-compiler's prefix or not.
_CROSS_TOOLS = ("gcc", "ld", "as", "objcopy", "nm")
_TOOLS = ("clang", "ld.lld", "rustc", "bindgen", "pahole", "python3", "flex", "bison")
# What of the environment decides which programs make uses.
_ENVIRONMENT = ("CROSS_COMPILE", "LLVM", "LLVM_IAS", "CC", "LD", "AS", "HOSTCC", "RUSTC", "PAHOLE", "KCONFIG_ALLCONFIG")


class ConfigError(Exception):
    """The kernel cannot be configured; the text says why."""


@dataclass(frozen=True)
class Request:
    """What configuration is wanted.

    Args:
        tree: kernel source; it is only read.
        output: the O= directory that holds .config.
        arch: as make's ARCH.
        base: what the symbols are laid over: the absolute path of a .config file, plain or compressed; a target of
            the tree (TARGET); running; or empty to keep what the output holds.
        symbols: wanted symbols as YAML gave them.
        fragments: paths of files with wanted symbols; a later one wins over an earlier, symbols over all.
    """

    tree: str
    output: str
    arch: str
    base: str = ""
    symbols: Mapping[str, Any] = field(default_factory=dict)
    fragments: tuple[str, ...] = ()

    @property
    def config(self) -> str:
        """Path of the configuration."""
        return os.path.join(self.output, ".config")

    @property
    def backup(self) -> str:
        """Path of the configuration that the last change replaced."""
        return os.path.join(self.output, BACKUP_FILE)

    def make(self, scratch: str, *arguments: str) -> list[str]:
        """A make command for the tree with another O= directory."""
        return ["make", "-C", self.tree, f"O={scratch}", *make_words(self.arch), *arguments]


@dataclass(frozen=True)
class Prepared:
    """A request with all that it takes read.

    Args:
        request: what was asked.
        definitions: the tree's symbols.
        wanted: the symbols that can be asked of conf, as .config writes them.
        refusals: the others.
        warnings: what is odd but harmless.
        base: text of the base; None when a target of the tree makes it.
        before: symbols of the .config that is there.
        key: changes with everything that the result depends on.
    """

    request: Request
    definitions: Definitions
    wanted: dict[str, str]
    refusals: list[Refusal]
    warnings: list[str]
    base: str | None
    before: dict[str, str]
    key: str

    def final(self, values: Mapping[str, str]) -> dict[str, str]:
        """The wanted symbols' values among all, as a user reads them."""
        return {name: plain(self._value(values, name)) for name in sorted(self.wanted)}

    def _value(self, values: Mapping[str, str], name: str) -> str:
        return values.get(name, UNSET.get(self.definitions.types[name], ""))


@dataclass(frozen=True)
class Attempt:
    """What conf made of it.

    Args:
        config: path of the new configuration, in the scratch directory.
        values: its symbols.
        refusals: all wanted symbols that did not come out as asked.
    """

    config: str
    values: dict[str, str]
    refusals: list[Refusal]


def running_configurations(release: str) -> list[str]:
    """Where the running kernel's configuration may be found, the surest place first."""
    return [
        "/proc/config.gz",
        f"/boot/config-{release}",
        f"/lib/modules/{release}/config",
        f"/lib/modules/{release}/build/.config",
    ]


def _base_text(request: Request) -> str | None:
    """The text of the base, or None for a target.

    Raises:
        ConfigError: there is no such base.
    """
    if TARGET.fullmatch(request.base):
        return None
    if not request.base:
        candidates = [request.config]
        missing = f"{request.config} is not there yet: give a base, such as defconfig"
    elif request.base == "running":
        candidates = running_configurations(os.uname().release)
        missing = f"the running kernel's configuration is in none of {', '.join(candidates)}"
    elif os.path.isabs(request.base):
        candidates = [request.base]
        missing = f"the base {request.base} is not there"
    else:
        raise ConfigError(
            f"the base is {request.base!r}; allowed is an absolute path, defconfig, tinyconfig, allnoconfig, "
            "NAME_defconfig, running, or nothing to keep what is there"
        )
    for path in candidates:
        data = read_file(path)
        if data is None:
            continue
        try:
            return (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode(errors="replace")
        except (EOFError, OSError, zlib.error) as error:
            raise ConfigError(f"{path} is no whole gzip file: {error}") from error
    raise ConfigError(missing)


def closest(symbol: str, types: Mapping[str, str]) -> list[str]:
    """Up to three known symbols whose names are most like one that is not known."""
    name = symbol.upper()
    if name.startswith("CONFIG_"):
        name = name[len("CONFIG_") :]
    if name in types:
        return [name]
    words = sorted(name.split("_"))
    same_words = [known for known in types if len(known) == len(name) and sorted(known.split("_")) == words]
    alike = difflib.get_close_matches(name, types, n=3, cutoff=0.75)
    return list(dict.fromkeys([*same_words, *alike]))[:3]


def _unknown(request: Request, symbol: str, types: Mapping[str, str]) -> str:
    """Why a symbol is not known, as far as one can tell, and what it may have been meant to be."""
    told = what_became_of(symbol, types)
    if told:
        return told
    elsewhere = architectures_with(request.tree, symbol)
    if elsewhere:
        return f"it exists only below arch/{', arch/'.join(elsewhere)}, not for {request.arch}"
    names = closest(symbol, types)
    if names:
        return f"this tree has no such symbol; closest: {', '.join(names)}"
    return "this tree has no such symbol, nor one with a name like it"


def _wanted(request: Request) -> dict[str, Any]:
    """All wanted symbols, the fragments' below the others.

    Raises:
        ConfigError: a fragment cannot be read.
    """
    wanted: dict[str, Any] = {}
    for path in request.fragments:
        try:
            wanted.update(_kconfig.read(path))
        except OSError as error:
            raise ConfigError(f"the fragment {path} cannot be read: {error.strerror}") from error
    wanted.update(request.symbols)
    return wanted


def _judge(
    request: Request, asked: Mapping[str, Any], definitions: Definitions
) -> tuple[dict[str, str], list[Refusal], list[str]]:
    """Parts what can be asked of conf from what no conf can grant; the third is what is odd but harmless."""
    wanted: dict[str, str] = {}
    refusals: list[Refusal] = []
    warnings: list[str] = []
    for name, value in sorted(asked.items()):
        kind = definitions.types.get(name)
        if not kind:
            reason = _unknown(request, name, definitions.types)
            if shown(value) == "n":
                warnings.append(f"{name}=n holds, but {reason}")
            else:
                refusals.append(Refusal(name, shown(value), "", "unknown", reason))
            continue
        try:
            wanted[name] = canonical(value, kind)
        except ValueError as error:
            refusals.append(Refusal(name, shown(value), "", "type", str(error)))
    return wanted, refusals, warnings


def _program(name: str) -> list[Any]:
    """What tells two versions of a program apart without running it."""
    path = shutil.which(name)
    if path is None:
        return [name]
    real = os.path.realpath(path)
    status = os.stat(real)
    return [name, real, status.st_size, status.st_mtime_ns]


def _tool_texts(request: Request) -> Iterator[str]:
    """The files beside Kconfig's that decide what a configuration comes out as."""
    below = f"arch/{source_arch(request.arch)}"
    yield from ("Makefile", f"{below}/Makefile")
    directories = ["scripts", "scripts/kconfig"]
    if TARGET.fullmatch(request.base):
        directories += [f"{below}/configs", "kernel/configs"]
    for directory in directories:
        try:
            names = sorted(os.listdir(os.path.join(request.tree, directory)))
        except FileNotFoundError:
            continue
        # Of scripts/ only what Kconfig calls; the rest is for the build.
        yield from (f"{directory}/{name}" for name in names if directory != "scripts" or name.endswith(".sh"))


def _key(request: Request, definitions: Definitions, wanted: Mapping[str, str], base: str | None) -> str:
    """A digest of everything that the configuration depends on, itself apart."""
    digest = hashlib.sha256()
    for name in _tool_texts(request):
        path = os.path.join(request.tree, name)
        if os.path.isfile(path):
            digest.update(f"{name}\0".encode() + (read_file(path) or b"") + b"\0")
    prefix = cross_prefix(request.arch)
    inputs = [
        KEY_VERSION,
        definitions.digest,
        request.arch,
        request.base,
        # What is kept is the result itself, which is compared apart from the key.
        base if request.base else None,
        dict(wanted),
        [_program(prefix + name) for name in _CROSS_TOOLS] + [_program(name) for name in _TOOLS],
        {name: os.environ.get(name) for name in _ENVIRONMENT},
    ]
    digest.update(json.dumps(inputs, sort_keys=True).encode())
    return digest.hexdigest()


def prepare(request: Request) -> Prepared:
    """Reads all that a request takes, and refuses what no conf is needed for.

    Raises:
        ConfigError: the tree, the base or a fragment is not there.
    """
    if not os.path.isfile(os.path.join(request.tree, "Kconfig")):
        raise ConfigError(f"{request.tree} holds no Linux source (it has no Kconfig)")
    try:
        definitions = read_definitions(request.tree, request.arch)
    except FileNotFoundError as error:
        raise ConfigError(f"the source in {request.tree} has nothing for {request.arch}: {error}") from error
    base = _base_text(request)
    wanted, refusals, warnings = _judge(request, _wanted(request), definitions)
    before = _kconfig.read(request.config) if os.path.exists(request.config) else {}
    key = _key(request, definitions, wanted, base)
    return Prepared(request, definitions, wanted, refusals, warnings, base, before, key)


def _mark(key: str, values: Mapping[str, str]) -> str:
    """What stands beside a .config that was made of just these inputs and not touched since."""
    return f"{key} {hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()}\n"


def is_current(prepared: Prepared) -> bool:
    """Whether .config is what an earlier run made of the same inputs, and nobody has changed a symbol of it since."""
    noted = read_file(os.path.join(prepared.request.output, KEY_FILE))
    return bool(prepared.before) and noted == _mark(prepared.key, prepared.before).encode()


def run_make(command: list[str]) -> str:
    """Runs make; returns what it printed.

    Raises:
        ConfigError: it fails; the text ends with the last lines that it printed.
    """
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
    except OSError as error:
        raise ConfigError(f"{command[0]} cannot be run: {error.strerror}") from error
    text = done.stdout.decode(errors="replace")
    if done.returncode:
        tail = "\n".join(text.splitlines()[-LOG_TAIL:])
        raise ConfigError(f"{' '.join(command)} failed with {done.returncode}; it ends with:\n{tail}")
    return text


def attempt(prepared: Prepared, scratch: str) -> Attempt:
    """Lets the tree's conf make the configuration and compares it with what was asked.

    Args:
        prepared: what to make.
        scratch: an empty directory to work in, from which programs may be run.

    Raises:
        ConfigError: make fails.
    """
    request = prepared.request
    config = os.path.join(scratch, ".config")
    if prepared.base is None:
        run_make(request.make(scratch, request.base))
    else:
        with open(config, "w", encoding="utf-8") as stream:
            stream.write(prepared.base)
    with open(config, "a", encoding="utf-8") as stream:
        # A file of the user's need not end with the end of a line.
        stream.write("\n" + _kconfig.fragment(prepared.wanted))
    run_make(request.make(scratch, "olddefconfig"))
    values = _kconfig.read(config)
    refusals = list(prepared.refusals)
    for name, wanted in prepared.wanted.items():
        kind = prepared.definitions.types[name]
        if not granted(wanted, values.get(name), kind):
            actual = values.get(name, UNSET.get(kind, ""))
            refusals.append(Refusal(name, plain(wanted), plain(actual)))
    return Attempt(config, values, sorted(refusals, key=lambda refusal: refusal.symbol))


def install(prepared: Prepared, made: Attempt) -> str:
    """Puts a configuration without refusals into its place and notes what it was made of.

    One that comes out as it was is left untouched, so that an interrupted build resumes. One that is replaced is kept
    beside it, and the image that was built with it counts as built no longer.

    Returns:
        Path of the backup; empty when there was nothing to keep.
    """
    request = prepared.request
    kept = ""
    with locked(os.path.join(request.output, LOCK_FILE)):
        if made.values != prepared.before or not os.path.exists(request.config):
            for name in (KEY_FILE, IMAGE_KEY_FILE):
                # Before what it stands for is changed: a run that ends half-way leaves none.
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(os.path.join(request.output, name))
            if os.path.exists(request.config):
                copy_whole(request.config, request.backup)
                kept = request.backup
            write_whole(request.config, read_file(made.config) or b"")
        mark = _mark(prepared.key, made.values).encode()
        path = os.path.join(request.output, KEY_FILE)
        if read_file(path) != mark:
            write_whole(path, mark)
    return kept


def difference(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[str, str]:
    """Two texts that name the symbols which differ, one a line; a symbol that is not there is n where that is a value.

    Args:
        before: symbols of the one configuration.
        after: symbols of the other.
    """
    old: list[str] = []
    new: list[str] = []
    for name in sorted({*before, *after}):
        one, other = before.get(name), after.get(name)
        if one == other or {one, other} == {None, "n"}:
            continue
        # A symbol without a value is n, unless what it becomes shows that it is none of those that can be.
        unset = "n" if before and (one or other) in ("y", "m", "n") else None
        for lines, value in ((old, one or unset), (new, other or unset)):
            if value is not None:
                lines.append(f"{name}={value}\n")
    return "".join(old), "".join(new)
