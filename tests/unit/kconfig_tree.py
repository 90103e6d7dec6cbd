# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kernel sources of nothing but Kconfig files, with a make whose conf is kconfiglib.

The real conf is C, and its source comes with Linux alone: tests/linux asks that one. kconfiglib gives the values that
conf gives, which tests/linux compares for all symbols of a real tree.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# A little of everything; the names are Linux's, the relations are simpler.
KCONFIG = """\
mainmenu "Linux/$(ARCH) Kernel Configuration"

config CC_VERSION_TEXT
	string
	default "$(CC_VERSION_TEXT)"

source "arch/$(SRCARCH)/Kconfig"
source "net/Kconfig"

menuconfig MODULES
	bool "Enable loadable module support"
	modules

config LOCALVERSION
	string "Local version"

config NR_CPUS
	int "Maximum number of processors"
	range 2 64
	default 8

config PHYSICAL_START
	hex "Where the kernel is loaded"
	default 0x1000000

choice
	prompt "Kernel compression mode"
	default KERNEL_GZIP

config KERNEL_GZIP
	bool "Gzip"

config KERNEL_XZ
	bool "XZ"

endchoice
"""
NET = """\
menuconfig NET
	bool "Networking support"
	help
		This help text looks like the rest of the file.

		config NOT_A_SYMBOL
			bool "Not a prompt"

if NET

config INET
	bool "TCP/IP networking"

config IP_PNP
	bool "Autoconfiguration"
	depends on INET

config NFS_FS
	tristate "NFS client"
	depends on INET
	select SUNRPC

config ROOT_NFS
	bool "Root file system on NFS"
	depends on NFS_FS=y && IP_PNP

config SUNRPC
	tristate

endif
"""
X86 = """\
config 64BIT
	def_bool "$(ARCH)" = "x86_64"

config X86
	def_bool y
	select HAVE_PCI

config HAVE_PCI
	bool
"""
ARM64 = """\
config ARM64_PAN
	bool "Privileged access never"
"""
CONF = f"""\
import os, sys
sys.path.insert(0, {str(ROOT / ".collections")!r})
import kconfiglib
from ansible_collections.netboot.diskless.plugins.module_utils._kconfig_library import reader
with open(os.environ["CONF_LOG"], "a") as log:
    log.write(" ".join(sys.argv[1:]) + "\\n")
mode, config = sys.argv[1:]
kconf = reader(kconfiglib)("Kconfig", warn=False)
if mode == "olddefconfig":
    kconf.load_config(config)
elif mode != "defconfig":
    kconf.load_config(os.path.join("arch/x86/configs", mode))
kconf.write_config(config, save_old=False)
"""
MAKEFILE = f"""\
.RECIPEPREFIX = >
export ARCH
export SRCARCH = $(patsubst x86_64,x86,$(patsubst i386,x86,$(ARCH)))
export srctree = $(CURDIR)
export CC_VERSION_TEXT = gcc 12
export CONF_LOG = $(CURDIR)/../conf.log
%config:
>@if [ -e broken ]; then echo "the tree is broken"; exit 3; fi
>@{sys.executable} conf.py $@ $(O)/.config
"""


class KconfigTree:
    """A kernel's source below a directory, and an output directory that does not exist yet."""

    def __init__(self, base: Path) -> None:
        self.base, self.source, self.output = base, base / "linux", base / "output"
        self.write("Kconfig", KCONFIG)
        self.write("net/Kconfig", NET)
        self.write("arch/x86/Kconfig", X86)
        self.write("arch/x86/configs/tinyconfig", "CONFIG_KERNEL_XZ=y\n")
        self.write("arch/x86/configs/small_defconfig", "CONFIG_NET=y\n")
        self.write("arch/arm64/Kconfig", ARM64)
        self.write("scripts/probe.sh", "true\n")
        self.write("Makefile", MAKEFILE)
        self.write("conf.py", CONF)

    def write(self, name: str, text: str) -> None:
        path = self.source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def runs(self) -> int:
        """How often conf has run."""
        log = self.base / "conf.log"
        return len(log.read_text().splitlines()) if log.exists() else 0
