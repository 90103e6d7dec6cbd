# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the run asks of the network first: a stranger on it, and a stranger at a port, stop a change that is wanted.

The stranger is a third machine on the bridge, with dnsmasq as its package configures it.
"""

import json
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from testinfra.host import Host

from lab import settings
from lab.homes import Home
from lab.network import inside
from lab.play import Played, play

Run = Callable[..., "subprocess.CompletedProcess[bytes]"]

STRANGER = "192.168.1.253"
# A change of dhcpd.conf, by the role that it takes; other roles would only take time.
CHANGE = ("--tags", "dhcp", "-e", "dhcp_lease_seconds=4321")
HOLD_A_PORT = (
    "import socket, time; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(('', 69)); time.sleep(600)"
)


@dataclass(frozen=True)
class Ended:
    """How a play ended, and what it said in one line."""

    played: Played
    text: str


@pytest.fixture
def change(instance: settings.Settings, capfd: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    """Play the change, with more arguments."""

    def run(*arguments: str) -> Ended:
        capfd.readouterr()
        played = play(instance, [*CHANGE, *arguments])
        text = capfd.readouterr().out
        print(text)
        return Ended(played, " ".join(text.split()))

    return run


@pytest.fixture
def untouched(master: Host) -> Iterator[None]:
    """What would change, and the server that would start again, are afterwards as they were."""
    configuration = "/etc/dhcp/dhcpd.conf"
    before = master.file(configuration).content, master.check_output("pidof dhcpd")
    assert b"4321" not in before[0]
    yield
    assert (master.file(configuration).content, master.check_output("pidof dhcpd")) == before


@pytest.fixture
def stranger(instance: settings.Settings, outside: Run, master: Host, tmp_path: Path) -> Iterator[str]:
    """The network namespace of a machine that answers DHCP."""
    space = f"{instance.name}-other"
    mac = json.loads(master.check_output(f"ip -json link show dev {settings.MASTER_INTERFACE}"))[0]["address"]

    def ip(*words: str) -> None:
        done = outside("ip", *words)
        assert done.returncode == 0, done.stderr

    subprocess.run(["ip", "netns", "add", space], check=True)
    try:
        ip("link", "add", "to-other", "type", "veth", "peer", "name", "eth0", "netns", f"/run/netns/{space}")
        ip("link", "set", "to-other", "master", settings.BRIDGE, "up")
        # The way to the master stays, whoever claims its address. A bridge forgets its neighbours when it gets a port.
        ip("neighbour", "replace", settings.MASTER_ADDRESS, "lladdr", mac, "nud", "permanent", "dev", settings.BRIDGE)
        for words in (("link", "set", "eth0", "up"), ("address", "add", f"{STRANGER}/24", "dev", "eth0")):
            subprocess.run(["ip", "-n", space, *words], check=True)
        serve = ["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--user=root", "--pid-file="]
        serve += ["--interface=eth0", "--dhcp-range=192.168.1.200,192.168.1.209"]
        with subprocess.Popen(inside(space, *serve, f"--dhcp-leasefile={tmp_path}/leases")) as server:
            yield space
            server.terminate()
    finally:
        subprocess.run(["ip", "netns", "delete", space], check=True)
        outside("ip", "neighbour", "flush", "nud", "permanent", "dev", settings.BRIDGE)


def test_another_dhcp_server_stops_the_run_unless_it_is_meant(
    stranger: str, untouched: None, change: Callable[..., Ended]
) -> None:
    """The second play is a dry run, which says what would change."""
    refused, allowed = change(), change("--check", "-e", "dhcp_allow_other_servers=true")
    assert refused.played.code != 0 and refused.played.total("changed") == 0
    assert "nothing was changed on the master" in refused.text
    assert f"another DHCP server answers on fleet_interface 'eth0': {STRANGER} (MAC address " in refused.text
    assert "is also the address of another machine" not in refused.text
    assert allowed.played.code == 0 and allowed.played.total("changed") >= 1


def test_the_masters_address_elsewhere_and_a_stranger_at_a_port_stop_the_run(
    stranger: str, master: Host, home: Home, untouched: None, change: Callable[..., Ended]
) -> None:
    """Also when another DHCP server is meant."""
    claim = ["ip", "-n", stranger, "address", "add", f"{settings.MASTER_ADDRESS}/24", "dev", "eth0"]
    subprocess.run(claim, check=True)
    service = home.services[2]
    control = f"rc-service {service} {{}}" if home.init == "openrc-init" else f"systemctl {{}} {service}"
    master.check_output(control.format("stop"))
    pid = master.check_output(f'python3 -c "{HOLD_A_PORT}" > /dev/null 2>&1 & echo $!')
    try:
        refused = change("-e", "dhcp_allow_other_servers=true")
    finally:
        master.check_output(f"kill {pid}")
        master.check_output(control.format("start"))
    assert refused.played.code != 0 and refused.played.total("changed") == 0
    assert "fleet_master_address 192.168.1.1 is also the address of another machine on 'eth0'" in refused.text
    assert "UDP port 69, where TFTP needs in.tftpd, is taken by python3" in refused.text
    assert f"(pid {pid}: python3 -c import socket" in refused.text
    assert "another DHCP server" not in refused.text
