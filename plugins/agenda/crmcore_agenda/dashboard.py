"""The dashboard of one person, and the monitor of several: open actions by due date, what is late in red (E07, E15, E16)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

import attrs
from sqlalchemy import select

from crmcore import Account, Session
from crmcore_agenda.model import Action, Band, Kind
from crmcore_agenda.timing import lateness_of

COLUMNS: Final = (
    "id",
    "title",
    "due",
    "starts_at",
    "kind_id",
    "account_id",
    "lead_id",
    "assignee",
    "owner",
    "state",
    "priority",
)
PAGE: Final = 50
Filter = Mapping[str, Any]


@attrs.frozen(kw_only=True)
class Row:
    """An open action on a list: ``late`` in working days, ``red`` when it is late at all, ``colour`` by the bands."""

    id: int
    title: str
    due: date
    starts_at: datetime | None
    kind: str
    account_id: int | None
    account: str
    lead_id: int | None
    assignee: str
    owner: str
    state: str
    priority: int
    late: int
    colour: str

    @property
    def red(self) -> bool:
        """Whether it is late."""
        return self.late > 0


@attrs.frozen(kw_only=True)
class Rows:
    """A page of actions by due date; ``next`` is where the following page begins."""

    rows: tuple[Row, ...]
    next: str | None


@attrs.frozen(kw_only=True)
class Counted:
    """How many open actions a person has: late, due today, later."""

    late: int
    today: int
    later: int


class Dashboard:
    """What a session's actor has to do, has given to others, and what those below do."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._me = session.actor.name

    def mine(self, **options: Any) -> Rows:  # noqa: ANN401 - those of `actions`
        """Return the actor's own open actions; options as in `actions`."""
        return self.actions({"field": "assignee", "op": "eq", "value": self._me}, **options)

    def delegated(self, **options: Any) -> Rows:  # noqa: ANN401 - as above
        """Return the open actions that the actor has given to others, and goes on seeing (E08, I-50)."""
        return self.actions(
            {
                "and": [
                    {"field": "delegator", "op": "eq", "value": self._me},
                    {"field": "assignee", "op": "ne", "value": self._me},
                ]
            },
            **options,
        )

    def owned(self, **options: Any) -> Rows:  # noqa: ANN401 - as above
        """Return the open actions that the actor answers for, whoever does them."""
        return self.actions({"field": "owner", "op": "eq", "value": self._me}, **options)

    def of_people(self, **options: Any) -> Rows:  # noqa: ANN401 - as above
        """Return the open actions of everybody below the actor: by the supervisors of the users; of all others where there are no users."""
        reach = self._session.access.reach()
        if reach.open:
            return self.actions({"field": "assignee", "op": "ne", "value": self._me}, **options)
        below = sorted(reach.logins - {self._me})
        return self.actions({"field": "assignee", "op": "in", "value": below}, **options) if below else Rows(rows=(), next=None)

    def monitor(self, people: Iterable[str], **options: Any) -> dict[str, Rows]:  # noqa: ANN401 - as above
        """Return the open actions of each person by due date, coloured by the bands (E16)."""
        return {login: self.actions({"field": "assignee", "op": "eq", "value": login}, **options) for login in people}

    def actions(
        self,
        whose: Filter,
        *,
        until: date | None = None,
        only: Filter | None = None,
        text: str = "",
        page: int = PAGE,
        after: str | None = None,
    ) -> Rows:
        """Return a page of open actions, what was due first first.

        ``until`` leaves out what is due later, ``only`` is any filter of the search, ``text`` a part of the title.
        """
        conditions: list[Filter] = [whose, {"field": "closed", "op": "eq", "value": False}]
        if until is not None:
            conditions.append({"field": "due", "op": "le", "value": until.isoformat()})
        if only is not None:
            conditions.append(only)
        if text:
            conditions.append({"field": "title", "op": "contains", "value": text})
        found = self._session.search.values("agenda.action", COLUMNS, {"and": conditions}, sort="due", page=page, after=after)
        return Rows(rows=self._rows(list(found)), next=found.next)

    def counts(self, login: str | None = None) -> Counted:
        """Return how many open actions somebody has, the actor unless another one is named."""
        mine: list[Filter] = [
            {"field": "assignee", "op": "eq", "value": login or self._me},
            {"field": "closed", "op": "eq", "value": False},
        ]
        day = self._session.today()
        latest = lateness_of(self._session).latest_late(day)

        def count(*conditions: Filter) -> int:
            return self._session.search.count("agenda.action", {"and": [*mine, *conditions]}).value

        late = count({"field": "due", "op": "le", "value": latest.isoformat()})
        by_today = count({"field": "due", "op": "le", "value": day.isoformat()})
        return Counted(late=late, today=by_today - late, later=count() - by_today)

    def history_before(self, action: Action, limit: int = 20) -> Sequence[Any]:
        """Return what happened with the account of an action so far, newest first (E15)."""
        account = self._session.get(Account, action.account_id) if action.account_id is not None else None
        return self._session.interactions.timeline(account, limit=limit).entries if account is not None else ()

    def next_of(self, account: Account) -> Row | None:
        """Return the next open action about an account, as a card shows it."""
        found = self.actions({"field": "account_id", "op": "eq", "value": account.id}, page=1)
        return found.rows[0] if found.rows else None

    def _rows(self, found: Sequence[tuple[Any, ...]]) -> tuple[Row, ...]:
        if not found:
            return ()
        session, day = self._session, self._session.today()
        late = lateness_of(session)
        kinds = {row.id: row.code for row in session.execute(select(Kind.id, Kind.code))}
        bands = bands_of(session)
        names = self._names({row[5] for row in found if row[5] is not None})
        made = []
        for row in found:
            days = late(row[2], day)
            fields = dict(zip(COLUMNS, row, strict=True))
            kind = kinds[fields.pop("kind_id")]
            made.append(Row(**fields, kind=kind, account=names.get(row[5], ""), late=days, colour=colour_of(bands, days)))
        return tuple(made)

    def _names(self, accounts: set[int]) -> dict[int, str]:
        """Return the names of the accounts that the actor may see: one may have an action about another."""
        if not accounts:
            return {}
        rows = self._session.execute(select(Account.id, *self._session.shown_columns(Account.name)).where(Account.id.in_(accounts)))
        return {row.id: row.name for row in rows}


def bands_of(session: Session) -> list[tuple[int, str]]:
    """Return from how many days on which colour holds, the highest first."""
    rows = session.execute(select(Band.from_days, Band.colour).order_by(Band.from_days.desc(), Band.id))
    return [(row.from_days, row.colour) for row in rows]


def colour_of(bands: Sequence[tuple[int, str]], late: int) -> str:
    """Return the colour of something that is so many working days late; empty without a band for it."""
    return next((colour for days, colour in bands if late >= days), "")
