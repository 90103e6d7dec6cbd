# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the master would get, compared with files that a person has looked at.

golden/MODEL/ holds every file that the render playbook makes of a model, under its path on the master; a colon, which
not every file system takes, is %3A there. After a change that is meant, NETBOOT_UPDATE_GOLDEN=1 writes them anew; the
difference is part of what is reviewed.
"""

from __future__ import annotations

import ipaddress
import os
import re
import shutil
from pathlib import Path

import pytest
from ansible_collections.netboot.diskless.plugins.plugin_utils._render import render as render_template

from tests.unit.playbooks.rendering import MODELS, PLATFORMS, ROOT, files

GOLDEN = ROOT / "tests/unit/golden"
SLAVES = {"article": 1, "fleet": 4}
# Slaves whose ROM loads the kernel.
ETHERBOOT = {
    "host old-pc": '"ipxe/01-00-20-18-bc-00-02.ipxe"',
    "host kiosk": '"ipxe/01-02-00-00-12-34-56.ipxe"',
}
UPDATE = os.environ.get("NETBOOT_UPDATE_GOLDEN") == "1"

# Where each template's files are in the golden trees.
TEMPLATES = {
    "dhcp/templates/etc/conf.d/dhcpd.j2": "*/etc/conf.d/dhcpd",
    "dhcp/templates/etc/default/isc-dhcp-server.j2": "*/etc/default/isc-dhcp-server",
    "dhcp/templates/etc/dhcp/dhcpd.conf.j2": "*/etc/dhcp/dhcpd.conf",
    "etherboot/templates/ipxe/boot.gpxe.j2": "**/ipxe/boot.gpxe",
    "etherboot/templates/ipxe/boot.ipxe.j2": "**/ipxe/boot.ipxe",
    "etherboot/templates/ipxe/slave.gpxe.j2": "**/ipxe/*%3A*.gpxe",
    "etherboot/templates/ipxe/slave.ipxe.j2": "**/ipxe/01-*.ipxe",
    "nfs_server/templates/etc/conf.d/nfs.j2": "*/etc/conf.d/nfs",
    "nfs_server/templates/etc/exports.d/netboot-diskless.exports.j2": "*/etc/exports.d/netboot-diskless.exports",
    "nfs_server/templates/etc/nfs.conf.d/netboot-diskless.conf.j2": "*/etc/nfs.conf.d/netboot-diskless.conf",
    "slave_kernel/templates/dracut/dracut.conf.j2": "fleet-gentoo/**/dracut/dracut.conf",
    **{
        f"slave_kernel/templates/dracut/netboot-diskless/{name}.j2": f"fleet-gentoo/**/95netboot-diskless/{name}"
        for name in ("lease.sh", "module-setup.sh", "mount-root.sh", "parse-root.sh")
    },
    "slave_kernel/templates/initramfs-tools/hooks/netboot-diskless.j2": "fleet-debian/**/hooks/netboot-diskless",
    "slave_kernel/templates/initramfs-tools/initramfs.conf.j2": "fleet-debian/**/initramfs-tools/initramfs.conf",
    "tftp_pxelinux/templates/etc/conf.d/in.tftpd.j2": "*/etc/conf.d/in.tftpd",
    "tftp_pxelinux/templates/etc/default/tftpd-hpa.j2": "*/etc/default/tftpd-hpa",
    "tftp_pxelinux/templates/pxelinux.cfg/default.j2": "**/pxelinux.cfg/default",
    "tftp_pxelinux/templates/pxelinux.cfg/slave.j2": "**/pxelinux.cfg/01-*",
}
# What follows from the running kernel, which no render asks.
OF_THE_KERNEL = {
    "master_kernel/templates/etc/modules-load.d/netboot-diskless.conf.j2": (
        {"modules": ["nfsd", "another"]},
        "# Managed by netboot.diskless; changes here are lost. See modules-load.d(5); OpenRC's service modules reads "
        "it too.\nnfsd\nanother\n",
    ),
}


@pytest.mark.parametrize("model", MODELS)
def test_the_master_gets_what_it_shall(model: str, renders: dict[str, Path]) -> None:
    if UPDATE:
        shutil.rmtree(GOLDEN / model, ignore_errors=True)
        shutil.copytree(renders[model], GOLDEN / model)
        for written in list((GOLDEN / model).rglob("*:*")):
            written.rename(written.with_name(written.name.replace(":", "%3A")))
    rendered = files(renders[model])
    golden = {path.replace("%3A", ":"): text for path, text in files(GOLDEN / model).items()}
    assert sorted(rendered) == sorted(golden)
    for path, text in golden.items():
        assert rendered[path] == text, path


def test_every_model_has_its_golden_files() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == set(MODELS)


def test_every_template_has_a_golden_file() -> None:
    found = {str(path.relative_to(ROOT / "roles")) for path in (ROOT / "roles").rglob("*.j2")}
    assert found == set(TEMPLATES) | set(OF_THE_KERNEL)


@pytest.mark.parametrize("template", OF_THE_KERNEL)
def test_what_follows_from_the_kernel(template: str) -> None:
    variables, text = OF_THE_KERNEL[template]
    assert render_template(str(ROOT / "roles" / template), {"site": {}, "slaves": []}, variables) == text


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_golden_file_comes_of_its_template(template: str) -> None:
    text = (ROOT / "roles" / template).read_text()
    # What stands in the template as it is, between its expressions.
    literal = next(part for part in re.split(r"\{[{%#].*?[}%#]\}", text) if len(part) > 30)
    found = list(GOLDEN.glob(TEMPLATES[template]))
    assert found
    for path in found:
        assert literal in path.read_text(), path


@pytest.mark.parametrize("model", MODELS)
def test_golden_files_are_tidy(model: str) -> None:
    for path, text in files(GOLDEN / model).items():
        assert text.endswith("\n") and not text.endswith("\n\n") and "\n\n\n" not in text, path
        assert not re.search(r"[ \t]$|\t|None|True|False|\{\{|\{%|undefined", text, re.MULTILINE), path
        assert "Managed by netboot.diskless" in "".join(text.splitlines()[:2]), path


# --- dhcpd.conf, read as dhcpd does


def dhcpd(model: str) -> tuple[list[str], dict[str, list[str]]]:
    """The statements outside of any block, and those inside each block by its heading (dhcpd.conf(5))."""
    text = (GOLDEN / model / "etc/dhcp/dhcpd.conf").read_text()
    top: list[str] = []
    blocks: dict[str, list[str]] = {}
    current = top
    statement = ""
    for token in re.findall(r'"[^"\n]*"|[{};]|[^\s{};"]+', re.sub(r"^\s*#.*$", "", text, flags=re.MULTILINE)):
        if token == "{":
            assert current is top and statement and statement not in blocks
            current = blocks[statement] = []
            statement = ""
        elif token == "}":
            assert current is not top and not statement, f"no semicolon after {statement!r}"
            current = top
        elif token == ";":
            assert statement
            current.append(statement)
            statement = ""
        else:
            statement = f"{statement} {token}".strip()
    assert current is top and not statement
    return top, blocks


@pytest.mark.parametrize("model", MODELS)
def test_dhcpd_gives_each_slave_its_own_address_and_a_stranger_none(model: str) -> None:
    top, blocks = dhcpd(model)
    subnets = [name.split() for name in blocks if name.startswith("subnet ")]
    assert len(subnets) == 1
    network = ipaddress.ip_network(f"{subnets[0][1]}/{subnets[0][3]}")
    assert not [statement for block in [top, *blocks.values()] for statement in block if statement.startswith("range")]
    hosts = {name: dict(line.rsplit(" ", 1) for line in block) for name, block in blocks.items() if "host" in name}
    assert len(hosts) == SLAVES[model.split("-")[0]]
    for field in ("hardware ethernet", "fixed-address", "option host-name", "option root-path"):
        values = [host[field] for host in hosts.values()]
        assert len(set(values)) == len(values), field
    for name, host in hosts.items():
        assert ipaddress.ip_address(host["fixed-address"]) in network
        # A host's own boot file outweighs the site's, whatever the firmware is.
        assert host.get("filename") == ETHERBOOT.get(name)


@pytest.mark.parametrize("model", MODELS)
def test_dhcpd_chooses_the_first_loader_by_the_clients_architecture(model: str) -> None:
    top, blocks = dhcpd(model)
    assert "option client-architecture code 93 = unsigned integer 16" in top
    condition = "if option client-architecture = 00:07 or option client-architecture = 00:09"
    assert blocks[condition] == ['filename "syslinux.efi"']
    assert blocks["else"] == ['filename "pxelinux.0"']
    assert not any("filename" in statement for statement in top)


@pytest.mark.parametrize(
    ("inventory", "there", "missing"),
    [
        (
            "article",
            ["option broadcast-address 192.168.1.255", 'option domain-name "mydomain.com"', "next-server 192.168.1.1"],
            ["option routers", "option domain-name-servers", "option ntp-servers"],
        ),
        (
            "fleet",
            [
                "option routers 10.20.3.254",
                "option domain-name-servers 10.20.0.53, 9.9.9.9",
                "option ntp-servers 10.20.0.123, 10.20.0.124",
            ],
            [],
        ),
    ],
)
@pytest.mark.parametrize("platform", PLATFORMS)
def test_dhcpd_tells_what_the_site_has(inventory: str, platform: str, there: list[str], missing: list[str]) -> None:
    _top, blocks = dhcpd(f"{inventory}-{platform}")
    (subnet,) = (block for name, block in blocks.items() if name.startswith("subnet"))
    assert set(there) <= set(subnet)
    assert not [line for line in subnet for name in missing if line.startswith(name)]


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize(("inventory", "authoritative"), [("article", True), ("fleet", False)])
def test_dhcpd_is_authoritative_when_it_shall(inventory: str, platform: str, authoritative: bool) -> None:
    assert ("authoritative" in dhcpd(f"{inventory}-{platform}")[0]) == authoritative


# --- what the files say of each other


@pytest.mark.parametrize("model", MODELS)
def test_each_root_is_exported_to_its_slave_alone_and_is_the_one_that_it_mounts(model: str) -> None:
    exports = (GOLDEN / model / "etc/exports.d/netboot-diskless.exports").read_text().splitlines()
    lines = [re.fullmatch(r"(/\S+) ([0-9.]+)\(([^() ]+)\)", line) for line in exports if not line.startswith("#")]
    exported = {line[2]: line[1] for line in lines if line}
    assert len(exported) == len(lines) == SLAVES[model.split("-")[0]]
    assert len(set(exported.values())) == len(exported)
    for path in GOLDEN.joinpath(model).rglob("*"):
        if not path.is_file() or not re.search(r"/pxelinux.cfg/[0-9]|/ipxe/0", str(path)):
            continue
        text = path.read_text()
        own = text.split(", ")[2].split()[0]
        assert set(re.findall(r"nfsroot=[0-9.]+:(/[^, ]+),", text)) == {exported[own]}


@pytest.mark.parametrize("model", MODELS)
def test_each_slave_has_the_kernel_before_its_own_to_fall_back_on(model: str) -> None:
    menus = [path.read_text() for path in GOLDEN.joinpath(model).rglob("pxelinux.cfg/*") if path.name != "default"]
    assert menus
    for text in menus:
        entries = dict(re.findall(r"^LABEL (\w+)\n  LINUX /(\S+)$", text, re.MULTILINE))
        assert list(entries) == ["diskless", "previous"]
        assert entries["previous"] == f"{entries['diskless']}.previous"
        assert len(set(re.findall("APPEND (.*)", text))) == 1
        assert text.index("DEFAULT diskless") < text.index("ONERROR previous") < text.index("LABEL")


@pytest.mark.parametrize("model", MODELS)
def test_ipxe_has_the_kernel_before_its_own_to_fall_back_on(model: str) -> None:
    for path in GOLDEN.joinpath(model).rglob("01-*.ipxe"):
        first, second = path.read_text().split("\n:previous\n")
        (lines, previous) = (re.findall(r"^(?:kernel|initrd) .*$", text, re.MULTILINE) for text in (first, second))
        assert first.endswith("\nboot\n") and second.endswith("\nboot\n")
        # The images that were loaded in vain would all be RAM disks of the next kernel.
        assert second.startswith("imgfree\n")
        assert all(line.endswith(" || goto previous") for line in lines)
        names = re.compile(r"(?<=/)((?:bzImage|vmlinuz|initrd)\S*)|(?<= )(initrd=\S+)")
        assert [names.sub(r"\g<0>.previous", line.removesuffix(" || goto previous")) for line in lines] == previous


@pytest.mark.parametrize("model", MODELS)
def test_each_slave_has_a_script_of_gpxe_as_well(model: str) -> None:
    folder = next(GOLDEN.joinpath(model).rglob("ipxe"))
    macs = {path.stem.removeprefix("01-").replace("-", ":") for path in folder.glob("01-*.ipxe")}
    assert {path.stem.replace("%3A", ":") for path in folder.glob("*%3A*.gpxe")} == macs
    # gPXE knows neither labels nor conditions.
    for path in folder.glob("*.gpxe"):
        assert path.read_text().startswith("#!gpxe\n") and not re.search(r"\|\||&&|^:|goto", path.read_text())


@pytest.mark.parametrize("model", MODELS)
def test_a_stranger_gets_no_kernel(model: str) -> None:
    for name in ("boot.ipxe", "boot.gpxe"):
        (script,) = GOLDEN.joinpath(model).rglob(name)
        assert not re.search(r"^(kernel|boot)|nfsroot|bzImage", script.read_text(), re.MULTILINE)
    (default,) = GOLDEN.joinpath(model).rglob("pxelinux.cfg/default")
    assert not re.search(r"LINUX|KERNEL|nfsroot|bzImage", default.read_text())
    assert "LOCALBOOT 0" in default.read_text()
