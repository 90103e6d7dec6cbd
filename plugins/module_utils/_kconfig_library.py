# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""kconfiglib as a reader of today's kernels: loaded from a file, taught the words it is too old for, in make's world.

The library is not imported by name: no master has it, so the action plugin brings the controller's one file along when
a refusal has to be explained. It only explains; the values are conf's.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import os
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.netboot.diskless.plugins.module_utils._kconfig_configure import (
    ConfigError,
    Request,
    run_make,
)

# The version that the tests know; requirements.txt has the same.
VERSION = "14.1.0"

_DEPENDS = r"^([ \t]+depends on )([^\n#]*[^\s#])[ \t]+if[ \t]+"
# Words that Kconfig learnt after kconfiglib 14.1.0, said in those that it knows. Source: kconfig-language.rst.
_DIALECT = (
    # Linux 5.13: "modules" lost its "option".
    (re.compile(r"^([ \t]+)modules[ \t]*$", re.MULTILINE), r"\1option modules"),
    # Linux 6.18: a symbol that only hands its old value on; for an explanation it is one without a prompt.
    (re.compile(r"^[ \t]+transitional[ \t]*$", re.MULTILINE), ""),
    # Linux 7.0: "depends on A if B" is "depends on A || B = n"; what is no symbol cannot be compared, and "!" differs
    # from "= n" for m alone.
    (re.compile(_DEPENDS + r"(\w+)[ \t]*$", re.MULTILINE), r"\1(\2) || \3 = n"),
    (re.compile(_DEPENDS + r"([^\n#]*[^\s#])", re.MULTILINE), r"\1(\2) || !(\3)"),
)


def in_old_words(text: str) -> str:
    """The text of a Kconfig file as kconfiglib 14.1.0 reads it; the lines keep their numbers."""
    for pattern, replacement in _DIALECT:
        text = pattern.sub(replacement, text)
    return text


def load(path: str) -> Any:
    """The module kconfiglib of a file.

    Raises:
        ConfigError: the file cannot be loaded.
    """
    spec = importlib.util.spec_from_file_location("netboot_diskless_kconfiglib", path)
    if spec is None or spec.loader is None:
        raise ConfigError(f"{path} is no Python module")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except (OSError, SyntaxError, ImportError) as error:
        raise ConfigError(f"kconfiglib cannot be loaded from {path}: {error}") from error
    return module


def reader(kconfiglib: Any) -> Any:
    """A class like kconfiglib.Kconfig that reads today's words too."""

    class Reader(kconfiglib.Kconfig):
        def _open(self, filename: str, mode: str) -> Any:
            stream = super()._open(filename, mode)
            if mode != "r":
                return stream
            with stream:
                return io.StringIO(in_old_words(stream.read()))

    return Reader


def make_environment(request: Request, scratch: str) -> dict[str, str]:
    """The environment that make gives to conf: compilers, architecture, version and all else that Kconfig asks for.

    make is asked itself, by a target of our own whose name ends as that of a configuration target: every kernel's
    Makefile exports its variables for those, whatever they are called in its version.

    Raises:
        ConfigError: make fails.
    """
    path = os.path.join(scratch, ".netboot-environment")
    run_make(request.make(scratch, f"--eval=netbootconfig: ; @env -0 > {path}", "netbootconfig"))
    with open(path, encoding="utf-8", errors="surrogateescape") as stream:
        return dict(entry.split("=", 1) for entry in stream.read().split("\0") if "=" in entry)


@contextlib.contextmanager
def _world(environment: Mapping[str, str], directory: str) -> Iterator[None]:
    """Environment and working directory for as long as the block runs: kconfiglib takes both from the process."""
    former, former_directory = dict(os.environ), os.getcwd()
    try:
        os.environ.clear()
        os.environ.update(environment)
        os.chdir(directory)
        yield
    finally:
        os.chdir(former_directory)
        os.environ.clear()
        os.environ.update(former)


def parse(kconfiglib: Any, environment: Mapping[str, str], scratch: str, config: str) -> Any:
    """The tree's symbols, with the values of a configuration.

    Args:
        kconfiglib: the library, as load() gives it.
        environment: as make_environment() gives it.
        scratch: a directory in which compiler probes may write.
        config: absolute path of a .config file.

    Raises:
        ConfigError: the Kconfig files are beyond kconfiglib.
    """
    # A module of that name on the path would be run; there is none of this name.
    wanted = {**environment, "KCONFIG_FUNCTIONS": "netboot_diskless_no_functions"}
    with _world(wanted, scratch):
        try:
            kconf = reader(kconfiglib)("Kconfig", warn=False)
            kconf.load_config(config)
        # kconfiglib meets what it does not know with exceptions of many kinds.
        except Exception as error:
            raise ConfigError(f"kconfiglib cannot read the tree: {' '.join(str(error).split())}") from error
    return kconf
