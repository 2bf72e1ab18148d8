"""Normalisers, watchers, mass changes and derived tables: they name entities and fields that exist, and tables that can be derived."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from sqlalchemy import Table

from crmcore.errors import Problem
from crmcore.hooks import Watcher
from crmcore.model import METADATA, Entity
from crmcore.registry.collect import Declarations


def check_following(declarations: Declarations, entities: Mapping[str, type[Entity]]) -> list[Problem]:
    """Return what is wrong with what takes part in every change."""
    problems = [
        _problem(item.plugin, "crm_normalisers", item.value.entity, reason)
        for item in declarations.of("crm_normalisers")
        for reason in _unknown(item.value.entity, item.value.fields, entities)
    ]
    problems += [
        _problem(item.plugin, "crm_watchers", item.value.entity, reason)
        for item in declarations.of("crm_watchers")
        for reason in _reasons(item.value, entities)
    ]
    problems += [
        _problem(item.plugin, "crm_looks_at", item.value.entity, reason)
        for item in declarations.of("crm_looks_at")
        for reason in _unknown(item.value.entity, item.value.fields, entities)
    ]
    problems += [
        _problem(item.plugin, "crm_change_kinds", item.value.name, reason)
        for item in declarations.of("crm_change_kinds")
        if item.value.entity is not None
        for reason in _unknown(item.value.entity, (item.value.parent,) if item.value.parent else (), entities)
    ]
    problems += [
        _problem(item.plugin, "crm_derived_tables", item.value.name, reason)
        for item in declarations.of("crm_derived_tables")
        for reason in _of_table(item.value, item.plugin)
    ]
    return problems


def _problem(plugin: str, hook: str, thing: str, reason: str) -> Problem:
    return Problem(code="FOLLOWING_INVALID", plugin=plugin, hook=hook, object=thing, params={"thing": thing, "reason": reason})


def _unknown(entity: str, fields: Iterable[str], entities: Mapping[str, type[Entity]]) -> Iterator[str]:
    if entity not in entities:
        yield f"there is no entity {entity!r}"
        return
    columns = entities[entity].__table__.columns
    yield from (f"{entity} has no column {field!r}" for field in fields if field not in columns)


def _reasons(watcher: Watcher, entities: Mapping[str, type[Entity]]) -> Iterator[str]:
    yield from _unknown(watcher.entity, watcher.fields, entities)
    for entity, (column, fields) in watcher.through.items():
        yield from _unknown(entity, (column, *fields), entities)


def _of_table(table: Table, plugin: str) -> Iterator[str]:
    if not table.name.startswith(f"{plugin}_"):
        yield f"the name must start with {plugin}_"
    if table.metadata is not METADATA:
        yield "it is not in the METADATA of all"
    if table.foreign_keys:
        yield "it has a foreign key, which merges and erasure would follow"
