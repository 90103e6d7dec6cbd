# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Put questions to the servers of the lab's network, from the bridge, with any card's address.

`questions()` is for tests. It runs this module inside the lab's namespace, with the questions as JSON on its standard
input; the answers come back the same way. Nothing has to be configured for a client: frames are sent and heard as they
are, and an address that a client has been given is answered for as long as the client asks.
"""

import json
import select
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace

from scapy.arch.linux import L2Socket
from scapy.layers.l2 import ARP
from scapy.packet import Packet

from lab import asking, network
from lab.asking import Answer, Asker
from lab.firmware import CLIENTS
from lab.settings import BRIDGE, CHECKOUT, Settings


@dataclass(frozen=True)
class Question:
    """What a client asks.

    :param client: its kind, of `firmware.CLIENTS`
    :param mac: its card, in lower case with colons
    :param take: whether it takes the first offer of an address, and waits for the confirmation
    :param boot_server: with `address`, a client that has that address asks this server at port 4011 alone
    :param address: see `boot_server`
    :param broadcast: whether it asks for answers by broadcast; None for what its kind does
    :param offers: it waits for so many answers to its first message, and then no longer
    :param wait: seconds that it waits for an answer
    """

    client: str
    mac: str
    take: bool = False
    boot_server: str = ""
    address: str = ""
    broadcast: bool | None = None
    offers: int = 1
    wait: float = 3.0


def questions(settings: Settings, asked: Iterable[Question]) -> list[list[Answer]]:
    """Each question's answers, in the order in which they came; an empty list where nobody answered.

    :raises RuntimeError: the questions could not be put; the text has the reason.
    """
    command = network.inside(settings.lab_namespace, sys.executable, "-m", "lab.ask")
    lines = json.dumps([asdict(question) for question in asked])
    done = subprocess.run(command, cwd=CHECKOUT, input=lines, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"lab.ask ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return [[_read(answer) for answer in answers] for answers in json.loads(done.stdout)]


def _read(answer: dict[str, object]) -> Answer:
    options = answer.pop("options")
    assert isinstance(options, dict)
    # What is left are the fields of an answer, each of its own type, as the other process wrote them.
    return Answer(options={int(code): bytes.fromhex(data) for code, data in options.items()}, **answer)  # type: ignore[arg-type]


def _write(answer: Answer) -> dict[str, object]:
    return {**asdict(answer), "options": {str(code): data.hex() for code, data in answer.options.items()}}


class Line:
    """The bridge, as a card sees it."""

    def __init__(self, interface: str) -> None:
        self._socket = L2Socket(iface=interface, promisc=True)

    def send(self, frame: Packet) -> None:
        """Put a frame on the network."""
        self._socket.send(frame)

    def hear(self, until: float) -> Packet | None:
        """The next frame; None when none has come by that time.monotonic()."""
        while True:
            left = until - time.monotonic()
            if left <= 0 or not select.select([self._socket], [], [], left)[0]:
                return None
            frame = self._socket.recv()
            if frame is not None:
                return frame

    def answers(self, asker: Asker, seconds: float, wanted: int, address: str = "") -> list[Answer]:
        """So many answers, or those that came in time. Who asks for the card of `address` meanwhile is told."""
        found: list[Answer] = []
        until = time.monotonic() + seconds
        while len(found) < wanted:
            frame = self.hear(until)
            if frame is None:
                break
            reply = asking.is_here(frame, asker.mac, address) if address else None
            if reply is not None:
                self.send(reply)
            answer = asker.answer(frame)
            if answer is not None:
                found.append(answer)
        return found

    def card_of(self, asked: str, mac: str, address: str, seconds: float) -> str:
        """The card of an address, by ARP.

        :raises TimeoutError: nobody has the address.
        """
        self.send(asking.who_has(mac, address, asked))
        until = time.monotonic() + seconds
        while True:
            frame = self.hear(until)
            if frame is None:
                raise TimeoutError(f"nobody answers for {asked} on the network")
            if ARP in frame and frame[ARP].op == 2 and frame[ARP].psrc == asked and frame[ARP].pdst == address:
                return str(frame[ARP].hwsrc)


def put(line: Line, question: Question, xid: int) -> list[Answer]:
    """Put one question.

    :raises TimeoutError: the boot server that it names is not on the network.
    """
    client = CLIENTS[question.client]
    if question.broadcast is not None:
        client = replace(client, broadcast=question.broadcast)
    asker = Asker(client, question.mac, xid)
    if question.boot_server:
        server_mac = line.card_of(question.boot_server, question.mac, question.address, question.wait)
        line.send(asker.boot_request(question.address, question.boot_server, server_mac))
        return line.answers(asker, question.wait, question.offers, question.address)
    line.send(asker.discover())
    found = line.answers(asker, question.wait, question.offers)
    offer = next((answer for answer in found if answer.kind == "offer" and answer.yiaddr != "0.0.0.0"), None)
    if question.take and offer:
        line.send(asker.request(offer))
        found += line.answers(asker, question.wait, 1)
    return found


def main() -> None:
    """Questions from standard input, answers to standard output."""
    line = Line(BRIDGE)
    asked = [Question(**question) for question in json.load(sys.stdin)]
    # A server may take the same number from the same card for the same message, sent again.
    first = int(time.time()) & 0xFFFF0000
    found = [put(line, question, first + number) for number, question in enumerate(asked, 1)]
    json.dump([[_write(answer) for answer in answers] for answers in found], sys.stdout)


if __name__ == "__main__":
    main()
