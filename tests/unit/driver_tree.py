# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A kernel's source with the Makefiles and Kconfig files of a few network adapters, and a system with a kernel."""

from __future__ import annotations

from pathlib import Path

# The names are Linux's, so that the exceptions apply; the relations are simpler.
FILES = {
    "Kconfig": 'source "arch/$(SRCARCH)/Kconfig"\nsource "drivers/Kconfig"\n',
    "arch/x86/Kconfig": """\
config X86
	def_bool y
	select HAVE_PCI
config HAVE_PCI
	bool
config NET
	bool "Networking"
config INET
	bool "TCP/IP"
	depends on NET
""",
    "arch/mips/Kconfig": 'config MACH_DECSTATION\n\tbool "DECstations"\n',
    "drivers/Kconfig": """\
menu "Device drivers"
config PTP_1588_CLOCK_OPTIONAL
	tristate
	default y if PTP_1588_CLOCK=n
	default PTP_1588_CLOCK
config PCI
	bool "PCI support"
	depends on HAVE_PCI
config USB
	tristate "Support for USB"
config USB_XHCI_HCD
	tristate "USB 3"
	depends on USB && PCI
config VIRTIO
	tristate
menuconfig VIRTIO_MENU
	bool "Virtio drivers"
	default y
if VIRTIO_MENU
config VIRTIO_PCI
	tristate "PCI driver for virtio devices"
	depends on PCI
	select VIRTIO
endif
source "drivers/net/Kconfig"
endmenu
""",
    "drivers/net/Kconfig": """\
menuconfig NETDEVICES
	bool "Network device support"
	depends on NET
	help
		Looks like the rest:

		if NOT_A_SYMBOL
		config NOT_A_SYMBOL
if NETDEVICES
config BONDING
	tristate "Bonding"
config VIRTIO_NET
	tristate "Virtio network driver"
	depends on VIRTIO
source "drivers/net/ethernet/Kconfig"
if USB
config USB_RTL8152
	tristate "Realtek RTL8152"
endif
config VMXNET3
	tristate "VMware's"
	depends on PCI && INET
endif # NETDEVICES
""",
    "drivers/net/ethernet/Kconfig": """\
menuconfig ETHERNET
	bool "Ethernet driver support"
if ETHERNET
source "drivers/net/ethernet/intel/Kconfig"
config NET_VENDOR_REALTEK
	bool "Realtek devices"
	default y
	depends on PCI || (PARPORT && X86)
if NET_VENDOR_REALTEK
config 8139CP
	tristate "8139C+"
	depends on PCI
endif
# It needs its vendor for make to come to its directory, though Kconfig does not say so.
config R8169
	tristate "8169"
if NET_VENDOR_REALTEK
config 8139TOO
	tristate "8139"
	depends on PCI && \\
		!COMPILE_TEST
endif
config DECLANCE
	tristate "DEC LANCE"
	depends on MACH_DECSTATION
config NE2K_PCI
	tristate "PCI NE2000"
	depends on PCI
config ULTRA
	tristate "SMC Ultra"
endif
""",
    "drivers/net/ethernet/intel/Kconfig": """\
config NET_VENDOR_INTEL
	bool "Intel devices"
if NET_VENDOR_INTEL
config E1000E
	tristate "Intel PRO/1000 PCI-Express"
	depends on PCI && (!SPARC32 || BROKEN)
	depends on PTP_1588_CLOCK_OPTIONAL
config IAVF
	tristate
config I40EVF
	tristate "Adaptive Virtual Function"
	select IAVF
	depends on PCI
endif
""",
    "drivers/net/Makefile": """\
obj-$(CONFIG_BONDING) += bonding/
obj-$(CONFIG_VIRTIO_NET) += virtio_net.o
obj-$(CONFIG_TUN) += tun.o
obj-$(CONFIG_ETHERNET) += ethernet/
obj-$(CONFIG_USB) += usb/
obj-$(CONFIG_VMXNET3) += vmxnet3/
obj-y += phy/
""",
    "drivers/net/bonding/Makefile": "obj-$(CONFIG_BONDING) += bonding.o\n",
    "drivers/net/phy/Makefile": "obj-$(CONFIG_REALTEK_PHY) += realtek.o\n",
    "drivers/net/usb/Makefile": "obj-$(CONFIG_USB_RTL8152)\t+= r8152.o # a comment.o\n",
    "drivers/net/vmxnet3/Makefile": "obj-$(CONFIG_VMXNET3) += vmxnet3.o\nvmxnet3-objs := vmxnet3_drv.o\n",
    "drivers/net/ethernet/Makefile": """\
obj-$(CONFIG_NET_VENDOR_INTEL) += intel/
obj-$(CONFIG_NET_VENDOR_REALTEK) += realtek/
obj-${CONFIG_DECLANCE} := declance.o
obj-$(CONFIG_NE2K_PCI) += ne2k-pci.o \\
	8390.o
obj-$(CONFIG_ULTRA) += smc-ultra.o 8390.o
obj-$(CONFIG_GONE) += gone.o
""",
    "drivers/net/ethernet/realtek/Makefile": (
        "obj-$(CONFIG_8139CP) += 8139cp.o\nobj-$(CONFIG_8139TOO) += 8139too.o\nobj-$(CONFIG_R8169) += r8169.o\n"
    ),
    "drivers/net/ethernet/intel/Makefile": "obj-$(CONFIG_E1000E) += e1000e/\nobj-$(CONFIG_IAVF) += iavf/\n",
    "drivers/net/ethernet/intel/e1000e/Makefile": "obj-$(CONFIG_E1000E) += e1000e.o\ne1000e-y := netdev.o\n",
    "drivers/net/ethernet/intel/iavf/Kbuild": "subdir-ccflags-y += -I$(src)\nobj-$(CONFIG_IAVF) += iavf.o\n",
    "drivers/net/ethernet/intel/iavf/Makefile": "obj-$(CONFIG_8139TOO) += not_read.o\n",
}

