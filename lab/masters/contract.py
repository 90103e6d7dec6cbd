# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The contract master in namespaces, booted by OpenRC."""

from collections.abc import Mapping
from pathlib import Path

from lab.contract import build
from lab.masters.base import HOSTNAME, SOURCES, ContainerMaster, kernel_has_nfsd

_BOOT = Path(__file__).with_name("contract_boot.sh")


class ContractMaster(ContainerMaster):
    """lab/contract's image."""

    image = build.image
    init = "openrc-init"
    poweroff_command = ("openrc-shutdown", "--poweroff", "now")
    reboot_command = ("openrc-shutdown", "--reboot", "now")

    def finish_root(self, root: Path) -> None:
        """OpenRC's place of the name."""
        (root / "etc/conf.d/hostname").write_text(f'hostname="{HOSTNAME}"\n', encoding="ascii")

    def keeper(self, sources: Mapping[str, Path]) -> list[str]:
        """A script in the master's network namespace."""
        kernel_has_nfsd()
        it = self.settings
        where = [f"--net=/run/netns/{it.master_namespace}", "--", "sh", str(_BOOT), str(it.master_pid_file)]
        what = [str(it.master_root), str(it.kernel_source), str(it.kernel_cache)]
        shown = [word for name, path in sources.items() for word in (str(path), f"{SOURCES}/{name}")]
        return ["nsenter", *where, *what, *shown]
