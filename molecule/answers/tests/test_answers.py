# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every kind of client asks every DHCP server; the packets that come back are held against the model and each other."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Any

import pytest
from ansible_collections.netboot.diskless.plugins.plugin_utils import _boot_answer
from ansible_collections.netboot.diskless.plugins.plugin_utils._fleet import build_fleet
from testinfra.host import Host

from lab import ask
from lab.ask import Question
from lab.asking import Answer
from lab.firmware import CLIENTS
from lab.inventory import Inventory, user_inventory
from lab.play import play
from lab.settings import MASTER_ADDRESS, Settings

BACKENDS = {
    "contract": {"isc": "dhcpd", "kea": "kea-dhcp4", "dnsmasq": "dnsmasq"},
    "debian": {"isc": "isc-dhcp-server", "kea": "kea-dhcp4-server", "dnsmasq": "dnsmasq"},
}
"""Services by kind of master."""
NAMES = tuple(BACKENDS["contract"])

STRANGER = "stranger"
STRANGER_MAC = "02:00:00:00:00:99"

OPTIONS = {
    "subnet-mask": 1,
    "routers": 3,
    "domain-name-servers": 6,
    "host-name": 12,
    "domain-name": 15,
    "root-path": 17,
    "broadcast-address": 28,
    "ntp-servers": 42,
    "vendor-encapsulated-options": 43,
    "vendor-class-identifier": 60,
}
"""Numbers of the options of the model, RFC 2132."""
TEXTS = ("host-name", "domain-name", "root-path", "vendor-class-identifier")
FORCED = frozenset({OPTIONS["vendor-class-identifier"]})
"""Options without which a client takes no answer, whether it asks for them or not."""

Talk = tuple[str, str]
"""A kind of client, and whose card it has: a slave's name or STRANGER."""


def _fleet() -> dict[str, Any]:
    """The model of the scenario's inventory."""
    inventory = Inventory.read(user_inventory())
    variables = inventory.variables
    site = {key: value for key, value in variables[inventory.master].items() if key.startswith("fleet_")}
    slaves = {
        name: {key: value for key, value in variables[name].items() if key.startswith("slave_")}
        for name in inventory.slaves
    }
    return dict(build_fleet(site, slaves, [inventory.master]))


FLEET = _fleet()
MACS = {**{slave["name"]: slave["mac"] for slave in FLEET["slaves"]}, STRANGER: STRANGER_MAC}
TALKS: list[Talk] = [(client, who) for client in CLIENTS for who in MACS]
TALK_IDS = [f"{client} {who}" for client, who in TALKS]


@dataclass
class Heard:
    """What one server said and how the play left the master."""

    answers: dict[Talk, list[Answer]]
    broadcasts: dict[bool, list[Answer]]
    services: dict[str, tuple[bool, bool]]  # running, enabled
    changed_again: int


def _play(settings: Settings, backend: str, *more: str) -> int:
    done = play(settings, ["--tags", "dhcp", "-e", f"dhcp_backend={backend}", *more])
    assert done.code == 0, f"the play with dhcp_backend={backend} {' '.join(more)} failed: see above"
    return done.total("changed")


def _put(settings: Settings, talks: list[Talk], **more: Any) -> list[list[Answer]]:
    # A server looks for some seconds whether an address of the pool is in use before it offers it.
    asked = [
        Question(
            client,
            MACS[who],
            take=CLIENTS[client].speaks_dhcp,
            wait=2 if who == STRANGER and not CLIENTS[client].speaks_dhcp else 8,
            **more,
        )
        for client, who in talks
    ]
    return ask.questions(settings, asked)