# Lines as depmod writes them for Debian's kernel 6.1; the last but one is made up, as no adapter needs it there.
MODULES_ALIAS = """\
# Aliases extracted from modules themselves.
alias cpu:type:x86,ven0000fam0006mod0086:feature:* intel_uncore
alias pci:v000010ECd00008139sv*sd*bc*sc*i* 8139cp
alias pci:v*d00008139sv000013D1sd0000AB06bc*sc*i* 8139too
alias pci:v000010ECd00008139sv*sd*bc*sc*i* 8139too
alias pci:v00008086d000010D3sv*sd*bc*sc*i* e1000e
alias pci:v00008086d00001889sv*sd*bc*sc*i* iavf
alias pci:v00008086d00002668sv*sd*bc*sc*i* snd_hda_intel
alias pci:v00001AF4d*sv*sd*bc*sc*i* virtio_pci
alias pci:v*d*sv*sd*bc0Csc03i20* ehci_pci
alias pci:v*d*sv*sd*bc01sc08i02* nvme
alias pci:v00008086d*sv*sd*bc02sc00i* vmxnet3
alias usb:v0BDAp8152d*dc*dsc*dp*ic*isc*ip*in* r8152
"""
MODULES_BUILTIN = "ne2k_pci.alias=pci:v000010ECd00008029sv*sd*bc*sc*i*\0ne2k_pci.license=GPL\0vt.alias=char-major-4-*\0"


class DriverTree:
    """A kernel's source below a directory, and a system beside it that has a kernel with modules."""

    def __init__(self, base: Path) -> None:
        self.source, self.system = base / "linux", base / "system"
        for name, text in FILES.items():
            self.write(self.source / name, text)
        modules = self.system / "lib/modules/6.1.0-56-amd64"
        self.alias, self.builtin = modules / "modules.alias", modules / "modules.builtin.modinfo"
        self.write(self.alias, MODULES_ALIAS)
        self.write(self.builtin, MODULES_BUILTIN)

    def write(self, path: Path, text: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
