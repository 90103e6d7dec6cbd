# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bringing a kernel into the boot menu of each boot loader: what comes of it, what is kept, what a failure leaves."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.netboot.diskless.plugins.module_utils import _boot_lilo, _files
from ansible_collections.netboot.diskless.plugins.module_utils._boot_entry import BootError
from ansible_collections.netboot.diskless.plugins.module_utils._placing import PlacingError

from tests.unit.boot_world import CONFIG, GRUB_CFG, LINE, RUNNING, BootWorld, bzimage
from tests.unit.shared import needs_root

pytestmark = needs_root

NAME = "netboot-diskless-master"
SCRIPT = "etc/grub.d/42_netboot-diskless"


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BootWorld:
    return BootWorld(tmp_path, monkeypatch)


def killed(world: BootWorld, **changes: Any) -> int:
    """The exit status of a run in a process of its own, which something kills."""
    pid = os.fork()
    if not pid:
        try:
            world.install(**changes)
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_grub_tries_the_new_kernel_once_and_keeps_its_menu(world: BootWorld) -> None:
    world.with_grub()
    release = world.built()
    outcome = world.install()
    assert (outcome.loader, outcome.release, outcome.next_boot) == ("grub", release, "once")
    assert outcome.changed and not outcome.running and not outcome.ours and outcome.by_hand == []
    assert (world.root / "boot/bzImage-master").read_bytes() == (world.root / "built/bzImage").read_bytes()
    assert world.read(f"boot/config-{release}") == CONFIG
    menu = world.read("boot/grub/grub.cfg")
    assert menu.startswith("menuentry 'Debian'") and f"linux /boot/bzImage-master {LINE}\n" in menu
    assert "search --set=root /dev/vda1" in menu and "set default=" not in menu
    assert "grub-reboot netboot-diskless-master" in world.calls()
    kept = world.read(f"var/lib/netboot-diskless/former{world.root}/boot/grub/grub.cfg")
    assert kept == GRUB_CFG


def test_a_second_run_changes_nothing(world: BootWorld) -> None:
    world.with_grub().built()
    world.install()
    before = world.snapshot()
    world.calls()
    outcome = world.install()
    assert not outcome.changed and outcome.next_boot == "once" and outcome.differences == []
    assert world.snapshot() == before
    assert {call.split()[0] for call in world.calls()} <= {"grub-probe"}


@pytest.mark.parametrize("loader", ["grub", "lilo", "legacy", "systemd_boot"])
def test_a_dry_run_tells_and_touches_nothing(world: BootWorld, loader: str) -> None:
    getattr(world, f"with_{loader}")().built()
    before = world.snapshot()
    outcome = world.install(dry=True)
    told = " ".join(str(difference) for difference in outcome.differences)
    assert outcome.changed and "bzImage-master" in told
    assert world.snapshot() == before
    assert {call.split()[0] for call in world.calls()} <= {"grub-probe"}
    world.install()
    assert not world.install(dry=True).changed


def test_a_kernel_that_was_found_running_becomes_the_default(world: BootWorld) -> None:
    world.with_grub()
    world.running = release = world.built()
    world.install()
    menu = world.read("boot/grub/grub.cfg")
    assert f"set default='{NAME}'" in menu and "set fallback='0'" in menu and 'if [ "${boot_once}" != "true" ]' in menu
    # Started again with the old one, by hand: what has proven itself stays the default.
    world.running = RUNNING
    outcome = world.install()
    assert (outcome.changed, outcome.running, outcome.next_boot) == (False, False, "default")
    assert outcome.release == release


