"""Searching as `session.search`: lists of any entity, full text, saved searches and list views.

How to use it::

    page = s.search.find("account", {"field": "c.consumo_kwh", "op": "ge", "value": 5000}, sort="-c.consumo_kwh")
    page = s.search.find("account", sort="name", after=page.next)
    s.search.text("bellini 0424")                     # accounts, the best first
    s.search.save("grandi", {"field": "c.consumo_kwh", "op": "ge", "value": 5000}, shared=True)
    s.search.run("grandi")

What a filter looks like is in `crmcore.query.filters`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import attrs
from sqlalchemy import select

from crmcore.errors import UsageError
from crmcore.model import Account, Entity, SavedSearch
from crmcore.query import fulltext, masked, saved, views
from crmcore.query.filters import compile_filter
from crmcore.query.finding import PAGE, Count, Counting, Filter, Page, count, find, find_ids, find_values
from crmcore.query.listing import forget
from crmcore.query.views import ListView
from crmcore.query.visible import account_conditions, who

if TYPE_CHECKING:
    from crmcore.session import Session

ACCOUNT = "account"
_HITS = 20
_MOST_HITS = 200


@attrs.frozen
class Hit:
    """One account that a text finds; the higher the score, the better it fits."""

    account: Account
    score: float


class SearchApi:
    """Searching in a session; see the module."""

    def __init__(self, session: Session) -> None:
        self._session = session

    # The record class is the entity's: no type can say that of a name.
    def find(self, entity: str, filter: Filter | None = None, **options: Any) -> Page[Any]:  # noqa: A002, ANN401
        """Return one page of the records of an entity, given by name; `crmcore.query.find` has the options.

        Raises:
            UsageError: ``QUERY_INVALID``, ``QUERY_CURSOR``, ``QUERY_PAGE``, ``ENTITY_NOT_ENABLED``.
        """
        return find(self._session, self._entity(entity), filter, **options)

    def values(self, entity: str, columns: Sequence[str], filter: Filter | None = None, **options: Any) -> Page[tuple[Any, ...]]:  # noqa: A002, ANN401
        """Return one page as rows of values; otherwise as `find`."""
        return find_values(self._session, self._entity(entity), columns, filter, **options)

    def count(self, entity: str, filter: Filter | None = None, *, exact: bool = True) -> Count:  # noqa: A002
        """Return how many records a filter finds; not exact stops at 10,000."""
        return count(self._session, self._entity(entity), filter, exact=exact)

    def ids(self, entity: str, filter: Filter | None = None) -> list[int]:  # noqa: A002
        """Return the ids of everything that a filter finds, for a mass change."""
        return find_ids(self._session, self._entity(entity), filter)

    # Full text

    def text(self, text: str, *, limit: int = _HITS, filter: Filter | None = None) -> tuple[Hit, ...]:  # noqa: A002
        """Return the accounts in which every word is found, the best first.

        Searched are names, people, phones, e-mails, VAT and fiscal codes, and notes. A word may be the beginning of one; accents and case
        do not matter, nor how a phone number is written, of which any four digits in a row will do. What the actor's profile hides is not
        searched.

        Raises:
            UsageError: ``SEARCH_TEXT`` when the text has neither letters nor digits, ``QUERY_PAGE``, ``QUERY_INVALID``.
        """
        session = self._session
        dialect = session.crm.engine.dialect.name
        if not fulltext.text_query(text, dialect):
            raise UsageError("SEARCH_TEXT", text=text[:80])
        if not 1 <= limit <= _MOST_HITS:
            raise UsageError("QUERY_PAGE", most=_MOST_HITS, value=limit)
        given: dict[str, Any] = {}
        conditions: list[Any] = []
        if filter is not None:
            compiled, compiler = compile_filter(session, Account, Account, filter)
            conditions.append(compiled.condition)
            given |= compiler.arguments
        if session.guard.reach.open:
            mine = [*account_conditions(session, Account), *conditions]
            ranked = fulltext.ranked(dialect, text, mine).limit(limit).subquery("ranked")
            query = select(Account, ranked.c.score).join(ranked, ranked.c.id == Account.id).order_by(ranked.c.score.desc(), ranked.c.id)
            rows = session.execute(query, {**given, **who(session)})
            return tuple(Hit(account, float(score)) for account, score in rows)
        best = masked.best(session, text, conditions, given, limit)
        # Past the guard the index said which; the accounts come through it.
        found = session.scalars(select(Account).where(Account.id.in_([each.account_id for each in best])))
        accounts = {account.id: account for account in found}
        return tuple(Hit(accounts[each.account_id], each.value) for each in best if each.account_id in accounts)

    def rebuild(self) -> int:
        """Write the full-text index anew, in this transaction, and return how many accounts it has."""
        session = self._session
        session.flush()
        session.take_write_lock()
        return fulltext.rebuild(session.orm.connection())

    # Saved searches

    def save(
        self,
        name: str,
        filter: Filter | None = None,  # noqa: A002
        *,
        entity: str = ACCOUNT,
        sort: str | Sequence[str] = (),
        columns: Sequence[str] = (),
        shared: bool = False,
        replace: bool = False,
    ) -> SavedSearch:
        """Keep a search, for the actor alone or ``shared`` with all; it is checked now, and again whenever it is run.

        Raises:
            UsageError: ``SEARCH_NAME`` when the actor has one of this name and ``replace`` is off, ``QUERY_INVALID``.
        """
        order = [sort] if isinstance(sort, str) else list(sort)
        cls = self._entity(entity)
        return saved.save(self._session, cls, name, filter, sort=order, columns=columns, shared=shared, replace=replace)

    def list(self, entity: str | None = None) -> Sequence[SavedSearch]:
        """Return the searches that the actor may run: its own, then those that others share."""
        return saved.found(self._session, entity)

    def run(
        self,
        name: str,
        owner: str | None = None,
        *,
        page: int = PAGE,
        after: str | None = None,
        before: str | None = None,
        count: Counting | None = None,
    ) -> Page[Any]:
        """Run a search by name: the actor's own, or else one that is shared; as rows of values if it names columns.

        Raises:
            RecordNotFound: when there is none.
            UsageError: ``QUERY_INVALID`` when it names what is no longer there, ``QUERY_CURSOR``, ``QUERY_PAGE``.
        """
        row = saved.require(self._session, name, owner)
        node, sort, columns = saved.parts(row)
        cls = self._entity(row.entity)
        if columns:
            return find_values(self._session, cls, columns, node, sort=sort, page=page, after=after, before=before, count=count)
        return find(self._session, cls, node, sort=sort, page=page, after=after, before=before, count=count)

    def delete(self, name: str) -> None:
        """Forget a search of the actor's own.

        Raises:
            RecordNotFound: when the actor has none of this name.
        """
        self._session.delete(saved.require(self._session, name, self._session.actor.name))

    # List views

    def declare(self, view: ListView) -> SavedSearch:
        """Keep a list view, whose index is made by `session.characteristics.sync_indexes` and by every migration.

        Raises:
            UsageError: ``QUERY_INVALID`` with ``VIEW_INVALID`` for each fault.
        """
        forget(self._session)
        return views.declare(self._session, view)

    def views(self) -> Sequence[ListView]:
        """Return the list views."""
        return views.views(self._session)

    def withdraw(self, name: str) -> None:
        """Forget a list view."""
        forget(self._session)
        views.withdraw(self._session, name)

    def _entity(self, name: str) -> type[Entity]:
        found = self._session.registry.entities.get(name)
        if found is None:
            raise UsageError("ENTITY_NOT_ENABLED", entity=name)
        return found
