"""Revisions: kept as they were, read back exactly, compared; nobody changes one (I-39, I-40)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from crmcore_offers.archive import Difference, Documents, NewRow
from crmcore_offers.model import Document, Revision
from sqlalchemy import select

from crmcore import ValidationFailed
from crmcore.model import EVENT

pytestmark = pytest.mark.feature("G08", "I-39", "I-40")


@pytest.fixture
def revised(firm):
    """An offer that was revised twice; the key is that of the offer."""
    firm.catalogue()
    account = firm.account()
    with firm.session() as session:
        documents = Documents(session)
        rows = [NewRow(product="CUC-100", quantity=Decimal("2.123456"), price=Decimal("0.123457"), discounts="10+5", key="A")]
        document = documents.create("T-OFF", account, rows=rows, competitors=["Rossi"], appointment=datetime(2026, 6, 3, 9, tzinfo=UTC))
        documents.add_rows(document, [NewRow(price=100, vat="S22", description="Trasporto", key="B", delivery=date(2026, 7, 1))])
        session.commit()
        documents.revise(document, "Vuole uno sconto")
        documents.change_row(documents.rows(document)[0], price=Decimal("0.1"))
        session.commit()
        documents.revise(document, "Senza trasporto")
        documents.remove_row(documents.rows(document)[1])
        documents.add_rows(document, [NewRow(price=7, vat="S22", description="Imballo", key="C")])
        document.competitors = ["Rossi", "Bianchi"]
        session.commit()
        firm.offer = document.id
    return firm


def test_each_revision_is_read_back_as_it_was(revised):
    with revised.session() as session:
        documents = Documents(session)
        document = documents.get(revised.offer)
        zero, one, two = (documents.content(document, number) for number in (0, 1, 2))
        assert [(each.number, each.reason, each.author) for each in (zero, one, two)] == [
            (0, "Vuole uno sconto", "admin"),
            (1, "Senza trasporto", "admin"),
            (2, "", ""),
        ]
        assert (document.revision_number, [each.number for each in documents.revisions(document)]) == (2, [0, 1])
        assert [each.taxable for each in (zero, one, two)] == [Decimal("100.22"), Decimal("100.18"), Decimal("7.18")]
        first = zero.rows[0]
        assert (first["quantity"], first["price"], first["net"], first["discounts"]) == (
            *(Decimal("2.123456"), Decimal("0.123457")),
            *(Decimal("0.22"), "10+5"),
        )
        assert (zero.rows[1]["delivery"], zero.header["appointment"]) == (date(2026, 7, 1), datetime(2026, 6, 3, 9, tzinfo=UTC))
        assert (zero.taxable + zero.vat_amount, zero.header["competitors"]) == (zero.total, ["Rossi"])


def test_two_revisions_are_compared_field_by_field(revised):
    with revised.session() as session:
        documents = Documents(session)
        document = documents.get(revised.offer)
        first = {(each.row, each.field): (each.old, each.new) for each in documents.differences(document, 0, 1)}
        rest = [each for each in documents.differences(document, 1) if each.row or each.field == "competitors"]
    assert first == {
        ("", "taxable"): (Decimal("100.22"), Decimal("100.18")),
        ("", "vat_amount"): (Decimal("22.05"), Decimal("22.04")),
        ("", "total"): (Decimal("122.27"), Decimal("122.22")),
        ("A", "price"): (Decimal("0.123457"), Decimal("0.100000")),
        ("A", "net"): (Decimal("0.22"), Decimal("0.18")),
    }
    assert rest == [
        Difference("", "competitors", ["Rossi"], ["Rossi", "Bianchi"]),
        Difference("B", "", "Trasporto 100.00", None),
        Difference("C", "", None, "Imballo 7.00"),
    ]


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_a_revision_is_told_of_once_and_never_changed(revised):
    with revised.session() as session:
        told = session.scalars(select(EVENT.c.payload).where(EVENT.c.type == "offers.document_revised").order_by(EVENT.c.event_id)).all()
        kept = session.scalars(select(Revision).order_by(Revision.number)).all()
        assert [(each["revision_id"], each["number"], each["taxable"]) for each in told] == [
            (kept[0].id, 0, "100.22"),
            (kept[1].id, 1, "100.18"),
        ]
        kept[0].reason = "Altro"
        with pytest.raises(ValidationFailed, match="HISTORY_FIXED"):
            session.commit()
        session.delete(session.scalars(select(Revision)).first())
        with pytest.raises(ValidationFailed, match="HISTORY_FIXED"):
            session.commit()


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_the_document_itself_is_all_that_counts(revised):
    with revised.session() as session:
        document = session.scalars(select(Document)).one()
        assert (document.taxable, Documents(session).weighted(document)) == (Decimal("7.18"), Decimal("1.44"))