def test_a_rebuilt_kernel_leaves_the_running_one_as_the_default(world: BootWorld) -> None:
    world.with_grub()
    world.running = first = world.built()
    world.install()
    assert world.install().ours
    second = world.built("6.1.9-master-00000002")
    assert world.install().next_boot == "once"
    assert (world.root / "boot/bzImage-master.old").read_bytes() == bzimage(first, first.encode())
    assert {path.name for path in (world.root / "boot").glob("config-*")} == {f"config-{first}", f"config-{second}"}
    menu = world.read("boot/grub/grub.cfg")
    assert f"set default='{NAME}-old'" in menu and second in menu and first in menu
    # Built once more before it ran: the one that runs is not let go for it.
    third = world.built("6.1.9-master-00000003")
    world.install()
    assert (world.root / "boot/bzImage-master.old").read_bytes() == bzimage(first, first.encode())
    assert not world.install().changed
    world.running = third
    world.install()
    assert f"set default='{NAME}'" in world.read("boot/grub/grub.cfg")


def test_a_previous_kernel_whose_modules_are_gone_has_no_entry(world: BootWorld) -> None:
    world.with_grub()
    first = world.built()
    world.install()
    (world.root / "lib/modules" / first).rmdir()
    world.built("6.1.9-master-00000002")
    world.install()
    assert not (world.root / "boot/bzImage-master.old").exists()
    assert f"{NAME}-old" not in world.read("boot/grub/grub.cfg")


@pytest.mark.parametrize(
    ("mode", "next_boot", "sets_default", "reboots"),
    [("proven", "once", False, True), ("now", "default", True, False), ("never", "as_before", False, False)],
)
def test_when_it_becomes_the_default(
    world: BootWorld, mode: str, next_boot: str, sets_default: bool, reboots: bool
) -> None:
    world.with_grub().built()
    assert world.install(default=mode).next_boot == next_boot
    assert ("set default=" in world.read("boot/grub/grub.cfg")) == sets_default
    assert (f"grub-reboot {NAME}" in world.calls()) == reboots


@pytest.mark.parametrize("given", [{"abstraction": "lvm"}, {"kind": "btrfs"}, {"kind": "zfs"}])
def test_no_try_where_grub_cannot_write(world: BootWorld, given: dict[str, str]) -> None:
    world.with_grub(**given).built()
    outcome = world.install()
    assert outcome.next_boot == "as_before" and "choose" in outcome.by_hand[0]
    assert f"grub-reboot {NAME}" not in world.calls()


@pytest.mark.parametrize(
    ("trap", "told"),
    [("broken", "syntax error"), ("lost", "no longer start /boot/vmlinuz-6.1.0-debian")],
)
@pytest.mark.parametrize("again", [False, True])
def test_a_menu_that_cannot_be_made_leaves_all_as_it_was(world: BootWorld, trap: str, told: str, again: bool) -> None:
    world.with_grub().built()
    if again:
        world.install()
        world.built("6.1.9-master-00000002")
    before = world.snapshot()
    world.write(trap, "")
    with pytest.raises(BootError, match=told):
        world.install()
    (world.root / trap).unlink()
    world.calls()
    after = world.snapshot()
    for path in ("boot/grub/grub.cfg", "boot/bzImage-master", "boot/bzImage-master.old", SCRIPT):
        assert after.get(str(world.root / path)) == before.get(str(world.root / path)), path
    assert not list((world.root / "boot/grub").glob(".*"))
    assert world.install().changed


@pytest.mark.parametrize("loader", ["grub", "lilo", "legacy", "systemd_boot"])
@pytest.mark.parametrize("mode", ["now", "proven"])
def test_a_file_of_somebody_else_is_refused_before_anything_is_changed(
    world: BootWorld, loader: str, mode: str
) -> None:
    getattr(world, f"with_{loader}")().built()
    (world.root / "boot/bzImage-master").write_bytes(bzimage(RUNNING))
    world.command("dracut", "exit 1")
    before = world.snapshot()
    with pytest.raises(PlacingError, match="was neither written by"):
        world.install(default=mode, initramfs="always")
    assert world.snapshot() == before and world.calls() == []


def test_a_script_of_somebody_else_is_refused_before_anything_is_changed(world: BootWorld) -> None:
    world.with_grub().built()
    world.write(SCRIPT, "mine\n")
    before = world.snapshot()
    with pytest.raises(PlacingError, match="42_netboot-diskless was neither"):
        world.install()
    assert world.snapshot() == before


