"""Story S08, and recency rules: what falls due becomes actions, equal to a full rescan."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest
from crmcore_agenda import recurring
from crmcore_agenda.actions import Actions
from crmcore_agenda.model import Action, Kind, RecencyClock, Recurring
from crmcore_agenda.points import FeedItem
from crmcore_agenda.recency import Clocks, due_on
from crmcore_agenda.recurring import Feeder, satisfaction
from crmcore_agenda.timing import add_months
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

pytestmark = pytest.mark.feature("S08", "F04", "F05", "I-53", "P8.4")

DUNNING = [{"days": 15, "kind": "phone"}, {"days": 30, "kind": "email"}, {"days": 45, "kind": "pec"}]


def _item(key, due, amount, settled=""):
    return FeedItem(key=key, account_id=1, due_on=date.fromisoformat(due), amount=Decimal(amount), settled=settled)


@pytest.fixture
def dunned(firm, items):
    for item in (
        _item("FT310", "2026-06-30", "7363.62"),
        _item("FT298", "2026-06-05", "720.00"),
        _item("FT255", "2026-05-20", "2440.00"),
        _item("FT301", "2026-07-10", "915.00"),
        _item("FT240", "2026-06-01", "80.00"),
        _item("FT288", "2026-06-15", "0.00"),
    ):
        items[item.key] = item
    firm.account("Rossi Impianti S.r.l.", owner="anna")
    steps = [{**step, "role": "owner"} for step in DUNNING]
    firm.add(Recurring(code="dunning", label_it="Solleciti", feed="turnover.open_items", minimum="100.00", steps=steps))
    firm.at(2026, 7, 20, 6)
    return firm


def _feed(firm, code="dunning"):
    with firm.system() as session:
        session.jobs.enqueue("agenda.feed")
        session.commit()
    firm.work()
    return _open(firm)


def _open(firm):
    with firm.system() as session:
        rows = session.execute(
            select(Action.source_key, Kind.code)
            .join(Kind, Kind.id == Action.kind_id)
            .where(Action.closed.is_(False))
            .order_by(Action.source_key)
        )
        return [tuple(row) for row in rows]


def test_open_items_feed_actions_that_escalate_and_vanish_with_their_cause(dunned, items):
    first = _feed(dunned)
    again, count = _feed(dunned), dunned.count(Action)
    dunned.at(2026, 7, 30, 6)
    later = _feed(dunned)
    items["FT255"] = _item("FT255", "2026-05-20", "0.00", settled="saldato")
    paid = _feed(dunned)

    assert first == [("FT255", "pec"), ("FT298", "pec"), ("FT310", "phone")]
    assert (again, count) == (first, 3)
    assert later == [("FT255", "pec"), ("FT298", "pec"), ("FT301", "phone"), ("FT310", "email")]
    assert paid == [("FT298", "pec"), ("FT301", "phone"), ("FT310", "email")]
    outcomes = {action.source_key: action.outcome for action in dunned.all(Action) if action.closed}
    assert outcomes == {"FT310": "Passo successivo: Solleciti", "FT255": "saldato"}


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_what_a_person_has_dealt_with_does_not_come_again_before_the_next_step(dunned):
    _feed(dunned)
    with dunned.session("anna") as session:
        call = session.scalars(select(Action).where(Action.source_key == "FT310")).one()
        Actions(session).done(call, "Paga a fine mese", mark=4)
        session.commit()
    dunned.work()
    before = _feed(dunned)
    dunned.at(2026, 7, 30, 6)

    assert before == [("FT255", "pec"), ("FT298", "pec")]
    assert ("FT310", "email") in _feed(dunned)


@pytest.fixture
def called(firm):
    """Five customers, last contacted on 19/04, 20/04, 21/04, never, and on 01/07."""
    firm.at(2026, 1, 7)
    names = [f"C{number}" for number in range(1, 6)]
    accounts = [firm.account(name, owner="anna") for name in names]
    firm.add(Recurring(code="calls", label_it="Telefonata periodica", months=3, steps=[{"kind": "phone", "role": "owner", "days": 0}]))
    firm.at(2026, 7, 20, 6)
    with firm.system() as session:
        for account, day in zip(accounts, ("2026-04-19", "2026-04-20", "2026-04-21", None, "2026-07-01"), strict=True):
            if day:
                at = datetime.combine(date.fromisoformat(day), time(10), UTC)
                session.interactions.add(session.accounts.require(account.id), "phone", at=at, text="Sentito")
        session.commit()
    firm.work()
    return firm


def test_three_months_without_a_contact_lead_to_a_call_for_those_strictly_over_the_limit(called):
    assert _feed(called) == [("1", "phone"), ("4", "phone")]
    assert _feed(called) == [("1", "phone"), ("4", "phone")]
    assert {action.title for action in called.all(Action)} == {"Telefonata periodica"}

    with called.session("anna") as session:
        session.interactions.add(session.accounts.require(1), "visit", text="Passato di persona")
        Actions(session).done(session.scalars(select(Action).where(Action.source_key == "4")).one(), "Non risponde")
        session.commit()
    called.work()
    assert _open(called) == []
    called.at(2026, 7, 21, 6)
    assert _feed(called) == [("2", "phone")]


@pytest.mark.feature("B17")
def test_a_rule_is_about_the_accounts_of_a_saved_search(called):
    with called.system() as session:
        session.search.save("da sentire", {"field": "name", "op": "in", "value": ["C2", "C4"]}, shared=True)
        rule = session.scalars(select(Recurring)).one()
        rule.accounts = {"saved": "da sentire"}
        session.commit()
    called.work()
    assert _feed(called) == [("4", "phone")]
    called.at(2026, 7, 21, 6)
    assert _feed(called) == [("2", "phone"), ("4", "phone")]


@pytest.mark.parametrize(
    ("last", "limit"),
    [("2026-11-30", "2027-02-28"), ("2027-11-30", "2028-02-29"), ("2026-04-20", "2026-07-20"), ("2026-01-31", "2026-04-30")],
)
@pytest.mark.feature("S08")
def test_the_limit_is_clamped_to_the_end_of_shorter_months(last, limit):
    assert add_months(date.fromisoformat(last), 3) == date.fromisoformat(limit)
    assert due_on(date.fromisoformat(last), date(2020, 1, 1), 3) == date.fromisoformat(limit) + timedelta(days=1)


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_the_mean_of_the_marks_in_reports(firm):
    firm.account("C1", owner="anna")
    with firm.session("anna") as session:
        for mark in (3, 4, 5, None):
            action = Actions(session).add("phone", "Sondaggio", date(2026, 5, 11), account=1)
            session.flush()
            Actions(session).done(action, "Fatto", mark=mark)
        session.commit()
        assert satisfaction(session, date(2026, 5, 1), date(2026, 5, 31)) == Decimal("4.00")
        assert satisfaction(session, date(2026, 6, 1), date(2026, 6, 30)) is None


_DAY = st.integers(0, 200)


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    contacts=st.lists(st.tuples(st.integers(1, 4), _DAY, st.sampled_from(["phone", "note", "visit"])), max_size=8),
    days=st.lists(_DAY, max_size=3),
)
@pytest.mark.feature("P8.hold")
def test_each_day_costs_what_is_due_and_finds_what_a_full_rescan_finds(firm_of_four, contacts, days):
    firm, start = firm_of_four, date(2026, 1, 7)
    made = []
    with firm.system() as session:
        for account, offset, kind in contacts:
            at = datetime.combine(start + timedelta(days=offset), time(10), UTC)
            made.append(session.interactions.add(session.accounts.require(account), kind, at=at))
        session.commit()
    firm.work()
    with firm.system() as session:
        rule = session.scalars(select(Recurring)).one()
        clocks = {row.account_id: row.due_on for row in session.scalars(select(RecencyClock))}
        last = {
            account: max(
                (start + timedelta(days=d) for a, d, kind in firm.contacts + contacts if a == account and kind != "note"), default=None
            )
            for account in (1, 2, 3, 4)
        }
        expected = {account: due_on(day, start, 3) for account, day in last.items()}
        assert clocks == expected
        for offset in days:
            today = start + timedelta(days=offset)
            assert sorted(Feeder(session).due(rule, today)) == sorted(account for account, due in expected.items() if due <= today)
        Clocks(session, rule).rebuild()
        assert {row.account_id: row.due_on for row in session.scalars(select(RecencyClock))} == clocks
        session.rollback()
    firm.contacts += contacts


@pytest.fixture
def firm_of_four(firm):
    firm.at(2026, 1, 7)
    for number in range(1, 5):
        firm.account(f"C{number}", owner="anna")
    firm.add(Recurring(code="calls", label_it="Telefonata", months=3, steps=[{"kind": "phone", "role": "owner", "days": 0}]))
    firm.work()
    firm.contacts = []
    return firm


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_a_feeder_that_dies_leaves_nothing_and_the_next_run_leaves_everything(called, monkeypatch):
    with called.system() as session, monkeypatch.context() as patch:
        patch.setattr(recurring, "next_step", _broken)
        with pytest.raises(KeyboardInterrupt):
            Feeder(session).run(session.scalars(select(Recurring)).one())
    assert called.count(Action) == 0
    assert _feed(called) == [("1", "phone"), ("4", "phone")]


def _broken(*_):
    raise KeyboardInterrupt


@pytest.mark.feature("B17", "F04")
def test_clocks_follow_a_saved_search_that_changes_and_accounts_that_a_mass_change_moves(called):
    with called.system() as session:
        session.search.save("da sentire", {"field": "notes", "op": "eq", "value": "si"}, shared=True)
        session.scalars(select(Recurring)).one().accounts = {"saved": "da sentire"}
        session.commit()
    called.work()
    assert called.count(RecencyClock) == 0

    with called.system() as session:
        made = session.accounts.create_many([{"name": "C6", "phone1": "+39 0424 000012", "portfolio": "GENERICO", "notes": "si"}])
        session.commit()
    called.work()
    assert (made.refused, [clock.account_id for clock in called.all(RecencyClock)]) == ({}, [6])

    with called.system() as session:
        session.search.save("da sentire", {"field": "name", "op": "in", "value": ["C1", "C4"]}, shared=True, replace=True)
        session.commit()
    called.work()
    assert [clock.account_id for clock in called.all(RecencyClock)] == [1, 4]
