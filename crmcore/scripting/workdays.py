"""Working days in rules: functions over a calendar that the host gives."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any, Final

import attrs

from crmcore.labels import Label
from crmcore.scripting.catalogue import Catalogue, function
from crmcore.scripting.faults import Fault, refuse
from crmcore.scripting.functions import CORE, day_of
from crmcore.scripting.limits import Guard

CLOSED_DAYS: Final[frozenset[date]] = frozenset()
_FARTHEST: Final = 4_000
"""Days that one call goes through: ten years."""


@attrs.frozen
class ClosedDays:
    """Monday to Friday but for some dates: a calendar of plain values, which can go to another process."""

    closed: frozenset[date]

    def is_working_day(self, day: date) -> bool:
        """Return whether people work on ``day``."""
        return day.weekday() < 5 and day not in self.closed  # noqa: PLR2004 - Saturday


def with_closed_days(closed: Collection[date]) -> Catalogue:
    """Return the functions of the language, with working days but for weekends and some dates."""
    return with_calendar(ClosedDays(frozenset(closed)))


# A `crmcore.events.WorkingCalendar`; the language does not need the rest of that package.
def with_calendar(calendar: Any) -> Catalogue:  # noqa: ANN401
    """Return the functions of the language, with working days of a calendar."""
    from crmcore.events import calendar as arithmetic  # noqa: PLC0415 - nobody else here needs it

    def is_working_day(guard: Guard, day: object) -> bool:
        """Say whether people work on a day."""
        guard.charge(1)
        return bool(calendar.is_working_day(day_of(day)))

    def next_working_day(guard: Guard, day: object) -> date:
        """Return the day itself when it is worked, otherwise the next one that is."""
        guard.charge(4)
        return arithmetic.next_working_day(calendar, day_of(day))

    def add_working_days(guard: Guard, day: object, number: object) -> date:
        """Return the day that many working days later; the day itself is not counted."""
        if type(number) is not int or number < 0:
            refuse("add_working_days()", number)
        _charge(guard, 2 * number)
        return arithmetic.add_working_days(calendar, day_of(day), number)

    def working_days_between(guard: Guard, start: object, end: object) -> int:
        """Count the working days after the first date, up to the second one."""
        first, last = day_of(start), day_of(end)
        _charge(guard, abs((last - first).days))
        return arithmetic.working_days_between(calendar, first, last)

    every = (is_working_day, next_working_day, add_working_days, working_days_between)
    return CORE.extended(function(each) for each in every)


def _charge(guard: Guard, days: int) -> None:
    if days > _FARTHEST:
        raise Fault(Label("le date sono troppo lontane", "the dates are too far apart"))
    guard.charge(days)
