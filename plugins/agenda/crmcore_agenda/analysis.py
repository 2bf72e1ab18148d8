"""Sales activity: who did what in a period, how late, and how well it was received (L03, E19)."""

from __future__ import annotations

import enum
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

import attrs
from sqlalchemy import Select, func, select

from crmcore import Account, Session
from crmcore_agenda.lookups import flag_of
from crmcore_agenda.model import Action, ActivityGroup, Kind
from crmcore_agenda.seeing import visible_actions

_HUNDREDTH: Final = Decimal("0.01")


class By(enum.StrEnum):
    """The kinds of analysis."""

    USER = "user"
    KIND = "kind"
    GROUP = "group"
    ACCOUNT = "account"


@attrs.frozen(kw_only=True)
class Activity:
    """One line: ``planned`` were due in the period; ``done`` and ``cancelled`` were closed in it, of which ``late`` were late.

    ``late_days`` is their mean lateness in working days, ``mark`` the mean satisfaction, both with two places.
    """

    key: str
    planned: int = 0
    done: int = 0
    cancelled: int = 0
    late: int = 0
    late_days: Decimal = Decimal("0.00")
    mark: Decimal | None = None


def sales_activity(
    session: Session, first: date, last: date, by: By = By.USER, *, users: Iterable[str] = (), group: str | None = None
) -> list[Activity]:
    """Return the activity from one day to another, both included, line by line in the order of its keys; only what the actor may see."""
    key = _KEYS[by]
    planned = {
        row.key or "": row.n
        for row in session.execute(
            _narrowed(session, select(key.label("key"), func.count().label("n")), users, group)
            .where(Action.due.between(first, last))
            .group_by(key)
        )
    }
    columns = (
        key.label("key"),
        Action.state,
        func.count().label("n"),
        func.sum(Action.late_days).label("days"),
        func.count(Action.mark).label("marked"),
        func.sum(Action.mark).label("marks"),
    )
    closed = _narrowed(session, select(*columns), users, group).where(Action.done_on.between(first, last))
    late = _narrowed(session, select(key.label("key"), Action.state, func.count().label("n")), users, group)
    late = late.where(Action.done_on.between(first, last), Action.late_days > 0)
    sums: dict[str, _Sums] = defaultdict(_Sums)
    for row in session.execute(closed.group_by(key, Action.state)):
        _add(sums[row.key or ""], row, done=flag_of(session, "agenda.actions", row.state, "done"))
    for row in session.execute(late.group_by(key, Action.state)):
        if flag_of(session, "agenda.actions", row.state, "done"):
            sums[row.key or ""].late += int(row.n)
    return [_line(key, planned.get(key, 0), sums[key]) for key in sorted({*planned, *sums})]


def closed_actions(session: Session, first: date, last: date, *, users: Iterable[str] = (), group: str | None = None) -> Sequence[Action]:
    """Return the actions behind an analysis: those closed from one day to another, by day."""
    wanted = _narrowed(session, select(Action), users, group).where(Action.done_on.between(first, last))
    return session.scalars(wanted.order_by(Action.done_on, Action.id)).all()


@attrs.define
class _Sums:
    done: int = 0
    cancelled: int = 0
    late: int = 0
    days: int = 0
    marked: int = 0
    marks: int = 0


def _add(sums: _Sums, row: Any, *, done: bool) -> None:  # noqa: ANN401 - a row
    if not done:
        sums.cancelled += int(row.n)
        return
    sums.done += int(row.n)
    sums.days += int(row.days or 0)
    sums.marked += int(row.marked)
    sums.marks += int(row.marks or 0)


def _line(key: str, planned: int, sums: _Sums) -> Activity:
    return Activity(
        key=key,
        planned=planned,
        done=sums.done,
        cancelled=sums.cancelled,
        late=sums.late,
        late_days=_mean(sums.days, sums.done) or Decimal("0.00"),
        mark=_mean(sums.marks, sums.marked),
    )


def _mean(total: int, count: int) -> Decimal | None:
    return (Decimal(total) / count).quantize(_HUNDREDTH, ROUND_HALF_UP) if count else None


_KEYS: Final[dict[By, Any]] = {By.USER: Action.assignee, By.KIND: Kind.code, By.GROUP: ActivityGroup.code, By.ACCOUNT: Account.name}


def _narrowed(session: Session, query: Select[Any], users: Iterable[str], group: str | None) -> Select[Any]:
    found = (
        query.select_from(Action)
        .join(Kind, Kind.id == Action.kind_id)
        .outerjoin(ActivityGroup, ActivityGroup.id == Kind.group_id)
        .outerjoin(Account, Account.id == Action.account_id)
        .where(*visible_actions(session))
    )
    logins = list(users)
    if logins:
        found = found.where(Action.assignee.in_(logins))
    return found if group is None else found.where(ActivityGroup.code == group)
