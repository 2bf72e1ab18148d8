"""The fields of an entity: columns, characteristics, and what lies behind a relation; each with its SQL and its index."""

from __future__ import annotations

import builtins
import difflib
from collections.abc import Iterator, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any, Final

import attrs
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Date,
    Integer,
    Numeric,
    String,
    Table,
    UniqueConstraint,
    Uuid,
    bindparam,
    case,
)
from sqlalchemy.orm import aliased
from sqlalchemy.orm.util import AliasedClass
from sqlalchemy.types import TypeEngine

from crmcore.characteristics.definitions import Definition
from crmcore.characteristics.expressions import compared, parameter_type, value_of
from crmcore.characteristics.indexes import index_name
from crmcore.characteristics.scope import scope_condition
from crmcore.characteristics.state import visible_definitions
from crmcore.errors import Problem
from crmcore.hooks import StoredAs
from crmcore.labels import Label
from crmcore.model import Entity, JsonMap, Scaled, UtcDateTime
from crmcore.query.kinds import Kind

if TYPE_CHECKING:
    from crmcore.session import Session

CHARACTERISTIC: Final = "c."
_STORED: Final[Mapping[StoredAs, Kind]] = {
    StoredAs.TEXT: Kind.TEXT,
    StoredAs.INTEGER: Kind.NUMBER,
    StoredAs.DECIMAL: Kind.DECIMAL,
    StoredAs.FLAG: Kind.FLAG,
    StoredAs.LIST: Kind.LIST,
}

Source = type[Entity] | AliasedClass[Any]


@attrs.frozen(kw_only=True)
class Field:
    """A field of one source of rows, ready to be put into SQL; it belongs to no session."""

    name: str
    kind: Kind
    expression: ColumnElement[Any]
    type: TypeEngine[Any]
    """Of a parameter that is compared with it."""
    nullable: bool
    indexed: bool
    index: str
    """The index that serves it, or would."""
    bytewise: bool = False
    """Whether text is compared by code points, so that a prefix is a range."""
    guard: ColumnElement[bool] | None = None
    """For a bound characteristic: the record is inside its scope."""
    tree: builtins.type[Entity] | None = None
    definition: Definition | None = None
    column: ColumnElement[Any] | None = None
    """Where the value of a characteristic is kept."""

    @property
    def in_scope(self) -> ColumnElement[Any]:
        """The value, which is none outside the scope of a bound characteristic."""
        return self.expression if self.guard is None else case((self.guard, self.expression))

    # Any value of its kind.
    def prepare(self, value: Any) -> Any:  # noqa: ANN401
        """Return a value as its parameter takes it."""
        if self.definition is None:
            return value
        if self.definition.kind.stored_as is StoredAs.INTEGER:
            return int(value)
        if self.definition.kind.stored_as is StoredAs.DECIMAL:
            return str(value)
        return value.isoformat() if isinstance(value, date) else value

    def parameter(self, name: str) -> ColumnElement[Any]:
        """Return a named parameter that is compared with the field."""
        found = bindparam(name, type_=self.type)
        return found if self.definition is None else compared(found, self.definition.kind.stored_as)


def column_field(session: Session, source: Source, cls: type[Entity], name: str) -> Field | None:
    """Return a column as a field; None when there is none of this name that can be compared."""
    column = cls.__table__.columns.get(name)
    if column is None or not isinstance(column, Column):
        return None
    kind, kind_type = _kind_of(column)
    if kind is None:
        return None
    tree = _tree_of(session, column)
    attribute: ColumnElement[Any] = getattr(source, name)
    on_sqlite = session.crm.engine.dialect.name == "sqlite"
    collation = getattr(column.type.dialect_impl(session.crm.engine.dialect), "collation", None)
    return Field(
        name=name,
        kind=Kind.TREE if tree is not None else kind,
        expression=attribute,
        type=kind_type,
        nullable=bool(column.nullable),
        indexed=_is_indexed(column),
        index=f"ix_{cls.__tablename__}_{name}",
        bytewise=on_sqlite or collation == "C",
        tree=tree,
    )


