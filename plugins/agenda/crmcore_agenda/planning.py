"""The planning of a day, a week or a month, for users, groups and resources (E10 to E14)."""

from __future__ import annotations

import calendar
import enum
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, Final

import attrs
from sqlalchemy import Select, and_, select

from crmcore import Session
from crmcore.model import GroupMember, User, UserGroup
from crmcore_agenda.lookups import flag_of
from crmcore_agenda.model import Action, Slot
from crmcore_agenda.seeing import visible_actions
from crmcore_agenda.timing import instant

BUSY: Final = "occupato"
"""What a colleague reads where an action is not theirs to see."""


class View(enum.StrEnum):
    """How much time is shown."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class What(enum.StrEnum):
    """What is shown: appointments have a time, to-dos have none (E13)."""

    APPOINTMENTS = "appointments"
    TODOS = "todos"
    BOTH = "both"


@attrs.frozen(kw_only=True)
class PlanItem:
    """One entry; without ``action_id`` it is somebody's taken time, and nothing more is known."""

    who: str
    title: str
    action_id: int | None = None
    start: datetime | None = None
    end: datetime | None = None
    due: date | None = None
    done: bool = False

    @property
    def busy(self) -> bool:
        """Whether only the time is known."""
        return self.action_id is None


@attrs.frozen(kw_only=True)
class PlanDay:
    """A day with its appointments inside the band, by time, and its to-dos."""

    day: date
    appointments: tuple[PlanItem, ...]
    todos: tuple[PlanItem, ...]


@attrs.frozen(kw_only=True)
class Planning:
    """A page of the planning; ``outside`` counts the appointments outside the band of hours."""

    view: View
    first: date
    last: date
    previous: date
    next: date
    band: tuple[int, int]
    who: tuple[str, ...]
    days: tuple[PlanDay, ...]
    outside: int

    @property
    def appointments(self) -> tuple[PlanItem, ...]:
        """Every appointment inside the band, once, by time."""
        return tuple(dict.fromkeys(item for day in self.days for item in day.appointments))

    @property
    def todos(self) -> tuple[PlanItem, ...]:
        """Every to-do."""
        return tuple(item for day in self.days for item in day.todos)


def plan(
    session: Session,
    on: date,
    view: View = View.WEEK,
    *,
    band: tuple[int, int] = (6, 24),
    what: What = What.BOTH,
    users: Iterable[str] = (),
    groups: Iterable[str] = (),
) -> Planning:
    """Return the planning around a day, of the actor unless users or groups are named; ``band`` is in hours of the day.

    What the actor may not see of others is shown as taken time, without its to-dos.
    """
    first, last, previous, following = period(on, view)
    who = tuple(dict.fromkeys([*users, *_members(session, groups)])) or (session.actor.name,)
    appointments = _appointments(session, first, last, who) if what is not What.TODOS else []
    todos = _todos(session, first, last, who) if what is not What.APPOINTMENTS else []
    days = []
    shown: set[PlanItem] = set()
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        inside = tuple(item for item in appointments if _is_inside(session, item, day, band))
        shown.update(inside)
        days.append(PlanDay(day=day, appointments=inside, todos=tuple(item for item in todos if item.due == day)))
    return Planning(
        view=view,
        first=first,
        last=last,
        previous=previous,
        next=following,
        band=band,
        who=who,
        days=tuple(days),
        outside=sum(item not in shown for item in appointments),
    )


def period(on: date, view: View) -> tuple[date, date, date, date]:
    """Return the first and last day of a page, and a day of the page before and after."""
    if view is View.DAY:
        return on, on, on - timedelta(days=1), on + timedelta(days=1)
    if view is View.WEEK:
        first = on - timedelta(days=on.weekday())
        return first, first + timedelta(days=6), first - timedelta(days=7), first + timedelta(days=7)
    first = on.replace(day=1)
    last = on.replace(day=calendar.monthrange(on.year, on.month)[1])
    return first, last, (first - timedelta(days=1)).replace(day=1), last + timedelta(days=1)