@pytest.fixture(scope="module")
def heard(instance: Settings, master: Host) -> Iterator[dict[str, Heard]]:
    """Each server in turn: made, asked, looked at, and played once more."""
    services = BACKENDS[instance.master_kind]
    found = {}
    for backend in services:
        _play(instance, backend)
        answers = dict(zip(TALKS, _put(instance, TALKS), strict=True))
        slave = next(iter(MACS))
        broadcasts = {flag: _put(instance, [("bios", slave)], broadcast=flag)[0] for flag in (True, False)}
        state = {name: _state(master, service) for name, service in services.items()}
        found[backend] = Heard(answers, broadcasts, state, _play(instance, backend))
    _keep(instance, found)
    yield found


def _state(master: Host, service: str) -> tuple[bool, bool]:
    """Whether it runs and whether it is enabled; one that is not installed is neither."""
    if not master.file(f"/etc/init.d/{service}").exists and master.run(f"systemctl cat {service}").failed:
        return False, False
    found = master.service(service)
    return found.is_running, found.is_enabled


def _keep(settings: Settings, found: dict[str, Heard]) -> None:
    """Write down what was heard, for a person to read."""
    settings.captures.mkdir(parents=True, exist_ok=True)
    for backend, one in found.items():
        lines = {f"{client} {who}": [asdict(answer) for answer in said] for (client, who), said in one.answers.items()}
        text = json.dumps(lines, indent=1, default=bytes.hex)
        (settings.captures / f"answers-{backend}.json").write_text(text, encoding="ascii")


def _bytes(name: str, value: str | list[str]) -> bytes:
    """An option of the model as it is on the wire (RFC 2132)."""
    if name in TEXTS:
        assert isinstance(value, str)
        return value.encode("ascii")
    if name == "vendor-encapsulated-options":
        assert isinstance(value, str)
        return bytes.fromhex(value)
    addresses = [value] if isinstance(value, str) else value
    return b"".join(IPv4Address(address).packed for address in addresses)


def _model(client: str, who: str) -> _boot_answer.Answer:
    kind = CLIENTS[client]
    asking = _boot_answer.Client(MACS[who], kind.architecture, kind.vendor_class, kind.user_class)
    found = _boot_answer.answer(FLEET, asking)
    assert found is not None, "the scenario's inventory has a pool: nobody is a stranger to it"
    return found


def _told(options: dict[int, bytes], client: str) -> dict[int, bytes]:
    """Of the options in an answer those that this client has to be told, with a text's end in zeros left out."""
    wanted = (CLIENTS[client].asks_for | FORCED) & set(OPTIONS.values())
    texts = {OPTIONS[name] for name in TEXTS}
    return {
        code: data.rstrip(b"\0") if code in texts else data for code, data in sorted(options.items()) if code in wanted
    }


def _answered(client: str, who: str) -> bool:
    """A stranger that speaks BOOTP would keep an address of the pool for ever."""
    return who != STRANGER or CLIENTS[client].speaks_dhcp


@pytest.mark.parametrize("backend", NAMES)
@pytest.mark.parametrize(("client", "who"), TALKS, ids=TALK_IDS)
def test_it_is_answered_as_the_model_says(heard: dict[str, Heard], backend: str, client: str, who: str) -> None:
    said = heard[backend].answers[client, who]
    kinds = ["offer", "ack"] if CLIENTS[client].speaks_dhcp else ["bootp"]
    assert [answer.kind for answer in said] == (kinds if _answered(client, who) else [])
    model = _model(client, who)
    options = {OPTIONS[name]: _bytes(name, value) for name, value in model.options.items()}
    if model.root_path:
        options[OPTIONS["root-path"]] = _bytes("root-path", model.root_path)
    for answer in said:
        assert (answer.source, answer.port) == (MASTER_ADDRESS, 67)
        assert (answer.siaddr, answer.file) == (model.next_server, model.filename)
        if model.address:
            assert answer.yiaddr == model.address
        else:
            pool = FLEET["site"]["pool"]
            assert IPv4Address(pool["first"]) <= IPv4Address(answer.yiaddr) <= IPv4Address(pool["last"])
        assert _told(answer.options, client) == _told(options, client)