def test_a_kernel_of_somebody_elses_is_no_previous_one(world: BootWorld) -> None:
    world.with_grub().built()
    (world.root / "boot/bzImage-master.old").write_bytes(bzimage(RUNNING))
    world.write(f"boot/config-{RUNNING}", "the distribution's")
    assert not world.install().ours
    assert f"{NAME}-old" not in world.read("boot/grub/grub.cfg")
    assert not world.install().ours and world.read(f"boot/config-{RUNNING}") == "the distribution's"


def test_the_distributions_configuration_is_not_ours(world: BootWorld) -> None:
    """A kernel of ours that is told apart from the distribution's by its place alone."""
    world.with_grub().built(RUNNING)
    world.install()
    config, ledger = world.root / f"boot/config-{RUNNING}", world.root / "var/lib/netboot-diskless/ledger"
    (ledger / "boot_config.json").unlink()
    config.write_text("the distribution's")
    for release in ("6.1.9-master-00000002", "6.1.9-master-00000003"):
        world.running = world.built(release)
        world.install()
    assert config.read_text() == "the distribution's"


def test_a_previous_kernel_that_lost_its_ram_disk_has_no_entry(world: BootWorld) -> None:
    world.with_grub()
    world.write("proc/cmdline", "root=UUID=1-2 ro\n")
    world.command("dracut", "printf '\\037\\213' > $2")
    first = world.built()
    world.install()
    (world.root / f"boot/initramfs-{first}.img").unlink()
    world.built("6.1.9-master-00000002")
    world.install()
    assert f"{NAME}-old" not in world.read("boot/grub/grub.cfg")
    assert not (world.root / "boot/bzImage-master.old").exists()


def test_a_kernel_that_has_proven_itself_is_not_let_go_for_one_that_never_ran(world: BootWorld) -> None:
    world.with_grub()
    world.running = first = world.built()
    world.install()
    world.running = RUNNING
    for release in ("6.1.9-master-00000002", "6.1.9-master-00000003"):
        world.built(release)
        world.install()
        assert (world.root / "boot/bzImage-master.old").read_bytes() == bzimage(first, first.encode())
        assert f"set default='{NAME}-old'" in world.read("boot/grub/grub.cfg")


@pytest.mark.parametrize("path", ["/boot/initramfs-{}.img", _files.staged_name("/boot/initramfs-{}.img")])
def test_a_ram_disk_of_a_run_that_was_killed_goes(world: BootWorld, path: str) -> None:
    world.with_grub()
    first = world.built()
    # As a kill between the making of the RAM disk and the menu.
    world.command("dracut", f"printf '\\037\\213' > {world.root}{path.format(first)}; kill -9 $PPID")
    assert killed(world, initramfs="always") == -9
    world.command("dracut", "printf '\\037\\213' > $2")
    second = world.built("6.1.9-master-00000002")
    world.install(initramfs="always")
    assert [path.name for path in (world.root / "boot").rglob("*initramfs*")] == [f"initramfs-{second}.img"]


@pytest.mark.parametrize("loader", ["none", "installkernel"])
def test_an_entry_stays_when_others_make_the_next_one(world: BootWorld, loader: str) -> None:
    world.with_systemd_boot()
    world.command("dracut", "printf '\\037\\213' > $2")
    world.command("installkernel", "")
    release = world.built()
    world.install(initramfs="always", default="now")
    for number in (2, 3):
        world.built(f"6.1.9-master-0000000{number}")
        world.install(loader=loader)
        assert not world.install(loader=loader).changed
    assert (world.root / f"boot/initramfs-{release}.img").exists()
    assert (world.root / f"boot/loader/entries/a-{NAME}.conf").exists()


def test_lilo(world: BootWorld) -> None:
    world.with_lilo()
    release = world.built()
    outcome = world.install()
    assert (outcome.loader, outcome.next_boot) == ("lilo", "once")
    text = world.read("etc/lilo.conf")
    assert text.startswith(
        "boot=/dev/vda\ndefault=linux\nimage=/boot/vmlinuz\n    label=linux\n# BEGIN netboot.diskless\n"
    )
    assert f'    literal="{LINE}"\n' in text and f"# {release}\n" in text
    assert world.calls() == ["lilo -t -C /etc/.lilo.conf.netboot", "lilo", "lilo -R netboot-master"]
    world.running = release
    world.install()
    assert world.calls()[1:] == ["lilo -D netboot-master"]
    assert not world.install().changed and world.calls() == []


