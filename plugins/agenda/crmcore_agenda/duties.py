"""What one person has to do by a day, as a list that is read all day: one statement, compiled once, straight from the index."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple

from sqlalchemy import Dialect, Integer, Select, String, and_, bindparam, or_, select, type_coerce

from crmcore import Account, Session
from crmcore.query import DriverQuery, prepare
from crmcore_agenda.model import Action, Band, Kind, RecencyClock
from crmcore_agenda.timing import lateness_of

MOST: Final = 1_000
_OF_ACTIONS: Final = ("title", "kind_id", "account_id", "lead_id", "assignee", "owner", "state", "priority", "starts_at", "due", "closed")


class Duty(NamedTuple):
    """An open action on the list: ``late`` in working days, ``colour`` by the bands."""

    id: int
    title: str
    kind: str
    account_id: int | None
    account: str | None
    lead_id: int | None
    assignee: str
    owner: str
    state: str
    priority: int
    starts_at: datetime | None
    due: date
    late: int
    colour: str


def duties(session: Session, login: str | None = None, until: date | None = None, *, limit: int = MOST) -> list[Duty]:
    """Return what somebody, the actor unless another one is named, has to do by a day, by default today: late and due, in this order.

    The same as `Dashboard.actions` with ``until``, without filters; it costs about what hand-written SQL costs (W6).

    Raises:
        AccessDenied: ``FIELD_HIDDEN`` when the list has a field of actions that is hidden from the actor.
    """
    session.require_shown(Action, *_OF_ACTIONS)
    named = "name" not in session.hidden(Account)
    day = session.today()
    actor = session.actor.name
    who = login or actor
    unguarded = session.access.reach().open and not session.actor.is_system
    connection = session.orm.connection()
    query = _duties(connection.dialect, unguarded, who == actor)
    rows = query.rows(connection, {"who": who, "actor": actor, "day": until or day, "most": limit})
    if not rows:
        return []
    late = lateness_of(session)
    bands: Sequence[Any] = _bands(connection.dialect).rows(connection, {})
    dues: dict[Any, tuple[date, int, str]] = {}
    found = []
    for row in rows:
        raw = row[-1]
        if raw not in dues:
            due = raw if isinstance(raw, date) else date.fromisoformat(raw)
            days = late(due, day)
            dues[raw] = (due, days, next((colour for start, colour in bands if days >= start), ""))
        duty = Duty._make((*row[:-1], *dues[raw]))
        found.append(duty if named else duty._replace(account=None))
    return found


@lru_cache(maxsize=16)
def _duties(dialect: Dialect, unguarded: bool, own: bool) -> DriverQuery:  # noqa: FBT001 - parts of a key
    return prepare(duties_query(unguarded=unguarded, own=own), dialect)


def duties_query(*, unguarded: bool, own: bool) -> Select[*tuple[Any, ...]]:
    """Return the query of the list, which the index on assignee, closed, due and id answers in order.

    One's ``own`` actions exist for oneself whatever they are about; of the names of accounts that is not so.
    """
    actor = bindparam("actor", type_=String())
    named = Account.id == Action.account_id
    # Where there are users, the guard of the database decides which names and actions exist.
    mine: Any = True
    if unguarded:
        named = and_(named, or_(Account.private.is_(False), Account.owner == actor))
        people = (Action.assignee == actor, Action.owner == actor, Action.delegator == actor, Action.refused_by == actor)
        shown = or_(Action.account_id.is_(None), Account.id.is_not(None))
        mine = or_(*people, and_(Action.private.is_(False), shown))
    wanted = (
        select(
            Action.id,
            Action.title,
            Kind.code,
            Action.account_id,
            Account.name,
            Action.lead_id,
            Action.assignee,
            Action.owner,
            Action.state,
            Action.priority,
            Action.starts_at,
            # Dates are few on a list of many rows: each is read once.
            type_coerce(Action.due, String),
        )
        .join(Kind, Kind.id == Action.kind_id)
        .outerjoin(Account, named)
        .where(
            Action.assignee == bindparam("who", type_=String()),
            Action.closed.is_(False),
            Action.due <= bindparam("day", type_=Action.due.type),
        )
        .order_by(Action.due, Action.id)
        .limit(bindparam("most", type_=Integer()))
    )
    return wanted.where(mine) if unguarded and not own else wanted


@lru_cache(maxsize=16)
def _bands(dialect: Dialect) -> DriverQuery:
    query: Select[Any] = select(Band.from_days, Band.colour).order_by(Band.from_days.desc(), Band.id)  # type: ignore[assignment] # of any columns
    return prepare(query, dialect)


def due_query() -> Select[int]:
    """Return the query for the accounts that are due under a recency rule, which the index on rule, day and account answers in order."""
    clock = RecencyClock
    on = (clock.recurring_id == bindparam("rule", type_=Integer()), clock.next_on <= bindparam("day", type_=clock.due_on.type))
    return select(clock.account_id).where(*on).order_by(clock.next_on, clock.account_id).limit(bindparam("most", type_=Integer()))


@lru_cache(maxsize=16)
def _due(dialect: Dialect) -> DriverQuery:
    return prepare(due_query(), dialect)


def due_accounts(session: Session, rule_id: int, day: date, limit: int = MOST) -> list[int]:
    """Return the accounts for which something falls due under a rule by a day, the first first; for system actors."""
    connection = session.orm.connection()
    return [row[0] for row in _due(connection.dialect).rows(connection, {"rule": rule_id, "day": day, "most": limit})]
