"""The pipeline: what counts, for whom, and to the cent."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal

import attrs
import pytest
from crmcore_offers.archive import Documents
from crmcore_offers.model import Document, OrderType
from crmcore_offers.reports import By, Reports, Unit
from crmcore_offers.reports.exact import percent_of, product_in_cents
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import BigInteger, event, literal, select

from crmcore import Label, State, ValidationFailed
from crmcore.model import Portfolio, Salesperson

CENT = Decimal("0.01")
REV0, REV1 = Decimal("18396.00"), Decimal("17245.00")


def offer(session, account, taxable, **fields):
    """Add a document as the archive leaves it: with its totals."""
    fields = {"type": "T-OFF", "issued_on": date(2026, 5, 11), "owner": "admin", "taxable": Decimal(taxable), **fields}
    return session.add(Document(account_id=account, **fields))


def amounts(lines):
    return {line.key: (line.count, line.taxable, line.weighted) for line in lines if line.count}


def statements(session, work):
    """Return the statements of some work in a session that has begun."""
    seen = []
    connection = session.orm.connection()

    def note(_connection, _cursor, statement, *_):
        seen.append(statement)

    event.listen(connection, "before_cursor_execute", note)
    try:
        work()
    finally:
        event.remove(connection, "before_cursor_execute", note)
    return seen


@pytest.mark.feature("G01", "G02", "G05", "S01", "I-39")
def test_pipeline_counts_the_present_content_of_an_offer_by_its_probability_or_that_of_its_state(firm):
    firm.catalogue()
    account = firm.account()
    with firm.session() as session:
        made = offer(session, account, REV0, probability=40, state="presented")
        session.commit()
        total = Reports(session).pipeline().total
        assert (total.count, total.taxable, total.weighted) == (1, REV0, Decimal("7358.40"))
        made.taxable, made.probability, made.revision_number = REV1, 60, 1
        session.commit()
        total = Reports(session).pipeline().total
        assert (total.count, total.taxable, total.weighted) == (1, REV1, Decimal("10347.00"))
        # Without its own, the probability is the one of the state: 40 % of presented.
        made.probability = None
        session.commit()
        assert Reports(session).pipeline().total.weighted == Decimal("6898.00")
        session.states.change(made, "won")
        session.commit()
        assert Reports(session).pipeline().total.count == 0


@pytest.mark.feature("G01", "I-76", "L05")
@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_stages_are_those_whose_flags_leave_open_whatever_their_codes(firm):
    firm.catalogue()
    account = firm.account()
    with firm.session() as session:
        table = session.states.table("offers.documents").definition
        promised = State(code="won-in-words", label=Label("Vinta a parole", "Promised"), order=70, flags={"probability": 90})
        sold = State(code="still-open", label=Label("Venduta", "Sold"), order=71, flags={"confirmed": True})
        session.states.define(attrs.evolve(table, states=(*table.states, promised, sold)))
        session.commit()
        for state in ("inserted", "won-in-words", "still-open", "lost"):
            offer(session, account, "1000.00", state=state)
        session.commit()
        lines = Reports(session).pipeline().lines
        assert [(line.key, line.count) for line in lines] == [
            ("booked", 0),
            ("inserted", 1),
            ("verifying", 0),
            ("presented", 0),
            ("negotiating", 0),
            ("won-in-words", 1),
        ]
        assert (lines[-1].label.en, lines[-1].weighted) == ("Promised", Decimal("900.00"))


@pytest.mark.feature("G01", "G02", "I-45", "L05")
def test_each_grouping_sums_to_the_whole_and_no_period_is_counted_twice(firm):
    firm.catalogue()
    sellers = firm.people()
    account = firm.account()
    with firm.system() as session:
        agency = session.add(Salesperson(code="AGZ1", kind="agency", name="Agenzia Nord"))
        portfolio = session.scalar(select(Portfolio.id).limit(1))
        session.add(OrderType(code="T-CN", label_it="Storno di prova", meaning="credit_note", sign=-1, counts_in=["pipeline"]))
        session.flush()
        common = {"state": "presented", "agent_id": sellers["A1"]}
        offer(session, account, "1000.05", close_period="2026-09", campaign="Fiera", portfolio_id=portfolio, **common)
        offer(session, account, "2000.05", close_period="2026-07", agency_id=agency.id, **common)
        offer(session, account, "4000.05", close_period="2026-Q3", state="negotiating", agent_id=sellers["A2"])
        offer(session, account, "8000.05", close_period="2026", state="inserted", probability=100)
        offer(session, account, "16000.05", close_period="2026-10", **common)
        offer(session, account, "32000.05", **common)
        offer(session, account, "0.05", type="T-CN", **common)
        offer(session, account, "64.00", currency="USD", **common)
        session.commit()
        reports = Reports(session)
        whole = reports.pipeline().total
        assert (whole.count, whole.taxable) == (7, Decimal("63000.25"))
        for by in By:
            if not by.of_rows:
                total = reports.pipeline(by).total
                assert (by, total.count, total.taxable, total.weighted) == (by, 7, whole.taxable, whole.weighted)
        assert [line.key for line in reports.pipeline(By.PERIOD).lines] == ["2026", "2026-Q3", "2026-07", "2026-09", "2026-10", ""]
        quarters = amounts(reports.pipeline(By.PERIOD, unit=Unit.QUARTER).lines)
        assert {key: each[:2] for key, each in quarters.items()} == {
            "2026": (1, Decimal("8000.05")),
            "2026-Q3": (3, Decimal("7000.15")),
            "2026-Q4": (1, Decimal("16000.05")),
            "": (2, Decimal("32000.00")),
        }
        third = reports.pipeline(By.AGENT, period="2026-Q3")
        assert amounts(third.lines) == {
            "A1": (2, Decimal("3000.10"), Decimal("400.02") + Decimal("800.02")),
            "A2": (1, Decimal("4000.05"), Decimal("2400.03")),
        }
        assert amounts(third.wider) == {"2026": (1, Decimal("8000.05"), Decimal("8000.05"))}
        assert third.total.taxable == Decimal("7000.15")
        assert reports.pipeline(agent="A2", currency="EUR").total.count == 1
        assert reports.pipeline(currency="USD", campaign="").total.taxable == Decimal("64.00")
        for wrong, code in (
            ({"period": "2026-13"}, "OFFERS_PERIOD"),
            ({"agent": "A9"}, "OFFERS_REPORT_UNKNOWN"),
            ({"types": ["T-ORD"]}, "OFFERS_REPORT_UNKNOWN"),
            ({"by": By.PRODUCT}, "OFFERS_REPORT_UNKNOWN"),
        ):
            with pytest.raises(ValidationFailed) as refused:
                reports.pipeline(**wrong)
            assert [problem.code for problem in refused.value.problems] == [code]


@pytest.mark.feature("G01", "G11", "I-31")
def test_of_a_chain_of_conversions_only_the_newest_link_that_lives_counts(firm):
    firm.catalogue()
    account = firm.account()
    with firm.session() as session:
        session.add(OrderType(code="T-OPP", label_it="Opportunità di prova", meaning="opportunity", counts_in=["pipeline"]))
        session.flush()
        opportunity = offer(session, account, "9000.00", type="T-OPP")
        session.flush()
        pipeline = Reports(session).pipeline
        first = offer(session, account, "10000.00", predecessor_id=opportunity.id)
        session.commit()
        assert amounts(pipeline(By.TYPE).lines) == {"T-OFF": (1, Decimal("10000.00"), Decimal("2000.00"))}
        # Two offers of one opportunity are two deals.
        second = offer(session, account, "500.00", predecessor_id=opportunity.id)
        session.commit()
        assert pipeline().total.taxable == Decimal("10500.00")
        session.states.change(first, "lost")
        session.states.change(second, "won")
        session.commit()
        # What is sold is out of the pipeline, and so is what it was made of.
        assert pipeline().total.count == 0
        session.states.change(second, "lost")
        session.commit()
        assert amounts(pipeline(By.TYPE).lines) == {"T-OPP": (1, Decimal("9000.00"), Decimal("1800.00"))}
        # An order is no pipeline: the state of the offer decides.
        offer(session, account, "9000.00", type="T-ORD", predecessor_id=opportunity.id)
        session.commit()
        assert pipeline().total.count == 1


@pytest.mark.feature("G01", "I-7", "I-27")
def test_a_report_counts_what_the_list_of_its_reader_shows_in_three_statements(firm):
    firm.catalogue()
    sellers = firm.people()
    mine, others = firm.account(seller_id=sellers["A1"]), firm.account(name="Altra S.r.l.", seller_id=sellers["A3"])
    private = firm.account(name="Riservata S.r.l.", private=True, owner="bruno", seller_id=sellers["A1"])
    with firm.system() as session:
        for number, account in enumerate((mine, others, private)):
            for agent, probability in (("A1", 33), ("A2", None)):
                more = {"agent_id": sellers[agent], "probability": probability}
                offer(session, account, 100 * 10**number + 1, state="presented", **more)
        session.commit()
    expected = {"anna": "202.00", "marco": "202.00", "carla": "2002.00", "admin": "22206.00"}
    for login, amount in expected.items():
        with firm.session(login) as session:
            page = session.search.find("offers.document", {"field": "state", "op": "eq", "value": "presented"})
            reports = Reports(session)
            total = reports.pipeline(By.AGENT).total
            assert total.taxable == sum(document.taxable for document in page.items)
            assert total.weighted == sum(Documents(session).weighted(document) for document in page.items)
            if login != "admin":
                assert (login, reports.pipeline(By.AGENT).total.taxable) == (login, Decimal(amount))
    with firm.session("anna") as session:
        session.states.tables()
        # Types, the sums, the names of agents.
        assert len(statements(session, lambda: Reports(session).pipeline(By.AGENT))) == 3
        assert len(statements(session, lambda: Reports(session).pipeline())) == 2


edges = st.sampled_from([sign * (10**14 + more) for sign in (1, -1) for more in (-1, 0, 1)])
cents = st.one_of(st.integers(-(10**17), 10**17), st.integers(-250, 250), edges)
units = st.one_of(st.integers(-(10**11), 10**11), st.integers(-3_000_000, 3_000_000), st.sampled_from([5_000, 1_000_000, 10_000]))


@pytest.mark.feature("G02", "I-30")
def test_arithmetic_of_the_database_is_that_of_exact_decimals(firm):
    @settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
    @given(st.lists(st.tuples(cents, st.integers(0, 100), units, units), min_size=8, max_size=8))
    def check(cases):
        columns = []
        for amount, percent, quantity, price in cases:
            columns.append(percent_of(*(literal(each, BigInteger()) for each in (amount, percent))))
            columns.append(product_in_cents(*(literal(each, BigInteger()) for each in (quantity, price))))
        found = [Decimal(each).scaleb(-2) for each in session.execute(select(*columns)).one()]
        expected = []
        for amount, percent, quantity, price in cases:
            expected.append((Decimal(amount) * percent).scaleb(-4).quantize(CENT, ROUND_HALF_UP))
            expected.append((Decimal(quantity) * price).scaleb(-12).quantize(CENT, ROUND_HALF_UP))
        assert found == expected

    with firm.session() as session:
        check()
