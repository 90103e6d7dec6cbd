# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names and paths of an instance."""

from pathlib import Path

import pytest

from lab import settings


def test_defaults() -> None:
    found = settings.from_environment({"HOME": "/home/someone"})
    assert found.name == "netboot-lab"
    assert found.cache == Path("/home/someone/.cache/netboot-lab")
    assert found.run == found.cache / "run/netboot-lab"
    assert (found.lab_namespace, found.master_namespace) == ("netboot-lab", "netboot-lab-master")


@pytest.mark.parametrize(
    ("environment", "cache"),
    [
        ({"HOME": "/h", "XDG_CACHE_HOME": "/x"}, "/x/netboot-lab"),
        ({"HOME": "/h", "XDG_CACHE_HOME": "", "LAB_CACHE": ""}, "/h/.cache/netboot-lab"),
        ({"HOME": "/h", "XDG_CACHE_HOME": "/x", "LAB_CACHE": "/c"}, "/c"),
    ],
)
def test_cache(environment: dict[str, str], cache: str) -> None:
    assert settings.from_environment(environment).cache == Path(cache)


@pytest.mark.parametrize("name", ["a b", "../x", "-x", "X", "a/b"])
def test_name_that_is_no_namespace(name: str) -> None:
    with pytest.raises(ValueError, match="LAB_NAME"):
        settings.from_environment({"LAB_NAME": name})


def test_the_kind_of_master_is_the_instance_s_once_it_has_one(tmp_path: Path) -> None:
    found = settings.from_environment({"LAB_CACHE": str(tmp_path), "LAB_MASTER": "debian"})
    assert found.master_kind == "debian"
    found.master_kind_file.parent.mkdir(parents=True)
    found.master_kind_file.write_text("debian\n")
    later = settings.from_environment({"LAB_CACHE": str(tmp_path)})
    assert later.master_kind == "debian"
    later.check_master_kind()
    other = settings.from_environment({"LAB_CACHE": str(tmp_path), "LAB_MASTER": "contract"})
    with pytest.raises(
        ValueError, match=r"LAB_MASTER=contract, but the master of netboot-lab is debian: run `make lab"
    ):
        other.check_master_kind()


def test_the_default_kind(tmp_path: Path) -> None:
    assert settings.from_environment({"LAB_CACHE": str(tmp_path), "LAB_MASTER": ""}).master_kind == "contract"


def test_unknown_kind() -> None:
    with pytest.raises(ValueError, match="LAB_MASTER='ubuntu': use contract, debian or debian-vm"):
        settings.from_environment({"LAB_MASTER": "ubuntu"})


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", ()),
        ("0", ()),
        ("1", ("contract", "debian")),
        ("debian-i386", ("debian-i386",)),
        ("debian,contract,debian", ("debian", "contract")),
    ],
)
def test_sources(value: str, expected: tuple[str, ...]) -> None:
    assert settings.from_environment({"LAB_SOURCES": value}).sources == expected


@pytest.mark.parametrize("value", ["gentoo", "debian,gentoo", "debian,", "yes"])
def test_unknown_sources(value: str) -> None:
    with pytest.raises(ValueError, match=f"LAB_SOURCES='{value}': there is no '.*'; use 1, or of contract, d"):
        settings.from_environment({"LAB_SOURCES": value})
