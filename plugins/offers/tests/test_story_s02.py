"""Story S02, the offer side: a won offer becomes an order, whose confirmation starts the seven actions of a job, by a rule alone."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from crmcore_agenda.actions import Actions
from crmcore_agenda.dashboard import Dashboard
from crmcore_agenda.model import Action, ActionTemplate, Role, TriggerRule
from crmcore_offers.archive import Documents, NewRow
from crmcore_offers.model import Document, OrderType
from crmcore_offers.reports import Reports
from sqlalchemy import select

from crmcore import ValidationFailed

pytestmark = pytest.mark.feature("S02", "G11", "G12", "I-31", "F01", "F06", "E16")

STEPS = {
    "Rilievo misure": 2,
    "Disegni esecutivi": 6,
    "Ordine materiali": 8,
    "Produzione": 20,
    "Collaudo": 22,
    "Consegna": 24,
    "Montaggio": 27,
}
DUE = ["2026-04-23", "2026-04-29", "2026-05-04", "2026-05-20", "2026-05-22", "2026-05-26", "2026-05-29"]
ROWS = [("Cucine", 4, "3250.00", "12"), ("Armadi", 5, "780.00", "5"), ("Montaggio", 1, "2100.00", "")]
BANDS = {"#40c057": "verde", "#fab005": "giallo", "#fd7e14": "arancio", "#fa5252": "rosso"}


@pytest.fixture
def sold(open_firm):
    """A firm whose customer has said yes: the offer of story S01 in its last revision, won."""
    firm = open_firm("agenda", settings={"agenda": {"trigger_events": ["offers.document_state_changed"]}})
    firm.catalogue()
    firm.at(2026, 4, 14)
    with firm.session() as session:
        session.scalars(select(OrderType).where(OrderType.code == "T-OFF")).one().successors = ["T-ORD"]
        steps = [{"name": name, "kind": "task", "role": "TECNICO", "offset": offset} for name, offset in STEPS.items()]
        session.add(ActionTemplate(code="commessa", label_it="Commessa contract", steps=steps))
        session.add(Role(code="TECNICO", label_it="Tecnico", assignee="tgallo"))
        started = TriggerRule(code="job", label_it="Commessa", event="offers.document_state_changed", template="commessa")
        started.record, started.condition = "offers.document:document_id", 'event["type"] == "T-ORD" and event["confirmed"]'
        session.add(started)
        session.commit()
    account = firm.account()
    with firm.session() as session:
        documents = Documents(session)
        rows = [NewRow(description=name, quantity=many, price=Decimal(price), discounts=off, vat="S22") for name, many, price, off in ROWS]
        offer = documents.create("T-OFF", account, rows=rows, probability=60)
        session.flush()
        documents.change_state(offer, "won")
        session.commit()
        firm.offer = offer.id
    return firm


def test_the_order_of_a_won_offer_starts_the_job(sold):
    with sold.session() as session:
        documents = Documents(session)
        offer = session.require(Document, sold.offer)
        with pytest.raises(ValidationFailed, match="OFFERS_NO_SUCCESSOR"):
            documents.convert(offer, "T-CON")
        order = documents.convert(offer, "T-ORD")
        session.commit()
        assert (order.predecessor_id, [each.id for each in documents.successors(offer)]) == (offer.id, [order.id])
        assert (order.taxable, order.total, Reports(session).pipeline().total.count) == (Decimal("17245.00"), Decimal("21038.90"), 0)
        key = order.id
    sold.at(2026, 4, 21)
    with sold.session() as session:
        Documents(session).change_state(session.require(Document, key), "won")
        session.commit()
    sold.work()
    with sold.session() as session:
        actions = session.scalars(select(Action).order_by(Action.due)).all()
        assert [(each.title, each.due.isoformat()) for each in actions] == list(zip(STEPS, DUE, strict=True))
        assert {each.assignee for each in actions} == {"tgallo"}

    for title, day in (("Rilievo misure", date(2026, 4, 23)), ("Disegni esecutivi", date(2026, 5, 4))):
        sold.at(day.year, day.month, day.day)
        with sold.session("tgallo") as session:
            action = session.scalars(select(Action).where(Action.title == title)).one()
            Actions(session).done(action, "Fatto")
            session.commit()
            assert action.late_days == {"Rilievo misure": 0, "Disegni esecutivi": 2}[title]
    sold.at(2026, 5, 25)
    with sold.session("tgallo") as session:
        board = [(row.title, row.late, BANDS[row.colour]) for row in Dashboard(session).mine().rows]
    assert board == [
        ("Ordine materiali", 15, "rosso"),
        ("Produzione", 3, "arancio"),
        ("Collaudo", 1, "giallo"),
        ("Consegna", 0, "verde"),
        ("Montaggio", 0, "verde"),
    ]
