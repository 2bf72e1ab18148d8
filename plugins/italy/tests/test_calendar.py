"""Working days as the stories count them."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from crmcore_italy import ItalianCalendar

from crmcore.errors import ConfigurationError, StartError
from crmcore.events import add_working_days, next_working_day, working_days_between

pytestmark = pytest.mark.feature("P2.6", "I-48")
CALENDAR = ItalianCalendar()


@pytest.mark.parametrize(
    "day",
    ["2026-01-01", "2026-01-06", "2026-04-06", "2026-05-01", "2026-06-02", "2026-12-08", "2026-12-25", "2027-10-04"],
)
def test_national_holidays_are_not_worked(day):
    assert not CALENDAR.is_working_day(date.fromisoformat(day))


def test_the_call_of_story_s01_falls_after_easter_monday():
    assert add_working_days(CALENDAR, date(2026, 4, 2), 3) == date(2026, 4, 8)
    assert next_working_day(CALENDAR, date(2026, 4, 5)) == date(2026, 4, 7)
    assert working_days_between(CALENDAR, date(2026, 4, 8), date(2026, 4, 9)) == 1
    assert working_days_between(CALENDAR, date(2026, 4, 8), date(2026, 4, 13)) == 3


def test_the_job_order_of_story_s02_skips_the_first_of_may():
    due = [add_working_days(CALENDAR, date(2026, 4, 21), offset).isoformat() for offset in (2, 6, 8, 20, 22, 24, 27)]
    assert due == ["2026-04-23", "2026-04-29", "2026-05-04", "2026-05-20", "2026-05-22", "2026-05-26", "2026-05-29"]


def test_the_campaign_of_story_s12():
    due = [add_working_days(CALENDAR, date(2026, 9, 7), offset).isoformat() for offset in (0, 2, 10, 20)]
    assert due == ["2026-09-07", "2026-09-09", "2026-09-21", "2026-10-05"]


def test_patron_closures_and_saturdays():
    firm = ItalianCalendar(patron="VI", closures=[(date(2026, 8, 10), date(2026, 8, 21))], saturday=True)
    assert not firm.is_working_day(date(2026, 9, 8))
    assert CALENDAR.is_working_day(date(2026, 9, 8))
    assert not firm.is_working_day(date(2026, 8, 21))
    assert firm.is_working_day(date(2026, 8, 22))
    assert not firm.is_working_day(date(2026, 8, 23))


def test_saint_francis_is_a_holiday_again_from_2026_on():
    six_days = ItalianCalendar(saturday=True)
    assert [six_days.is_working_day(date(year, 10, 4)) for year in (2024, 2025, 2027, 2028)] == [True, True, False, False]


def test_every_province_of_the_list_has_its_patron_saint():
    from crmcore_italy.calendar import provinces
    from crmcore_italy.lists import province_names

    assert sorted(set(province_names()) - provinces()) == []


def test_every_year_of_a_century_has_between_248_and_262_working_days():
    for year in range(2000, 2100):
        days = (date(year, 1, 1) + timedelta(days=n) for n in range(366))
        assert 248 <= sum(CALENDAR.is_working_day(day) for day in days if day.year == year) <= 262


def test_the_crm_counts_with_it(open_crm):
    crm = open_crm("italy", settings={"italy": {"patron": "VI"}})
    assert not crm.calendar.is_working_day(date(2026, 9, 8))


@pytest.mark.parametrize(
    ("settings", "error"),
    [({"patron": "vi"}, ConfigurationError), ({"closure": []}, ConfigurationError), ({"patron": "XX"}, StartError)],
)
def test_bad_settings_stop_the_start(open_crm, settings, error):
    with pytest.raises(error) as caught:
        open_crm("italy", settings={"italy": settings})
    assert "italy" in str(caught.value)
