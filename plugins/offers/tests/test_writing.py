"""Documents and rows are written past the ORM as the ORM would write them, on both databases."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import date

import pytest
from crmcore_offers.model import Document, OrderType, Row, VatCode
from sqlalchemy import event, select
from sqlalchemy.orm import Session

pytestmark = pytest.mark.feature("P2.6", "G13")
ALONE = {"id", "document_id", "version"}
"""What differs between two records that are alike."""


@pytest.fixture
def flushes(monkeypatch):
    """Count what the ORM flushes itself."""
    seen = []
    own = Session.flush

    def flush(self, *args):
        if self.new or self.dirty:
            seen.append(self)
        return own(self, *args)

    monkeypatch.setattr(Session, "flush", flush)
    return seen


@contextmanager
def by_the_orm(*classes):
    """Have the ORM write, because somebody listens to it."""

    def listen(*_):
        pass

    for cls in classes:
        event.listen(cls, "before_insert", listen)
        event.listen(cls, "before_update", listen)
    try:
        yield
    finally:
        for cls in classes:
            event.remove(cls, "before_insert", listen)
            event.remove(cls, "before_update", listen)


def stored(crm, cls, *keys):
    table = cls.__table__
    with crm.engine.connect() as connection:
        rows = connection.execute(select(table).where(table.c.id.in_(keys)).order_by(table.c.id)).mappings().all()
    return [{name: value for name, value in row.items() if name not in ALONE} for row in rows], [row["version"] for row in rows]


def offer(session, account):
    """Add an offer with numbers of every kind, a list and maps, and change it in a second flush."""
    document = session.add(
        Document(type="T", account_id=account, issued_on=date(2026, 5, 11), owner="anna", competitors=["Rossi"], state="inserted")
    )
    rows = []
    for position in (1, 2, 3):
        row = session.add(
            Row(
                document_id=None, position=position, vat="S22", price=position, quantity=position, discounts="10+5", options={"colour": "é"}
            )
        )
        row.document = document
        rows.append(row)
    session.flush()
    for position, row in enumerate(rows[1:], 5):
        row.quantity = position
    rows[0].notes = "Rosso"
    return document, rows


def test_records_are_written_as_the_orm_writes_them(firm, flushes):
    crm, account, found = firm.crm, firm.account(), []
    with firm.system() as session:
        session.add(VatCode(code="S22", label_it="Aliquota", rate=22))
        session.add(OrderType(code="T", label_it="Tipo", meaning="offer"))
        session.commit()
    for classes in ((), (Document, Row)):
        flushes.clear()
        with by_the_orm(*classes), crm.session("anna") as session:
            document, rows = offer(session, account)
            session.commit()
            assert bool(flushes) is bool(classes)
            assert [each.document_id for each in rows] == [document.id] * 3
            assert not session.orm.dirty
        found.append((stored(crm, Document, document.id), stored(crm, Row, *(each.id for each in rows))))
    assert found[0] == found[1]
    assert found[0][1][1] == [2, 2, 2]
