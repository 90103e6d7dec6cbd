# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A kernel's source of two files, which the real make builds in no time, and a configuration beside it."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.netboot.diskless.plugins.module_utils._kconfig import fragment
from ansible_collections.netboot.diskless.plugins.module_utils._kernel_build import Build, build_key, compile_kernel

# A file "trap" in the output runs as a step of the build.
MAKEFILE = r"""
.RECIPEPREFIX = >
OBJECTS = $(patsubst %.c,$(O)/%.o,$(sort $(wildcard *.c)))

$(O)/%.o: %.c $(O)/.config
>@echo "  CC $*.o $(ARCH) $(CROSS_COMPILE) $$(command -v gcc)"
>@cp $< $@
>@if [ -e $(O)/trap ]; then sh $(O)/trap; fi

bzImage: $(OBJECTS)
>@mkdir -p $(O)/arch/x86/boot
>@cat $(O)/.config $(OBJECTS) > $(O)/arch/x86/boot/bzImage

Image: $(OBJECTS)
>@mkdir -p $(O)/arch/arm64/boot
>@cat $(OBJECTS) > $(O)/arch/arm64/boot/Image

modules:
>@echo "  LD modules"

modules_install:
>@if [ -e $(O)/no-space ]; then echo cannot install >&2; exit 7; fi
>@echo "$(LOCALVERSION)" > $(O)/modules-installed
"""
SYMBOLS = {"64BIT": "y", "MODULES": "n", "NFS_FS": "y", "LOCALVERSION": '"-slave"'}


class Tree:
    """A kernel's source and an output directory beside it."""

    def __init__(self, base: Path) -> None:
        self.base, self.source, self.output = base, base / "linux", base / "output"
        self.source.mkdir()
        (self.source / "Makefile").write_text(MAKEFILE)
        (self.source / "Kconfig").write_text("# Only its name matters here.\n")
        for name in ("a.c", "b.c"):
            (self.source / name).write_text(f"/* {name} */\n")

    def build(self, **changes: Any) -> Build:
        return dataclasses.replace(Build(str(self.source), str(self.output), "x86_64", False, 1), **changes)

    def configure(self, **symbols: str) -> None:
        """What the module kernel_config does: a new configuration ends what the image's key stands for."""
        self.output.mkdir(exist_ok=True)
        text = fragment({**SYMBOLS, **symbols})
        config = self.output / ".config"
        if not config.exists() or config.read_text() != text:
            (self.output / ".netboot-key").unlink(missing_ok=True)
            config.write_text(text)

    def make(self, **changes: Any) -> Build:
        """What the module does when a build is needed."""
        build = self.build(**changes)
        if not (self.output / ".config").exists():
            self.configure()
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
    for name in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "CROSS_COMPILE"):
        monkeypatch.delenv(name, raising=False)
    return Tree(base)


def compiler(base: Path, version: str, name: str = "gcc") -> None:
    (base / "bin" / name).write_text(f"#!/bin/sh\necho '{version}'\necho Copyright\n")
    (base / "bin" / name).chmod(0o755)
