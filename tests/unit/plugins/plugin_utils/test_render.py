# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rendering: what a template sees, what a wrong name does, and where each file goes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.netboot.diskless.plugins.plugin_utils._render import grub_words, render, render_each
from jinja2 import TemplateError, TemplateNotFound, TemplateSyntaxError, UndefinedError

FLEET: dict[str, Any] = {
    "site": {"root": "/diskless", "tftp_root": "/srv/tftp", "name": "the site's"},
    "slaves": [
        {"name": "slave21", "address": "192.168.1.21", "loader": "pxelinux"},
        {"name": "slave22", "address": "192.168.1.22", "loader": "etherboot"},
        {"name": "slave23", "address": "192.168.1.23", "loader": "pxelinux"},
    ],
}


def template(tmp_path: Path, text: str) -> str:
    (tmp_path / "file.j2").write_text(text)
    return str(tmp_path / "file.j2")


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        ("root {{ site.root }}\n", "root /diskless\n"),
        (
            "{% for slave in slaves %}\n  {{ slave.name }};\n{% endfor %}\nend",
            "  slave21;\n  slave22;\n  slave23;\nend",
        ),
        ("a\n  {% if threads == 8 %}\nb\n  {% endif %}\nc\n\n", "a\nb\nc\n\n"),
        ("{{ threads }}\n", "8\n"),
        ("{{ '<&>' }}", "<&>"),
        ("", ""),
    ],
)
def test_a_files_text(tmp_path: Path, text: str, rendered: str) -> None:
    assert render(template(tmp_path, text), FLEET, {"threads": 8}) == rendered


@pytest.mark.parametrize(
    "text",
    [
        "{{ nothing }}",
        "{{ site.nothing }}",
        "{% if site.nothing %}{% endif %}",
        "{% for slave in nothing %}{% endfor %}",
        "{% for other in [site] %}{{ other.nothing }}{% endfor %}",
        "{{ hostvars }}",
        "{{ lookup('env', 'HOME') }}",
    ],
)
def test_a_name_that_is_not_there_is_an_error(tmp_path: Path, text: str) -> None:
    with pytest.raises(UndefinedError):
        render(template(tmp_path, text), FLEET, {})
    with pytest.raises(UndefinedError):
        render_each(template(tmp_path, text), "/x", FLEET, {})


@pytest.mark.parametrize(
    ("text", "error"), [("{% if %}", TemplateSyntaxError), ("{% include 'other' %}", TemplateNotFound)]
)
def test_a_malformed_template_is_an_error(tmp_path: Path, text: str, error: type[TemplateError]) -> None:
    with pytest.raises(error):
        render(template(tmp_path, text), FLEET, {})
    with pytest.raises(error):
        render_each(template(tmp_path, text), "/x", FLEET, {})


def test_each_slave_has_a_file_of_its_own(tmp_path: Path) -> None:
    path = template(tmp_path, "{{ slave.name }} {{ site.root }} {{ more }}\n")
    assert render_each(path, "{tftp_root}/cfg/{address}", FLEET, {"more": 1}) == [
        ("/srv/tftp/cfg/192.168.1.21", "slave21 /diskless 1\n"),
        ("/srv/tftp/cfg/192.168.1.22", "slave22 /diskless 1\n"),
        ("/srv/tftp/cfg/192.168.1.23", "slave23 /diskless 1\n"),
    ]


def test_a_slaves_field_comes_before_the_sites(tmp_path: Path) -> None:
    paths = [path for path, _text in render_each(template(tmp_path, ""), "/{name}", FLEET, {})]
    assert paths == ["/slave21", "/slave22", "/slave23"]


@pytest.mark.parametrize(
    ("loaders", "names"),
    [
        (["pxelinux"], ["slave21", "slave23"]),
        (["etherboot"], ["slave22"]),
        (["etherboot", "pxelinux"], ["slave21", "slave22", "slave23"]),
        (["other"], []),
        ([], ["slave21", "slave22", "slave23"]),
    ],
)
def test_only_some_loaders_slaves(tmp_path: Path, loaders: list[str], names: list[str]) -> None:
    files = render_each(template(tmp_path, "{{ slave.name }}"), "/{name}", FLEET, {}, loaders)
    assert [text for _path, text in files] == names


@pytest.mark.parametrize("path", ["/{nothing}", "/{site}", "/{slave}"])
def test_a_path_with_a_field_that_is_not_there_is_an_error(tmp_path: Path, path: str) -> None:
    with pytest.raises(KeyError):
        render_each(template(tmp_path, ""), path, FLEET, {})


def test_one_slave_cannot_see_another(tmp_path: Path) -> None:
    with pytest.raises(UndefinedError):
        render_each(template(tmp_path, "{{ slaves }}"), "/x", FLEET, {})
    with pytest.raises(UndefinedError):
        render(template(tmp_path, "{{ slave }}"), FLEET, {})


def test_grub_takes_no_word_for_its_own() -> None:
    line = "ip=dhcp nfsroot=192.168.1.1:/a_b-c,vers=4.2,tcp quiet module.x=[1] a=(b) c=* e~ f=!g"
    assert grub_words(line) == (
        "ip=dhcp nfsroot=192.168.1.1:/a_b-c,vers=4.2,tcp quiet 'module.x=[1]' 'a=(b)' 'c=*' 'e~' 'f=!g'"
    )
