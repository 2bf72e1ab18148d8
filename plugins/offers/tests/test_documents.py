"""Documents and rows: money, totals that follow whoever writes, confirmation, conversion, generation, what it costs."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from crmcore_offers.archive import Documents, NewRow, Origin
from crmcore_offers.model import Document, OrderType, Row, VatCode
from crmcore_offers.money import parse_discounts, row_net, share_of, tidy_discounts, totals_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from crmcore import CrmError, ValidationFailed
from crmcore.model import EVENT, Salesperson, User

pytestmark = pytest.mark.feature("G05", "G11", "G14", "I-30")

KITCHEN = [NewRow(product="CUC-100", quantity=4, price=Decimal("3250.00"), discounts="10")]
sqlite_only = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


def make(firm, kind="T-OFF", rows=KITCHEN, account=None, **fields):
    """Make a document as the administrator, and return its key."""
    with firm.session() as session:
        document = Documents(session).create(kind, account or firm.account(), rows=rows, **fields)
        session.commit()
        return document.id


def events(firm, kind):
    with firm.system() as session:
        return session.scalars(select(EVENT.c.payload).where(EVENT.c.type == kind).order_by(EVENT.c.event_id)).all()


# Money


@pytest.mark.parametrize(
    ("quantity", "price", "discounts", "net"),
    [
        ("4", "3250.00", "10", "11700.00"),
        ("6", "780.00", "5", "4446.00"),
        ("1", "100", "10+5", "85.50"),
        ("1", "2.675", "", "2.68"),
        ("1.5", "0.01", "", "0.02"),
        ("3", "0.335", "", "1.01"),
        ("999999999999", "0.000001", "33.3333", "666667.00"),
        ("1", "10", "100", "0.00"),
    ],
)
def test_nets_are_exact_and_rounded_half_up_once(quantity, price, discounts, net):
    assert str(row_net(Decimal(quantity), Decimal(price), discounts)) == net


def test_vat_is_taken_once_for_each_rate_on_the_sum_of_its_nets():
    rows = [(Decimal("0.03"), Decimal(22))] * 3 + [(Decimal("10.00"), Decimal(10)), (Decimal("5.00"), Decimal(0))]
    totals = totals_of(rows)
    # Row by row it would be 0.01 three times.
    assert (totals.taxable, totals.vat_amount, totals.total) == (Decimal("15.09"), Decimal("1.02"), Decimal("16.11"))
    assert totals.by_rate[Decimal(22)] == (Decimal("0.09"), Decimal("0.02"))
    assert share_of(Decimal("17245.00"), 60) == Decimal("10347.00")


@pytest.mark.parametrize(("text", "kept"), [("10 % + 2,50%", "10+2.5"), ("", ""), ("100", "100"), ("0,0001", "0.0001")])
def test_discounts_are_kept_in_one_form(text, kept):
    assert tidy_discounts(text) == kept


@pytest.mark.parametrize("text", ["101", "-5", "10++5", "abc", "5.12345", "10-5", "\u0661"])
def test_what_is_no_discount_is_no_discount(text):
    with pytest.raises(ValueError, match=r".*"):
        parse_discounts(text)


numbers = st.decimals(min_value=0, max_value=10**6, places=6, allow_nan=False)


@given(quantity=numbers, price=numbers, percents=st.lists(st.decimals(min_value=0, max_value=100, places=4), max_size=3))
@settings(max_examples=60, deadline=None)
def test_a_net_is_the_exact_product_rounded_to_the_next_cent(quantity, price, percents):
    exact = Fraction(quantity) * Fraction(price)
    for percent in percents:
        exact *= 1 - Fraction(percent) / 100
    net = row_net(quantity, price, "+".join(map(str, percents)))
    assert net == net.quantize(Decimal("0.01"), ROUND_HALF_UP)
    assert -Fraction(1, 200) < Fraction(net) - exact <= Fraction(1, 200)


# Totals follow


def test_a_document_has_number_totals_and_owner_and_is_told_of_once(firm):
    firm.catalogue()
    account = firm.account()
    key = make(firm, account=account, probability=40, rows=[*KITCHEN, NewRow(product="MON-001", price=Decimal("2250.00"))])

    with firm.session() as session:
        document = session.require(Document, key)
        assert (document.taxable, document.vat_amount, document.total) == (Decimal("13950.00"), Decimal("3069.00"), Decimal("17019.00"))
        assert (document.reference, document.state, document.owner, document.version) == ("1/2026", "inserted", "admin", 1)
        rows = [(row.position, row.code, row.description, row.net, row.vat_rate, row.state) for row in Documents(session).rows(document)]
    assert rows == [
        (1, "CUC-100", "Cucina", Decimal("11700.00"), 22, "waiting"),
        (2, "MON-001", "Montaggio", Decimal("2250.00"), 22, "waiting"),
    ]
    [told] = events(firm, "offers.document_created")
    assert told == {
        "document_id": key,
        "account_id": account,
        "type": "T-OFF",
        "meaning": "offer",
        "taxable": "13950.00",
        "probability": 40,
        "agent_id": None,
        "owner": "admin",
        "source": "",
    }


@sqlite_only
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_totals_are_those_of_the_rows_after_any_edits(firm, data):
    if not hasattr(firm, "hotel"):
        firm.catalogue()
        firm.hotel = firm.account()
        with firm.system() as session:
            session.add(VatCode(code="S10", label_it="Aliquota di prova 10 %", rate=Decimal(10)))
            session.commit()
    key = make(firm, account=firm.hotel)
    quantity = st.decimals(min_value="0.01", max_value=1000, places=2)
    with firm.session() as session:
        documents = Documents(session)
        document = session.require(Document, key)
        for _ in range(data.draw(st.integers(1, 5))):
            rows = documents.rows(document)
            row = data.draw(st.sampled_from(rows)) if rows else None
            edit = data.draw(st.sampled_from(["add", "change", "remove", "state", "commit"])) if row else "add"
            if edit == "add":
                vat, off = data.draw(st.sampled_from(["S22", "S10"])), data.draw(st.sampled_from(["", "10", "10+5", "33.3333"]))
                documents.add_rows(document, [NewRow(price=data.draw(quantity), quantity=data.draw(quantity), vat=vat, discounts=off)])
            elif edit == "change":
                documents.change_row(row, price=data.draw(quantity), discounts=data.draw(st.sampled_from(["", "7.5"])))
            elif edit == "remove":
                documents.remove_row(row)
            elif edit == "state":
                session.flush()
                wanted = [each for each in ("waiting", "confirmed", "returned", "cancelled") if each != row.state]
                session.states.change(row, data.draw(st.sampled_from(wanted)))
            else:
                session.commit()
        session.commit()
    with firm.session() as session:
        document = session.require(Document, key)
        rows = Documents(session).rows(document)
        assert all(row.net == row_net(row.quantity, row.price, row.discounts) for row in rows)
        valid = [row for row in rows if row.state != "cancelled"]
        sure = [row for row in valid if row.state == "confirmed"]
        totals = totals_of((row.net, row.vat_rate) for row in valid)
        assert (document.taxable, document.vat_amount, document.total) == (totals.taxable, totals.vat_amount, totals.total)
        assert document.confirmed_taxable == sum(row.net for row in sure)
        assert document.confirmation == ("none" if not sure else "total" if len(sure) == len(valid) else "partial")


def test_an_agent_edits_rows_by_the_plain_session_and_the_header_follows(firm):
    firm.catalogue()
    sellers = firm.people()
    account = firm.account(seller_id=sellers["A1"], seller_source="manual")
    with firm.session("anna") as session:
        document = session.add(Document(type="T-OFF", account_id=account, issued_on=date(2026, 5, 11), owner="anna", taxable=Decimal(500)))
        session.commit()
        # Without rows it is an estimate.
        assert (document.reference, document.taxable, document.total) == ("1/2026", 500, 500)
        for position in (1, 2):
            session.add(Row(document_id=document.id, position=position, vat="S22", quantity=Decimal(2), price=Decimal("10.005")))
        session.commit()
        assert (document.taxable, document.vat_amount, document.total) == (Decimal("40.02"), Decimal("8.80"), Decimal("48.82"))
        document.taxable, document.confirmation = Decimal(1), "total"
        session.commit()
        assert (document.taxable, document.total, document.confirmation) == (Decimal("40.02"), Decimal("48.82"), "none")
        row = Documents(session).rows(document)[0]
        row.net, row.vat_rate = Decimal(1), Decimal(4)
        session.commit()
        assert (row.net, row.vat_rate) == (Decimal("20.01"), 22)
        for each in Documents(session).rows(document):
            session.delete(each)
        session.commit()
        assert (document.taxable, document.total) == (0, 0)
    with firm.session("bruno") as session:
        assert session.scalars(select(Document)).all() == []


@pytest.mark.feature("G15", "I03", "I-37")
def test_the_states_of_the_rows_say_how_far_a_document_is_confirmed(firm):
    firm.catalogue()
    lines = [NewRow(product="CUC-100", quantity=2, price=Decimal("29.90")), NewRow(product="ARM-220", price=5), NewRow(price=4, vat="S22")]
    key = make(firm, "T-ORD", lines)
    seen = []
    with firm.session() as session:
        documents, document = Documents(session), session.require(Document, key)
        first, second, third = documents.rows(document)
        for row, state in ((first, "confirmed"), (second, "cancelled"), (third, "confirmed"), (third, "returned")):
            documents.change_row_state(row, state)
            session.commit()
            seen.append((document.confirmation, document.confirmed_taxable, document.taxable))
    assert seen == [
        ("partial", Decimal("59.80"), Decimal("68.80")),
        # What is cancelled is as if it were not there.
        ("partial", Decimal("59.80"), Decimal("63.80")),
        ("total", Decimal("63.80"), Decimal("63.80")),
        # What came back is not confirmed, but still there.
        ("partial", Decimal("59.80"), Decimal("63.80")),
    ]
    told = [(each["new"], each["confirmed"], each["cancelled"], each["returned"]) for each in events(firm, "offers.row_state_changed")]
    assert told == [
        ("confirmed", True, False, False),
        ("cancelled", False, True, False),
        ("confirmed", True, False, False),
        ("returned", False, False, True),
    ]


def test_two_who_change_rows_of_one_document_at_once_do_not_sum_up_past_each_other(firm):
    firm.catalogue()
    key = make(firm, rows=[*KITCHEN, NewRow(price=10, vat="S22")])
    ready, ends = threading.Barrier(2), []

    def change(number, price):
        with firm.session() as session:
            documents = Documents(session)
            row = documents.rows(session.require(Document, key))[number]
            session.rollback()
            ready.wait(20)
            documents.change_row(row, price=price)
            try:
                session.commit()
                ends.append("OK")
            except CrmError as error:
                ends.append(error.code)

    both = [threading.Thread(target=change, args=each) for each in ((0, Decimal(1)), (1, Decimal(20)))]
    for each in both:
        each.start()
    for each in both:
        each.join(30)
    assert len(ends) == 2
    assert set(ends) <= {"OK", "STALE_VERSION"}
    assert "OK" in ends
    with firm.session() as session:
        document = session.require(Document, key)
        assert document.taxable == sum(row.net for row in Documents(session).rows(document))


# Conversion and generation


@pytest.mark.feature("I-31")
def test_a_conversion_makes_a_successor_that_is_linked_both_ways(firm):
    firm.catalogue()
    with firm.system() as session:
        session.scalars(select(OrderType).where(OrderType.code == "T-OFF")).one().successors = ["T-ORD"]
        session.commit()
    key = make(firm, rows=[*KITCHEN, NewRow(price=7, vat="S22", description="Trasporto"), NewRow(price=9, vat="S22")], needs="A giugno")
    with firm.session() as session:
        documents, offer = Documents(session), session.require(Document, key)
        rows = documents.rows(offer)
        documents.change_row_state(rows[2], "cancelled")
        session.commit()
        order = documents.convert(offer, "T-ORD", payment="30 giorni")
        session.commit()
        part = (
            documents.convert(offer, "order", rows=rows[1:2])
            if offer.type == "T-ORD"
            else documents.convert(offer, "T-ORD", rows=rows[1:2])
        )
        session.commit()
        assert [each.id for each in documents.successors(offer)] == [order.id, part.id]
        assert (order.type, order.predecessor_id, order.needs, order.payment, order.taxable) == (
            *("T-ORD", offer.id, "A giugno", "30 giorni"),
            Decimal("11707.00"),
        )
        assert [(row.code, row.product_id, row.description, row.state) for row in documents.rows(order)] == [
            ("CUC-100", rows[0].product_id, "Cucina", "waiting"),
            ("", None, "Trasporto", "waiting"),
        ]
        assert (part.taxable, offer.taxable, offer.version) == (7, Decimal("11707.00"), 2)
        with pytest.raises(ValidationFailed, match="OFFERS_NO_SUCCESSOR"):
            documents.convert(order, "T-OFF")
    assert [(each["document_id"], each["predecessor_id"]) for each in events(firm, "offers.document_converted")] == [
        (order.id, key),
        (part.id, key),
    ]


@pytest.mark.feature("G16", "I-38")
def test_a_booked_appointment_becomes_a_document_with_all_that_is_known_and_a_report_to_the_agent(firm):
    sellers = firm.people()
    with firm.system() as session:
        anna = session.add(Salesperson(code="TLK1", kind="operator", name="Anna Operatrice"))
        session.flush()
        session.add(User(login="telefonista", salesperson_id=anna.id))
        session.scalars(select(OrderType).where(OrderType.code == "APP")).one().generates = "SEG"
        account = session.accounts.create(name="Rossi", phone1="+39 0424 000012", portfolio="GENERICO", sites=[{"kind": "legal"}])
        person = session.accounts.add_person(account, "Rossi")
        session.flush()
        account.seller_id, account.seller_source = sellers["A2"], "manual"
        session.commit()
        known = (account.id, person.id, anna.id)
    when = datetime(2026, 6, 3, 9, 0, tzinfo=UTC)
    entry = Origin("account", known[0], "FIBRA-2026-05")
    with firm.session("telefonista") as session:
        documents = Documents(session)
        booked = documents.generate("appointment", known[0], of=entry, appointment=when)
        session.commit()
        [report] = documents.successors(booked)
        assert (booked.type, booked.state, booked.appointment, booked.agent_id) == ("APP", "booked", when, sellers["A2"])
        assert (booked.person_id, booked.operator_id) == known[1:]
        assert (booked.site_id is not None, booked.portfolio_id is not None, booked.campaign) == (True, True, "FIBRA-2026-05")
        assert (booked.origin, booked.origin_id) == ("account", known[0])
        assert (report.type, report.state, report.operator_id, report.agent_id) == ("SEG", "inserted", known[2], sellers["A2"])
        with pytest.raises(ValidationFailed, match="OFFERS_GENERATED"):
            documents.generate("APP", known[0], of=entry, appointment=when)
        sale = documents.generate("VEN", known[0], of=entry)
        session.commit()
        # A sale on the line begins in another state, and its number is one of contracts.
        assert (sale.state, sale.reference) == ("verifying", "1/2026")


# What it costs


@pytest.mark.parametrize("count", [10, 60])
@sqlite_only
def test_a_document_takes_as_many_statements_with_sixty_rows_as_with_ten(firm, count_statements, count):
    firm.catalogue()
    account = firm.account()
    with firm.session() as session, count_statements(firm.crm) as statements:
        rows = [NewRow(product="CUC-100", price=Decimal(number + 1)) for number in range(count)]
        Documents(session).create("T-OFF", account, rows=rows)
        session.commit()
    # Type, account, product, VAT code, states; number; account blocked; keys, header, rows; account merged; audit, events.
    assert len(statements) == 13


def test_a_change_of_state_takes_few_statements(firm, count_statements):
    firm.catalogue()
    key = make(firm)
    with firm.session() as session, count_statements(firm.crm) as statements:
        Documents(session).change_state(session.require(Document, key), "presented")
        session.commit()
    # The record, the fingerprint of the tables, history, state, and the journal: one or two inserts.
    assert len(statements) == (5 if firm.crm.engine.dialect.name == "postgresql" else 6)
