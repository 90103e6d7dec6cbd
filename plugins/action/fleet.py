# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action netboot.diskless.fleet. Its documentation is in plugins/modules/fleet.py."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.netboot.diskless.plugins.plugin_utils._fleet import FleetError, Unreadable, build_fleet
from ansible_collections.netboot.diskless.plugins.plugin_utils._fleet_known import (
    FLEET_DEFAULTS,
    FLEET_VARIABLES,
    SLAVE_VARIABLES,
)


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
        variables = task_vars or {}
        try:
            groups = variables["groups"]
            raw_get = variables["hostvars"].raw_get
        except (KeyError, AttributeError) as error:
            raise AnsibleActionFail("netboot.diskless.fleet needs an inventory; there is none here.") from error
        try:
            with _no_garbage_collection():
                # groups keeps every slave under --limit: a part of a fleet would make daemons forget the rest.
                everyone = raw_get("localhost")
                slaves: dict[str, Mapping[str, object] | Unreadable] = {}
                for name in groups.get("slaves", []):
                    try:
                        slaves[name] = self._slave_variables(raw_get(name), variables, everyone)
                    except AnsibleError as error:
                        slaves[name] = Unreadable(name, _one_line(error))
                site = read_variables("fleet_", variables, FLEET_VARIABLES, self._templar.template)
                model = build_fleet(site, slaves, groups.get("master", []))
        except FleetError as error:
            result["failed"] = True
            result["msg"] = str(error)
            result["problems"] = [problem.record() for problem in error.problems]
            return result
        result.update(model)
        return result

    def _slave_variables(
        self, raw: Mapping[str, Any], play: Mapping[str, Any], everyone: Mapping[str, Any]
    ) -> dict[str, object]:
        """Return a slave's own variables: slave_*, and each fleet_* that it does not share with the site.

        raw: all its variables as they are written.
        play: those of the host of this task, role defaults included, which are the site's.
        everyone: those that every host has. Where the slave has no other, it is the master that has one of its own.
        """

        def template(value: object) -> object:
            # The site's values, which may be a role's defaults, are none of the slave's own variables.
            site = {name: play[name] for name in FLEET_VARIABLES if name in play}
            own = {**FLEET_DEFAULTS, **site, **raw, "hostvars": play["hostvars"]}
            return self._templar.copy_with_new_env(available_variables=own).template(value)

        variables = read_variables("slave_", raw, SLAVE_VARIABLES, template)
        for name, value in raw.items():
            if name.startswith("fleet_") and not (_has(play, name, value) or _has(everyone, name, value)):
                variables[name] = value
        return variables


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
    # Templating costs about 50 microseconds a value, so what is certainly no template is left as it is.
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
