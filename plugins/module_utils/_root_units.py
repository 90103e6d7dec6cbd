# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which units of systemd start in a root: the links that systemctl enable would make there, for a machine that is off.

Source: systemd.unit(5), systemctl(1): a unit starts with a target when TARGET.wants holds a link to it, and has the
further names that Alias= in its section [Install] gives it when there are links of these names.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass

from ansible_collections.netboot.diskless.plugins.module_utils import _beneath as beneath
from ansible_collections.netboot.diskless.plugins.module_utils._root_services import MissingServices

Units = dict[str, list[str]]

ETC = "etc/systemd/system"
PACKAGES = "usr/lib/systemd/system"
# Where else units lie, the most important first; lib is a directory only where it is not usr/lib.
PROGRAMS = ("usr/local/lib/systemd/system", PACKAGES, "lib/systemd/system")
MULTI_USER = "multi-user.target"
# What a machine without a screen starts; many packages ship a default.target that means graphical.target.
DEFAULT = "default.target"
SUFFIX = r"\.(?:automount|device|mount|path|scope|service|slice|socket|swap|target|timer)"
NAME = re.compile(rf"[A-Za-z0-9:_.\\@-]+{SUFFIX}", re.ASCII)
_KNOWN_SUFFIX = re.compile(rf"{SUFFIX}\Z")
_ALIAS = re.compile(r"Alias\s*=(.*)")
# An alias of an alias of an alias is no unit that a package ships.
_ALIASES_MAX = 8


class BadUnit(Exception):
    """A name that no unit can have; the text names it."""


@dataclass(frozen=True)
class Unit:
    """A unit that a root has.

    Args:
        name: its own name, not an alias.
        path: its file in the root, which for an instance of a template is the template's.
    """

    name: str
    path: str


@dataclass(frozen=True)
class Wanted:
    """What starts in a root.

    Args:
        links: by target, the unit of each link in its .wants, with what the link points to.
        aliases: further names of these units, with what each link points to.
    """

    links: dict[str, dict[str, str]]
    aliases: dict[str, str]


class Places:
    """Where the units of a root lie, which may be two trees while the root is not made yet.

    Args:
        etc: the tree whose /etc the root has.
        programs: the tree whose programs it has.
        links: whether what is a link in /etc/systemd/system counts; a source's do not, as they are not copied.
    """

    def __init__(self, etc: beneath.Beneath, programs: beneath.Beneath, links: bool) -> None:
        self._links = links
        self._etc = etc
        self._places = [(etc, ETC)]
        self._places += [(programs, place) for place in PROGRAMS if _is_there(programs, place)]

    def find(self, name: str, depth: int = 0) -> Unit | None:
        """The unit of a name; None when there is none, or one that is masked."""
        if not NAME.fullmatch(name) or depth > _ALIASES_MAX or is_template(name):
            return None
        for file in dict.fromkeys((name, template_of(name))):
            for tree, place in self._places:
                path = f"{place}/{file}"
                kind = tree.kind(path)
                if kind == beneath.LINK and (tree is not self._etc or self._links):
                    return self._behind(tree, path, name, depth)
                if kind == beneath.FILE:
                    return Unit(name, f"/{path}")
        return None

    def _behind(self, tree: beneath.Beneath, path: str, name: str, depth: int) -> Unit | None:
        """What a link among the units stands for: nothing, a file that lies elsewhere, or another unit."""
        # A mask is a link to /dev/null, and null is no unit's name.
        file, other = posixpath.basename(path), posixpath.basename(tree.target(path) or "")
        if other == file:
            return Unit(name, f"/{path}")
        return self.find(instance_of(other, name) if is_template(other) else other, depth + 1)

    def aliases(self, unit: Unit) -> list[str]:
        """Further names that a unit has when it is enabled; those of instances are left to systemctl.

        A name that another unit has already is not taken from it, and default.target is not theirs to give.
        """
        if "@" in unit.name:
            return []
        relative = unit.path.lstrip("/")
        texts = [tree.read(relative) for tree, place in self._places if posixpath.dirname(relative) == place]
        names = [name for text in texts[:1] for name in alias_names((text or b"").decode(errors="replace"))]
        kind = posixpath.splitext(unit.name)[1]
        plain = [name for name in names if NAME.fullmatch(name) and name.endswith(kind) and "@" not in name]
        return [name for name in plain if name != DEFAULT and (self.find(name) or unit).name == unit.name]