def characteristic_field(session: Session, source: Source, cls: type[Entity], key: str) -> Field | None:
    """Return a characteristic as a field; None when nobody defines it, or the actor may not see it."""
    definition = visible_definitions(session, cls.entity_name()).get(key)
    if definition is None:
        return None
    stored_as = definition.kind.stored_as
    column: ColumnElement[Any] = source.characteristics  # type: ignore[union-attr] # only entities that have definitions
    account: ColumnElement[Any] | None = getattr(source, "id" if cls.entity_name() == "account" else "account_id", None)
    special = {"lookup": Kind.PATH, "date": Kind.DATE}.get(definition.spec.type)
    return Field(
        name=f"{CHARACTERISTIC}{key}",
        kind=special or _STORED[stored_as],
        expression=value_of(column, key, stored_as, session.crm.engine.dialect.name),
        type=parameter_type(stored_as),
        nullable=True,
        indexed=definition.indexed,
        index=index_name(cls.__tablename__, definition),
        bytewise=stored_as is StoredAs.TEXT,
        guard=scope_condition(definition, account) if definition.bound and account is not None else None,
        definition=definition,
        column=column,
    )


def find_field(session: Session, source: Source, cls: type[Entity], name: str) -> Field | None:
    """Return a field of an entity itself by name; one that the mask of the actor's profile hides does not exist for it (A05)."""
    if name in session.hidden(cls):
        return None
    if name.startswith(CHARACTERISTIC):
        if "characteristics" not in cls.__table__.columns:
            return None
        return characteristic_field(session, source, cls, name.removeprefix(CHARACTERISTIC))
    return column_field(session, source, cls, name)


def field_names(session: Session, cls: type[Entity]) -> Iterator[str]:
    """Yield the names of the fields of an entity itself."""
    hidden = session.hidden(cls)
    for column in cls.__table__.columns:
        if isinstance(column, Column) and column.name not in hidden and _kind_of(column)[0] is not None:
            yield column.name
    if "characteristics" in cls.__table__.columns:
        for key in visible_definitions(session, cls.entity_name()):
            yield f"{CHARACTERISTIC}{key}"


def unknown_field(entity: str, name: str, known: Iterator[str] | list[str]) -> Problem:
    """Return the problem of a field that does not exist, with the nearest name."""
    # A relation is known, and is no field: what is meant then is what refers to it.
    near = difflib.get_close_matches(name, [each for each in known if each != name], n=1)
    hint = Label(f"; si intendeva {near[0]}?", f"; did you mean {near[0]}?") if near else ""
    return Problem(code="QUERY_FIELD", params={"entity": entity, "field": name, "hint": hint})


# An aliased class has the attributes of the class, which no type can say.
def alias_of(cls: type[Entity]) -> Any:  # noqa: ANN401
    """Return the entity under another name, for a subquery."""
    return aliased(cls)


def _kind_of(column: Column[Any]) -> tuple[Kind | None, Any]:
    """Return the kind of a column, and the type of its parameters."""
    kind = column.type
    for known, found in (
        (Scaled, Kind.DECIMAL),
        (UtcDateTime, Kind.INSTANT),
        (JsonMap, None),
        (Date, Kind.DATE),
        (Boolean, Kind.FLAG),
        ((Integer, BigInteger), Kind.NUMBER),
        (Numeric, Kind.DECIMAL),
        ((String, Uuid), Kind.TEXT),
    ):
        if isinstance(kind, known):
            # Any whole number can be asked for, whatever the width of the column.
            return found, BigInteger() if found is Kind.NUMBER else kind
    return None, None


def _tree_of(session: Session, column: Column[Any]) -> type[Entity] | None:
    """Return the tree that a foreign key points into: an entity with a path and a code, such as portfolio or zone."""
    for key in column.foreign_keys:
        table = key.column.table
        if "path" in table.columns and "code" in table.columns:
            return next((cls for cls in session.registry.entities.values() if cls.__table__ is table), None)
    return None


def _is_indexed(column: Column[Any]) -> bool:
    table = column.table
    if column.primary_key or column.unique:
        return True
    if not isinstance(table, Table):
        return False
    leading = [next(iter(index.columns), None) for index in table.indexes]
    leading += [next(iter(constraint.columns), None) for constraint in table.constraints if isinstance(constraint, UniqueConstraint)]
    return any(found is column for found in leading)
