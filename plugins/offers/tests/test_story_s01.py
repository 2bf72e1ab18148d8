"""Story S01: an offer of the ERP becomes a lead with a delayed call; published again, revised, won."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from crmcore_agenda.actions import Actions
from crmcore_agenda.leads import Leads
from crmcore_agenda.model import Action, Lead, TriggerRule
from crmcore_offers.archive import Documents, Mirror, NewRow, Outcome
from crmcore_offers.model import Document
from sqlalchemy import func, select

from crmcore import ValidationFailed
from crmcore.accounts import KeyRef
from crmcore.model import AUDIT, EVENT, Profile, Salesperson

pytestmark = pytest.mark.feature("S01", "G06", "G08", "I-30", "I-39", "I-40", "I-41")

CALL = {"kind": "phone", "name": "Chiamata sul preventivo", "offset": 3, "unit": "working", "role": "seller"}
LEAD = {"title": "Offerta", "role": "seller", "value": 'decimal(event["taxable"])', "probability": 'event["probability"]'}
FIRST = [("CUC-100", 4, "3250.00", "10"), ("ARM-220", 6, "780.00", "5"), ("MON-001", 1, "2250.00", "")]
SECOND = [("CUC-100", 4, "3250.00", "12"), ("ARM-220", 5, "780.00", "5"), ("MON-001", 1, "2100.00", "")]
KEY = KeyRef("onda", "OFF-2026-00123", stream="offers")


@pytest.fixture
def firm(open_firm):
    events = [f"offers.document_{what}" for what in ("created", "revised", "state_changed")]
    made = open_firm("agenda", settings={"agenda": {"trigger_events": events}})
    made.catalogue()
    sellers = made.people()
    with made.system() as session:
        for profile in session.scalars(select(Profile)):
            profile.functions = [*profile.functions, "agenda.*"]
        session.add(
            TriggerRule(
                code="new-offer",
                label_it="Nuova offerta",
                event="offers.document_created",
                record="offers.document:document_id",
                lead=LEAD,
                actions=[CALL],
            )
        )
        for code, event, lead in (
            ("offer-revised", "offers.document_revised", {"value": 'decimal(record["taxable"])', "probability": 'record["probability"]'}),
            ("offer-ended", "offers.document_state_changed", {"outcome": '"won" if event["confirmed"] else ""'}),
        ):
            about = {"event": event, "record": "offers.document:document_id", "once": "event", "lead": {"of": "new-offer", **lead}}
            session.add(TriggerRule(code=code, label_it="Offerta vinta", **about))
        session.commit()
    made.hotel = made.account(seller_id=sellers["A1"], seller_source="manual", vat_code="00000029991")
    made.at(2026, 4, 2, 10, 15)
    return made


def mirror(firm, lines, revision=0, **changed):
    rows = [NewRow(product=code, quantity=count, price=Decimal(price), discounts=off, key=code) for code, count, price, off in lines]
    given = {"type": "T-OFF", "account": firm.hotel, "reference": "OFF-2026-00123", "issued_on": date(2026, 4, 2), "rows": rows}
    return Mirror(**{"key": KEY, "fields": {"probability": 40}, "revision": revision, **given, **changed})


def publish(firm, *args, **changed):
    with firm.system() as session:
        published = Documents(session).publish(mirror(firm, *args, **changed))
        session.commit()
        outcome = published.outcome
    firm.work()
    return outcome


def counted(firm, *tables):
    with firm.system() as session:
        return tuple(session.scalar(select(func.count()).select_from(table)) for table in tables)


def figures(firm):
    with firm.system() as session:
        documents = Documents(session)
        [document] = session.scalars(select(Document)).all()
        nets = [row.net for row in documents.rows(document)]
        return nets, document.taxable, document.vat_amount, document.total, documents.weighted(document)


def test_the_offer_of_the_erp_is_followed_from_its_first_call_to_the_sale(firm):
    assert publish(firm, FIRST) is Outcome.CREATED
    nets = [Decimal("11700.00"), Decimal("4446.00"), Decimal("2250.00")]
    assert figures(firm) == (nets, Decimal("18396.00"), Decimal("4047.12"), Decimal("22443.12"), Decimal("7358.40"))
    with firm.session("anna") as session:
        [lead], [action] = session.scalars(select(Lead)).all(), session.scalars(select(Action)).all()
        assert (lead.owner, lead.value, lead.probability, action.assignee, action.due) == (
            *("anna", Decimal("18396.00"), 40),
            *("anna", date(2026, 4, 8)),
        )

    before = counted(firm, Lead, Action, EVENT, AUDIT, Document)
    assert publish(firm, FIRST) is Outcome.UNCHANGED
    assert counted(firm, Lead, Action, EVENT, AUDIT, Document) == before

    firm.at(2026, 4, 13)
    with firm.session("anna") as session:
        Actions(session).done(session.scalars(select(Action)).one(), "Chiede sconto")
        session.scalars(select(Document)).one().probability = 60
        session.commit()
    assert publish(firm, SECOND, 1) is Outcome.REVISED
    nets = [Decimal("11440.00"), Decimal("3705.00"), Decimal("2100.00")]
    assert figures(firm) == (nets, Decimal("17245.00"), Decimal("3793.90"), Decimal("21038.90"), Decimal("10347.00"))
    assert counted(firm, Lead, Document) == (1, 1)
    with firm.session("anna") as session:
        lead = session.scalars(select(Lead)).one()
        assert (lead.value, lead.probability, Leads(session).pipeline().weighted) == (Decimal("17245.00"), 60, Decimal("10347.00"))
        assert Leads(session).records(lead) == [("offers.document", session.scalars(select(Document.id)).one())]
        Actions(session).add("phone", "Secondo sollecito", date(2026, 4, 20), lead=lead)
        session.commit()
    with firm.session("anna") as session:
        documents, document = Documents(session), session.scalars(select(Document)).one()
        assert [(each.number, each.taxable, each.total) for each in (documents.content(document, 0), documents.content(document, 1))] == [
            (0, Decimal("18396.00"), Decimal("22443.12")),
            (1, Decimal("17245.00"), Decimal("21038.90")),
        ]
        assert {(each.row, each.field): (each.old, each.new) for each in documents.differences(document, 0) if each.row == "ARM-220"} == {
            ("ARM-220", "quantity"): (6, 5),
            ("ARM-220", "net"): (Decimal("4446.00"), Decimal("3705.00")),
        }

        documents.change_state(document, "won")
        session.commit()
        assert (document.probability, document.effective_confirmation) == (100, date(2026, 4, 13))
        told = select(EVENT.c.payload).where(EVENT.c.type == "offers.document_state_changed")
    with firm.system() as session:
        [payload] = session.scalars(told).all()
        assert (payload["old"], payload["new"], payload["confirmed"], payload["actor"]) == ("inserted", "won", True, "anna")
    firm.work()
    with firm.session("anna") as session:
        lead, actions = session.scalars(select(Lead)).one(), session.scalars(select(Action).order_by(Action.id)).all()
        assert (lead.state, lead.probability, lead.closed) == ("won", 100, True)
        assert [(action.state, action.outcome) for action in actions] == [("done", "Chiede sconto"), ("cancelled", "Trattativa vinta")]


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_what_the_erp_says_again_does_not_undo_what_people_know_better(firm):
    publish(firm, FIRST)
    with firm.session("anna") as session:
        document = session.scalars(select(Document)).one()
        document.probability, document.needs, document.competitors = 60, "Consegna a giugno", ["Rossi"]
        session.commit()
        document.title = "Un altro titolo"
        with pytest.raises(ValidationFailed) as refused:
            session.commit()
        assert [problem.code for problem in refused.value.problems] == ["OFFERS_MIRRORED"]
        documents = Documents(session)
        documents.change_row(documents.rows(session.scalars(select(Document)).one())[0], price=Decimal(1))
        with pytest.raises(ValidationFailed, match="OFFERS_MIRRORED"):
            session.commit()
        # How far it is confirmed, people know better as well.
        document = session.scalars(select(Document)).one()
        documents.change_row_state(documents.rows(document)[1], "confirmed")
        session.commit()
        assert (document.confirmation, document.confirmed_taxable) == ("partial", Decimal("4446.00"))
        documents.change_state(document, "cancelled")
        session.commit()
    # A lock is for people: what the ERP says of its own document counts.
    assert publish(firm, [*FIRST[:2], ("MON-001", 2, "2250.00", "")]) is Outcome.UPDATED
    assert publish(firm, SECOND, 2) is Outcome.REVISED
    assert publish(firm, FIRST, 1) is Outcome.STALE
    assert publish(firm, SECOND[1:], 2) is Outcome.UPDATED
    with firm.system() as session:
        document = session.scalars(select(Document)).one()
        assert (document.probability, document.needs, document.revision_number) == (0, "Consegna a giugno", 2)
        assert (document.taxable, len(Documents(session).revisions(document))) == (Decimal("5805.00"), 1)


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_a_document_of_an_unknown_account_or_product_is_refused_and_leaves_nothing(firm):
    for code, changed in (
        ("OFFERS_ACCOUNT_UNKNOWN", {"account": KeyRef("onda", "C0099")}),
        ("OFFERS_KEY_TWICE", {"rows": [NewRow(product="CUC-100", price=1, key="1"), NewRow(product="ARM-220", price=1, key="1")]}),
        ("OFFERS_PRODUCT_UNKNOWN", {"rows": [NewRow(product="XXX", price=1), NewRow(product="YYY", price=1)]}),
    ):
        with pytest.raises(ValidationFailed) as refused:
            publish(firm, FIRST, **changed)
        assert {problem.code for problem in refused.value.problems} == {code}
        assert counted(firm, Document) == (0,)
    assert len(refused.value.problems) == 2


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_an_agent_sees_the_offers_of_its_customers_only(firm):
    publish(firm, FIRST)
    seen = {}
    for login in ("anna", "marco", "bruno", "carla"):
        with firm.session(login) as session:
            seen[login] = len(session.scalars(select(Document)).all())
    assert seen == {"anna": 1, "marco": 1, "bruno": 0, "carla": 0}
    with firm.system() as session:
        assert session.scalar(select(Salesperson.code).join(Document, Document.agent_id == Salesperson.id)) == "A1"
