"""Write many new records at the price of the driver: the rows that a flush of the ORM would write, at half of what that costs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import attrs
from sqlalchemy import Connection, Table, inspect
from sqlalchemy.orm import RelationshipDirection
from sqlalchemy.schema import sort_tables

from crmcore.model import Entity
from crmcore.session.keys import draw_keys
from crmcore.storage import NewRows, insert_rows

if TYPE_CHECKING:
    from crmcore.session.changes import Change


@attrs.frozen
class _Shape:
    """How a class is written: the attribute of each column, and what its relationships fill."""

    table: Table
    names: tuple[str, ...]
    attributes: tuple[str, ...]
    fills: Mapping[str, tuple[tuple[str, str], ...]]
    """Relationship → attributes of the other record and of this one."""


@lru_cache(maxsize=256)
def _shape_of(cls: type[Entity]) -> _Shape:
    mapper, table = inspect(cls), cls.__table__
    if not isinstance(table, Table):
        message = f"{cls.__name__} is not mapped to a table"
        raise TypeError(message)
    names = tuple(column.name for column in table.columns)
    attributes = tuple(mapper.get_property_by_column(column).key for column in table.columns)
    fills = {
        relation.key: tuple(
            (relation.mapper.get_property_by_column(source).key, mapper.get_property_by_column(target).key)
            for source, target in relation.synchronize_pairs
        )
        for relation in mapper.relationships
        if relation.direction is RelationshipDirection.MANYTOONE
    }
    return _Shape(table, names, attributes, fills)


def insert_new(connection: Connection, changes: Sequence[Change]) -> None:
    """Give new records, which are in no session, their keys, fill their foreign keys, and insert them; the write lock is held."""
    groups: dict[type[Entity], list[Entity]] = defaultdict(list)
    for change in changes:
        groups[type(change.record)].append(change.record)
    for cls, records in groups.items():
        draw_keys(connection, cls, records)
    for cls, records in groups.items():
        _fill(_shape_of(cls), records)
    shapes_by_table = {_shape_of(cls).table: _shape_of(cls) for cls in groups}
    # Only of these: a process may know tables of plugins that are not enabled here, and whose references lead nowhere.
    shapes = [shapes_by_table[table] for table in sort_tables(shapes_by_table)]
    by_table = {_shape_of(cls).table: records for cls, records in groups.items()}
    insert_rows(connection, [NewRows(shape.table, shape.names, _rows(shape, by_table[shape.table])) for shape in shapes])


def _fill(shape: _Shape, records: Sequence[Entity]) -> None:
    for record in records:
        state = record.__dict__
        state["version"] = 1
        for relation, pairs in shape.fills.items():
            other = state.get(relation)
            if other is not None:
                for source, target in pairs:
                    state[target] = other.__dict__[source]


def _rows(shape: _Shape, records: Sequence[Entity]) -> list[tuple[Any, ...]]:
    return [tuple(map(record.__dict__.get, shape.attributes)) for record in records]
