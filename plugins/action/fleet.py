# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action netboot.diskless.fleet. Its documentation is in plugins/modules/fleet.py."""

from __future__ import annotations

import contextlib
import functools
import gc
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.module_utils.basic import missing_required_lib
from ansible.plugins.action import ActionBase
from ansible.template import Templar
from ansible_collections.netboot.diskless.plugins.plugin_utils._fleet import (
    FleetError,
    FleetModel,
    Unreadable,
    build_fleet,
)
from ansible_collections.netboot.diskless.plugins.plugin_utils._fleet_known import (
    FLEET_DEFAULTS,
    FLEET_VARIABLES,
    SLAVE_VARIABLES,
)
from ansible_collections.netboot.diskless.plugins.plugin_utils._fleet_site import HAS_NETADDR


class ActionModule(ActionBase):
    """Make the fleet model of the inventory, on the controller, without a connection."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the model, or a failure that lists every problem."""
        result = super().run(tmp, task_vars)
        result["changed"] = False
        self.validate_argument_spec({})
        if not HAS_NETADDR:
            raise AnsibleActionFail(missing_required_lib("netaddr"))
        variables = task_vars or {}
        if not {"groups", "hostvars"} <= set(variables):
            raise AnsibleActionFail("netboot.diskless.fleet needs an inventory; there is none here.")
        try:
            with _no_garbage_collection():
                result.update(self._model(variables))
        except FleetError as error:
            result["failed"] = True
            result["msg"] = str(error)
            result["problems"] = [problem.record() for problem in error.problems]
        return result

    def _model(self, variables: Mapping[str, Any]) -> FleetModel:
        groups = variables["groups"]
        reader = _SlaveReader(variables, self._templar)
        # groups keeps every slave under --limit: a part of a fleet would make daemons forget the rest.
        slaves = {name: reader.read(name) for name in groups.get("slaves", [])}
        site = read_variables("fleet_", variables, FLEET_VARIABLES, self._templar.template)
        return build_fleet(site, slaves, groups.get("master", []))


class _SlaveReader:
    """Reads the variables of one slave after another, and no more of them than the fleet needs."""

    def __init__(self, play: Mapping[str, Any], templar: Templar) -> None:
        """Prepare for the slaves of a play.

        play: the variables of the task's host, role defaults included, which are the site's.
        """
        self._play = play
        self._raw_get = play["hostvars"].raw_get
        # What every host has. Where a slave has no other value, it is the master that has one of its own.
        self._everyone: Mapping[str, Any] = self._raw_get("localhost")
        # The site's values, which may be a role's defaults, are none of the slave's own variables.
        self._site = {**FLEET_DEFAULTS, **{name: play[name] for name in FLEET_VARIABLES if name in play}}
        # One for all slaves, because making one costs as much as templating a value.
        self._templar = templar.copy_with_new_env()

    def read(self, name: str) -> dict[str, object] | Unreadable:
        """Return a slave's own variables: slave_*, and each fleet_* that it does not share with the site."""
        try:
            raw = self._raw_get(name)
        except AnsibleError as error:
            return Unreadable(name, _one_line(error))
        variables = read_variables("slave_", raw, SLAVE_VARIABLES, functools.partial(self._template, raw))
        for key, value in raw.items():
            if key.startswith("fleet_") and not (_has(self._play, key, value) or _has(self._everyone, key, value)):
                variables[key] = value
        return variables

    def _template(self, raw: Mapping[str, Any], value: object) -> object:
        self._templar.available_variables = {**self._site, **raw, "hostvars": self._play["hostvars"]}
        return self._templar.template(value)


def _has(variables: Mapping[str, Any], name: str, value: object) -> bool:
    return name in variables and bool(variables[name] == value)


@contextlib.contextmanager
def _no_garbage_collection() -> Iterator[None]:
    # Thousands of small objects that all stay make the collector walk the whole inventory again and again: a fifth of
    # the time of 10000 slaves. An action has a process of its own, which ends soon after.
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def read_variables(
    prefix: str, raw: Mapping[str, Any], known: tuple[str, ...], template: Callable[[Any], object]
) -> dict[str, object]:
    """Return the variables whose names begin with prefix; those that are known are templated when they must be."""
    return {
        name: _value(value, template) if name in known else value
        for name, value in raw.items()
        if name.startswith(prefix)
    }


def _value(value: Any, template: Callable[[Any], object]) -> object:
    # Templating costs most of a millisecond a value, so what is certainly no template is left as it is.
    if isinstance(value, str):
        if "{" not in value:
            return value
    elif value is None or isinstance(value, (bool, int, float)):
        return value
    try:
        return template(value)
    except AnsibleError as error:
        return Unreadable(value, _one_line(error))


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
