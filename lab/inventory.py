# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the lab needs of the user's inventory, and the second inventory that it lays over it.

The user's inventory describes a site; that its master is reached through a namespace and that its slaves print on a
serial line is the lab's business, and stays out of it.
"""

import json
import os
import re
import secrets
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.probe import Expected
from lab.settings import CHECKOUT, MASTER_ADDRESS, Settings
from lab.slave import PROCESSORS, Slave

CONSOLE = "ttyS0,115200"
DEFAULT_ARCHITECTURE = "x86_64"
DEFAULT_ROOT = "/diskless"
"""fleet_root, where the inventory leaves it to the roles."""

_NOT_HEX = re.compile(r"[^0-9a-f]")


class InventoryError(RuntimeError):
    """The inventory cannot be read, or does not fit the lab."""


def tool(name: str) -> str:
    """Path of a program of the checkout's virtual environment."""
    for folder in (Path(sys.prefix) / "bin", CHECKOUT / ".venv" / "bin"):
        if (folder / name).exists():
            return str(folder / name)
    raise InventoryError(f"{name} is not in .venv: run `make venv`")


def user_inventory(environment: Mapping[str, str] | None = None) -> Path:
    """LAB_INVENTORY, relative to the checkout; `inventory` by default."""
    env = os.environ if environment is None else environment
    return CHECKOUT / (env.get("LAB_INVENTORY") or "inventory")


def _members(groups: Mapping[str, Any], group: str) -> Iterator[str]:
    """Hosts of a group and of its children, in order; a host may come twice."""
    entry = groups.get(group, {})
    yield from entry.get("hosts", ())
    for child in entry.get("children", ()):
        yield from _members(groups, child)


def mac_address(text: str) -> str:
    """A MAC address in lower case with colons, from any of the usual spellings.

    :raises InventoryError: it has not twelve hexadecimal digits.
    """
    digits = _NOT_HEX.sub("", text.lower())
    if len(digits) != 12:
        raise InventoryError(f"{text!r} is not a MAC address")
    return ":".join(digits[at : at + 2] for at in range(0, 12, 2))


@dataclass(frozen=True)
class Inventory:
    """Names of the hosts, and their variables as they are written: templates are not worked out."""

    master: str
    slaves: tuple[str, ...]
    variables: Mapping[str, Mapping[str, Any]]

    @classmethod
    def parse(cls, listing: Mapping[str, Any]) -> "Inventory":
        """From the output of `ansible-inventory --list`.

        :raises InventoryError: there is not one master.
        """
        masters = list(dict.fromkeys(_members(listing, "master")))
        if len(masters) != 1:
            raise InventoryError(f"the group `master` has {len(masters)} hosts, not one")
        slaves = tuple(dict.fromkeys(_members(listing, "slaves")))
        return cls(masters[0], slaves, listing.get("_meta", {}).get("hostvars", {}))

    @classmethod
    def read(cls, inventory: Path) -> "Inventory":
        """Ask ansible-inventory.

        :raises InventoryError: it fails; its own words follow.
        """
        command = [tool("ansible-inventory"), "-i", str(inventory), "--list"]
        done = subprocess.run(command, capture_output=True, text=True, cwd=CHECKOUT, check=False)
        if done.returncode:
            raise InventoryError(f"ansible-inventory -i {inventory}: {done.stderr.strip()}")
        found = cls.parse(json.loads(done.stdout))
        address = found._plain(found.master, "fleet_master_address", MASTER_ADDRESS)
        if address not in ("", MASTER_ADDRESS):
            raise InventoryError(f"the lab's master is {MASTER_ADDRESS}, not fleet_master_address {address}")
        return found

    def _plain(self, host: str, variable: str, default: str) -> str:
        """A variable's value; empty when it is a template, whose value only Ansible knows."""
        value = str(self.variables.get(host, {}).get(variable, default))
        return "" if "{{" in value else value

    @property
    def has_proxy(self) -> bool:
        """Whether the master leaves addresses to another DHCP server of the network."""
        return self._plain(self.master, "dhcp_mode", "server") == "proxy"

    def expected(self, name: str) -> Expected:
        """What the slave should say about itself once it runs.

        :raises InventoryError: no such slave, no address, or an architecture that the lab has not.
        """
        if name not in self.slaves:
            raise InventoryError(f"{name} is not in the group `slaves`: {', '.join(self.slaves) or 'it is empty'}")
        address = self._plain(name, "slave_address", "")
        if not address:
            raise InventoryError(f"{name} has no slave_address that can be read without Ansible")
        parent = self._plain(name, "fleet_root", DEFAULT_ROOT)
        root = self._plain(name, "slave_root", f"{parent}/{address}" if parent else "")
        hostname = self._plain(name, "slave_hostname", name)
        version = self._plain(name, "slave_nfs_version", self._plain(name, "fleet_nfs_version", ""))
        device = f"{MASTER_ADDRESS}:{root}" if root else ""
        return Expected(hostname, address, device, version, architecture=self._architecture(name))

    def _architecture(self, name: str) -> str:
        """What the slave is, and what its machine has to be."""
        architecture = self._plain(name, "slave_architecture", DEFAULT_ARCHITECTURE)
        if architecture not in PROCESSORS:
            raise InventoryError(
                f"{name}: slave_architecture is {architecture or 'a template'}; the lab has {', '.join(PROCESSORS)}"
            )
        return architecture

    def slave(self, settings: Settings, name: str) -> tuple[Slave, Expected]:
        """A slave's machine, and what it should say about itself."""
        expected = self.expected(name)
        mac = mac_address(self._plain(name, "slave_mac", ""))
        return Slave(settings, name, mac, expected.architecture), expected


