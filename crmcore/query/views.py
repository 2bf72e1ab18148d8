"""Declared list views: filters by equality and a sort order that one index serves."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import attrs
from sqlalchemy import select

from crmcore.characteristics.indexes import ViewIndex
from crmcore.errors import Problem, UsageError
from crmcore.labels import Label
from crmcore.model import SavedSearch
from crmcore.query.fields import find_field
from crmcore.query.kinds import Kind

if TYPE_CHECKING:
    from crmcore.session import Session

OWNER: Final = "view:"
"""Owner of the row of a list view; no login has a colon."""
_MEMO: Final = "views"
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")


@attrs.frozen(kw_only=True)
class ListView:
    """A list that many people open all day: it always filters some fields by equality, and is sorted by one.

    ``filters`` and ``sort`` are columns and ``c.<key>`` of the entity. Together they get one index, in this order, as soon as
    `session.characteristics.sync_indexes` or a migration runs; ascending and descending are the same to it.
    """

    name: str
    entity: str = "account"
    filters: tuple[str, ...] = ()
    sort: str | None = None

    @property
    def fields(self) -> tuple[str, ...]:
        """What the index holds, in its order."""
        return (*self.filters, *(() if self.sort is None else (self.sort.removeprefix("-"),)))


def declare(session: Session, view: ListView) -> SavedSearch:
    """Keep a list view, in place of one of the same name.

    Raises:
        UsageError: ``VIEW_INVALID``.
    """
    problems = [Problem(code="VIEW_INVALID", params={"name": view.name, "reason": reason}) for reason in reasons(session, view)]
    if problems:
        raise UsageError("QUERY_INVALID", problems)
    session.unit.memo[_MEMO] = True
    content: dict[str, Any] = {"view": {"filters": list(view.filters), "sort": view.sort}}
    row: SavedSearch | None = session.scalar(select(SavedSearch).where(SavedSearch.owner == OWNER, SavedSearch.name == view.name))
    if row is None:
        return session.add(SavedSearch(owner=OWNER, name=view.name, entity=view.entity, filter=content, shared=True))
    row.entity, row.filter = view.entity, content
    return row


def withdraw(session: Session, name: str) -> None:
    """Forget a list view; its index goes when indexes are made to fit again."""
    session.unit.memo[_MEMO] = True
    row = session.scalar(select(SavedSearch).where(SavedSearch.owner == OWNER, SavedSearch.name == name))
    if row is not None:
        session.delete(row)


def is_declaring(session: Session) -> bool:
    """Return whether this unit of work may write rows of list views."""
    return _MEMO in session.unit.memo


def views(session: Session) -> list[ListView]:
    """Return the list views of the database."""
    rows = session.execute(
        select(SavedSearch.name, SavedSearch.entity, SavedSearch.filter).where(SavedSearch.owner == OWNER).order_by(SavedSearch.name)
    )
    return [
        ListView(name=name, entity=entity, filters=tuple(content["view"]["filters"]), sort=content["view"]["sort"])
        for name, entity, content in rows
    ]


def view_indexes(session: Session) -> list[ViewIndex]:
    """Return the indexes that the list views of the database ask for."""
    return [ViewIndex(view.name, view.entity, view.fields) for view in views(session)]


def reasons(session: Session, view: ListView) -> list[Label]:
    """Return what is wrong with a list view."""
    found: list[Label] = []
    cls = session.registry.entities.get(view.entity)
    if not _NAME.fullmatch(view.name):
        found.append(
            Label("il nome è fatto di minuscole, cifre e trattini bassi", "a name is made of lower-case letters, digits and underscores")
        )
    if cls is None:
        return [*found, Label(f"l'entità {view.entity} non esiste", f"entity {view.entity} does not exist")]
    if len(view.fields) < 2 or len(set(view.fields)) != len(view.fields):  # noqa: PLR2004 - one field has an index of its own
        found.append(Label("servono almeno due campi diversi", "it takes at least two different fields"))
    for name in view.fields:
        field = find_field(session, cls, cls, name)
        if field is None:
            found.append(Label(f"{view.entity} non ha il campo {name}", f"{view.entity} has no field {name}"))
        elif field.kind is Kind.LIST:
            found.append(Label(f"{name} è un elenco, e non si può indicizzare", f"{name} is a list, which cannot be indexed"))
    return found
