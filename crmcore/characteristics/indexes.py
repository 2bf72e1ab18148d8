"""Indexes of characteristics and of declared list views: made and dropped so that the database has just those that are defined."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import attrs
import sqlalchemy
from sqlalchemy import Column, ColumnElement, Connection, Index, MetaData, Table, select
from sqlalchemy.schema import CreateIndex, DropIndex
from sqlalchemy.sql.elements import Grouping

from crmcore.characteristics.definitions import Definition
from crmcore.characteristics.expressions import value_of
from crmcore.migrate.managed import CHARACTERISTIC_INDEX, VIEW_INDEX, is_managed
from crmcore.model import Entity

if TYPE_CHECKING:
    from crmcore.registry import Registry

_LONGEST: Final = 63
"""Of a name, on PostgreSQL."""
_PREFIX: Final = "c."


@attrs.frozen
class ViewIndex:
    """The index of a list view: its filters by equality, then what it is sorted by. Fields are columns, or ``c.<key>``."""

    name: str
    entity: str
    fields: tuple[str, ...]


@attrs.frozen
class Synced:
    """What `sync_indexes` did, by names of indexes."""

    created: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()


def index_name(table: str, definition: Definition) -> str:
    """Return the name of the index of a characteristic; it changes with the form of the values, as the index does."""
    return _fitting(f"{CHARACTERISTIC_INDEX}{table}_{definition.key}_{definition.kind.stored_as.value}")


def view_index_name(table: str, view: ViewIndex, definitions: Mapping[str, Definition]) -> str:
    """Return the name of the index of a list view; it changes with what the index holds."""
    forms = [definitions[field.removeprefix(_PREFIX)].kind.stored_as.value if field.startswith(_PREFIX) else "" for field in view.fields]
    digest = hashlib.sha256(repr((view.fields, forms)).encode()).hexdigest()[:10]
    return _fitting(f"{VIEW_INDEX}{table}_{view.name}_{digest}")


def sync_indexes(connection: Connection, registry: Registry, definitions: Iterable[Definition], views: Sequence[ViewIndex] = ()) -> Synced:
    """Create the indexes of definitions and views that are missing, and drop those that belong to none; in the caller's transaction.

    A view over something that nobody defines any more has no index. Runs at the end of each migration and when definitions are applied;
    on a large table, creating one takes seconds, during which nobody else writes.
    """
    by_entity: dict[str, dict[str, Definition]] = {}
    for definition in definitions:
        by_entity.setdefault(definition.spec.entity, {})[definition.key] = definition
    created: list[str] = []
    dropped: list[str] = []
    for entity, cls in registry.entities.items():
        group = by_entity.get(entity, {})
        mine = [view for view in views if view.entity == entity]
        if "characteristics" not in cls.__table__.columns and not mine:
            continue
        wanted = _wanted(connection, cls, group, mine)
        existing = _existing(connection, cls.__tablename__)
        for name in sorted(existing - wanted.keys()):
            connection.execute(DropIndex(Index(name, _table=_bare(cls))))
            dropped.append(name)
        for name in sorted(wanted.keys() - existing):
            connection.execute(CreateIndex(wanted[name]))
            created.append(name)
        if wanted.keys() - existing and connection.dialect.name == "postgresql":
            # Without the statistics of its expression the planner would guess until the next automatic run.
            connection.execute(sqlalchemy.text(f"ANALYZE {cls.__tablename__}"))
    return Synced(tuple(created), tuple(dropped))


def _wanted(connection: Connection, cls: type[Entity], group: Mapping[str, Definition], views: Iterable[ViewIndex]) -> dict[str, Index]:
    table = _bare(cls)
    found: dict[str, Index] = {}
    for definition in group.values():
        if definition.indexed:
            name = index_name(table.name, definition)
            found[name] = Index(name, _expression(connection, table, definition), table.c.id, _table=table)
    for view in views:
        parts = [_part(connection, table, group, field) for field in view.fields]
        whole = [part for part in parts if part is not None]
        if len(whole) == len(parts) and parts:
            name = view_index_name(table.name, view, group)
            found[name] = Index(name, *whole, table.c.id, _table=table)
    return found


def _expression(connection: Connection, table: Table, definition: Definition) -> ColumnElement[Any]:
    # PostgreSQL wants parentheses around what is not a plain call.
    return Grouping(value_of(table.c.characteristics, definition.key, definition.kind.stored_as, connection.dialect.name))


def _part(connection: Connection, table: Table, group: Mapping[str, Definition], field: str) -> ColumnElement[Any] | None:
    if not field.startswith(_PREFIX):
        return table.c.get(field)
    definition = group.get(field.removeprefix(_PREFIX))
    return _expression(connection, table, definition) if definition is not None and definition.indexable else None


def _bare(cls: type[Entity]) -> Table:
    """Return the table with its columns alone: an index that hangs on the model would be taken for a part of it."""
    return Table(cls.__tablename__, MetaData(), *(Column(column.name, column.type) for column in cls.__table__.columns))


def _existing(connection: Connection, table: str) -> set[str]:
    """Return the indexes of definitions that the database has; inspection leaves out those over expressions on SQLite."""
    if connection.dialect.name == "sqlite":
        master = sqlalchemy.table("sqlite_master", *map(sqlalchemy.column, ("type", "name", "tbl_name")))
        query = select(master.c.name).where(master.c.type == "index", master.c.tbl_name == table)
    else:
        catalogue = sqlalchemy.table("pg_indexes", *map(sqlalchemy.column, ("schemaname", "tablename", "indexname")))
        query = select(catalogue.c.indexname).where(
            catalogue.c.schemaname == sqlalchemy.func.current_schema(), catalogue.c.tablename == table
        )
    return {name for name in connection.execute(query).scalars() if is_managed(name)}


def _fitting(name: str) -> str:
    if len(name) <= _LONGEST:
        return name
    return f"{name[: _LONGEST - 11]}_{hashlib.sha256(name.encode()).hexdigest()[:10]}"