@dataclass(frozen=True)
class RootPassword:
    """The password of the slaves' root in this instance of the lab, and its crypt(5) hash."""

    password: str
    hashed: str

    @classmethod
    def of(cls, settings: Settings) -> "RootPassword":
        """The instance's password. Made once: a hash that changed would be a change for the next play."""
        file = settings.run / "root-password.json"
        if not file.exists():
            password, salt = secrets.token_hex(5), secrets.token_hex(8)
            command = ["openssl", "passwd", "-6", "-salt", salt, "-stdin"]
            done = subprocess.run(command, input=f"{password}\n", capture_output=True, text=True, check=True)
            file.parent.mkdir(parents=True, exist_ok=True)
            draft = file.with_suffix(".new")
            draft.touch(mode=0o600)
            draft.write_text(json.dumps({"password": password, "hashed": done.stdout.strip()}))
            draft.rename(file)
        return cls(**json.loads(file.read_text()))


def overlay(inventory: Inventory, settings: Settings, hashed: str) -> dict[str, dict[str, Any]]:
    """The lab's own variables, by host."""
    common = {"slave_rootfs_root_password_hash": hashed}
    hosts = {name: {**common, "slave_console": CONSOLE} for name in inventory.slaves}
    hosts[inventory.master] = {
        **common,
        "ansible_connection": "ssh",
        "ansible_host": "master",  # its name in ssh_config
        "ansible_user": "root",
        # Every instance's master is called the same; without this they would share one connection.
        "ansible_control_path_dir": str(settings.run / "ssh"),
        "ansible_ssh_common_args": f"-F {shlex.quote(str(settings.ssh_config))}",
    }
    if settings.master_in_container:
        # The kernel of the machine that runs the lab may lack what a master needs, above all nfsd.
        hosts[inventory.master]["master_kernel_missing"] = "warn"
    return hosts


def write_overlay(inventory: Inventory, settings: Settings, hashed: str) -> Path:
    """Write the second inventory; host_vars of a later inventory outweigh everything in an earlier one.

    Returns its directory.
    """
    folder = settings.run / "inventory"
    (folder / "host_vars").mkdir(parents=True, exist_ok=True)
    variables = overlay(inventory, settings, hashed)
    for stale in (folder / "host_vars").glob("*.json"):
        if stale.stem not in variables:
            stale.unlink()
    for name, values in variables.items():
        (folder / "host_vars" / f"{name}.json").write_text(json.dumps(values, indent=2) + "\n")
    (folder / "hosts.json").write_text(json.dumps({"all": {"hosts": dict.fromkeys(variables)}}, indent=2) + "\n")
    return folder