@pytest.mark.parametrize("again", [False, True])
def test_what_lilo_refuses_when_it_tries_leaves_all_as_it_was(world: BootWorld, again: bool) -> None:
    world.with_lilo().built()
    if again:
        world.install()
        world.built("6.1.9-master-00000002")
    before = {path: file for path, file in world.snapshot().items() if "/var/lib/" not in path}
    # It can tell only from images that are there.
    images = " ".join(f"{world.root}/boot/.bzImage-master{end}.netboot" for end in ("", ".old") if again or not end)
    world.command(
        "lilo", f'ls {images} && grep -q image=/boot/.bzImage-master.netboot "$3" && echo "Fatal: no"; exit 1'
    )
    world.calls()
    with pytest.raises(BootError, match="Fatal: no"):
        world.install()
    after = {path: file for path, file in world.snapshot().items() if "/var/lib/" not in path}
    assert {path for path in after if after[path] != before.get(path)} == set(
        str(path) for path in (world.root / "boot").glob("config-*") if str(path) not in before
    )
    assert world.calls() == ["lilo -t -C /etc/.lilo.conf.netboot"]


def inode(path: Path) -> int:
    return path.stat().st_ino if path.exists() else 0


@pytest.mark.parametrize("again", [False, True])
def test_when_lilo_fails_to_map_the_very_images_come_back(world: BootWorld, again: bool) -> None:
    world.with_lilo()
    images = [world.root / "boot/bzImage-master", world.root / "boot/bzImage-master.old"]
    if again:
        for number in (1, 2):
            world.running = world.built(f"6.1.9-master-0000000{number}")
            world.install()
    world.built("6.1.9-master-00000003")
    before, nodes = world.read("etc/lilo.conf"), [inode(path) for path in images]
    world.command(
        "lilo",
        f'case "$1" in -t) ;; *) [ -e {world.root}/failed ] || {{ touch {world.root}/failed; '
        'echo "Fatal: no"; exit 1; };; esac',
    )
    world.calls()
    with pytest.raises(BootError, match="Fatal: no\n.*lilo.conf and the images are as they were, and lilo has mapped"):
        world.install()
    assert world.calls()[-1] == "lilo"
    assert world.read("etc/lilo.conf") == before and [inode(path) for path in images] == nodes
    assert not list((world.root / "boot").glob("*.mapped")) and not (world.root / "etc/.lilo.conf.netboot").exists()
    assert world.install().changed and not world.install().changed


def test_lilo_that_cannot_map_the_old_images_either(world: BootWorld) -> None:
    world.with_lilo().built()
    world.command("lilo", '[ "$1" = -t ] || { echo "Fatal: no"; exit 1; }')
    with pytest.raises(BootError, match="Do not reboot before it has run: lilo failed with 1:\nFatal: no"):
        world.install()


