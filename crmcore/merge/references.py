"""Who refers to whom: every foreign key, declared generic reference and reference in a characteristic, of the core and of all plugins.

Nothing here knows any plugin: tables come from the registry, and those of plugins that are no longer enabled from the database, because
their rows are still there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import attrs
from sqlalchemy import Column, Connection, MetaData, Table, UniqueConstraint, inspect, select

from crmcore.changesets.rows import table_of
from crmcore.merge.images import Key, key_columns
from crmcore.model import LOG, MERGE, PLATFORM_TABLES, PLUGIN, Entity, MergePolicy

if TYPE_CHECKING:
    from crmcore.registry import Registry

_NO_POLICY: Final = MergePolicy()
_PART: Final = 200
"""Questions in one statement: SQLite takes 500 parts of a UNION."""


@attrs.frozen(eq=False)
class Reference:
    """A column of a table that holds the key of a record: of a fixed table, or of the one whose entity ``named_by`` holds."""

    table: Table
    column: Column[Any]
    target: Column[Any]
    """The column that is referred to."""
    named_by: Column[Any] | None = None
    entity: str = ""

    @property
    def to_itself(self) -> bool:
        """Whether rows refer to rows of their own table."""
        return self.table is self.target.table


@attrs.frozen
class Found:
    """A row that refers to one of the asked keys."""

    reference: Reference
    key: Key
    value: Any
    version: int | None


class ReferenceMap:
    """Every reference, by the table that it leads to. Made once for a registry and a set of left-over tables."""

    def __init__(self, tables: Iterable[Table], classes: Iterable[type[Entity]]) -> None:
        chosen = {table.name: table for table in tables}
        entities = {cls.entity_name(): table_of(cls) for cls in classes}
        self.by_name: Mapping[str, Table] = chosen
        self.entities: Mapping[str, str] = {table.name: name for name, table in entities.items()}
        self._to: dict[str, list[Reference]] = defaultdict(list)
        for table in chosen.values():
            for reference in _foreign(table, chosen):
                self._to[reference.target.table.name].append(reference)
        for cls in classes:
            for reference in _generic(cls, entities):
                self._to[reference.target.table.name].append(reference)
        self.order: Mapping[str, int] = _ordered(chosen)
        self._questions: dict[tuple[str, str], list[tuple[list[Reference], str]]] = {}

    def to(self, table: Table) -> Sequence[Reference]:
        """Return the references to a table."""
        return self._to.get(table.name, ())

    def find(self, connection: Connection, target: Table, keys: Collection[Any]) -> list[Found]:
        """Return every row that refers to one of these records by its first key column: one statement, nearly always."""
        if not keys:
            return []
        place = (connection.dialect.name, target.name)
        if place not in self._questions:
            simple = [each for each in self.to(target) if _is_simple(each)]
            parts = [simple[start : start + _PART] for start in range(0, len(simple), _PART)]
            self._questions[place] = [(part, _question(connection, part)) for part in parts]
        found: list[Found] = []
        for part, question in self._questions[place]:
            for number, key, version, value in connection.exec_driver_sql(question, _parameters(connection, keys)):
                found.append(Found(part[number], (key,), value, version))
        for each in self.to(target):
            if not _is_simple(each):
                found += _ask(connection, each, keys)
        return found


@lru_cache(maxsize=4096)
def policy_of(table: Table) -> MergePolicy:
    """Return what a table says about merging."""
    found = table.info.get(MERGE)
    return found if isinstance(found, MergePolicy) else _NO_POLICY


@attrs.frozen
class Unique:
    """A set of columns that no two rows may share; ``filled`` when an empty one makes a row unlike all others, as databases see it."""

    columns: tuple[str, ...]
    filled: bool = True


@lru_cache(maxsize=4096)
def unique_sets(table: Table) -> tuple[Unique, ...]:
    """Return what no two rows of a table may share: keys, constraints, unique indexes over whole columns, and what the table says."""
    found = [tuple(column.name for column in each.columns) for each in table.constraints if isinstance(each, UniqueConstraint)]
    found += [tuple(column.name for column in each.columns) for each in table.indexes if each.unique and _is_whole(each)]
    found.append(tuple(column.name for column in key_columns(table)))
    sets = [Unique(columns) for columns in found]
    if same := policy_of(table).same:
        sets.append(Unique(same, filled=False))
    return tuple(sets)


def _is_whole(index: Any) -> bool:  # noqa: ANN401 - an index, whose dialect options have no type
    """Return whether an index is about every row: one with a condition lets through what it does not cover."""
    partial = any(index.dialect_options[name]["where"] is not None for name in ("sqlite", "postgresql") if name in index.dialect_options)
    return not partial and len(index.columns) == len(index.expressions)


def references_of(registry: Registry, connection: Connection, known: dict[tuple[str, ...], ReferenceMap]) -> ReferenceMap:
    """Return the map for a database; ``known`` keeps it as long as no plugin comes or goes."""
    left = tuple(sorted({name for row in connection.execute(_TABLES).scalars() for name in row} - registry.owners.keys()))
    if left not in known:
        known.clear()
        known[left] = _build(registry, connection, left)
    return known[left]


_TABLES: Final = select(PLUGIN.c.tables)


def _build(registry: Registry, connection: Connection, left: Sequence[str]) -> ReferenceMap:
    tables = [table_of(cls) for cls in registry.entities.values()]
    tables += [table for table in PLATFORM_TABLES if table.info.get(MERGE) != LOG]
    # Of a plugin that is not enabled there is no class; what the database says of its tables is enough for foreign keys.
    there = set(inspect(connection).get_table_names()) if left else set()
    scratch = MetaData()
    for name in left:
        if name in there:
            Table(name, scratch, autoload_with=connection, resolve_fks=False)
    tables += scratch.tables.values()
    return ReferenceMap(tables, registry.entities.values())


def _ordered(tables: Mapping[str, Table]) -> Mapping[str, int]:
    """Return places in which tables come after those that they refer to; by name, because those of the database know no others."""
    places: dict[str, int] = {}

    def put(name: str, above: frozenset[str]) -> None:
        if name in places or name in above or name not in tables:
            return
        for key in tables[name].foreign_keys:
            put(key.target_fullname.rpartition(".")[0], above | {name})
        places[name] = len(places)

    for name in sorted(tables):
        put(name, frozenset())
    return places


def _foreign(table: Table, tables: Mapping[str, Table]) -> Iterable[Reference]:
    kept = policy_of(table).keep
    for key in table.foreign_keys:
        target_name, _, column_name = key.target_fullname.rpartition(".")
        target = tables.get(target_name)
        if target is not None and key.parent.name not in kept:
            yield Reference(table, key.parent, target.c[column_name])


def _generic(cls: type[Entity], entities: Mapping[str, Table]) -> Iterable[Reference]:
    table = table_of(cls)
    kept = policy_of(table).keep
    for column, named_by in cls.__references__.items():
        if column not in kept:
            for entity, target in entities.items():
                yield Reference(table, table.c[column], target.c.id, table.c[named_by], entity)


def _is_simple(reference: Reference) -> bool:
    """Return whether a row is known by one whole number, and refers by the key: as those of all entities do."""
    own, keys = key_columns(reference.table), key_columns(reference.target.table)
    return len(own) == 1 and own[0].name == "id" and len(keys) == 1 and reference.target.name == keys[0].name


def _question(connection: Connection, references: Sequence[Reference]) -> str:
    """Return one statement that asks all tables: number of the reference, key, version and value of each row."""
    preparer = connection.dialect.identifier_preparer
    postgresql = connection.dialect.name == "postgresql"
    wanted = "= ANY(%(keys)s)" if postgresql else "IN (SELECT value FROM json_each(?1))"
    parts = []
    for number, each in enumerate(references):
        # On SQLite the schema is named, because a user's connection has views with the names of the tables.
        table = preparer.quote(each.table.name) if postgresql else f"main.{preparer.quote(each.table.name)}"
        column = preparer.quote(each.column.name)
        version = "version" if "version" in each.table.c else "NULL"
        named = f" AND {preparer.quote(each.named_by.name)} = '{each.entity}'" if each.named_by is not None else ""
        parts.append(f"SELECT {number}, id, {version}, {column} FROM {table} WHERE {column} {wanted}{named}")  # noqa: S608 - names of columns
    return " UNION ALL ".join(parts)


def _parameters(connection: Connection, keys: Collection[Any]) -> Any:  # noqa: ANN401 - of the driver
    ordered = sorted(keys)
    if connection.dialect.name == "postgresql":
        return {"keys": ordered}
    return (f"[{','.join(map(str, ordered))}]",)


def _ask(connection: Connection, reference: Reference, keys: Collection[Any]) -> Iterable[Found]:
    """Ask one table whose rows have another key, or which refers to another column than the key."""
    table, target = reference.table, reference.target
    own, (target_key, *_) = key_columns(table), key_columns(target.table)
    version = [table.c.version] if "version" in table.c else []
    # Referred to by another column, such as the uid: which record that is, is in its own table.
    other = target.table.alias("referred_to")
    query = (
        select(other.c[target_key.name], *own, *version)
        .select_from(table.join(other, other.c[target.name] == reference.column))
        .where(other.c[target_key.name].in_(sorted(keys)))
    )
    if reference.named_by is not None:
        query = query.where(reference.named_by == reference.entity)
    for row in connection.execute(query):
        yield Found(reference, tuple(row[1 : 1 + len(own)]), row[0], row[1 + len(own)] if version else None)