@pytest.mark.parametrize(("client", "who"), TALKS, ids=TALK_IDS)
def test_all_servers_say_the_same(heard: dict[str, Heard], client: str, who: str) -> None:
    """In the packets themselves; a stranger's address is its server's choice."""
    said = {
        backend: [
            (answer.kind, answer.yiaddr if who != STRANGER else "", answer.siaddr, answer.file)
            + (tuple(_told(answer.options, client).items()),)
            for answer in one.answers[client, who]
        ]
        for backend, one in heard.items()
    }
    assert said["kea"] == said["isc"]
    assert said["dnsmasq"] == said["isc"]


@pytest.mark.parametrize("backend", NAMES)
@pytest.mark.parametrize("flag", [True, False], ids=["broadcast", "unicast"])
def test_it_is_answered_in_the_way_that_it_asks_for(heard: dict[str, Heard], backend: str, flag: bool) -> None:
    """RFC 2131, 4.1."""
    said = heard[backend].broadcasts[flag]
    assert [answer.kind for answer in said] == ["offer", "ack"]
    assert [answer.broadcast for answer in said] == [flag, flag]


@pytest.mark.parametrize("backend", NAMES)
def test_one_server_runs(heard: dict[str, Heard], backend: str) -> None:
    """The one that was chosen before is stopped and disabled."""
    assert heard[backend].services == {name: (name == backend, name == backend) for name in NAMES}


@pytest.mark.parametrize("backend", NAMES)
def test_a_second_play_changes_nothing(heard: dict[str, Heard], backend: str) -> None:
    assert heard[backend].changed_again == 0


class TestProxy:
    """dhcp_mode: proxy. It names files and gives no addresses; another server would give those."""

    ADDRESS = "192.168.1.77"

    @pytest.fixture(scope="class")
    def said(self, instance: Settings, heard: dict[str, Heard]) -> dict[Talk, list[Answer]]:
        """Answers to the broadcast, and after them those of the boot server's port."""
        assert heard
        _play(instance, "dnsmasq", "-e", "dhcp_mode=proxy", "-e", "fleet_pool=")
        talks = [(client, who) for client, who in TALKS if CLIENTS[client].vendor_class.startswith("PXEClient")]
        first = ask.questions(instance, [Question(client, MACS[who]) for client, who in talks])
        again = [Question(client, MACS[who], boot_server=MASTER_ADDRESS, address=self.ADDRESS) for client, who in talks]
        return dict(
            zip(talks, [one + two for one, two in zip(first, ask.questions(instance, again), strict=True)], strict=True)
        )

    @pytest.mark.parametrize("who", MACS)
    @pytest.mark.parametrize(
        "client", [name for name, client in CLIENTS.items() if client.vendor_class.startswith("PXEClient")]
    )
    def test_it_answers_the_boot_part(self, said: dict[Talk, list[Answer]], client: str, who: str) -> None:
        answers = said[client, who]
        if who == STRANGER:
            # Another server's boot files are none of a proxy's business.
            assert answers == []
            return
        model = _model(client, who)
        assert answers, "nobody answered"
        for answer in answers:
            assert answer.yiaddr in ("0.0.0.0", self.ADDRESS)  # noqa: S104  # no socket is bound to it
            assert answer.options.get(60) == b"PXEClient"
        last = answers[-1]
        # Without a file there is no server for it, either.
        assert (last.siaddr if model.filename else model.next_server, last.file) == (model.next_server, model.filename)

    def test_it_says_nothing_to_who_does_not_boot(self, instance: Settings, said: dict[Talk, list[Answer]]) -> None:
        assert said
        assert ask.questions(instance, [Question("linux", mac) for mac in MACS.values()]) == [[] for _mac in MACS]


def test_the_pool_is_in_the_network() -> None:
    """Else the strangers above would be answered from elsewhere."""
    network = IPv4Network(FLEET["site"]["network"])
    assert all(IPv4Address(address) in network for address in FLEET["site"]["pool"].values())