@pytest.mark.parametrize("at", ["lilo", "swap"])
def test_a_run_that_was_killed_before_lilo_is_made_up_for(
    world: BootWorld, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    world.with_lilo()
    world.running = first = world.built()
    world.install()
    second = world.built("6.1.9-master-00000002")
    node = inode(world.root / "boot/bzImage-master")
    with monkeypatch.context() as patch:
        if at == "lilo":
            world.command("lilo", '[ "$1" = -t ] || kill -9 $PPID')
        else:
            patch.setattr(_boot_lilo, "swap", lambda *_arguments: os.kill(os.getpid(), 9))
        assert killed(world) == -9
    # The blocks that the map names are in use still.
    assert inode(world.root / "boot/bzImage-master.mapped") == node
    world.command("lilo", "")
    world.calls()
    # Even when the kernel that is mapped is wanted again, alone.
    world.built(first)
    (world.root / "lib/modules" / second).rmdir()
    assert world.install().changed
    assert "lilo -D netboot-master" in world.calls()
    assert not list((world.root / "boot").glob("*.mapped")) and not world.install().changed


@pytest.mark.parametrize("loader", ["grub", "lilo"])
def test_what_is_put_back_is_ours_as_before(world: BootWorld, loader: str) -> None:
    getattr(world, f"with_{loader}")()
    world.running = first = world.built()
    world.install()
    second = world.built("6.1.9-master-00000002")
    world.install()
    world.built("6.1.9-master-00000003")
    for release in (first, second):
        (world.root / "lib/modules" / release).rmdir()
    old = world.root / "boot/bzImage-master.old"
    before = old.read_bytes()
    if loader == "lilo":
        world.command("lilo", '[ "$1" = -t ] || { echo "Fatal: no"; exit 1; }')
    world.write("broken", "")
    with pytest.raises(BootError):
        world.install()
    assert old.read_bytes() == before
    (world.root / "broken").unlink()
    if loader == "lilo":
        world.command("lilo", "")
    (world.root / "lib/modules" / first).mkdir()
    world.install()
    assert old.read_bytes() == before
    assert f"{first}" in world.read({"grub": "boot/grub/grub.cfg", "lilo": "etc/lilo.conf"}[loader])


def test_grub_legacy_keeps_its_default(world: BootWorld) -> None:
    world.with_legacy()
    release = world.built()
    outcome = world.install()
    assert (outcome.loader, outcome.next_boot) == ("grub-legacy", "as_before")
    assert "the default in /boot/grub/menu.lst is left as it is" in outcome.by_hand[0]
    text = world.read("boot/grub/menu.lst")
    assert text.startswith("default 0\ntitle Gentoo\n")
    assert f"title Linux {release} (netboot.diskless)\nroot (hd0,0)\nkernel /boot/bzImage-master {LINE}\n" in text
    assert not world.install().changed


@pytest.mark.parametrize(
    ("esp", "linux"),
    [("boot", "/bzImage-master"), ("efi", "/netboot-diskless/bzImage-master")],
)
def test_systemd_boot(world: BootWorld, esp: str, linux: str) -> None:
    world.with_systemd_boot(esp)
    release = world.built()
    outcome = world.install()
    assert (outcome.loader, outcome.next_boot) == ("systemd-boot", "once")
    entry = world.read(f"{esp}/loader/entries/a-{NAME}.conf").splitlines()
    assert entry[1:] == [
        f"title Linux {release} (netboot.diskless)",
        f"version {release}",
        f"linux {linux}",
        f"options {LINE}",
    ]
    assert (world.root / esp / linux.lstrip("/")).read_bytes() == (world.root / "built/bzImage").read_bytes()
    assert world.read(f"{esp}/loader/loader.conf") == "default debian.conf\n"
    assert world.calls() == [f"bootctl set-oneshot a-{NAME}.conf"]
    assert not world.install().changed and world.calls() == []


@pytest.mark.parametrize("mode", ["proven", "now"])
def test_systemd_boot_that_has_not_told_of_itself(world: BootWorld, mode: str) -> None:
    world.with_systemd_boot().built()
    for variable in (world.root / "sys/firmware/efi/efivars").iterdir():
        variable.unlink()
    outcome = world.install(default=mode)
    assert outcome.next_boot == "as_before" and "no LoaderInfo" in outcome.by_hand[0] and world.calls() == []
    assert len(outcome.by_hand) == 1


def test_systemd_boots_default_follows_what_has_proven_itself(world: BootWorld) -> None:
    world.with_systemd_boot()
    world.running = world.built()
    world.install()
    assert world.calls() == [f"bootctl set-default a-{NAME}.conf"]
    assert not world.install().changed
    # The entry of this name is the new kernel's now.
    world.built("6.1.9-master-00000002")
    world.install()
    assert world.calls() == [f"bootctl set-default a-{NAME}-old.conf", f"bootctl set-oneshot a-{NAME}.conf"]


def test_systemd_boots_default_leaves_an_entry_before_that_is_the_new_kernels(world: BootWorld) -> None:
    world.with_systemd_boot("efi")
    entry = world.root / f"efi/loader/entries/a-{NAME}.conf"
    world.running = first = world.built()
    world.install(initramfs="never")
    old = entry.with_name(f"a-{NAME}-old.conf")
    world.command("bootctl", "kill -9 $PPID")
    before = (world.root / "boot/bzImage-master").read_bytes(), entry.read_text()
    world.built("6.1.9-master-00000002")
    assert killed(world) == -9
    assert ((world.root / "boot/bzImage-master").read_bytes(), entry.read_text()) == before
    assert (world.root / "efi/netboot-diskless/bzImage-master").read_bytes() == before[0]
    assert first in old.read_text()
    assert (world.root / "efi/netboot-diskless/bzImage-master.old").read_bytes() == before[0]
    world.with_systemd_boot("efi")
    assert world.install().next_boot == "once" and not world.install().changed


@pytest.mark.parametrize("given", ["debian.conf", ""])
def test_systemd_boots_default_of_the_users_comes_back(world: BootWorld, given: str) -> None:
    world.with_systemd_boot()
    if given:
        world.variable("LoaderEntryDefault", given)
    world.running = world.built()
    world.install()
    world.built("6.1.9-master-00000002")
    world.install()
    world.calls()
    assert world.install(default="never").changed
    assert world.calls() == [f"bootctl set-default {given}"]
    assert not world.install(default="never").changed and world.calls() == []


def test_installkernel_is_given_what_was_built(world: BootWorld) -> None:
    world.command("installkernel", "")
    release = world.built()
    outcome = world.install(system_map="/built/System.map")
    assert (outcome.loader, outcome.next_boot) == ("installkernel", "as_before") and release in outcome.by_hand[0]
    assert world.calls() == [f"installkernel {release} /built/bzImage /built/System.map /boot"]
    assert not (world.root / "boot/bzImage-master").exists()
    world.running = release
    outcome = world.install(system_map="/built/System.map")
    assert not outcome.changed and outcome.ours and world.calls() == []


def test_an_entry_that_is_made_by_hand(world: BootWorld) -> None:
    world.write("run/systemd/container", "systemd-nspawn\n")
    world.write(f"boot/initrd.img-{RUNNING}", "")
    world.write("proc/cmdline", "rdinit=/host\n")
    release = world.built()
    outcome = world.install(loader="none")
    assert outcome.by_hand == [
        f"give /boot/bzImage-master ({release}) an entry in the boot menu, beside the one of {RUNNING}, and start it"
    ]
    assert (world.root / "boot/bzImage-master").exists() and not world.install(loader="none").changed


@pytest.mark.parametrize("tool", ["dracut", "mkinitramfs"])
def test_a_kernel_gets_a_ram_disk_when_the_running_one_had_one(world: BootWorld, tool: str) -> None:
    world.with_grub()
    world.write(f"boot/initrd.img-{RUNNING}", "")
    out = {"dracut": "$2", "mkinitramfs": "$2"}[tool]
    for name in ("dracut", "mkinitramfs"):
        (world.bin / name).unlink(missing_ok=True)
    world.command(tool, f"printf '\\037\\213 made for '$3 > {out}")
    release = world.built()
    world.install()
    assert world.read("boot/grub/grub.cfg").count(f"initrd /boot/initramfs-{release}.img") == 1
    image = world.root / f"boot/initramfs-{release}.img"
    assert image.read_bytes() == b"\x1f\x8b made for " + release.encode()
    assert image.stat().st_mode & 0o777 == 0o600
    assert not world.install().changed
    # The RAM disk of a kernel that is gone goes; that of the one before stays, as does one that is not ours.
    world.running = release
    second = world.built("6.1.9-master-00000002")
    world.install()
    world.running = second
    world.built("6.1.9-master-00000003")
    world.install()
    assert sorted(path.name for path in (world.root / "boot").glob("init*")) == [
        "initramfs-6.1.9-master-00000002.img",
        "initramfs-6.1.9-master-00000003.img",
        f"initrd.img-{RUNNING}",
    ]


@pytest.mark.parametrize(
    ("script", "config", "told"),
    [
        ("echo cannot find a module >&2; exit 3", CONFIG, "failed with 3:\ncannot find a module"),
        ("printf '\\050\\265\\057\\375' > $2", CONFIG, "needs RD_ZSTD of it"),
        ("printf '\\037\\213' > $2", "", "needs BLK_DEV_INITRD, RD_GZIP of it"),
    ],
)
def test_a_ram_disk_that_cannot_be_used(world: BootWorld, script: str, config: str, told: str) -> None:
    release = world.with_grub().built()
    world.command("dracut", script)
    world.write("built/.config", config)
    before = world.snapshot()
    with pytest.raises(BootError, match=told):
        world.install(initramfs="always")
    state = str(world.root / "var/lib")
    after = {path: file for path, file in world.snapshot().items() if not path.startswith(state)}
    # The tools look for the configuration under this name; nothing starts a kernel by it.
    assert after.pop(str(world.root / f"boot/config-{release}"))[0] == config.encode()
    assert after == before


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"image": "/srv/bzImage"}, "/srv/bzImage is not in /boot"),
        ({"source": "/proc/self/status"}, "is no image of Linux"),
        ({"loader": "lilo"}, "master_kernel_boot_loader is lilo, which is not here; here is grub"),
    ],
)
def test_refusals_change_nothing(world: BootWorld, changes: dict[str, Any], told: str) -> None:
    world.with_grub().built()
    before = world.snapshot()
    with pytest.raises(BootError, match=told):
        world.install(**changes)
    assert world.snapshot() == before


