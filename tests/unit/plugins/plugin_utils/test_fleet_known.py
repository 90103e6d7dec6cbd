# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which variable names are taken for slips."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible_collections.netboot.diskless.plugins.plugin_utils._fleet_known import (
    FLEET_DEFAULTS,
    FLEET_REQUIRED,
    FLEET_VARIABLES,
    ROOTFS_VARIABLES,
    SLAVE_VARIABLES,
    meant,
)

ROLE = Path(__file__).resolve().parents[4] / "roles" / "fleet"


@pytest.mark.parametrize(
    ("name", "intended"),
    [
        ("slave_adress", "slave_address"),
        ("slave_Mac", "slave_mac"),
        ("slave_host_name", "slave_hostname"),
        ("slave_arch", "slave_architecture"),
        ("slave_kernel_argument", "slave_kernel_arguments"),
        ("slave_kernel_args", "slave_kernel_arguments"),
        ("slave_kernel_arguements", "slave_kernel_arguments"),
        ("slave_nfs", "slave_nfs_version"),
        ("slave_rootfs_sourse", "slave_rootfs_source"),
        ("slave_rootfs_service", "slave_rootfs_services"),
        ("slave_rootfs_unit", "slave_rootfs_units"),
        ("slave_inits", "slave_init"),
        ("fleet_rooter", "fleet_router"),
        ("fleet_dns", "fleet_dns_servers"),
        ("fleet_dns_server", "fleet_dns_servers"),
        ("fleet_master_adress", "fleet_master_address"),
        ("fleet_master", "fleet_master_address"),
    ],
)
def test_slips(name: str, intended: str | None) -> None:
    assert meant(name) == intended


@pytest.mark.parametrize(
    "name",
    [
        *FLEET_VARIABLES,
        *SLAVE_VARIABLES,
        *ROOTFS_VARIABLES,
        "slave_kernel_base",
        "slave_kernel_symbols",
        "slave_kernel_wanted",
        "slave_kernel_config_directory",
        "fleet_model",
        "fleet_rendering",
        "fleet_render_directory",
        "fleet_platform",
        "fleet_platform_name",
        "fleet_kernel_tree",
        "fleet_allow_uplink",
        "fleet_allow_other_dhcp",
        "fleet_survey",
        "slave_location",
        "slave_mac_sticker",
        "slave_id",
    ],
)
def test_names_that_are_none(name: str) -> None:
    assert meant(name) is None


def test_the_defaults_are_those_of_the_role() -> None:
    defaults = yaml.safe_load((ROLE / "defaults" / "main.yml").read_text())
    assert {name: defaults[name] for name in FLEET_DEFAULTS} == FLEET_DEFAULTS
    assert not set(FLEET_REQUIRED) & set(defaults)


def test_every_variable_of_the_role_is_known() -> None:
    specification = yaml.safe_load((ROLE / "meta" / "argument_specs.yml").read_text())
    options = specification["argument_specs"]["main"]["options"]
    assert set(FLEET_VARIABLES) <= set(options)
    said = {name for name, option in options.items() if option["description"][0] == "Required."}
    assert said == set(FLEET_REQUIRED)
    # The fleet refuses what is missing, together with all else that is wrong.
    assert not any(option.get("required") for option in options.values())
    assert [meant(name) for name in options] == [None] * len(options)
