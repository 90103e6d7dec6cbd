# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the master would get, compared with files that a person has looked at.

golden/MODEL/ holds every file that the render playbook makes of a model, under its path on the master; a colon, which
not every file system takes, is %3A there. After a change that is meant, NETBOOT_UPDATE_GOLDEN=1 writes them anew; the
difference is part of what is reviewed.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest
from ansible_collections.netboot.diskless.plugins.plugin_utils._render import render as render_template

from tests.unit.playbooks.rendering import MODELS, PLATFORMS, ROOT, files

GOLDEN = ROOT / "tests/unit/golden"
SLAVES = {"article": 1, "fleet": 4}
UPDATE = os.environ.get("NETBOOT_UPDATE_GOLDEN") == "1"

# Where each template's files are in the golden trees.
TEMPLATES = {
    "dhcp/templates/etc/conf.d/dhcpd.j2": "*/etc/conf.d/dhcpd",
    "dhcp/templates/etc/default/isc-dhcp-server.j2": "*/etc/default/isc-dhcp-server",
    "dhcp/templates/etc/dhcp/dhcpd.conf.j2": "*/etc/dhcp/dhcpd.conf",
    "dhcp/templates/etc/dnsmasq.conf.j2": "dhcp/*/etc/dnsmasq.conf",
    "dhcp/templates/etc/kea/kea-dhcp4.conf.j2": "dhcp/*/etc/kea/kea-dhcp4.conf",
    "etherboot/templates/ipxe/boot.gpxe.j2": "**/ipxe/boot.gpxe",
    "etherboot/templates/ipxe/boot.ipxe.j2": "**/ipxe/boot.ipxe",
    "etherboot/templates/ipxe/slave.gpxe.j2": "**/ipxe/*%3A*.gpxe",
    "etherboot/templates/ipxe/slave.ipxe.j2": "**/ipxe/01-*.ipxe",
    "http_server/templates/etc/nginx/nginx.conf.j2": "fleet-*/etc/nginx/nginx.conf",
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
    "tftp_pxelinux/templates/stranger.lua.j2": "**/stranger.lua",
    "tftp_pxelinux/templates/grub/grub.cfg.j2": "fleet-*/**/grub/grub.cfg",
    "tftp_pxelinux/templates/grub/slave.cfg.j2": "fleet-*/**/grub/*%3A*.cfg",
    "tftp_pxelinux/templates/pxelinux.cfg/default.j2": "**/pxelinux.cfg/default",
    "tftp_pxelinux/templates/pxelinux.cfg/slave.j2": "**/pxelinux.cfg/01-*",
}
# What is on a master before it is rendered for, or follows from its kernel.
OF_THE_MASTER = {
    "fleet/templates/etc/portage/package.use/netboot-diskless.j2": (
        {"lines": ["sys-firmware/ipxe undi uefi64"]},
        "# Managed by netboot.diskless: what is changed here is lost with the next run. See portage(5).\n"
        "sys-firmware/ipxe undi uefi64\n",
    ),
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
    assert {path.name for path in GOLDEN.iterdir()} == {*MODELS, "dhcp"}


def test_every_template_has_a_golden_file() -> None:
    found = {str(path.relative_to(ROOT / "roles")) for path in (ROOT / "roles").rglob("*.j2")}
    assert found == set(TEMPLATES) | set(OF_THE_MASTER)


@pytest.mark.parametrize("template", OF_THE_MASTER)
def test_what_no_render_writes(template: str) -> None:
    variables, text = OF_THE_MASTER[template]
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
        entries = dict(re.findall(r"^LABEL (\w+)\n  LINUX (?:http://[0-9.:]+)?/(\S+)$", text, re.MULTILINE))
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


@pytest.mark.parametrize("platform", PLATFORMS)
def test_grub_has_the_kernel_before_its_own_to_fall_back_on(platform: str) -> None:
    (menu,) = (GOLDEN / f"fleet-{platform}").rglob("grub/*%3A*.cfg")
    text = menu.read_text()
    entries = dict(re.findall(r"--id (\w+) \{\n(.*?)\}", text, re.DOTALL))
    assert list(entries) == ["diskless", "previous"]
    assert "set default=diskless\nset fallback=previous\n" in text
    names = re.compile(r"^  (linux|initrd) /(\S+)", re.MULTILINE)
    assert names.sub(r"\g<0>.previous", entries["diskless"]) == entries["previous"]


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
    for script in GOLDEN.joinpath(model).rglob("grub/grub.cfg"):
        assert not re.search(r"linux|nfsroot|bzImage", script.read_text())
    (default,) = GOLDEN.joinpath(model).rglob("pxelinux.cfg/default")
    assert not re.search(r"LINUX|KERNEL|nfsroot|bzImage", default.read_text())
    assert "LOCALBOOT 0" in default.read_text()


@pytest.mark.parametrize(("there", "offered"), [("/boot/memtest", True), ("", False)])
def test_a_memory_test_is_offered_where_there_is_one(there: str, offered: bool) -> None:
    slave = {"architecture": "i386", "serial_port": "", "initrd_file": "", "previous_initrd_file": ""}
    slave |= {key: "x" for key in ("name", "mac", "address", "kernel_file", "previous_kernel_file", "command_line")}
    told = {"memory_tests": {"i386": there, "x86_64": "/other"}, "prompt": 1, "timeout": 50, "slave": slave}
    text = render_template(
        str(ROOT / "roles/tftp_pxelinux/templates/pxelinux.cfg/slave.j2"),
        {"site": {"http_url": ""}, "slaves": []},
        told,
    )
    assert ("LABEL memtest\n  LINUX /memtest_i386\n" in text) == ("memtest tests the memory" in text) == offered
