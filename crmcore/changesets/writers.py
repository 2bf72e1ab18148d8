"""How a field of a record is read and written, by the ORM and by one statement for many records."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final, Protocol

from sqlalchemy import BigInteger, Column, ColumnElement, String, Table, cast, func, literal

from crmcore.changesets.json_sql import JsonSql
from crmcore.errors import ValidationFailed
from crmcore.model import Entity, Scaled, UtcDateTime
from crmcore.session.fields import plan_of, to_plain

_BULK: Final = frozenset({str, int, bool, date})
"""Python types whose JSON is what both databases store, or cast to it."""


class FieldWriter(Protocol):
    """Reads and writes the fields that one kind of mass change names."""

    def knows(self, cls: type[Entity], field: str) -> bool:
        """Return whether the entity has such a field, and it may be written in this way."""
        ...

    def is_bulk(self, cls: type[Entity], field: str) -> bool:
        """Return whether one statement can write it; otherwise records are loaded and changed one by one."""
        ...

    # Any JSON value to any JSON value.
    def planned(self, cls: type[Entity], field: str, value: Any) -> Any:  # noqa: ANN401
        """Return a value that somebody plans in the form in which `read` returns it.

        Raises:
            ValidationFailed: when the field cannot have it.
        """
        ...

    def columns(self, fields: Collection[str]) -> frozenset[str]:
        """Return the columns that these fields are in."""
        ...

    def reading(self, sql: JsonSql, table: Table, field: str) -> ColumnElement[Any]:
        """Return what to select to know the present value."""
        ...

    # Any stored value to any JSON value.
    def read(self, stored: Any) -> Any:  # noqa: ANN401
        """Turn what `reading` selected into JSON."""
        ...

    def assignment(self, sql: JsonSql, table: Table, field: str, value: ColumnElement[Any]) -> tuple[Column[Any], ColumnElement[Any]]:
        """Return the column to set and its new value, for a column ``value`` of JSON."""
        ...

    def history(self, sql: JsonSql, field: ColumnElement[Any], old: ColumnElement[Any], new: ColumnElement[Any]) -> ColumnElement[Any]:
        """Return the aggregate of the changed fields of a record: ``{field: [old, new]}``."""
        ...

    # Any JSON value.
    def write(self, record: Entity, field: str, value: Any) -> None:  # noqa: ANN401
        """Set the field of a loaded record from JSON."""
        ...


class ColumnWriter:
    """Fields are columns of the entity; only those named, because a mass change must not get around a function like `states.change`."""

    def __init__(self, *names: str) -> None:
        self._names = frozenset(names)

    def knows(self, cls: type[Entity], field: str) -> bool:
        """Return whether it is one of the named columns."""
        return field in self._names and field in plan_of(cls).fields

    def is_bulk(self, cls: type[Entity], field: str) -> bool:
        """Return whether its type looks the same in JSON and in the databases."""
        kind = column_of(cls, field).type
        return isinstance(kind, Scaled) or (not isinstance(kind, UtcDateTime) and kind.python_type in _BULK)

    # Any JSON value to any JSON value.
    def planned(self, cls: type[Entity], field: str, value: Any) -> Any:  # noqa: ANN401
        """Return the value as the column would give it back: numbers with all their places."""
        plan = plan_of(cls)
        found = read_json(column_of(cls, field), value)
        problem = plan.fields[field].problem(plan.entity, found)
        if problem is not None:
            raise ValidationFailed("VALIDATION_FAILED", [problem])
        return to_plain(found)

    def columns(self, fields: Collection[str]) -> frozenset[str]:
        """Return themselves."""
        return frozenset(fields)

    def reading(self, sql: JsonSql, table: Table, field: str) -> ColumnElement[Any]:
        """Select the column."""
        del sql
        return table.c[field]

    # Any column value to any JSON value.
    def read(self, stored: Any) -> Any:  # noqa: ANN401
        """Return it as history shows it."""
        return to_plain(stored)

    def assignment(self, sql: JsonSql, table: Table, field: str, value: ColumnElement[Any]) -> tuple[Column[Any], ColumnElement[Any]]:
        """Take the scalar out of the JSON; a number with all its places is the integer that is stored, save the point."""
        column = table.c[field]
        if isinstance(column.type, Scaled):
            return column, cast(func.replace(sql.scalar(value, String()), literal("."), literal("")), BigInteger)
        return column, sql.scalar(value, column.type)

    def history(self, sql: JsonSql, field: ColumnElement[Any], old: ColumnElement[Any], new: ColumnElement[Any]) -> ColumnElement[Any]:
        """Return ``{field: [old, new], …}``."""
        return sql.collect(field, sql.array(sql.filled(old), sql.filled(new)))

    # Any JSON value.
    def write(self, record: Entity, field: str, value: Any) -> None:  # noqa: ANN401
        """Set the attribute, in the type of its column."""
        setattr(record, field, read_json(column_of(type(record), field), value))


class CharacteristicWriter:
    """Fields are keys of characteristics; None removes a key, because absent means "not known"."""

    def knows(self, cls: type[Entity], field: str) -> bool:
        """Return whether the entity has characteristics at all; the check of the kind knows the keys."""
        return bool(field) and '"' not in field and plan_of(cls).has_characteristics

    def is_bulk(self, cls: type[Entity], field: str) -> bool:
        """Return True: JSON goes into JSON."""
        del cls, field
        return True

    # Any JSON value to any JSON value.
    def planned(self, cls: type[Entity], field: str, value: Any) -> Any:  # noqa: ANN401
        """Return it as it is: whoever plans values of characteristics normalises them, and the check of the kind looks whether they are."""
        del cls, field
        return value

    def columns(self, fields: Collection[str]) -> frozenset[str]:
        """Return the one that all characteristics are in."""
        del fields
        return frozenset(("characteristics",))

    def reading(self, sql: JsonSql, table: Table, field: str) -> ColumnElement[Any]:
        """Select the value of the key, not the whole map."""
        return sql.get(table.c.characteristics, field)

    # Any JSON value.
    def read(self, stored: Any) -> Any:  # noqa: ANN401
        """Return it as it is."""
        return stored

    def assignment(self, sql: JsonSql, table: Table, field: str, value: ColumnElement[Any]) -> tuple[Column[Any], ColumnElement[Any]]:
        """Set or remove the key inside the stored map."""
        column = table.c.characteristics
        return column, sql.put(column, field, value)

    def history(self, sql: JsonSql, field: ColumnElement[Any], old: ColumnElement[Any], new: ColumnElement[Any]) -> ColumnElement[Any]:
        """Return ``{"characteristics": [{key: old, …}, {key: new, …}]}``, of the changed keys only."""
        before, after = (sql.collect(field, sql.filled(value)) for value in (old, new))
        return sql.object("characteristics", sql.array(before, after))

    # Any JSON value.
    def write(self, record: Entity, field: str, value: Any) -> None:  # noqa: ANN401
        """Set or remove the key."""
        stored: Mapping[str, Any] = vars(record).get("characteristics") or {}
        kept = {key: each for key, each in stored.items() if key != field}
        setattr(record, "characteristics", kept if value is None else {**kept, field: value})  # noqa: B010 - only some entities have it


def column_of(cls: type[Entity], field: str) -> Column[Any]:
    """Return the column of a field."""
    column = cls.__table__.c[field]
    if not isinstance(column, Column):
        message = f"{cls.entity_name()}.{field} is not a column"
        raise TypeError(message)
    return column


# Any JSON value to any column value.
def read_json(column: Column[Any], value: Any) -> Any:  # noqa: ANN401
    """Return a JSON value in the type of a column; what does not look like one is returned as it is."""
    kind = column.type
    if isinstance(kind, Scaled):
        return _number(kind, value)
    if value is None or not isinstance(value, str):
        return value
    try:
        if isinstance(kind, UtcDateTime):
            return datetime.fromisoformat(value)
        if kind.python_type is date:
            return date.fromisoformat(value)
        return Decimal(value) if kind.python_type is Decimal else value
    except (ValueError, InvalidOperation):
        return value


def _number(kind: Scaled, value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, Decimal | int | str):
        return value
    try:
        return kind.rounded(Decimal(value))
    except (ValueError, InvalidOperation):
        return str(value)