def with_driver(world: BootWorld, release: str, driver: str, device: str) -> Path:
    """A device that a driver serves, which the running kernel has and the new one has not; returns its directory."""
    for name, built_in in ((RUNNING, f"ext4 {driver}"), (release, "ext4")):
        lines = "".join(f"kernel/{module}.ko\n" for module in built_in.split())
        world.write(f"lib/modules/{name}/modules.builtin", lines)
        world.write(f"lib/modules/{name}/modules.dep", "")
    served = world.root / "sys/devices" / device
    served.mkdir(parents=True)
    module, drivers = world.root / "sys/module" / driver, world.root / "sys/bus/virtio/drivers" / driver
    module.mkdir(parents=True)
    drivers.mkdir(parents=True)
    (drivers / "module").symlink_to(module)
    (served / "driver").symlink_to(drivers)
    return served


def test_a_kernel_without_the_disks_driver_is_refused(world: BootWorld) -> None:
    world.with_grub()
    disk = with_driver(world, world.built(), "virtio_blk", "pci0/virtio1") / "block/vda/vda1"
    disk.mkdir(parents=True)
    (world.root / "sys/class/block").mkdir(parents=True)
    (world.root / "sys/class/block/vda1").symlink_to(disk)
    before = world.snapshot()
    with pytest.raises(BootError, match="does not have virtio_blk, by which / is mounted now"):
        world.install()
    assert world.snapshot() == before
    assert world.install(check_drivers=False).changed


def test_a_kernel_that_would_not_be_reached_is_refused(world: BootWorld) -> None:
    """It would come up, so nothing would fall back from it, and nobody could ask it for anything."""
    world.with_grub()
    device = with_driver(world, world.built(), "virtio_net", "pci0/virtio0")
    world.write("sys/class/net/eth0/operstate", "up\n")
    (world.root / "sys/class/net/eth0/device").symlink_to(device)
    before = world.snapshot()
    with pytest.raises(BootError, match="does not have virtio_net, by which the network is reached now"):
        world.install()
    assert world.snapshot() == before
    assert world.install(check_drivers=False).changed


def test_without_a_source_it_only_finds_out(world: BootWorld) -> None:
    world.with_grub()
    before = world.snapshot()
    outcome = world.install(dry=True, source="")
    assert (outcome.loader, outcome.changed, outcome.release) == ("grub", False, "")
    assert world.snapshot() == before
