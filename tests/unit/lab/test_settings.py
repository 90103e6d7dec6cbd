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
