"""Valid records out of nothing: columns, foreign keys and checks say what one looks like."""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import attrs
from sqlalchemy import Boolean, CheckConstraint, Column, Enum, String, Table, UniqueConstraint, inspect, select
from sqlalchemy.orm import Mapper, RelationshipDirection

from crmcore.errors import UsageError
from crmcore.model import STAMPS, Entity, JsonMap, Scaled, UtcDateTime
from crmcore.session import Session
from crmcore.testing.conformance.subject import START, Subject

_GIVEN: Final = frozenset({"id", "version", "uid", *STAMPS})
"""Filled by the unit of work or the database."""
_ONE_OF: Final = re.compile(r"\(?\s*\"?(?P<column>\w+)\"?\s+IN\s*\((?P<values>[^()]*)\)\s*\)?", re.IGNORECASE)
_QUOTED: Final = re.compile(r"'((?:[^']|'')*)'")


class NoSampleError(UsageError):
    """Raised when no valid record can be made; the author of the plugin has to give one."""

    default_code = "KIT_SAMPLE"


@attrs.define(eq=False)
class Factory:
    """Make records that differ from each other; the same calls give the same records."""

    subject: Subject
    _numbers: Iterator[int] = attrs.field(factory=lambda: itertools.count(1), init=False)
    _open: set[type[Entity]] = attrs.field(factory=set, init=False)

    def record(self, session: Session, cls: type[Entity]) -> Entity:
        """Return a new record of a class, which is not yet in the session; what it refers to is there, or is added and flushed.

        Raises:
            NoSampleError: when the class gives no way to make one.
        """
        number = next(self._numbers)
        for record in self.subject.own_samples(session, number):
            if type(record) is cls:
                return record
        if cls in self._open:
            raise NoSampleError("KIT_SAMPLE", entity=cls.entity_name(), reason="it refers to itself in a circle")
        self._open.add(cls)
        try:
            return self._built(session, cls, number)
        finally:
            self._open.discard(cls)

    def _built(self, session: Session, cls: type[Entity], number: int) -> Entity:
        mapper: Mapper[Any] = inspect(cls)
        fields = {field.name: field for field in dataclasses.fields(cls)}
        values: dict[str, Any] = {}
        for prop in mapper.column_attrs:
            column = prop.columns[0]
            if isinstance(column, Column) and prop.key not in _GIVEN and self._is_needed(column, fields.get(prop.key)):
                values[prop.key] = self._value(session, cls, column, number)
        values |= self._generic_references(session, cls)
        for name, field in fields.items():
            if field.init and name not in values and not _has_default(field):
                values[name] = self._related(session, mapper, name, values)
        record = cls(**{name: value for name, value in values.items() if name in fields and fields[name].init})
        for name, value in values.items():
            if name not in fields or not fields[name].init:
                setattr(record, name, value)
        return record

    @staticmethod
    def _is_needed(column: Column[Any], field: dataclasses.Field[Any] | None) -> bool:
        given = column.nullable or column.default is not None or column.server_default is not None
        return not given and (field is None or not _has_default(field))

    def _value(self, session: Session, cls: type[Entity], column: Column[Any], number: int) -> object:
        if column.foreign_keys:
            return self._parent_value(session, cls, column)
        chosen = _choices(column)
        if chosen:
            return chosen[0]
        try:
            return _plain_value(column, number)
        except (NotImplementedError, KeyError) as error:
            reason = f"column {column.name!r} has type {column.type!r}, for which the kit knows no value"
            raise NoSampleError("KIT_SAMPLE", entity=cls.entity_name(), reason=reason) from error

    def _parent_value(self, session: Session, cls: type[Entity], column: Column[Any]) -> object:
        target = next(iter(column.foreign_keys)).column
        parent = next((each for each in self.subject.registry.entities.values() if each.__table__ is target.table), None)
        if parent is None:
            reason = f"column {column.name!r} refers to {target.table.name}, which is no entity"
            raise NoSampleError("KIT_SAMPLE", entity=cls.entity_name(), reason=reason)
        attribute = inspect(parent).get_property_by_column(target).key
        if not _is_unique(column):
            known = session.scalar(select(getattr(parent, attribute)).order_by(parent.id).limit(1))
            if known is not None:
                return known
        record = session.add(self.record(session, parent))
        session.flush()
        return getattr(record, attribute)

    def _generic_references(self, session: Session, cls: type[Entity]) -> dict[str, object]:
        """Let generic references point to an account: any entity would do, and that one is always there."""
        if not cls.__references__:
            return {}
        account = self.subject.registry.entities["account"]
        key = session.scalar(select(account.id).order_by(account.id).limit(1))
        if key is None:
            record = session.add(self.record(session, account))
            session.flush()
            key = record.id
        found: dict[str, object] = {}
        for holder, name in cls.__references__.items():
            found |= {holder: key, name: "account"}
        return found

    @staticmethod
    def _related(session: Session, mapper: Mapper[Any], name: str, values: Mapping[str, Any]) -> object:
        """Return what a constructor wants for a relationship, in accord with the foreign key; None for a column that may be empty."""
        relation = mapper.relationships.get(name)
        if relation is None:
            return None
        if relation.direction is not RelationshipDirection.MANYTOONE:
            return [] if relation.uselist else None
        keys = [values.get(mapper.get_property_by_column(column).key) for column in relation.local_columns]
        return session.orm.get(relation.mapper.class_, keys[0]) if len(keys) == 1 and keys[0] is not None else None


