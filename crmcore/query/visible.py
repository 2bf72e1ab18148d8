"""Which records exist for an actor at all: in lists, counts, searches and behind relations (I-5, I-7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import ColumnElement, String, and_, bindparam, exists, false, or_, select, true

from crmcore.model import Account, Entity, SavedSearch, VisibilityKind
from crmcore.query.fields import Source, alias_of

if TYPE_CHECKING:
    from crmcore.session import Session


ACTOR: Final = bindparam("crm_actor", type_=String(100))
"""Who looks: a parameter, so that the SQL is the same for all."""


def who(session: Session) -> dict[str, str]:
    """Return the values of the parameters of conditions of visibility."""
    return {"crm_actor": session.actor.name}


def visible(  # noqa: PLR0911 - one for each kind of path
    session: Session, source: Source, cls: type[Entity]
) -> list[ColumnElement[bool]]:
    """Return the conditions under which records of an entity exist for the actor of a session, whose name is a parameter: `who`.

    Merged and erased accounts are never listed, and a private one is for its owner alone; what belongs to an account follows it.
    """
    if cls is Account:
        return account_conditions(session, source)
    path = cls.__visibility__
    if path.kind is VisibilityKind.VIA and path.column is not None:
        return _through(session, source, cls, path.column)
    if session.actor.is_system or path.kind is VisibilityKind.PUBLIC:
        return []
    if path.kind is VisibilityKind.OWNER and path.column is not None:
        # As above; but searches are one's own, also for who may see those of others.
        if not session.guard.reach.open and cls is not SavedSearch:
            return []
        mine: ColumnElement[bool] = getattr(source, path.column) == ACTOR
        # A search may be kept for all (B17).
        return [or_(mine, source.shared)] if cls is SavedSearch else [mine]  # type: ignore[union-attr] # the columns of SavedSearch
    if path.kind is VisibilityKind.PEOPLE and path.column is not None:
        return _among(session, source, cls, path.column)
    return [false()]


def _among(session: Session, source: Source, cls: type[Entity], column: str) -> list[ColumnElement[bool]]:
    """Where there are users, the guard of the database decides; before, private rows and those of private accounts are for their people."""
    if not session.guard.reach.open:
        return []
    path = cls.__visibility__
    here = getattr(source, column)
    through = _through(session, source, cls, column)
    others: ColumnElement[bool] = or_(here.is_(None), *through) if through else true()
    if path.private is not None:
        others = and_(getattr(source, path.private).is_(other=False), others)
    ways = [*(getattr(source, name) == ACTOR for name in path.people), others]
    if path.members is not None:
        member = next(each for each in session.registry.entities.values() if each.__tablename__ == path.members.table)
        alias = alias_of(member)
        taking_part = and_(getattr(alias, path.members.key) == source.id, getattr(alias, path.members.login) == ACTOR)
        ways.append(exists(select(1).select_from(alias).where(taking_part).correlate_except(alias)))
    return [or_(*ways)]


def account_conditions(session: Session, source: Any) -> list[ColumnElement[bool]]:  # noqa: ANN401 - the class, its table, or an alias
    """Return the conditions under which an account exists for the actor."""
    conditions: list[ColumnElement[bool]] = [source.merged_into_id.is_(None), source.erased_at.is_(None)]
    # Where there are users, the guard of the database decides about private cards.
    if not session.actor.is_system and session.guard.reach.open:
        conditions.append(or_(source.private.is_(other=False), source.owner == ACTOR))
    return conditions


def _through(session: Session, source: Source, cls: type[Entity], column: str) -> list[ColumnElement[bool]]:
    key = next(iter(cls.__table__.columns[column].foreign_keys))
    parent = next((each for each in session.registry.entities.values() if each.__table__ is key.column.table), None)
    if parent is None:
        return [false()]
    alias = alias_of(parent)
    conditions = visible(session, alias, parent)
    if not conditions:
        return []
    joined = getattr(alias, key.column.name) == getattr(source, column)
    return [exists(select(1).select_from(alias).where(and_(joined, *conditions)).correlate_except(alias))]
