# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A kernel's source of two files, which the real make configures and builds in no time."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.netboot.diskless.plugins.module_utils._kernel_build import (
    Build,
    build_key,
    compile_kernel,
    configure,
)

# Kconfig here is a list of the symbols that exist; one that ends in ! can never be switched on. The last line of a
# .config that names a symbol holds, as with the real conf. A file "trap" in the output runs as a step of the build.
MAKEFILE = r"""
.RECIPEPREFIX = >
tinyconfig:
>@echo "  ARCH $(ARCH)"
>@printf '%s\n' 'CONFIG_64BIT=y' '# CONFIG_MODULES is not set' > $(O)/.config

olddefconfig:
>@awk 'FNR == NR { sub(/!$$/, "", $$1) ? no[$$1] = 1 : yes[$$1] = 1; next } \
>      match($$0, /CONFIG_[A-Z0-9_]+/) { name = substr($$0, RSTART + 7, RLENGTH - 7); line[name] = $$0 } \
>      END { for (name in yes) print name in line ? line[name] : "# CONFIG_" name " is not set"; \
>            for (name in no) print "# CONFIG_" name " is not set" }' Kconfig $(O)/.config > $(O)/.config.new
>@mv $(O)/.config.new $(O)/.config

OBJECTS = $(patsubst %.c,$(O)/%.o,$(sort $(wildcard *.c)))

$(O)/%.o: %.c $(O)/.config
>@echo "  CC $*.o"
>@cp $< $@
>@if [ -e $(O)/trap ]; then sh $(O)/trap; fi

bzImage: $(OBJECTS)
>@mkdir -p $(O)/arch/x86/boot
>@cat $(O)/.config $(OBJECTS) > $(O)/arch/x86/boot/bzImage

modules:
>@echo "  LD modules"

modules_install:
>@if [ -e $(O)/no-space ]; then echo cannot install >&2; exit 7; fi
>@touch $(O)/modules-installed
"""


class Tree:
    """A kernel's source and an output directory beside it."""

    def __init__(self, base: Path) -> None:
        self.base, self.source, self.output = base, base / "linux", base / "output"
        self.source.mkdir()
        (self.source / "Makefile").write_text(MAKEFILE)
        (self.source / "Kconfig").write_text("64BIT\nMODULES\nNFS_FS\nROOT_NFS\nLOCALVERSION\nBROKEN!\n")
        for name in ("a.c", "b.c"):
            (self.source / name).write_text(f"/* {name} */\n")
        self.symbols = {"NFS_FS": "y", "LOCALVERSION": '"-slave"', "MODULES": "n"}

    def build(self, **changes: Any) -> Build:
        given = Build(str(self.source), str(self.output), "x86_64", "tinyconfig", self.symbols, False, 1)
        return dataclasses.replace(given, **changes)

    def make(self, **changes: Any) -> Build:
        """What the module does when a build is needed."""
        build = self.build(**changes)
        configure(build)
        compile_kernel(build, build_key(build))
        return build

    def steps(self) -> list[str]:
        """What the last run printed."""
        return (self.output / "build.log").read_text().splitlines()


def make_tree(base: Path, monkeypatch: pytest.MonkeyPatch) -> Tree:
    """A tree below base, with a compiler that the tests can give another version."""
    (base / "bin").mkdir()
    compiler(base, "gcc 12")
    monkeypatch.setenv("PATH", f"{base}/bin:{os.environ['PATH']}")
    for name in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL"):
        monkeypatch.delenv(name, raising=False)
    return Tree(base)


def compiler(base: Path, version: str) -> None:
    (base / "bin/gcc").write_text(f"#!/bin/sh\necho '{version}'\necho Copyright\n")
    (base / "bin/gcc").chmod(0o755)
