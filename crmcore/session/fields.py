"""What is checked of each column before writing, and how its value is shown in history: resolved once for each class."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

import attrs
from sqlalchemy import CheckConstraint, Column, String, Table, inspect
from sqlalchemy.orm import Mapper, RelationshipDirection

from crmcore.errors import Problem
from crmcore.labels import Label
from crmcore.model import STAMPS, Entity, JsonMap, Scaled, UtcDateTime
from crmcore.storage import to_json

PLAIN: Final = frozenset({str, int, bool, type(None)})
_KINDS: Final[Mapping[type, Label]] = {
    str: Label("testo", "text"),
    int: Label("un numero intero", "a whole number"),
    bool: Label("sì o no", "true or false"),
    Decimal: Label("un importo (mai float)", "a Decimal (never a float)"),
    date: Label("una data", "a date"),
    datetime: Label("un istante", "an instant"),
    bytes: Label("byte", "bytes"),
    Mapping: Label("una mappa", "a mapping"),
}
_OWN: Final = frozenset({"id", "version", "uid", *STAMPS})
"""Filled by the unit of work or the database."""
_CODES: Final = re.compile(r"(\w+) IN \(('\w[\w-]*'(?:, '\w[\w-]*')*)\)")
"""A constraint that lists the codes of a column."""


@attrs.frozen
class Field:
    """One column of an entity."""

    key: str
    required: bool
    types: tuple[type, ...]
    longest: int | None
    strict: bool
    """Whether a bool must be refused: it is an int to Python, and would be stored as one."""
    codes: tuple[str, ...] = ()
    """What the database takes, where a constraint lists it: told here with everything else, and in words."""

    def problem(self, entity: str, value: object) -> Problem | None:
        """Return what is wrong with a value."""
        # What is right, as nearly always, is found to be so quickly: every field of every new record comes here.
        if isinstance(value, str):
            fits = str in self.types and (self.longest is None or len(value) <= self.longest) and "\0" not in value
            if fits and (not self.codes or value in self.codes):
                return None
        elif type(value) in self.types and type(value) is not datetime:
            return None
        if value is None:
            return Problem(code="VALUE_MISSING", params={"entity": entity, "field": self.key}) if self.required else None
        if self.types and (not isinstance(value, self.types) or (self.strict and isinstance(value, bool))):
            expected = _KINDS.get(self.types[0], Label(self.types[0].__name__, self.types[0].__name__))
        elif self.codes:
            listed = ", ".join(self.codes)
            expected = Label(f"uno tra {listed}", f"one of {listed}")
        elif self.longest is not None and isinstance(value, str) and len(value) > self.longest:
            expected = Label(f"al massimo {self.longest} caratteri", f"at most {self.longest} characters")
        elif isinstance(value, str) and "\0" in value:
            expected = Label("testo senza caratteri NUL", "text without NUL characters")
        elif isinstance(value, datetime) and value.tzinfo is None:
            expected = Label("un istante con fuso orario", "an instant with a time zone")
        else:
            return None
        shown = value if not isinstance(value, str) else value[:80]
        return Problem(code="VALUE_INVALID", params={"entity": entity, "field": self.key, "value": shown, "expected": expected})


@attrs.frozen
class Plan:
    """The fields of an entity class."""

    entity: str
    fields: Mapping[str, Field]
    defaults: tuple[tuple[str, Any], ...]
    """Plain default values, which SQLAlchemy 2.1 no longer puts on a new object by itself."""
    foreign_keys: tuple[str, ...]
    relations: frozenset[str]
    """Relationships that fill a foreign key of this class when it is written."""
    has_uid: bool
    has_characteristics: bool
    audited: bool

    def problems(self, record: Entity, keys: Iterable[str] | None = None) -> list[Problem]:
        """Return the problems of all fields of a record, or of some."""
        state = record.__dict__
        chosen = self.fields.values() if keys is None else [self.fields[key] for key in keys if key in self.fields]
        return [problem for field in chosen if (problem := field.problem(self.entity, state.get(field.key))) is not None]


@lru_cache(maxsize=1024)
def plan_of(cls: type[Entity]) -> Plan:
    """Return the plan of a class; it depends on nothing but the class."""
    mapper: Mapper[Any] = inspect(cls)
    parents = [relation for relation in mapper.relationships if relation.direction is RelationshipDirection.MANYTOONE]
    # A relationship may fill a column that is no foreign key: the id of a generic reference.
    filled = {column for relation in parents for _, column in relation.synchronize_pairs}
    codes = _codes(cls)
    fields = {
        prop.key: _field(
            prop.key,
            prop.columns[0],
            codes=codes.get(prop.columns[0].name, ()),
            filled=prop.columns[0] in filled or (prop.key == "state" and cls.__state_table__ is not None),
        )
        for prop in mapper.column_attrs
        if prop.key not in _OWN and isinstance(prop.columns[0], Column)
    }
    return Plan(
        entity=cls.entity_name(),
        fields=fields,
        defaults=tuple((key, column.default.arg) for key in fields if _has_plain_default(column := mapper.attrs[key].columns[0])),
        foreign_keys=tuple(key for key in fields if (column := mapper.attrs[key].columns[0]).foreign_keys or column in filled),
        relations=frozenset(relation.key for relation in parents),
        has_uid="uid" in mapper.attrs,
        has_characteristics="characteristics" in fields,
        audited=cls.__audited__,
    )


def _codes(cls: type[Entity]) -> dict[str, tuple[str, ...]]:
    """Return the codes of the columns for which a constraint of the table lists them."""
    table = cls.__table__
    constraints = table.constraints if isinstance(table, Table) else ()
    found = (_CODES.fullmatch(str(each.sqltext)) for each in constraints if isinstance(each, CheckConstraint))
    return {match[1]: tuple(match[2].replace("'", "").split(", ")) for match in found if match is not None}


def _field(key: str, column: Column[Any], *, codes: tuple[str, ...], filled: bool) -> Field:
    # A foreign key may still be empty here, because a relationship fills it when it is written.
    filled = filled or column.default is not None or column.server_default is not None or bool(column.foreign_keys)
    types = _types(column)
    longest = column.type.length if isinstance(column.type, String) else None
    return Field(key, not column.nullable and not filled, types, longest, strict=bool(types) and bool not in types, codes=codes)


def _has_plain_default(column: Column[Any]) -> bool:
    return column.default is not None and column.default.is_scalar


def _types(column: Column[Any]) -> tuple[type, ...]:
    if isinstance(column.type, Scaled):
        return (Decimal, int)
    if isinstance(column.type, UtcDateTime):
        return (datetime,)
    if isinstance(column.type, JsonMap):
        return (Mapping,)
    try:
        kind = column.type.python_type
    except NotImplementedError:
        return ()
    if kind is Decimal:
        return (Decimal, int)
    return (kind,) if kind in {str, int, bool, date, datetime, bytes} else ()


def to_plain(value: Any) -> Any:  # noqa: ANN401 - any column value to any JSON value
    """Return a column's value as JSON, for history and events."""
    if type(value) in PLAIN:
        return value
    if isinstance(value, Mapping):
        return {key: to_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(item) for item in value]
    if isinstance(value, float):
        return value
    return to_json(value)
