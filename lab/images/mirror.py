# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where this host gets Debian from, and how: its own apt sources and apt settings, never a mirror of our choice."""

import subprocess
from collections.abc import Iterable
from pathlib import Path

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_SKIPPED = ("Acquire::IndexTargets", "Acquire::cdrom", "Acquire::Languages", "Acquire::Changelogs", "Acquire::gzip")
_FIELDS = ("types", "uris", "suites", "components")


def uris(sources: str, deb822: bool) -> list[str]:
    """URIs of the entries in *sources* that offer Debian's component main of a release, in the file's order.

    *deb822* tells the two formats of sources.list(5) apart. Suites of updates, security and backports are left out:
    they live at other URIs, which have no release of the suite that we want.
    """
    found = []
    for types, entry_uris, suites, components in _deb822(sources) if deb822 else _one_line(sources):
        if "deb" in types and "main" in components and any(suite.isalpha() for suite in suites):
            found += entry_uris
    return found


def _deb822(sources: str) -> Iterable[tuple[list[str], list[str], list[str], list[str]]]:
    for stanza in "\n".join(line.rstrip() for line in sources.splitlines()).split("\n\n"):
        fields: dict[str, str] = {}
        name = ""
        for line in stanza.splitlines():
            if line.startswith("#"):
                continue
            if line[:1].isspace():
                fields[name] = fields.get(name, "") + " " + line.strip()
            elif ":" in line:
                name, _, value = line.partition(":")
                name = name.strip().lower()
                fields[name] = value.strip()
        if fields.get("enabled", "yes").lower() not in ("no", "false", "0"):
            types, uris_, suites, components = (fields.get(key, "").split() for key in _FIELDS)
            yield types, uris_, suites, components


def _one_line(sources: str) -> Iterable[tuple[list[str], list[str], list[str], list[str]]]:
    for line in sources.splitlines():
        words = line.partition("#")[0].split()
        if len(words) > 1 and words[1].startswith("["):
            end = next(index for index, word in enumerate(words) if word.endswith("]"))
            words = [words[0], *words[end + 1 :]]
        if len(words) >= 4:
            yield [words[0]], [words[1]], [words[2]], words[3:]


def debian_uri(etc_apt: Path = Path("/etc/apt")) -> str:
    """URI of the Debian archive that the host's apt sources name first.

    The path must end in /debian: other vendors' archives also have a component main, and Debian's security archive
    (debian-security) holds no whole release.

    :raises RuntimeError: no source names one.
    """
    one_line = [etc_apt / "sources.list", *sorted((etc_apt / "sources.list.d").glob("*.list"))]
    candidates: list[str] = []
    for path in sorted((etc_apt / "sources.list.d").glob("*.sources")):
        candidates += uris(path.read_text(encoding="utf-8"), deb822=True)
    for path in one_line:
        if path.exists():
            candidates += uris(path.read_text(encoding="utf-8"), deb822=False)
    for uri in candidates:
        if "/debian" in uri and uri.rstrip("/").rpartition("/")[2] != "debian-security":
            return uri
    raise RuntimeError(f"no apt source under {etc_apt} names a Debian archive with the component main")


def apt_settings() -> str:
    """The host's Acquire settings (proxies, certificates, Check-Valid-Until, retries) as an apt configuration file."""
    dump = subprocess.run(["apt-config", "dump"], check=True, capture_output=True, text=True).stdout
    kept = [line for line in dump.splitlines() if line.startswith("Acquire::") and not line.startswith(_SKIPPED)]
    return "\n".join(line for line in kept if not line.endswith('"";')) + "\n"