def _is_there(tree: beneath.Beneath, place: str) -> bool:
    """Whether a tree has a directory by its own name: where /lib is a link to usr/lib, units have one place.

    Raises:
        BeneathError: the directory of the packages' units is behind a link, which no system has and a slave can make.
    """
    if place == PACKAGES:
        return bool(tree.names(place))
    try:
        return tree.kind(place) == beneath.DIRECTORY
    except beneath.BeneathError:
        return False


def unit_name(name: str) -> str:
    """The full name of a unit: sshd is sshd.service.

    Raises:
        BadUnit: no unit can be called that.
    """
    full = name if _KNOWN_SUFFIX.search(name) else f"{name}.service"
    if not NAME.fullmatch(full):
        raise BadUnit(
            f"{name!r} cannot be the name of a unit (systemd.unit(5)); correct slave_rootfs_units or _services"
        )
    return full


def is_template(name: str) -> bool:
    """Whether a name is a template's, as getty@.service, of which only instances start."""
    return "@." in name


def template_of(name: str) -> str:
    """The template of an instance: getty@.service of getty@tty1.service; another name is its own."""
    prefix, at, rest = name.partition("@")
    return f"{prefix}@{posixpath.splitext(rest)[1]}" if at else name


def instance_of(template: str, instance: str) -> str:
    """The instance of a template with the same argument as another instance."""
    argument = posixpath.splitext(instance.partition("@")[2])[0]
    prefix, _at, suffix = template.partition("@")
    return f"{prefix}@{argument}{suffix}"


def alias_names(text: str) -> list[str]:
    """The words of Alias= in the section [Install] of a unit's text; an empty one takes those before it back."""
    names: list[str] = []
    section = ""
    for line in text.splitlines():
        line = line.strip()
        if line.startswith("["):
            section = line
        match = _ALIAS.fullmatch(line)
        if match and section == "[Install]":
            words = match.group(1).split()
            names = [*names, *words] if words else []
    return names


def wanted_units(places: Places, units: Units, services: list[str]) -> Wanted:
    """What starts in a root.

    Args:
        places: where its units lie.
        units: units by target; one that the root does not have is left out.
        services: units of multi-user.target that it must have, services by their bare names.

    Raises:
        MissingServices: the root lacks some of services.
        BadUnit: a target or a unit has a name that none can have, or a target has no list of units.
    """
    for target, listed in units.items():
        if not _KNOWN_SUFFIX.search(target) or not isinstance(listed, list):
            raise BadUnit(
                f"slave_rootfs_units has {target}: {listed!r}; allowed is a list of units "
                "by the full name of a target, such as multi-user.target: [sshd.service]"
            )
    found = {unit_name(target): _found(places, names) for target, names in units.items()}
    # A name that a unit gets by being enabled, as sshd.service of ssh.service in Debian, is a name to ask by, too.
    named = {alias: unit for some in found.values() for unit in some for alias in places.aliases(unit)}
    required = {name: places.find(unit_name(name)) or named.get(unit_name(name)) for name in services}
    missing = [name for name, unit in required.items() if unit is None]
    if missing:
        names = ", ".join(unit_name(name) for name in missing)
        raise MissingServices(
            f"slave_rootfs_services asks for {', '.join(missing)}, but the root has no unit {names}, or a masked one; "
            "give a unit by its own name, not by an alias"
        )
    if required:
        found.setdefault(MULTI_USER, []).extend(unit for unit in required.values() if unit)
    links = {target: {unit.name: unit.path for unit in some} for target, some in found.items()}
    all_units = {unit for some in found.values() for unit in some}
    return Wanted(links, {alias: unit.path for unit in all_units for alias in places.aliases(unit)})


def _found(places: Places, names: list[str]) -> list[Unit]:
    return [unit for unit in (places.find(unit_name(name)) for name in names) if unit]
