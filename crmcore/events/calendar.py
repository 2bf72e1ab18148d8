"""Working-day arithmetic behind an interface; the Italian calendar comes with the plugin ``italy``."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final, Protocol

from crmcore.errors import UsageError

_SATURDAY: Final = 5
_HORIZON: Final = 400
"""Days after which a search for a working day gives up: a calendar that closes longer is a mistake."""


class WorkingCalendar(Protocol):
    """Say which days are worked."""

    def is_working_day(self, day: date) -> bool:
        """Return whether people work on ``day``."""
        ...


class WeekdayCalendar:
    """Monday to Friday, without holidays: what the core knows by itself."""

    def is_working_day(self, day: date) -> bool:
        """Return whether ``day`` is Monday to Friday."""
        return day.weekday() < _SATURDAY


def next_working_day(calendar: WorkingCalendar, day: date) -> date:
    """Return ``day`` itself when it is worked, otherwise the first working day after it (``roll=forward``)."""
    return _step(calendar, day, include=True)


def add_working_days(calendar: WorkingCalendar, start: date, days: int) -> date:
    """Return the day that lies ``days`` working days after ``start``; ``start`` itself is never counted.

    With 0 the start is rolled forward to a working day. Story S01: Thursday 2026-04-02 plus 3, with Easter Monday, is 2026-04-08.
    """
    if days < 0:
        message = f"days must not be negative, got {days}"
        raise ValueError(message)
    if days == 0:
        return next_working_day(calendar, start)
    day = start
    for _ in range(days):
        day = _step(calendar, day, include=False)
    return day


def working_days_between(calendar: WorkingCalendar, start: date, end: date) -> int:
    """Count the working days in ``(start, end]``: lateness of what was due on ``start``, seen on ``end`` (I-48)."""
    return sum(calendar.is_working_day(start + timedelta(days=n)) for n in range(1, (end - start).days + 1))


def _step(calendar: WorkingCalendar, day: date, *, include: bool) -> date:
    for n in range(0 if include else 1, _HORIZON):
        candidate = day + timedelta(days=n)
        if calendar.is_working_day(candidate):
            return candidate
    raise UsageError("CALENDAR_RANGE", days=_HORIZON, start=day.isoformat())
