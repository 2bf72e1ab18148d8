"""What a personal column holds once it is empty: nothing where the database takes that, and otherwise a value that says nothing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, String, Table, UniqueConstraint, Uuid, cast, literal, null

from crmcore.model import Entity, Json, JsonMap, Scaled, UtcDateTime
from crmcore.session.fields import plan_of

NOTHING: Final = "—"
"""What a text that must be there says of somebody who was erased."""
_PLAIN: Final[tuple[tuple[type, Any], ...]] = (
    (bool, False),
    (int, 0),
    (Decimal, Decimal(0)),
    (float, 0.0),
    (datetime, datetime(1900, 1, 1, tzinfo=UTC)),
    (date, date(1900, 1, 1)),
    (time, time(0)),
    (bytes, b""),
    (list, []),
    (dict, {}),
)


def personal_columns(cls: type[Entity], keep: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the personal columns of an entity without those to keep."""
    return tuple(name for name in cls.__personal__ if name not in set(keep))


def empty_values(cls: type[Entity], names: Iterable[str]) -> dict[str, Any]:
    """Return what an UPDATE sets these columns to; a foreign key that must be there stays."""
    table = cls.__table__
    found: dict[str, Any] = {}
    for name in names:
        column = table.c[name]
        if column.nullable:
            found[name] = null()
        elif isinstance(column, Column) and not column.foreign_keys:
            found[name] = _value(cls, column)
    return found


def _value(cls: type[Entity], column: Column[Any]) -> ColumnElement[Any]:
    kind = column.type
    if isinstance(kind, Uuid):
        return literal("00000000-0000-0000-0000-000000000000", kind)
    if isinstance(kind, JsonMap):
        return literal({}, kind)
    if isinstance(kind, String):
        return _text(cls, column, kind.length)
    python = _python_type(kind)
    value: Any = next((value for each, value in _PLAIN if python is each), [])
    return literal(value, kind)


def _python_type(kind: Any) -> type | None:  # noqa: ANN401 - any type of a column
    for own, python in ((Scaled, Decimal), (UtcDateTime, datetime), (Json, list)):
        if isinstance(kind, own):
            return python
    try:
        found: type = kind.python_type
    except NotImplementedError:
        return None
    return found


def _text(cls: type[Entity], column: Column[Any], longest: int | None) -> ColumnElement[Any]:
    field = plan_of(cls).fields.get(column.key)
    if field is not None and field.codes:
        return literal(field.codes[0])
    if _is_unique(column):
        # Two that were erased must differ; the key alone is short enough for every column.
        key = cast(column.table.c.id, String)
        return literal(NOTHING) + key if longest is None or longest > _KEY else key
    default = dict(plan_of(cls).defaults).get(column.key)
    return literal("" if default == "" else NOTHING)


_KEY: Final = 20
"""Characters that the longest key takes."""


def _is_unique(column: Column[Any]) -> bool:
    table = column.table
    if column.unique or not isinstance(table, Table):
        return bool(column.unique)
    groups = [list(each.columns) for each in table.constraints if isinstance(each, UniqueConstraint)]
    groups += [list(index.columns) for index in table.indexes if index.unique]
    return any(column in group for group in groups)
