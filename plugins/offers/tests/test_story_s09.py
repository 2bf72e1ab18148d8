"""Story S09: mass maintenance by row, partial confirmation, order list export."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from crmcore_offers.mass import MassMaintenance, OrderList
from crmcore_offers.model import Document, OrderType, Product, Row, VatCode
from sqlalchemy import func, select

from crmcore import Label, State, StateTable
from crmcore.model import ChangeSetItem, StateChange

pytestmark = pytest.mark.feature("G15", "G19", "G21", "I-34", "I-37", "I-72", "S09")

STATES = StateTable(
    name="offers.documents",
    entity="offers.document",
    label=Label("Stati", "States"),
    states=(
        State(code="inserted", label=Label("Inserita", "Entered"), order=10, default=True),
        State(code="activated", label=Label("Attivata", "Activated"), order=90, flags={"blocking": True}),
    ),
)
ROWS = (
    ("SC1001", "FTTH-1000", "waiting", "2", "29.90"),
    ("SC1001", "ROUTER-X", "waiting", "2", "4.00"),
    ("SC1002", "FTTH-1000", "waiting", "1", "29.90"),
    ("SC1002", "VOIP-02", "cancelled", "1", "5.00"),
    ("SC1003", "FTTH-1000", "confirmed", "5", "27.50"),
    ("SC1003", "FTTH-300", "waiting", "3", "24.90"),
    ("SC1004", "FTTH-1000", "waiting", "4", "29.90"),
)
SELECTION = {
    "and": [{"field": "product.code", "op": "eq", "value": "FTTH-1000"}, {"field": "state", "op": "eq", "value": "waiting"}],
}


@pytest.fixture
def contracts(firm):
    """Make the contracts of the story; SC1004 is in a blocking state."""
    firm.at(2026, 5, 20)
    account = firm.account()
    with firm.system() as session:
        session.states.define(STATES)
        session.add(VatCode(code="S22", label_it="Aliquota di prova 22 %", rate=Decimal(22)))
        session.add(OrderType(code="T-CON", label_it="Contratto di prova", meaning="contract", counts_in=["order_book"]))
        products = {
            code: session.add(Product(code=code, label_it=code, vat=None)) for code in ("FTTH-1000", "FTTH-300", "ROUTER-X", "VOIP-02")
        }
        session.flush()
        documents = {}
        for reference in dict.fromkeys(row[0] for row in ROWS):
            fields = {"type": "T-CON", "account_id": account, "issued_on": date(2026, 5, 20), "owner": "giulia"}
            documents[reference] = session.add(Document(reference=reference, **fields))
        session.flush()
        positions = {}
        for reference, code, state, quantity, price in ROWS:
            positions[reference] = positions.get(reference, 0) + 1
            row = session.add(
                Row(
                    document_id=documents[reference].id,
                    position=positions[reference],
                    product_id=products[code].id,
                    code=code,
                    quantity=Decimal(quantity),
                    price=Decimal(price),
                    vat="S22",
                    net=Decimal(quantity) * Decimal(price),
                )
            )
            session.flush()
            if state != "waiting":
                session.states.change(row, state)
        session.states.change(documents["SC1004"], "activated")
        session.commit()
    return firm


def preview(firm):
    with firm.session("giulia") as session:
        made = MassMaintenance(session).preview("offers.row", SELECTION, {"state": "confirmed"}, "conferme del 20 maggio")
        session.commit()
    return made


def confirm(firm, made):
    with firm.session("giulia") as session:
        result = MassMaintenance(session).confirm(made.token)
        session.commit()
    return result


def rows(session, reference=None):
    query = select(Row, Document.reference).join(Document, Document.id == Row.document_id).order_by(Document.reference, Row.position)
    found = session.execute(query if reference is None else query.where(Document.reference == reference)).all()
    return [(row[1], row[0]) for row in found]


def confirmed_total(firm):
    with firm.system() as session:
        return sum(row.net for _, row in rows(session) if row.state == "confirmed")


def confirmations(firm):
    """Return how many rows of each document are confirmed, of those that are not cancelled."""
    with firm.system() as session:
        found = {}
        for reference, row in rows(session):
            if row.state != "cancelled":
                done, of = found.get(reference, (0, 0))
                found[reference] = (done + (row.state == "confirmed"), of + 1)
        return found


def headers(firm):
    """Return what the headers say of their rows."""
    with firm.system() as session:
        found = session.execute(select(Document.reference, Document.confirmation, Document.confirmed_taxable).order_by(Document.reference))
        return {row.reference: (row.confirmation, row.confirmed_taxable) for row in found}


def export(firm, **options):
    with firm.session("giulia") as session:
        made = OrderList(session).export(**options)
        session.commit()
    return made


def test_rows_are_confirmed_in_mass_with_refusals_and_taken_back(contracts):
    made = preview(contracts)
    assert (made.matched, made.will_change, made.refused, made.unchanged) == (3, 2, 1, 0)
    assert [(each.name, each.code) for each in made.refusals] == [("SC1004/1", "DOCUMENT_LOCKED")]
    assert confirmed_total(contracts) == Decimal("137.50")

    result = confirm(contracts, made)
    assert (result.records, result.counts) == (2, {"applied": 2, "DOCUMENT_LOCKED": 1})
    assert confirmed_total(contracts) == Decimal("227.20")
    assert confirmations(contracts) == {"SC1001": (1, 2), "SC1002": (1, 1), "SC1003": (1, 2), "SC1004": (0, 1)}
    assert headers(contracts) == {
        "SC1001": ("partial", Decimal("59.80")),
        "SC1002": ("total", Decimal("29.90")),
        "SC1003": ("partial", Decimal("137.50")),
        "SC1004": ("none", Decimal("0.00")),
    }
    with contracts.system() as session:
        journal = session.scalar(
            select(func.count()).where(ChangeSetItem.change_set_id == made.id, ChangeSetItem.outcome == "applied", ~ChangeSetItem.derived)
        )
        assert journal == 2
        history = session.execute(select(StateChange.old, StateChange.new, StateChange.actor, StateChange.reason).order_by(StateChange.id))
        assert [tuple(each) for each in history][-2:] == [("waiting", "confirmed", "giulia", "conferme del 20 maggio")] * 2

    with contracts.session("giulia") as session:
        assert MassMaintenance(session).undo(made.id).counts == {"undone": 2, "DOCUMENT_LOCKED": 1}
        session.commit()
    assert confirmed_total(contracts) == sum(amount for _, amount in headers(contracts).values()) == Decimal("137.50")
    assert confirmations(contracts) == {"SC1001": (0, 2), "SC1002": (0, 1), "SC1003": (1, 2), "SC1004": (0, 1)}


@pytest.mark.parametrize("touched", ["document", "row"])
def test_what_changed_between_preview_and_confirmation_is_skipped(contracts, touched):
    made = preview(contracts)
    with contracts.session("luca") as session:
        [(_, first), _] = rows(session, "SC1002")
        record = first if touched == "row" else session.require(Document, first.document_id)
        record.notes = "il cliente richiama"
        session.commit()
    result = confirm(contracts, made)
    assert result.counts == {"applied": 1, "STALE_VERSION": 1, "DOCUMENT_LOCKED": 1}
    with contracts.system() as session:
        assert [row.state for _, row in rows(session, "SC1002")] == ["waiting", "cancelled"]
    assert confirmed_total(contracts) == Decimal("197.30")


def test_the_order_list_is_exported_once(contracts):
    confirm(contracts, preview(contracts))
    made = export(contracts)
    assert made.text.splitlines() == [
        "SC1001;1;FTTH-1000;2;29,90;59,80",
        "SC1002;1;FTTH-1000;1;29,90;29,90",
        "SC1003;1;FTTH-1000;5;27,50;137,50",
    ]
    assert (made.lines, made.total) == (3, Decimal("227.20"))
    assert (export(contracts).id, export(contracts).lines) == (None, 0)
    again = export(contracts, again=True)
    assert (again.text, again.lines) == (made.text, 3)
    summary = export(contracts, again=True, detailed=False)
    assert summary.text.splitlines() == [
        "SC1001;20/05/2026;Hotel Miramonti S.p.A.;1;59,80",
        "SC1002;20/05/2026;Hotel Miramonti S.p.A.;1;29,90",
        "SC1003;20/05/2026;Hotel Miramonti S.p.A.;1;137,50",
    ]
    with contracts.session("giulia") as session:
        assert OrderList(session).again(made.id) == made
