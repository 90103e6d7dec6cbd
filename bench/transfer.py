# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A kernel by TFTP and by HTTP, in the lab, from the same master: megabytes a second with few and with many clients.

The clients are curl(1) at the lab's end of the network, all at once; TFTP with the block size of an Ethernet frame (RFC
2348). Needs root; the lab's instance netboot-bench is made for it and removed in the end.
"""

import os
import subprocess
import time
from collections.abc import Mapping

from bench.kernels import INSTANCE, lab, size
from lab import host_packages, settings
from lab.network import inside

FILE = "bzImage_x86_64"
CLIENTS = (1, 10, 50)
SERVERS = {"tftp": ("--tftp-blksize", "1428"), "http": ()}


def seconds(scheme: str, clients: int) -> float:
    """How long it takes until each of the clients has the whole file.

    :raises SystemExit: one of them did not get it.
    """
    url = f"{scheme}://{settings.MASTER_ADDRESS}/{FILE}"
    command = ["curl", "-sS", "--fail", "--output", "/dev/null", *SERVERS[scheme], url]
    command = inside(settings.from_environment().lab_namespace, *command)
    began = time.monotonic()
    running = [subprocess.Popen(command) for _client in range(clients)]
    if any(process.wait() for process in running):
        raise SystemExit(f"{url}: not every client got it")
    return time.monotonic() - began


def rates(length: int) -> dict[str, dict[int, float]]:
    """Megabytes a second by server and number of clients; the servers take turns."""
    found: dict[str, dict[int, float]] = {scheme: {} for scheme in SERVERS}
    for scheme in SERVERS:
        # The file is in the master's memory, and each knows where the other is.
        seconds(scheme, 1)
    for clients in CLIENTS:
        for scheme in SERVERS:
            found[scheme][clients] = round(length * clients / seconds(scheme, clients) / 1e6, 1)
    return found


def table(figures: Mapping[str, Mapping[int, float]]) -> str:
    """The servers side by side, and how many times as much HTTP carries."""
    rows = [f"{'MB/s with':<10}" + "".join(f"{clients:>8} clients" for clients in CLIENTS)]
    rows += [f"{scheme:<10}" + "".join(f"{one[n]:>16.1f}" for n in CLIENTS) for scheme, one in figures.items()]
    ratios = [figures["http"][n] / figures["tftp"][n] for n in CLIENTS]
    rows.append(f"{'ratio':<10}" + "".join(f"{ratio:>16.1f}" for ratio in ratios))
    return "\n".join(rows)


def main() -> dict[str, object]:
    """Make a master with both servers, measure, and take it away.

    :raises SystemExit: a command of the lab failed.
    """
    os.environ |= {"LAB_NAME": INSTANCE, "LAB_MASTER": "debian"}
    host_packages.install(host_packages.TESTS)
    try:
        lab("master-up")
        lab("play", "-e", '{"fleet_http": true}')
        figures = rates(size(FILE))
        print(table(figures))
        return {scheme: {str(n): rate for n, rate in one.items()} for scheme, one in figures.items()}
    finally:
        lab("down")
