"""What one Crm is made of: plugins in order, and everything that core and plugins declare. Frozen after the start."""

from __future__ import annotations

import builtins
from collections.abc import Collection, Mapping
from typing import Any

import attrs
from sqlalchemy import Table
from sqlalchemy.schema import sort_tables

from crmcore.errors import ErrorCode, UsageError
from crmcore.events import Event
from crmcore.hooks import (
    ANY_EVENT,
    Capability,
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
    Phase,
    ScriptFunction,
    StateTable,
    Template,
    Watcher,
)
from crmcore.hooks.changing import Kind
from crmcore.model import CORE, PLATFORM_TABLES, Entity
from crmcore.registry.discovery import LoadedPlugin
from crmcore.registry.dispatch import Dispatcher


@attrs.frozen
class EventType:
    """A type of event: declared by a class, or published by the core for the records of an entity."""

    type: str
    owner: str
    version: int = 1
    cls: builtins.type[Event] | None = None
    entity: str | None = None


@attrs.frozen
class BoundHandler:
    """A handler with the plugin that declared it; ``name`` is unique in the whole CRM."""

    plugin: str
    event: str
    handler: Handler

    @property
    def name(self) -> str:
        """``<plugin>.<handler>``, as deliveries remember it."""
        return f"{self.plugin}.{self.handler.key}"


@attrs.frozen
class BoundJob:
    """A job with the plugin that declared it."""

    plugin: str
    job: Job


@attrs.frozen
class BoundNormaliser:
    """A normaliser with the plugin that declared it."""

    plugin: str
    normaliser: Normaliser


@attrs.frozen(eq=False)
class BoundWatcher:
    """A watcher with the plugin that declared it."""

    plugin: str
    watcher: Watcher


@attrs.frozen
class BoundKind:
    """A kind of mass change with the plugin that declared it."""

    plugin: str
    kind: Kind


@attrs.frozen(kw_only=True)
class Registry:
    """Everything that is declared, by name; ``owner`` values are plugin names or ``"core"``."""

    plugins: tuple[LoadedPlugin, ...]
    required: Mapping[str, frozenset[str]]
    hooks: Dispatcher
    entities: Mapping[str, type[Entity]]
    owners: Mapping[str, str]
    """Table name → owner."""
    migrations: Mapping[str, Migrations]
    config: Mapping[str, ConfigSchema]
    characteristics: Mapping[str, Mapping[str, CharacteristicDef]]
    """Entity name → key → definition."""
    field_types: Mapping[str, FieldType]
    state_tables: Mapping[str, StateTable]
    permissions: Mapping[str, Permission]
    script_functions: Mapping[str, ScriptFunction]
    templates: Mapping[str, Template]
    events: Mapping[str, EventType]
    handlers: Mapping[str, tuple[BoundHandler, ...]]
    """Event type → handlers, in the order in which they run."""
    jobs: Mapping[str, BoundJob]
    commands: Mapping[str, tuple[Command, ...]]
    error_codes: Mapping[str, ErrorCode]
    configurables: Mapping[str, Configurable]
    """The collections that plugins declare; `crmcore.planning.collections_of` adds those of the core."""
    configured: Mapping[str, tuple[Configured, ...]]
    """Plugin → the items that it brings."""
    normalisers: Mapping[str, tuple[BoundNormaliser, ...]]
    """Entity → what brings its fields into their normal form, in order."""
    watchers: tuple[BoundWatcher, ...]
    derived: Mapping[str, tuple[Table, ...]]
    """Plugin → its tables without records of their own."""
    contributions: Mapping[str, ContributionKind]
    """What counts as somebody's contribution, the core's kinds first."""
    change_kinds: Mapping[str, BoundKind]
    """The kinds of mass changes that plugins declare; `crmcore.changesets` adds those of the core."""
    looks: Mapping[str, tuple[LookAt, ...]]
    """Plugin → what its validation is about; a plugin that is not here looks at everything."""
    _looked_at: Mapping[str, Mapping[str, frozenset[str]]] = attrs.field(init=False)
    """Plugin → entity → the fields that its validation looks at; none are all."""
    free_tables: frozenset[str] = attrs.field(init=False)
    """Tables that statements may write: those that keep no history, and derived ones."""

    @_looked_at.default
    def _fields_by_entity(self) -> Mapping[str, Mapping[str, frozenset[str]]]:
        found: dict[str, dict[str, frozenset[str]]] = {}
        for plugin, looks in self.looks.items():
            mine = found.setdefault(plugin, {})
            for each in looks:
                whole = not each.fields or mine.get(each.entity) == frozenset()
                mine[each.entity] = frozenset() if whole else mine.get(each.entity, frozenset()) | frozenset(each.fields)
        return found

    @free_tables.default
    def _free_tables(self) -> frozenset[str]:
        entities = (cls.__tablename__ for cls in self.entities.values() if not cls.__audited__ and not cls.__append_only__)
        return frozenset((*entities, *(table.name for tables in self.derived.values() for table in tables)))

    def tables(self, owner: str) -> tuple[Table, ...]:
        """Return the tables of a plugin, or of the core, parents before children."""
        mine: list[Table] = [table for cls in self.entities.values() if isinstance(table := cls.__table__, Table)]
        chosen = [table for table in mine if self.owners[table.name] == owner]
        chosen += PLATFORM_TABLES if owner == CORE else self.derived.get(owner, ())
        # Only these: all plugins of a process share the metadata, also one that is broken, or was left out.
        return tuple(sort_tables(chosen))

    def handlers_of(self, event: str, phase: Phase) -> tuple[BoundHandler, ...]:
        """Return the handlers of an event type in one phase, those of any event last."""
        found = (*self.handlers.get(event, ()), *self.handlers.get(ANY_EVENT, ()))
        return tuple(bound for bound in found if bound.handler.phase is phase)

    def looks_at(self, plugin: str, entity: str, fields: Collection[str] | None = None) -> bool:
        """Return whether the validation of a plugin wants to see changes of these fields of an entity, or, with None, of any."""
        if plugin not in self.looks:
            return True
        wanted = self._looked_at[plugin].get(entity)
        return wanted is not None and (fields is None or not wanted or not wanted.isdisjoint(fields))

    def onlookers(self, entity: str, fields: Collection[str] | None = None) -> frozenset[str]:
        """Return the plugins whose validation, or last work before a commit, wants to see changes of these fields of an entity."""
        asked = {each.plugin for hook in ("crm_validate", "crm_before_commit") for each in self.hooks.implementations(hook)}
        return frozenset(plugin for plugin in asked if self.looks_at(plugin, entity, fields))

    def handler(self, name: str) -> BoundHandler | None:
        """Return a handler by its full name, ``<plugin>.<handler>``."""
        return next((bound for handlers in self.handlers.values() for bound in handlers if bound.name == name), None)

    def require_capability(self, plugin: str, capability: Capability) -> None:
        """Refuse what a plugin may only do when it declares it.

        Raises:
            UsageError: ``PLUGIN_CAPABILITY_MISSING``, also for a plugin that is not enabled.
        """
        found = self.plugin(plugin)
        if found is None or capability not in found.info.capabilities:
            raise UsageError("PLUGIN_CAPABILITY_MISSING", plugin_name=plugin, capability=capability.value)

    def plugin(self, name: str) -> LoadedPlugin | None:
        """Return an enabled plugin by name."""
        return next((plugin for plugin in self.plugins if plugin.name == name), None)

    def schemas(self) -> Mapping[str, Mapping[str, Mapping[str, Any]]]:
        """Return the configuration schema of each plugin that has one."""
        return {name: config.schema for name, config in self.config.items()}
