"""Events, clocks, calendars and schedules: the values that time and automation are made of."""

from crmcore.events.calendar import (
    WeekdayCalendar,
    WorkingCalendar,
    add_working_days,
    next_working_day,
    working_days_between,
)
from crmcore.events.clock import Clock, FrozenClock, Ids, SystemClock
from crmcore.events.envelope import Envelope, Event, LoopDetected, RecordVerb, converter, event_payload
from crmcore.events.schedule import Every, Rule, Schedule

__all__ = [
    "Clock",
    "Envelope",
    "Event",
    "Every",
    "FrozenClock",
    "Ids",
    "LoopDetected",
    "RecordVerb",
    "Rule",
    "Schedule",
    "SystemClock",
    "WeekdayCalendar",
    "WorkingCalendar",
    "add_working_days",
    "converter",
    "event_payload",
    "next_working_day",
    "working_days_between",
]
