"""Relations of an entity, as its foreign keys tell them: what belongs to it, and what it refers to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import attrs
from sqlalchemy import ColumnElement, and_

from crmcore.model import Entity, VisibilityKind

if TYPE_CHECKING:
    from crmcore.query.fields import Source
    from crmcore.session import Session

_ALIASES: Final = {"role": "account_role.role", "portfolio": "account_portfolio.portfolio_id"}
"""Short names of what people search for most: a field behind a relation."""
_OPEN: Final = frozenset({"external_key"})
"""Kept by the system, and searched by everybody: the code that the ERP gave to a customer."""


@attrs.frozen
class Relation:
    """From an entity to another: ``near`` is a column here, ``far`` the column there that equals it."""

    name: str
    target: type[Entity]
    near: str
    far: str
    to_one: bool
    generic: tuple[str, str] | None = None
    """For a reference by entity name: the column there that holds the name, and the name."""

    def join(self, here: Source, there: Source) -> ColumnElement[bool]:
        """Return the condition that two records belong together."""
        condition: ColumnElement[bool] = getattr(there, self.far) == getattr(here, self.near)
        return condition if self.generic is None else and_(condition, self.generic_condition(there))

    def generic_condition(self, there: Source) -> ColumnElement[bool]:
        """Return the condition that a reference by name means this entity."""
        if self.generic is None:
            message = f"{self.name} is a foreign key"
            raise ValueError(message)
        column, name = self.generic
        found: ColumnElement[bool] = getattr(there, column) == name
        return found


def find_relation(session: Session, cls: type[Entity], name: str) -> Relation | None:
    """Return a relation of an entity by name: ``site`` leads from an account to its sites, ``seller`` (``seller_id``) to its salesperson.

    None when there is none, or it leads to what only the system may see.
    """
    found = _outgoing(session, cls, name) or _incoming(session, cls, name)
    if found is None or session.actor.is_system or found.target.entity_name() in _OPEN:
        return found
    return None if found.target.__visibility__.kind is VisibilityKind.SYSTEM else found


def relation_names(session: Session, cls: type[Entity]) -> Iterator[str]:
    """Yield the names of the relations of an entity."""
    names = [*session.registry.entities, *(column.name.removesuffix("_id") for column in cls.__table__.columns)]
    yield from (name for name in names if find_relation(session, cls, name) is not None)


def full_name(entity: str, name: str) -> str:
    """Return what a short name of an account stands for."""
    return _ALIASES.get(name, name) if entity == "account" else name


def _outgoing(session: Session, cls: type[Entity], name: str) -> Relation | None:
    column = cls.__table__.columns.get(f"{name}_id")
    for key in column.foreign_keys if column is not None else ():
        target = next((each for each in session.registry.entities.values() if each.__table__ is key.column.table), None)
        if target is not None:
            return Relation(name, target, f"{name}_id", key.column.name, to_one=True)
    return None


def _incoming(session: Session, cls: type[Entity], name: str) -> Relation | None:
    other = session.registry.entities.get(name)
    if other is None or other is cls:
        return None
    found = list(_towards(other, cls))
    named = [each for each in found if each.far == f"{cls.entity_name()}_id"]
    # Two ways from one entity to another have no obvious name.
    chosen = named or found
    return chosen[0] if len(chosen) == 1 else None


def _towards(other: type[Entity], cls: type[Entity]) -> Iterator[Relation]:
    """Yield the ways in which records of another entity belong to a record of this one."""
    name: Any = other.entity_name()
    for column in other.__table__.columns:
        for key in column.foreign_keys:
            if key.column.table is cls.__table__:
                yield Relation(name, other, key.column.name, column.name, to_one=False)
    for column_name, entity_column in other.__references__.items():
        yield Relation(name, other, "id", column_name, to_one=False, generic=(entity_column, cls.entity_name()))
