"""Numbers of documents: in a row, without gaps and doubles, whoever writes and however many at once (I-32)."""

from __future__ import annotations

import threading
from datetime import date

import pytest
from crmcore_offers.archive import Documents, NewRow
from crmcore_offers.archive.numbering import format_number, format_problem
from crmcore_offers.model import Document, OrderType
from sqlalchemy import select

from crmcore import ValidationFailed
from crmcore.errors import DatabaseBusy, WriteConflict
from crmcore.testing import make_plugin

pytestmark = pytest.mark.feature("I-32", "G12")

sqlite_only = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
WRITERS, EACH = 8, 6


def numbers(firm):
    with firm.system() as session:
        wanted = select(Document.type, Document.year, Document.number, Document.reference).order_by(Document.year, Document.number)
        return [tuple(row) for row in session.execute(wanted)]


def test_eight_writers_at_once_leave_no_gap_and_no_double(firm):
    firm.catalogue()
    account = firm.account()
    ready, wrong = threading.Barrier(WRITERS), []

    def write(writer):
        ready.wait(30)
        done = 0
        while done < EACH:
            with firm.session() as session:
                documents = Documents(session)
                documents.create("T-OFF", account)
                documents.create("T-ORD", account)
                try:
                    # Some change their mind when the numbers are drawn already.
                    session.flush()
                    if (writer + done) % 3 == 0 and not wrong.count((writer, done)):
                        wrong.append((writer, done))
                        session.rollback()
                        continue
                    session.commit()
                except (DatabaseBusy, WriteConflict):
                    continue
            done += 1

    writers = [threading.Thread(target=write, args=(number,)) for number in range(WRITERS)]
    for each in writers:
        each.start()
    for each in writers:
        each.join(120)
    found = numbers(firm)
    assert len(wrong) == WRITERS * EACH // 3
    for kind in ("T-OFF", "T-ORD"):
        assert [number for code, _, number, _ in found if code == kind] == list(range(1, WRITERS * EACH + 1))


@sqlite_only
def test_the_number_is_one_of_the_series_and_the_year_of_the_date(firm):
    with firm.system() as session:
        session.add(OrderType(code="A", label_it="A", meaning="order", series="S", number_format="{series}-{year}-{number:05d}"))
        session.add(OrderType(code="B", label_it="B", meaning="order", series="S"))
        session.add(OrderType(code="N", label_it="N", meaning="opportunity"))
        session.commit()
    account = firm.account()
    with firm.session() as session:
        documents = Documents(session)
        for kind, day in (("A", date(2026, 1, 2)), ("B", date(2025, 12, 31)), ("B", date(2026, 1, 2)), ("N", date(2026, 1, 2))):
            documents.create(kind, account, issued_on=day)
        session.commit()
        # What brings its number with it draws none.
        documents.create("A", account, reference="VECCHIO-7", issued_on=date(2026, 1, 3))
        documents.create("A", account, issued_on=date(2026, 1, 3))
        session.commit()
        # One of an old archive keeps its number, and the series goes on after it.
        documents.create("A", account, number=40, issued_on=date(2026, 1, 4))
        documents.create("B", account, issued_on=date(2026, 1, 4))
        documents.create("A", account, number=30, issued_on=date(2026, 1, 4))
        session.commit()
        documents.create("A", account, number=30, issued_on=date(2026, 1, 4))
        with pytest.raises(ValidationFailed, match="OFFERS_NUMBER_TAKEN"):
            session.commit()
    assert set(numbers(firm)) == {
        ("A", 2026, 1, "S-2026-00001"),
        ("B", 2025, 1, "1/2025"),
        ("B", 2026, 2, "2/2026"),
        ("N", None, None, ""),
        ("A", None, None, "VECCHIO-7"),
        ("A", 2026, 3, "S-2026-00003"),
        ("A", 2026, 40, "S-2026-00040"),
        ("B", 2026, 41, "41/2026"),
        ("A", 2026, 30, "S-2026-00030"),
    }


@sqlite_only
def test_a_refused_document_gives_its_number_back(firm):
    firm.catalogue()
    account = firm.account()
    with firm.session() as session:
        Documents(session).create("T-OFF", account, probability=101)
        with pytest.raises(ValidationFailed):
            session.commit()
        Documents(session).create("T-OFF", account)
        session.commit()
    assert [row[2] for row in numbers(firm)] == [1]


@sqlite_only
def test_another_plugin_may_number_a_series_itself(open_firm):
    def number(session, series, on):
        return f"X/{on.year}/7" if series == "T-OFF" else None

    firm = open_firm(make_plugin("numberer", crm_next_number=number))
    firm.catalogue()
    account = firm.account()
    with firm.session() as session:
        documents = Documents(session)
        documents.create("T-OFF", account)
        documents.create("T-ORD", account)
        session.commit()
        documents.create("T-OFF", account)
        with pytest.raises(ValidationFailed) as refused:
            session.commit()
    assert [problem.code for problem in refused.value.problems] == ["OFFERS_NUMBER_TAKEN"]
    assert numbers(firm) == [("T-OFF", 2026, None, "X/2026/7"), ("T-ORD", 2026, 1, "1/2026")]


@sqlite_only
def test_a_number_that_must_not_be_missing_is_neither_changed_nor_deleted(firm):
    firm.catalogue()
    account = firm.account()
    with firm.session() as session:
        documents = Documents(session)
        invoice = documents.create("FAT", account, rows=[NewRow(product="MON-001", price=10)])
        offer = documents.create("T-OFF", account)
        session.commit()
        for field, value in (("number", 9), ("series", "X"), ("issued_on", date(2025, 1, 1))):
            setattr(invoice, field, value)
            with pytest.raises(ValidationFailed, match="OFFERS_NUMBER_FIXED"):
                session.commit()
            session.orm.expire(invoice)
        for row in documents.rows(invoice):
            session.delete(row)
        session.delete(invoice)
        with pytest.raises(ValidationFailed, match="OFFERS_DOCUMENT_KEPT"):
            session.commit()
        session.delete(session.require(Document, offer.id))
        session.commit()
    assert [row[0] for row in numbers(firm)] == ["FAT"]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("{number}/{year}", None),
        ("{series}-{number:05d}", None),
        ("{number.real}", "{number.real}"),
        ("{year}", "{year}"),
        ("{x}{number}", "{x}"),
    ],
)
def test_a_format_of_numbers_has_known_placeholders_only(text, wrong):
    assert format_problem(text) == wrong
    if wrong is None:
        assert format_number(text, number=12, year=2026, series="A") in {"12/2026", "A-00012"}
