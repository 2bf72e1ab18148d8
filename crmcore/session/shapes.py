"""How an entity class is written past the ORM: resolved once for each class, and for each set of classes that are written together."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import attrs
from sqlalchemy import Boolean, Column, Date, Integer, Numeric, String, Table, Uuid, inspect
from sqlalchemy.exc import CircularDependencyError
from sqlalchemy.orm import Mapper, RelationshipDirection
from sqlalchemy.schema import sort_tables_and_constraints

from crmcore.model import Entity, Json, JsonMap, Scaled, UtcDateTime

_KINDS: Final = (Boolean, Date, Integer, Numeric, String, Uuid, Json, JsonMap, Scaled, UtcDateTime)
"""Types that both databases take as JSON, or as the driver's parameter, alike."""


@attrs.frozen(eq=False)
class Shape:
    """How a class is written: the attribute of each column, and what its relationships fill."""

    cls: type[Entity]
    table: Table
    names: tuple[str, ...]
    attributes: tuple[str, ...]
    columns: Mapping[str, Column[Any]]
    """Attribute → column."""
    fills: Mapping[str, tuple[tuple[str, str], ...]]
    """Relationship → attributes of the other record and of this one."""
    parents: frozenset[type[Entity]]
    """Classes to which its relationships lead."""
    own: tuple[str, ...]
    """Relationships to its own class: a parent has to be written before its children."""
    json: tuple[str, ...]
    """Attributes in which None would be JSON's null."""
    is_plain: bool
    """Whether a row is just the values of the attributes: nothing comes from a default of the database, or from a class above it."""
    names_without_key: tuple[str, ...] = attrs.field(init=False)
    attributes_without_key: tuple[str, ...] = attrs.field(init=False)

    @names_without_key.default
    def _names_without_key(self) -> tuple[str, ...]:
        return tuple(name for name in self.names if name != "id")

    @attributes_without_key.default
    def _attributes_without_key(self) -> tuple[str, ...]:
        return tuple(attribute for attribute in self.attributes if attribute != "id")

    @property
    def mapper(self) -> Mapper[Any]:
        """The mapper."""
        return inspect(self.cls)


@lru_cache(maxsize=1024)
def shape_of(cls: type[Entity]) -> Shape:
    """Return the shape of a class; it depends on nothing but the class."""
    mapper, table = inspect(cls), cls.__table__
    if not isinstance(table, Table):
        message = f"{cls.__name__} is not mapped to a table"
        raise TypeError(message)
    columns = {mapper.get_property_by_column(column).key: column for column in table.columns}
    upward = [relation for relation in mapper.relationships if relation.direction is RelationshipDirection.MANYTOONE]
    return Shape(
        cls=cls,
        table=table,
        names=tuple(column.name for column in columns.values()),
        attributes=tuple(columns),
        columns=columns,
        fills={
            relation.key: tuple(
                (relation.mapper.get_property_by_column(source).key, mapper.get_property_by_column(target).key)
                for source, target in relation.synchronize_pairs
            )
            for relation in upward
        },
        parents=frozenset(relation.mapper.class_ for relation in upward),
        own=tuple(relation.key for relation in upward if relation.mapper.class_ is cls),
        json=tuple(key for key, column in columns.items() if isinstance(column.type, Json)),
        is_plain=len(upward) == len(mapper.relationships) and _is_plain(mapper, table),
    )


def _is_plain(mapper: Mapper[Any], table: Table) -> bool:
    alone = mapper.inherits is None and mapper.polymorphic_on is None and [column.name for column in mapper.primary_key] == ["id"]
    return alone and mapper.version_id_col is table.c.version and all(_is_column_plain(column) for column in table.columns)


def _is_column_plain(column: Column[Any]) -> bool:
    others = column.server_default, column.server_onupdate, column.onupdate
    default = column.default
    return isinstance(column.type, _KINDS) and others == (None, None, None) and (default is None or default.is_scalar)


@lru_cache(maxsize=1024)
def order_of(classes: frozenset[type[Entity]]) -> tuple[Shape, ...] | None:
    """Return the shapes of classes in an order in which they can be written, or None when some has to be left to the ORM."""
    shapes = [shape_of(cls) for cls in classes]
    by_table = {shape.table: shape for shape in shapes}
    if len(by_table) < len(shapes) or not all(shape.is_plain for shape in shapes):
        return None
    # What a relationship fills need not be a foreign key.
    above = [(shape_of(parent).table, shape.table) for shape in shapes for parent in shape.parents & classes if parent is not shape.cls]
    tables = sorted(by_table, key=lambda table: table.name)
    try:
        found = sort_tables_and_constraints(tables, extra_dependencies=above)  # type: ignore[no-untyped-call] # SQLAlchemy's own
    except CircularDependencyError:
        return None
    if any(table is None and constraints for table, constraints in found):
        return None  # tables that refer to each other in a ring
    return tuple(by_table[table] for table, _ in found if table is not None)
