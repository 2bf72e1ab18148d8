"""Saved searches: kept by who makes them, for themselves or for all (B17)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import or_, select

from crmcore.errors import Problem, RecordNotFound, UsageError
from crmcore.model import Entity, SavedSearch
from crmcore.query.filters import compile_filter
from crmcore.query.finding import Filter
from crmcore.query.sorting import parse_order
from crmcore.query.views import OWNER, is_declaring

if TYPE_CHECKING:
    from crmcore.session import Change, Session

_FIELDS: Final = ("filter", "sort", "columns")


def save(
    session: Session,
    cls: type[Entity],
    name: str,
    node: Filter | None,
    *,
    sort: Sequence[str],
    columns: Sequence[str],
    shared: bool,
    replace: bool,
) -> SavedSearch:
    """Keep a search of the actor, checked as it would be when it is run."""
    compiled, _ = compile_filter(session, cls, cls, node)
    parse_order(session, cls, cls, sort, compiled.scoped)
    content: dict[str, Any] = {"filter": node or {}, "sort": list(sort), "columns": list(columns)}
    owner = session.actor.name
    row: SavedSearch | None = session.scalar(select(SavedSearch).where(SavedSearch.owner == owner, SavedSearch.name == name))
    if row is None:
        return session.add(SavedSearch(owner=owner, name=name, entity=cls.entity_name(), filter=content, shared=shared))
    if not replace:
        raise UsageError("SEARCH_NAME", name=name, owner=owner)
    row.entity, row.filter, row.shared = cls.entity_name(), content, shared
    return row


def found(session: Session, entity: str | None) -> list[SavedSearch]:
    """Return the searches that the actor may run: its own first, then those that others share."""
    own = SavedSearch.owner == session.actor.name
    query = select(SavedSearch).where(or_(own, SavedSearch.shared), SavedSearch.owner != OWNER)
    if entity is not None:
        query = query.where(SavedSearch.entity == entity)
    return list(session.scalars(query.order_by(own.desc(), SavedSearch.name, SavedSearch.owner)))


def require(session: Session, name: str, owner: str | None) -> SavedSearch:
    """Return a search by name: the actor's own, or one that is shared.

    Raises:
        RecordNotFound: when the actor has none of this name, and nobody shares one.
    """
    for each in found(session, None):
        if each.name == name and owner in {None, each.owner}:
            return each
    raise RecordNotFound("NOT_FOUND", entity=SavedSearch.entity_name(), id=name)


def check_owner(session: Session, changes: Iterable[Change]) -> Iterable[Problem]:
    """Return what is wrong with changes of searches: people write their own, and nobody else's."""
    for change in changes:
        record = change.record
        if not isinstance(record, SavedSearch):
            continue
        owners = {each for each in (record.owner, *change.changes.get("owner", ())) if each is not None}
        for owner in sorted(owners):
            allowed = is_declaring(session) if owner == OWNER else owner == session.actor.name or session.actor.is_system
            if not allowed:
                yield Problem(code="SEARCH_NOT_YOURS", params={"name": record.name, "owner": owner})


def parts(row: SavedSearch) -> tuple[Any, list[str], list[str]]:
    """Return filter, sort order and columns of a search."""
    content = row.filter
    node, sort, columns = (content.get(name) for name in _FIELDS)
    return node, list(sort or ()), list(columns or ())
