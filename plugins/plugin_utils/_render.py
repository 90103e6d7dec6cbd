# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rendering of the files that go to the master: templates see the fleet and a role's own slice, and nothing else."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from typing import Any

from ansible_collections.netboot.diskless.plugins.plugin_utils._dhcp_dnsmasq import dnsmasq_files, dnsmasq_kinds
from ansible_collections.netboot.diskless.plugins.plugin_utils._dhcp_isc import isc_files
from ansible_collections.netboot.diskless.plugins.plugin_utils._dhcp_kea import kea_dhcp4
from jinja2 import Environment, FileSystemLoader, StrictUndefined


def grub_words(line: str) -> str:
    """Words for a command of GRUB's, of which it takes nothing for its own: *, ?, ( and others are special to it.

    Its quoting is a shell's (GRUB manual, section 6.1).

    Args:
        line: words with one space between them.
    """
    return " ".join(map(shlex.quote, line.split(" ")))


# What templates can ask besides Jinja's own filters: parts of a file that are better written by Python.
FILTERS = {
    "dnsmasq_files": dnsmasq_files,
    "dnsmasq_kinds": dnsmasq_kinds,
    "grub_words": grub_words,
    "isc_files": isc_files,
    "kea_dhcp4": kea_dhcp4,
}


def environment(directory: str) -> Environment:
    """A Jinja environment in which an undefined name is an error and a block's line leaves no blank line behind.

    Args:
        directory: folder of the templates.
    """
    found = Environment(
        loader=FileSystemLoader(directory),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # configuration files, not HTML; the fleet refuses values that could break out of one
    )
    found.filters.update(FILTERS)
    return found


def render(template_path: str, fleet: dict[str, Any], variables: dict[str, Any]) -> str:
    """The text of a file for the whole site.

    Args:
        template_path: path of the template on the controller.
        fleet: the fleet model (site, slaves).
        variables: the role's own slice.

    Raises:
        jinja2.TemplateError: the template is malformed or uses a name that it was not given.
    """
    directory, name = os.path.split(template_path)
    template = environment(directory).get_template(name)
    return template.render(site=fleet["site"], slaves=fleet["slaves"], **variables)


def render_each(
    template_path: str, path: str, fleet: dict[str, Any], variables: dict[str, Any], only_loaders: Sequence[str] = ()
) -> list[tuple[str, str]]:
    """The files of one template for each slave, as (path, text).

    Args:
        template_path: path of the template on the controller; it is compiled once.
        path: where a file goes, with fields of site and slave in braces.
        fleet: the fleet model.
        variables: the role's own slice.
        only_loaders: take only slaves with one of these boot loaders; without any, all.

    Raises:
        jinja2.TemplateError: the template is malformed or uses a name that it was not given.
        KeyError: path names a field that neither site nor slave has.
    """
    directory, name = os.path.split(template_path)
    template = environment(directory).get_template(name)
    site = fleet["site"]
    return [
        (path.format_map({**site, **slave}), template.render(site=site, slave=slave, **variables))
        for slave in fleet["slaves"]
        if not only_loaders or slave["loader"] in only_loaders
    ]
