"""Ask every plugin what it declares; whatever raises or has the wrong type becomes a problem beside the others."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from types import ModuleType
from typing import Any, Final

import attrs
from sqlalchemy import Table

from crmcore.errors import ErrorCode, Problem
from crmcore.events import Event
from crmcore.hooks import (
    CharacteristicDef,
    Command,
    ConfigSchema,
    Configurable,
    Configured,
    ContributionKind,
    FieldType,
    Handler,
    Job,
    LookAt,
    Migrations,
    Normaliser,
    Permission,
    ScriptFunction,
    StateTable,
    Template,
    Watcher,
)
from crmcore.hooks.changing import Kind
from crmcore.model import Entity
from crmcore.registry.discovery import describe
from crmcore.registry.dispatch import Dispatcher

LISTS: Final[Mapping[str, type]] = {
    "crm_tables": Entity,
    "crm_characteristics": CharacteristicDef,
    "crm_field_types": FieldType,
    "crm_state_tables": StateTable,
    "crm_permissions": Permission,
    "crm_script_functions": ScriptFunction,
    "crm_templates": Template,
    "crm_events": Event,
    "crm_handlers": Handler,
    "crm_jobs": Job,
    "crm_commands": Command,
    "crm_error_codes": ErrorCode,
    "crm_extension_points": ModuleType,
    "crm_configurables": Configurable,
    "crm_configured": Configured,
    "crm_normalisers": Normaliser,
    "crm_watchers": Watcher,
    "crm_derived_tables": Table,
    "crm_contributions": ContributionKind,
    "crm_change_kinds": Kind,
    "crm_looks_at": LookAt,
}
SINGLES: Final[Mapping[str, type]] = {"crm_migrations": Migrations, "crm_configuration": ConfigSchema}
_CLASSES: Final = frozenset({"crm_tables", "crm_events"})
"""Hooks that return classes rather than instances."""


@attrs.frozen
class Declared:
    """One declared value and the plugin that declared it."""

    plugin: str
    value: Any


@attrs.frozen
class Declarations:
    """What all plugins declare, by hook, in dependency order."""

    found: Mapping[str, tuple[Declared, ...]]

    def of(self, hook: str) -> tuple[Declared, ...]:
        """Return what was declared through ``hook``."""
        return self.found.get(hook, ())

    def without(self, plugins: frozenset[str]) -> Declarations:
        """Return the declarations of the other plugins."""
        return Declarations({hook: tuple(item for item in items if item.plugin not in plugins) for hook, items in self.found.items()})


def collect(hooks: Dispatcher, names: Iterable[str] = (*LISTS, *SINGLES)) -> tuple[Declarations, list[Problem]]:
    """Call the declaration hooks ``names`` of every plugin, and return the values of the right type and the problems."""
    found: dict[str, tuple[Declared, ...]] = {}
    problems: list[Problem] = []
    for hook in names:
        items: list[Declared] = []
        for implementation in hooks.implementations(hook):
            try:
                answer = implementation.function()
                values = _values(hook, answer)
            except Exception as error:  # noqa: BLE001 - a declaration is foreign code: whatever it raises is reported with its plugin
                problems.append(Problem(code="HOOK_FAILED", plugin=implementation.plugin, hook=hook, params={"error": describe(error)}))
                continue
            good, bad = _check_types(hook, implementation.plugin, values)
            items += good
            problems += bad
        found[hook] = tuple(items)
    return Declarations(found), problems


def _values(hook: str, answer: Any) -> list[Any]:  # noqa: ANN401 - whatever the plugin returned
    if answer is None:
        return []
    if hook in SINGLES:
        return [answer]
    if isinstance(answer, list | tuple | set | frozenset) or inspect.isgenerator(answer):
        return list(answer)
    return [answer]


def _check_types(hook: str, plugin: str, values: Iterable[Any]) -> tuple[list[Declared], list[Problem]]:
    expected = LISTS.get(hook) or SINGLES[hook]
    good: list[Declared] = []
    bad: list[Problem] = []
    for value in values:
        if hook in _CLASSES:
            fits = isinstance(value, type) and issubclass(value, expected) and value is not expected
            wanted = f"a class derived from {expected.__name__}"
        else:
            fits = isinstance(value, expected)
            wanted = expected.__name__
        if fits:
            good.append(Declared(plugin, value))
        else:
            got = f"{value.__name__} (a class)" if isinstance(value, type) else f"{type(value).__name__} {value!r:.80}"
            bad.append(Problem(code="HOOK_RESULT_TYPE", plugin=plugin, hook=hook, params={"got": got, "expected": wanted}))
    return good, bad
