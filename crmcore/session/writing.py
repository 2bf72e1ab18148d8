"""Write what a flush changes at the price of the driver: the rows that a flush of the ORM would write, at a fraction of what that costs.

The ORM goes on knowing the records: `OrmSession.wrote` tells it. What is not plain, such as a deletion, a relationship that was given
another record, or a class with defaults of the database, is left to its own flush, with everything beside it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING, Any

import attrs
from sqlalchemy import Connection, Dialect, bindparam, update
from sqlalchemy.orm import LoaderCallableStatus
from sqlalchemy.orm.attributes import instance_state
from sqlalchemy.orm.exc import StaleDataError

from crmcore.events import RecordVerb
from crmcore.model import Entity
from crmcore.session.keys import assign_keys, draw_keys
from crmcore.session.shapes import Shape, order_of, shape_of
from crmcore.storage import NewRows, compile_named, insert_for_keys, insert_rows, processor_of

if TYPE_CHECKING:
    from crmcore.session.changes import Change
    from crmcore.session.orm import OrmSession

_Groups = dict[type[Entity], list[Entity]]


def write_plain(orm: OrmSession, changes: Sequence[Change]) -> bool:
    """Write the changes of a session, or return False when they are for the ORM; the write lock is held.

    Raises:
        StaleDataError: as the ORM does, when somebody else changed or deleted a record.
    """
    new: _Groups = defaultdict(list)
    old: _Groups = defaultdict(list)
    for change in changes:
        if change.verb is RecordVerb.DELETED or not _is_plain(change):
            return False
        (new if change.verb is RecordVerb.CREATED else old)[type(change.record)].append(change.record)
    order = order_of(frozenset({*new, *old}))
    if order is None or orm.deleted or len(orm.new) != sum(map(len, new.values())) or orm.is_watched(order):
        return False
    connection = orm.connection()
    if connection.dialect.name == "sqlite":
        assign_keys(connection, (record for records in new.values() for record in records))
    for shape in order:
        # As the ORM does it: what a change makes free, a new record may take.
        if shape.cls in old:
            _update(connection, shape, old[shape.cls])
        if shape.cls in new:
            _insert(connection, shape, new[shape.cls])
    orm.wrote(change.record for change in changes)
    return True


def _is_plain(change: Change) -> bool:
    """Return whether the row of a record is just the values of its attributes."""
    shape, values = shape_of(type(change.record)), change.record.__dict__
    if change.verb is RecordVerb.UPDATED:
        return not change.before and shape.columns.keys() >= instance_state(change.record).committed_state.keys()
    return (
        values.get("id") is None
        and not any(values.get(relation) is not None for relation in shape.own)
        # A relationship that is empty empties the foreign key.
        and not any(relation in values and values[relation] is None for relation in shape.fills)
        and not any(values.get(attribute) is None for attribute in shape.json)
    )


def insert_new(connection: Connection, changes: Sequence[Change]) -> None:
    """Give new records, which are in no session, their keys, fill their foreign keys, and insert them; the write lock is held."""
    groups: _Groups = defaultdict(list)
    for change in changes:
        groups[type(change.record)].append(change.record)
    order = order_of(frozenset(groups))
    if order is None:
        message = f"rows of {', '.join(cls.__name__ for cls in groups)} are not plain values"
        raise TypeError(message)
    for cls, records in groups.items():
        draw_keys(connection, cls, records)
    for shape in order:
        _fill(shape, groups[shape.cls])
    insert_rows(connection, [NewRows(shape.table, shape.names, _rows(shape.attributes, groups[shape.cls])) for shape in order])


def _insert(connection: Connection, shape: Shape, records: Sequence[Entity]) -> None:
    """Insert new records of a class; those of SQLite have their keys already, if there are several."""
    _fill(shape, records)
    if records[0].__dict__.get("id") is not None:
        insert_rows(connection, [NewRows(shape.table, shape.names, _rows(shape.attributes, records))])
        return
    keys = insert_for_keys(connection, NewRows(shape.table, shape.names_without_key, _rows(shape.attributes_without_key, records)))
    for record, key in zip(records, keys, strict=True):
        record.__dict__["id"] = key


def _fill(shape: Shape, records: Iterable[Entity]) -> None:
    """Give new records their first version, and the foreign keys that relationships fill."""
    for record in records:
        values = record.__dict__
        values["version"] = 1
        for relation, pairs in shape.fills.items():
            other = values.get(relation)
            if other is not None:
                for source, target in pairs:
                    values[target] = getattr(other, source)


def _rows(attributes: Sequence[str], records: Iterable[Entity]) -> list[tuple[Any, ...]]:
    return [tuple(map(record.__dict__.get, attributes)) for record in records]


@attrs.frozen
class _Update:
    """An UPDATE for the driver: how each parameter is called, and brought into its form."""

    sql: str
    names: tuple[str, ...]
    processors: tuple[Callable[[Any], Any] | None, ...]
    positional: bool

    def parameters(self, values: dict[str, Any]) -> Any:  # noqa: ANN401 - a tuple or a mapping, as the driver likes it
        found = [
            values[name] if process is None else process(values[name]) for name, process in zip(self.names, self.processors, strict=True)
        ]
        return tuple(found) if self.positional else dict(zip(self.names, found, strict=True))


def _update(connection: Connection, shape: Shape, records: Sequence[Entity]) -> None:
    """Update records of a class in the order of their keys, so that two transactions do not wait for each other in a circle."""
    touched = [(record, _touched(shape, record)) for record in sorted(records, key=lambda record: record.id)]
    for fields, some in groupby((each for each in touched if each[1]), key=lambda each: each[1]):
        mine = [record for record, _ in some]
        statement = _update_of(connection.dialect, shape.cls, fields)
        rows = [statement.parameters(_values(shape, record, fields)) for record in mine]
        if connection.exec_driver_sql(statement.sql, rows if len(rows) > 1 else rows[0]).rowcount != len(rows):
            message = f"UPDATE of {len(rows)} records of {shape.table.name} did not find all of them as they were"
            raise StaleDataError(message)
        for record in mine:
            record.__dict__["version"] += 1


def _touched(shape: Shape, record: Entity) -> tuple[str, ...]:
    """Return the attributes that are not what they were when the record was read."""
    now, before = record.__dict__, instance_state(record).committed_state
    return tuple(key for key in shape.attributes if key in before and _differs(shape, key, now.get(key), before[key]))


def _differs(shape: Shape, key: str, now: object, before: object) -> bool:
    return isinstance(before, LoaderCallableStatus) or not shape.columns[key].type.compare_values(now, before)


def _values(shape: Shape, record: Entity, fields: Iterable[str]) -> dict[str, Any]:
    now = record.__dict__
    version = now["version"]
    return {
        **{f"new_{shape.columns[key].name}": now.get(key) for key in fields},
        "new_version": version + 1,
        "key": now["id"],
        "seen": version,
    }


@lru_cache(maxsize=1024)
def _update_of(dialect: Dialect, cls: type[Entity], fields: tuple[str, ...]) -> _Update:
    shape = shape_of(cls)
    table = shape.table
    names = [*(shape.columns[field].name for field in fields), "version"]
    kinds = {**{f"new_{name}": table.c[name].type for name in names}, "key": table.c.id.type, "seen": table.c.version.type}
    binds = {name: bindparam(name, type_=kind) for name, kind in kinds.items()}
    statement = update(table).where(table.c.id == binds["key"], table.c.version == binds["seen"])
    compiled = compile_named(statement.values({name: binds[f"new_{name}"] for name in names}), dialect)
    ordered = tuple(compiled.positiontup or ()) if compiled.positional else tuple(kinds)
    return _Update(compiled.string, ordered, tuple(processor_of(dialect, kinds[name]) for name in ordered), compiled.positional)
