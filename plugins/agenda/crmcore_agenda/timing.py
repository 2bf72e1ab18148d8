"""Days and instants: due dates by offset, lateness in working days, local times across changes of clocks."""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, time, timedelta

from crmcore import Session
from crmcore.events import WorkingCalendar, add_working_days, next_working_day

WORKING = "working"
CALENDAR = "calendar"
FORWARD = "forward"


def instant(session: Session, day: date, at: time) -> datetime:
    """Return the instant of a local time in UTC: one that a change of clocks skips is as much later, of one that comes twice the first."""
    return datetime.combine(day, at, tzinfo=session.crm.zone).astimezone(UTC)


def shift(working: WorkingCalendar, start: date, offset: int, unit: str = WORKING, roll: str = "") -> date:
    """Return the day that lies so many days after ``start``, before it when ``offset`` is negative.

    Working days never count the start itself, and end on a working day; calendar days end where they end, save with ``roll`` "forward",
    which goes on to the next working day (`domain.md` §5.1).
    """
    if unit == CALENDAR:
        day = start + timedelta(days=offset)
        return next_working_day(working, day) if roll == FORWARD else day
    if offset >= 0:
        return add_working_days(working, start, offset)
    day, left = start, -offset
    while left:
        day -= timedelta(days=1)
        left -= working.is_working_day(day)
    return day


def add_months(day: date, months: int) -> date:
    """Return the same day some months later, or the last of a shorter month: 30 November and three months is 28 February."""
    place = day.year * 12 + day.month - 1 + months
    year, month = divmod(place, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


class Lateness:
    """Count how many working days something is late: those after its due date, up to and with a day (I-48).

    Counts once for each span of days, because a list has many rows with few dates.
    """

    def __init__(self, working: WorkingCalendar) -> None:
        self._working = working
        self._worked: dict[date, bool] = {}
        self._known: dict[tuple[date, date], int] = {}

    def __call__(self, due: date, on: date) -> int:
        """Return the working days in ``(due, on]``."""
        if due >= on:
            return 0
        key = (due, on)
        if key not in self._known:
            self._known[key] = sum(self._is_worked(due + timedelta(days=number)) for number in range(1, (on - due).days + 1))
        return self._known[key]

    def _is_worked(self, day: date) -> bool:
        if day not in self._worked:
            self._worked[day] = self._working.is_working_day(day)
        return self._worked[day]

    def latest_late(self, on: date) -> date:
        """Return the last due date of which something is late on a day: lists ask the database for what is due by then."""
        day = on
        while not self._is_worked(day):
            day -= timedelta(days=1)
        return day - timedelta(days=1)


def lateness_of(session: Session) -> Lateness:
    """Return the counter for one piece of work in a session."""
    return Lateness(session.crm.calendar)