def _has_default(field: dataclasses.Field[Any]) -> bool:
    return field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING


def _is_unique(column: Column[Any]) -> bool:
    """Return whether a foreign key is unique, alone or with what samples do not vary: then each record needs a parent of its own."""
    table = column.table
    if column.unique:
        return True
    if not isinstance(table, Table):
        return False
    groups = [list(each.columns) for each in table.constraints if isinstance(each, UniqueConstraint)]
    groups += [list(index.columns) for index in table.indexes if index.unique]
    return any(column in group and not any(_varies(each) for each in group) for group in groups)


def _varies(column: Column[Any]) -> bool:
    fixed = bool(column.foreign_keys) or column.default is not None or isinstance(column.type, Enum | Boolean) or bool(_choices(column))
    return not fixed and not column.nullable


def _choices(column: Column[Any]) -> list[str]:
    """Return the values that a check of the form ``column IN ('a', 'b')`` allows."""
    if not isinstance(column.table, Table):
        return []
    for check in column.table.constraints:
        if isinstance(check, CheckConstraint):
            match = _ONE_OF.fullmatch(str(check.sqltext))
            if match and match["column"] == column.name:
                return [text.replace("''", "'") for text in _QUOTED.findall(match["values"])]
    return []


def _plain_value(column: Column[Any], number: int) -> object:
    kind = column.type
    if isinstance(kind, Enum):
        return next(iter(kind.enum_class)) if kind.enum_class else kind.enums[0]
    if isinstance(kind, Scaled):
        return Decimal(number) + Decimal("0.50")
    # In the past, which most rules take, and another day for each record, for what is unique by day.
    moment = START - timedelta(days=number)
    if isinstance(kind, UtcDateTime):
        return moment
    if isinstance(kind, JsonMap):
        return {}
    python = kind.python_type
    if python is str:
        return _text(column, number)
    values: dict[type, object] = {
        bool: False,
        int: number,
        float: float(number),
        Decimal: Decimal(number),
        bytes: str(number).encode(),
        datetime: moment,
        date: moment.date(),
        time: time(9, 0),
        UUID: UUID(int=number),
        dict: {},
        list: [],
    }
    return values[python]


def _text(column: Column[Any], number: int) -> str:
    length = column.type.length if isinstance(column.type, String) else None
    if not isinstance(column.type, String):
        return str(UUID(int=number))  # Uuid(as_uuid=False) is text, and must be well formed
    text = f"{column.name} {number}"
    return text if length is None or len(text) <= length else str(number)[-length:]


def change_something(record: Entity) -> str | None:
    """Change one plain column of a record to another valid value, and return its name; None when it has none that is safe to change."""
    mapper: Mapper[Any] = inspect(type(record))
    for prop in mapper.column_attrs:
        column = prop.columns[0]
        if (
            not isinstance(column, Column)
            or prop.key in _GIVEN
            or column.foreign_keys
            or column.unique
            or _is_fixed(type(record), prop.key)
        ):
            continue
        value = getattr(record, prop.key)
        other = _another(column, value)
        if other is not None:
            setattr(record, prop.key, other)
            return prop.key
    return None


def _is_fixed(cls: type[Entity], key: str) -> bool:
    """Return whether a column is part of a key or of a generic reference, or is checked against a list."""
    column = inspect(cls).column_attrs[key].columns[0]
    table = cls.__table__
    named = {*cls.__references__, *cls.__references__.values()}
    if not isinstance(table, Table) or not isinstance(column, Column) or column.name in named:
        return True
    keys = [each.columns for each in table.constraints if isinstance(each, UniqueConstraint)] + [
        each.columns for each in table.indexes if each.unique
    ]
    checked = any(isinstance(each, CheckConstraint) and re.search(rf"\b{column.name}\b", str(each.sqltext)) for each in table.constraints)
    return checked or any(column.name in group for group in keys)


def _another(column: Column[Any], value: object) -> object:
    if isinstance(column.type, JsonMap | Enum):
        return None
    if isinstance(value, str) and isinstance(column.type, String):
        text = f"{value}*"
        return text if column.type.length is None or len(text) <= column.type.length else None
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | Decimal):
        return value + 1
    return None
