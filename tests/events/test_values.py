"""Clocks, ids, calendars, schedules and events, without a database."""

from __future__ import annotations

import json
import threading
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmcore.errors import UsageError
from crmcore.events import (
    Envelope,
    Event,
    Every,
    FrozenClock,
    Ids,
    Rule,
    SystemClock,
    WeekdayCalendar,
    add_working_days,
    converter,
    event_payload,
    next_working_day,
    working_days_between,
)

pytestmark = pytest.mark.feature("P2.6")
ROME = ZoneInfo("Europe/Rome")
NOON = datetime(2026, 5, 11, 12, tzinfo=UTC)
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
DAYS = st.dates(date(2000, 1, 1), date(2100, 1, 1))


@attrs.frozen(kw_only=True)
class Sold(Event):
    TYPE: ClassVar[str] = "toy.sold"
    VERSION: ClassVar[int] = 2

    amount: Decimal
    on: date
    at: datetime
    lines: tuple[str, ...] = ()
    note: str | None = None

    @classmethod
    def upcast(cls, version: int, payload: dict[str, Any]) -> dict[str, Any]:
        if version == 1:
            payload["amount"] = payload.pop("price")
            return payload
        return super().upcast(version, payload)


def envelope(payload, version=2):
    return Envelope(
        event_id="e", type="toy.sold", version=version, at=NOON, actor="anna", device=None, source="api", entity=None, id=None,
        changes={}, payload=payload, correlation_id="c", causation_id=None, depth=0,
    )  # fmt: skip


@given(st.decimals(allow_nan=False, allow_infinity=False), DAYS, MOMENTS, st.lists(st.text()), st.none() | st.text())
def test_an_event_survives_json(amount, on, at, lines, note):
    event = Sold(amount=amount, on=on, at=at, lines=tuple(lines), note=note)
    assert converter().structure(json.loads(json.dumps(event_payload(event))), Sold) == event


def test_an_older_version_is_brought_up_to_date_and_an_unknown_one_is_refused():
    old = {"price": "1.10", "on": "2026-05-11", "at": NOON.isoformat()}
    assert envelope(old, version=1).read(Sold).amount == Decimal("1.10")
    for payload, version in ((old, 3), ({}, 2), ({"amount": "x"}, 2), ({**old, "amount": "1", "price": "1"}, 2)):
        with pytest.raises(UsageError, match="EVENT_UNREADABLE"):
            envelope(payload, version).read(Sold)


def test_ids_rise_and_are_never_drawn_twice_also_by_threads():
    ids = Ids(SystemClock())
    drawn: list[str] = []
    threads = [threading.Thread(target=lambda: drawn.extend(ids.uuid7() for _ in range(2000))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(drawn)) == 8000
    one = [ids.uuid7() for _ in range(1000)]
    assert one == sorted(one)
    assert all(text[14] == "7" and text[19] in "89ab" for text in one)


def test_seeded_ids_are_the_same_each_time():
    def draw():
        return [Ids(FrozenClock(NOON), seed=7).uuid7() for _ in range(3)]

    assert draw() == draw()


def test_a_clock_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="no time zone"):
        FrozenClock(datetime(2026, 1, 1))


@given(MOMENTS, st.integers(1, 100_000))
def test_every_is_on_multiples_and_later(moment, seconds):
    due = Every(seconds=seconds).next_after(moment, ROME)
    assert timedelta(0) < due - moment <= timedelta(seconds=seconds)
    assert (due - datetime(1970, 1, 1, tzinfo=UTC)) % timedelta(seconds=seconds) == timedelta(0)


@pytest.mark.parametrize("interval", [{}, {"seconds": -1}])
def test_an_interval_of_nothing_is_refused(interval):
    with pytest.raises(ValueError, match="positive"):
        Every(**interval)


@given(MOMENTS)
def test_a_daily_rule_runs_once_each_local_day_whatever_the_clocks_do(moment):
    rule = Rule("FREQ=DAILY;BYHOUR=2;BYMINUTE=30;BYSECOND=0")
    days = []
    for _ in range(5):
        moment = rule.next_after(moment, ROME)
        days.append(moment.astimezone(ROME).date())
    assert days == [days[0] + timedelta(days=n) for n in range(5)]


@pytest.mark.parametrize(
    ("text", "after", "due"),
    [
        ("FREQ=DAILY;BYHOUR=2;BYMINUTE=30;BYSECOND=0", "2026-03-28T22:00", "2026-03-29T01:30"),
        ("FREQ=DAILY;BYHOUR=2;BYMINUTE=30;BYSECOND=0", "2026-10-24T22:00", "2026-10-25T00:30"),
        ("FREQ=DAILY;BYHOUR=2;BYMINUTE=30;BYSECOND=0", "2026-10-25T00:30", "2026-10-26T01:30"),
        ("FREQ=WEEKLY;BYDAY=MO;BYHOUR=8;BYMINUTE=0;BYSECOND=0", "2026-05-11T06:00", "2026-05-18T06:00"),
        ("FREQ=MONTHLY;BYMONTHDAY=-1;BYHOUR=0;BYMINUTE=0;BYSECOND=0", "2026-01-31T12:00", "2026-02-27T23:00"),
        ("FREQ=WEEKLY;BYHOUR=8;BYMINUTE=0;BYSECOND=0", "2026-05-11T06:00", "2026-05-16T06:00"),
        ("FREQ=DAILY;INTERVAL=3;BYHOUR=0;BYMINUTE=0;BYSECOND=0", "2026-05-11T06:01", "2026-05-13T22:00"),
    ],
)
def test_rules_are_on_local_time(text, after, due):
    found = Rule(text).next_after(datetime.fromisoformat(after).replace(tzinfo=UTC), ROME)
    assert found == datetime.fromisoformat(due).replace(tzinfo=UTC)


def test_a_rule_that_ends_has_no_next_and_one_that_cannot_be_read_is_refused():
    assert Rule("FREQ=DAILY;UNTIL=20200101T000000").next_after(NOON, ROME) is None
    with pytest.raises(ValueError, match=r".+"):
        Rule("FREQ=SOMETIMES")
    with pytest.raises(ValueError, match="Every"):
        Rule("FREQ=MINUTELY;INTERVAL=5")


@given(DAYS, st.integers(0, 60))
def test_working_days_added_are_the_working_days_between(start, days):
    calendar = WeekdayCalendar()
    end = add_working_days(calendar, start, days)
    assert calendar.is_working_day(end)
    if days:
        assert working_days_between(calendar, start, end) == days
    else:
        assert end == next_working_day(calendar, start)


def test_a_calendar_that_closes_everything_is_an_error():
    class Closed:
        def is_working_day(self, day):
            return False

    with pytest.raises(UsageError, match="CALENDAR_RANGE"):
        add_working_days(Closed(), date(2026, 1, 1), 1)
    with pytest.raises(ValueError, match="negative"):
        add_working_days(WeekdayCalendar(), date(2026, 1, 1), -1)
