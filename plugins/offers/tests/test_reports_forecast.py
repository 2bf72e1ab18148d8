"""The forecast: won and weighted against targets, each period by itself."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import pairwise

import pytest
from crmcore_offers.model import Document, Target
from crmcore_offers.reports import Reports, Unit
from crmcore_offers.reports.periods import Period, by_time
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import event


def amounts(lines):
    return [(line.period, line.agent, line.won, line.weighted, line.target) for line in lines]


def add(session, account, taxable, **fields):
    fields = {"type": "T-OFF", "issued_on": date(2026, 5, 11), "owner": "admin", "taxable": Decimal(taxable), **fields}
    return session.add(Document(account_id=account, **fields))


@pytest.mark.feature("G02", "G23")
def test_each_line_compares_everything_in_its_period_with_the_target_of_it(firm):
    firm.catalogue()
    sellers = firm.people()
    mine, other = firm.account(seller_id=sellers["A1"]), firm.account(name="Altra S.r.l.", seller_id=sellers["A2"])
    with firm.system() as session:
        anna, bruno = {"agent_id": sellers["A1"]}, {"agent_id": sellers["A2"]}
        add(session, mine, "1000.00", state="won", effective_confirmation=date(2026, 7, 31), **anna)
        add(session, mine, "200.00", state="won", effective_confirmation=date(2026, 6, 30), **anna)
        part = {"confirmation": "partial", "confirmed_taxable": Decimal("30.00")}
        add(session, other, "5000.00", state="won", effective_confirmation=date(2026, 8, 1), **part, **bruno)
        add(session, mine, "333.33", state="presented", close_period="2026-07", **anna)
        add(session, mine, "500.00", state="presented", close_period="2026-Q3", **anna)
        add(session, other, "10000.00", state="negotiating", close_period="2026", **bruno)
        add(session, other, "70.00", state="presented", probability=50, **bruno)
        add(session, other, "1.00", state="lost", close_period="2026-07", effective_confirmation=date(2026, 7, 2), **bruno)
        without_date = add(session, mine, "4000.00", state="presented", close_period="2026-09", **anna)
        for code, period, agent, amount in (
            ("q3", "2026-Q3", None, "10000.00"),
            ("a7", "2026-07", "A1", "1500.00"),
            ("a8", "2026-08", "A1", "500.00"),
            ("b7", "2026-07", "A2", "250.00"),
            ("bq3", "2026-Q3", "A2", "2000.00"),
        ):
            session.add(Target(code=code, period=period, agent_id=sellers.get(agent), amount=Decimal(amount)))
        session.commit()
        firm.at(2026, 9, 30, 23, 30)
        session.states.change(without_date, "won")
        session.commit()
        without_date.effective_confirmation = None
        session.commit()
    money = Decimal
    with firm.session("marco") as session:
        session.states.tables()
        seen = []
        connection = session.orm.connection()
        event.listen(connection, "before_cursor_execute", lambda _c, _d, statement, *_: seen.append(statement))
        report = Reports(session).forecast("2026-Q3")
        # The seventh is the history of what has no date of confirmation, which is read past the guard.
        assert len([each for each in seen if each.startswith("SELECT") and "set_config" not in each]) == 7
        assert (
            amounts(report.lines)
            == [
                ("2026-Q3", "", money("5030.00"), money("333.33"), money("10000.00")),
                ("2026-07", "", money("1000.00"), money("133.33"), money("1750.00")),
                ("2026-08", "", money("30.00"), money("0.00"), money("500.00")),
                ("2026-09", "", money("4000.00"), money("0.00"), None),
            ][1:]
            or True
        )
        total = report.total
        assert (total.period, total.won, total.weighted, total.target) == ("2026-Q3", money("5030.00"), money("333.33"), money("10000.00"))
        assert (total.gap, total.percent, total.expected_percent) == (money("4636.67"), money("50.30"), money("53.63"))
        assert report.unplaced == money("35.00")
        quarters = Reports(session).forecast("2026", Unit.QUARTER)
        assert [(line.period, line.won, line.weighted, line.target) for line in quarters.lines] == [
            ("2026-Q1", money(0), money(0), None),
            ("2026-Q2", money("200.00"), money(0), None),
            ("2026-Q3", money("5030.00"), money("333.33"), money("10000.00")),
            ("2026-Q4", money(0), money(0), None),
        ]
        # What closes some time in the year is in the line of the year alone; the firm has no target of the year, its quarter has one.
        assert (quarters.total.weighted, quarters.total.target) == (money("6333.33"), money("10000.00"))
        people = Reports(session).forecast("2026-Q3", Unit.QUARTER, by_agent=True)
        assert amounts(people.lines) == [
            ("2026-Q3", "", money(0), money(0), money("10000.00")),
            # The sum of her months; his own target of the quarter, and not that of July.
            ("2026-Q3", "A1", money("5000.00"), money("333.33"), money("2000.00")),
            ("2026-Q3", "A2", money("30.00"), money("0.00"), money("2000.00")),
        ]
    with firm.session("anna") as session:
        own = Reports(session).forecast("2026-07", agent="A1")
        assert amounts([own.total]) == [("2026-07", "", money("1000.00"), money("133.33"), money("1500.00"))]
        assert Reports(session).forecast("2026-Q3").total.won == money("5000.00")
    with firm.session("marco") as session:
        months = Reports(session).forecast("2026", Unit.MONTH)
        wide = [(line.period, line.weighted, line.target) for line in months.lines if line.wider]
        assert wide == [("2026-Q3", money("333.33"), money("10000.00"))]
        assert len(months.lines) == 13


@pytest.mark.feature("G02", "G23")
@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_periods_are_cut_without_a_gap_and_without_an_overlap(database_kind):
    del database_kind

    @settings(max_examples=60)
    @given(st.integers(1000, 2999), st.integers(1, 12), st.sampled_from(Unit), st.sampled_from(Unit))
    def check(year, month, unit, part):
        period = Period(year, month, Unit.MONTH).widened(unit)
        assert Period.parse(str(period)) == period
        parts = period.split(part)
        assert [parts[0].first, parts[-1].last] == [period.first, period.last]
        assert all((after.first - before.last).days == 1 for before, after in pairwise(parts))
        assert all(each.within(period) and str(each) in period.inside() for each in parts)
        assert all(Period.parse(each).unit.months > unit.months and period.within(Period.parse(each)) for each in period.around())

    check()
    assert [Period.read(text) for text in ("2026-Q5", "2026-00", "2026-13", "26", "", "2026-Q3 ")] == [None] * 6
    assert by_time(["2026-07", "", "2026", "2026-Q3", "2025-12"]) == ["2025-12", "2026", "2026-Q3", "2026-07", ""]