def taken(session: Session, who: str, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    """Return when somebody, or ``resource:<code>``, is taken up between two instants, by time."""
    rows = session.execute(
        select(Slot.starts_at, Slot.ends_at).where(Slot.who == who, Slot.starts_at < end, Slot.ends_at > start).order_by(Slot.starts_at)
    )
    return [(row.starts_at, row.ends_at) for row in rows]


def _members(session: Session, groups: Iterable[str]) -> Sequence[str]:
    codes = list(groups)
    if not codes:
        return []
    wanted = (
        select(User.login)
        .join(GroupMember, GroupMember.user_id == User.id)
        .join(UserGroup, UserGroup.id == GroupMember.group_id)
        .where(UserGroup.code.in_(codes))
        .order_by(User.login)
    )
    return session.scalars(wanted).all()


def _bounds(session: Session, first: date, last: date) -> tuple[datetime, datetime]:
    return instant(session, first, time(0)), instant(session, last + timedelta(days=1), time(0))


def slots_query(who: Sequence[str], start: datetime, end: datetime) -> Select[*tuple[Any, ...]]:
    """Return the query for the taken times of some people in a period, which the index on who and time answers."""
    return (
        select(Slot.id, Slot.who, Slot.starts_at, Slot.ends_at, Slot.action_id)
        .where(Slot.who.in_(who), Slot.starts_at < end, Slot.ends_at > start)
        .order_by(Slot.starts_at, Slot.who, Slot.id)
    )


def _appointments(session: Session, first: date, last: date, who: Sequence[str]) -> list[PlanItem]:
    start, end = _bounds(session, first, last)
    slots = session.execute(slots_query(who, start, end)).all()
    known: dict[int, Any] = {}
    keys = sorted({slot.action_id for slot in slots})
    for place in range(0, len(keys), 500):
        columns = (Action.id, *session.shown_columns(Action.title), Action.state, Action.due)
        wanted = select(*columns).where(Action.id.in_(keys[place : place + 500]))
        known |= {row.id: row for row in session.execute(wanted.where(*visible_actions(session)))}
    zone = session.crm.zone
    found = []
    for slot in slots:
        row = known.get(slot.action_id)
        found.append(
            PlanItem(
                who=slot.who,
                title=row.title if row is not None else BUSY,
                action_id=row.id if row is not None else None,
                start=slot.starts_at.astimezone(zone),
                end=slot.ends_at.astimezone(zone),
                done=row is not None and flag_of(session, "agenda.actions", row.state, "done"),
            )
        )
    return found


def _todos(session: Session, first: date, last: date, who: Sequence[str]) -> list[PlanItem]:
    wanted = (
        select(Action.id, *session.shown_columns(Action.title), Action.state, Action.due, Action.assignee, Action.closed)
        .where(and_(Action.assignee.in_(who), Action.starts_at.is_(None), Action.due.between(first, last)), *visible_actions(session))
        .order_by(Action.due, Action.priority.desc(), Action.id)
    )
    found = []
    for row in session.execute(wanted):
        done = flag_of(session, "agenda.actions", row.state, "done")
        if done or not row.closed:
            found.append(PlanItem(who=row.assignee, title=row.title, action_id=row.id, due=row.due, done=done))
    return found


def _is_inside(session: Session, item: PlanItem, day: date, band: tuple[int, int]) -> bool:
    """Return whether an appointment takes up some of the band of a day."""
    if item.start is None or item.end is None:
        return False
    return item.start < _hour(session, day, band[1]) and item.end > _hour(session, day, band[0])


def _hour(session: Session, day: date, hour: int) -> datetime:
    whole, rest = divmod(hour, 24)
    return instant(session, day + timedelta(days=whole), time(rest))


def to_html(planning: Planning, lang: str = "it") -> str:
    """Return a planning as a page to print (E12)."""
    # Imported here: it is not cheap, and most processes print nothing.
    from importlib.resources import files  # noqa: PLC0415

    from jinja2.sandbox import SandboxedEnvironment  # noqa: PLC0415

    source = files("crmcore_agenda").joinpath("templates/planning.html").read_text("utf-8")
    template = SandboxedEnvironment(autoescape=True).from_string(source)
    return template.render(planning=planning, lang=lang, names=_NAMES[lang], words=_WORDS[lang])


_NAMES: Final = {
    "it": ("lunedì", "martedì", "mercoledì", "giovedì", "venerdì", "sabato", "domenica"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
_WORDS: Final = {
    "it": {"title": "Planning", "todos": "Cose da fare", "outside": "fuori fascia"},
    "en": {"title": "Planning", "todos": "To do", "outside": "outside the hours"},
}
