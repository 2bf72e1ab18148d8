"""Story S15 (planning, projects), calendars: appointments and to-dos, bands, taken times, resources, days across changes of clocks."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from crmcore_agenda.actions import Actions
from crmcore_agenda.model import Action, Resource
from crmcore_agenda.planning import BUSY, View, What, plan, taken, to_html
from crmcore_agenda.projects import Projects
from crmcore_agenda.sharing import share
from crmcore_agenda.timing import Lateness, add_months, shift
from crmcore_italy import ItalianCalendar
from sqlalchemy import select

from crmcore import StaleVersion, ValidationFailed
from crmcore.events import WeekdayCalendar
from crmcore.model import Profile

pytestmark = pytest.mark.feature("S15", "E10", "E11", "E12", "E13", "E14", "I-54", "I-55", "P8.5")

WEEK = [
    ("Mobili Rossi", date(2026, 5, 11), time(8), 60, False),
    ("Cena con Bianchi", date(2026, 5, 11), time(20, 30), 60, True),
    ("Sopralluogo", date(2026, 5, 12), time(10), 60, False),
    ("Partenza", date(2026, 5, 14), time(6, 30), 30, False),
    ("Preparare campioni", date(2026, 5, 12), None, None, False),
    ("Rendiconto", date(2026, 5, 15), None, None, True),
]


@pytest.fixture
def week(firm):
    firm.people()
    with firm.session("carla") as session:
        for title, day, at, minutes, private in WEEK:
            Actions(session).add("visit", title, day, at=at, minutes=minutes, private=private)
        session.commit()
    return firm


def test_bands_views_and_what_a_colleague_sees(week):
    day = date(2026, 5, 13)
    with week.session("carla") as session:
        narrow, wide = plan(session, day, band=(8, 20)), plan(session, day, band=(6, 24))
        only = {what: plan(session, day, what=what) for what in What}
        monday = [len(plan(session, date(2026, 5, 11), View.DAY, band=band).appointments) for band in ((8, 20), (6, 24))]
        page = to_html(narrow)
    with week.session("bruno") as session:
        seen = plan(session, day, users=["carla"])
        gone = session.scalars(select(Action).where(Action.private.is_(True))).all()

    assert (len(narrow.appointments), narrow.outside, len(wide.appointments), wide.outside) == (2, 2, 4, 0)
    assert {what: (len(each.appointments), len(each.todos)) for what, each in only.items()} == {
        What.APPOINTMENTS: (4, 0),
        What.TODOS: (0, 2),
        What.BOTH: (4, 2),
    }
    assert monday == [1, 2]
    assert (narrow.first, narrow.last, narrow.previous, narrow.next) == tuple(
        map(date.fromisoformat, ("2026-05-11", "2026-05-17", "2026-05-04", "2026-05-18"))
    )
    assert "2 fuori fascia" in page
    assert "08:00\N{EN DASH}09:00 Mobili Rossi" in page
    assert [item.title for item in seen.appointments] == ["Mobili Rossi", BUSY, "Sopralluogo", "Partenza"]
    assert ([item.title for item in seen.todos], gone) == (["Preparare campioni"], [])


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_a_month_ends_where_it_ends(firm):
    with firm.session("carla") as session:
        february = plan(session, date(2028, 2, 29), View.MONTH)
    assert (february.first, february.last, february.next, len(february.days)) == (date(2028, 2, 1), date(2028, 2, 29), date(2028, 3, 1), 29)


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_before_there_are_users_private_items_and_those_of_private_accounts_are_for_their_people(firm):
    account = firm.account("Scheda privata", owner="carla", private=True)
    with firm.session("carla") as session:
        Actions(session).add("visit", "Segreta", date(2026, 5, 12), at=time(9), private=True)
        Actions(session).add("visit", "Dal cliente privato", date(2026, 5, 12), at=time(11), account=account.id)
        Actions(session).add("visit", "Con Bruno", date(2026, 5, 12), at=time(15), private=True, participants=["bruno"])
        session.commit()
    with firm.session("bruno") as session:
        titles = [item.title for item in plan(session, date(2026, 5, 12), View.DAY, users=["carla"]).appointments]
        listed = [row.title for row in session.search.find("agenda.action", sort="due")]

    assert titles == [BUSY, BUSY, "Con Bruno"]
    assert listed == ["Con Bruno"]


@pytest.fixture
def booked(firm):
    firm.add(Resource(code="SALA", label_it="Sala riunioni"), Resource(code="PARCHEGGIO", label_it="Parcheggio", allow_overlap=True))
    with firm.session("anna") as session:
        _book(session, time(10), 60)
        session.commit()
    return firm


def _book(session, at, minutes, *resources):
    return Actions(session).add("meeting", "Riunione", date(2026, 6, 3), at=at, minutes=minutes, resources=resources or ["SALA"])


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_a_resource_is_taken_by_one_appointment_at_a_time(booked):
    taken_times = [(time(10, 59), 10), (time(9), 61), (time(9), 240), (time(10, 15), 5)]
    with booked.session("bruno") as session:
        for at, minutes in taken_times:
            _book(session, at, minutes)
            with pytest.raises(ValidationFailed) as refusal:
                session.commit()
            assert [problem.code for problem in refusal.value.problems] == ["AGENDA_RESOURCE_BUSY"]
            assert "SALA è occupata" in refusal.value.problems[0].text("it")
        for at, minutes in ((time(11), 30), (time(9), 60)):
            _book(session, at, minutes)
            session.commit()
        _book(session, time(16), 60)
        _book(session, time(16, 30), 60)
        with pytest.raises(ValidationFailed, match="AGENDA_RESOURCE_BUSY"):
            session.commit()


def test_two_who_book_at_once_do_not_both_get_it_and_a_cancelled_one_is_free_again(booked):
    with booked.session("bruno") as one, booked.session("carla") as other:
        _book(one, time(15), 60)
        _book(other, time(15, 30), 60)
        one.commit()
        with pytest.raises((StaleVersion, ValidationFailed)):
            other.commit()
    with booked.session("bruno") as session:
        mine = session.scalars(select(Action).where(Action.created_by == "bruno")).one()
        Actions(session).cancel(mine, "Rinviata")
        session.commit()
        _book(session, time(15, 30), 60)
        _book(session, time(15, 30), 60, "PARCHEGGIO")
        _book(session, time(15, 45), 60, "PARCHEGGIO")
        session.commit()
        start = datetime(2026, 6, 3, tzinfo=UTC)
        assert len(taken(session, "resource:SALA", start, start + timedelta(days=1))) == 2


CLOCKS = [
    ("2026-03-28", time(9), "2026-03-28T08:00"),
    ("2026-03-29", time(9), "2026-03-29T07:00"),
    ("2026-03-29", time(2, 30), "2026-03-29T01:30"),  # does not exist: 3:30 summer time
    ("2026-10-25", time(2, 30), "2026-10-25T00:30"),  # comes twice: the first
    ("2026-10-24", time(9), "2026-10-24T07:00"),
    ("2026-10-26", time(9), "2026-10-26T08:00"),
]


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_local_times_across_changes_of_clocks(firm):
    with firm.session("anna") as session:
        made = [Actions(session).add("visit", "Visita", date.fromisoformat(day), at=at, minutes=60) for day, at, _ in CLOCKS]
        session.commit()
        shown = [item.start.date().isoformat() for item in plan(session, date(2026, 3, 29), View.MONTH, band=(0, 24)).appointments]
    assert [action.starts_at for action in made] == [datetime.fromisoformat(utc).replace(tzinfo=UTC) for *_, utc in CLOCKS]
    assert {action.ends_at - action.starts_at for action in made} == {timedelta(hours=1)}
    assert shown == ["2026-03-28", "2026-03-29", "2026-03-29"]


FIRM = ItalianCalendar(patron="VI", closures=[(date(2026, 8, 10), date(2026, 8, 21))])


@pytest.mark.feature("I-48", "P8.hold")
@pytest.mark.parametrize(
    ("start", "offset", "unit", "roll", "due"),
    [
        ("2026-04-02", 3, "working", "", "2026-04-08"),  # Easter Monday
        ("2026-04-02", 3, "calendar", "", "2026-04-05"),
        ("2026-04-02", 3, "calendar", "forward", "2026-04-07"),
        ("2026-05-29", 2, "working", "", "2026-06-03"),  # 2 June
        ("2026-08-07", 1, "working", "", "2026-08-24"),  # the closure
        ("2026-09-07", 1, "working", "", "2026-09-09"),  # the patron saint of Vicenza
        ("2026-12-24", 1, "working", "", "2026-12-28"),
        ("2028-02-28", 1, "working", "", "2028-02-29"),
        ("2027-02-26", 1, "working", "", "2027-03-01"),
        ("2026-01-31", 1, "calendar", "", "2026-02-01"),
        ("2026-06-03", -1, "working", "", "2026-06-01"),
        ("2026-06-07", 0, "working", "", "2026-06-08"),
        ("2026-06-03", -3, "calendar", "", "2026-05-31"),
    ],
)
def test_days_of_offsets(start, offset, unit, roll, due):
    assert shift(FIRM, date.fromisoformat(start), offset, unit, roll) == date.fromisoformat(due)


@pytest.mark.feature("I-48", "P8.1")
def test_lateness_counts_as_dateutil_counts():
    from dateutil.relativedelta import relativedelta
    from dateutil.rrule import DAILY, FR, MO, TH, TU, WE, rrule

    late = Lateness(WeekdayCalendar())
    for number in range(0, 400, 7):
        due, on = date(2026, 1, 1) + timedelta(days=number % 31), date(2026, 1, 1) + timedelta(days=number)
        worked = rrule(
            DAILY,
            dtstart=datetime.combine(due + timedelta(days=1), time()),
            until=datetime.combine(on, time()),
            byweekday=(MO, TU, WE, TH, FR),
        )
        assert late(due, on) == worked.count()
        assert (late(due, on) > 0) == (due <= late.latest_late(on))
        assert add_months(due, number % 25) == due + relativedelta(months=number % 25)


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
@pytest.mark.feature("K01", "P8.7")
def test_a_project_shows_its_25_activities_in_the_order_of_their_dates(firm):
    with firm.session("anna") as session:
        projects, actions = Projects(session), Actions(session)
        fair = projects.create("Fiera 2026")
        session.flush()
        for number in range(25):
            made = actions.add("task", f"Attività {number}", date(2026, 6, 1) + timedelta(days=number * 7 % 25), project=fair)
            if number < 10:
                session.flush()
                actions.done(made, "Fatta")
        session.commit()
        days = [action.due for action in projects.activities(fair)]
        progress = projects.progress(fair)
    assert (len(days), days) == (25, sorted(days))
    assert (progress.total, progress.done, progress.open) == (25, 10, 15)


@pytest.mark.feature("E14")
def test_everybody_decides_whether_the_own_agenda_is_shared(firm):
    firm.people()
    with firm.system() as session:
        profile = session.scalars(select(Profile).where(Profile.code == "AGENTE")).one()
        profile.functions = ["customers.*", "agenda.read", "agenda.create", "agenda.update"]
        session.commit()
    with firm.session("carla") as session:
        Actions(session).add("visit", "Prima", date(2026, 5, 12), at=time(9))
        Actions(session).add("visit", "Segreta", date(2026, 5, 12), at=time(10), private=True)
        session.commit()
        changed = share(session, "carla", shared=False)
        Actions(session).add("visit", "Dopo", date(2026, 5, 12), at=time(11))
        session.commit()
        with pytest.raises(ValidationFailed, match="AGENDA_NOT_YOURS"):
            share(session, "anna", shared=False)
    with firm.session("anna") as session:
        closed = [item.title for item in plan(session, date(2026, 5, 12), View.DAY, users=["carla"]).appointments]
    with firm.system() as session:
        again = share(session, "carla", shared=True)
        session.commit()
    with firm.session("anna") as session:
        opened = [item.title for item in plan(session, date(2026, 5, 12), View.DAY, users=["carla"]).appointments]

    assert (changed, again) == (2, 3)
    assert (closed, opened) == ([BUSY] * 3, ["Prima", BUSY, "Dopo"])
