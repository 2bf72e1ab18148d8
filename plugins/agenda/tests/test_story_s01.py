"""Story S01: an offer of the ERP becomes a lead with a delayed call; lateness, win. A fake plugin publishes the offer."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from crmcore_agenda.actions import Actions
from crmcore_agenda.leads import Leads
from crmcore_agenda.model import Action, Firing, Lead, TriggerRule
from crmcore_agenda.rules import Rules
from sqlalchemy import select

from crmcore.model import EVENT

pytestmark = pytest.mark.feature("S01", "F06", "E18", "I-47", "I-48", "P8.1", "P8.3")

CALL = {
    "kind": "phone",
    "name": "Chiamata sul preventivo",
    "offset": 3,
    "unit": "working",
    "role": "seller",
    "script": "Buongiorno {account.name}",
}


def _rule(**fields):
    lead = {
        "title": "Offerta {event.offer_id}",
        "role": "seller",
        "value": 'decimal(event["taxable"])',
        "probability": 'event["probability"]',
    }
    given = {"record": "offers.offer:offer_id", "lead": lead, "actions": [CALL], "condition": 'decimal(event["taxable"]) > 1000'}
    return TriggerRule(code="new-offer", label_it="Nuova offerta", event="offers.published", **{**given, **fields})


@pytest.fixture
def offered(firm):
    sellers = firm.people()
    firm.account("Hotel Miramonti S.p.A.", seller_id=sellers["A1"], seller_source="manual")
    firm.add(_rule())
    firm.at(2026, 4, 2, 10, 15)
    firm.offer()
    return firm


def test_the_offer_becomes_one_lead_and_one_call_after_three_working_days(offered):
    [lead], [action] = offered.all(Lead), offered.all(Action)

    assert (lead.owner, lead.value, lead.probability, lead.state) == ("anna", Decimal("18396.00"), 40, "open")
    assert (action.assignee, action.due, action.lead_id, action.text) == (
        "anna",
        date(2026, 4, 8),
        lead.id,
        "Buongiorno Hotel Miramonti S.p.A.",
    )
    with offered.session("anna") as session:
        assert Leads(session).pipeline().weighted == Decimal("7358.40")


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_the_unit_and_the_roll_of_the_step_decide_the_day(firm):
    sellers = firm.people()
    firm.account("Hotel Miramonti S.p.A.", seller_id=sellers["A1"], seller_source="manual")
    steps = [{**CALL, "name": "calendar", "unit": "calendar"}, {**CALL, "name": "roll", "unit": "calendar", "roll": "forward"}, CALL]
    firm.add(_rule(actions=steps))
    firm.at(2026, 4, 2, 10, 15)
    firm.offer()

    dues = {action.title: action.due.isoformat() for action in firm.all(Action)}
    assert dues == {"calendar": "2026-04-05", "roll": "2026-04-07", "Chiamata sul preventivo": "2026-04-08"}


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_the_same_offer_again_and_a_revision_leave_one_lead_and_one_call(offered):
    offered.offer()
    offered.offer(revision=1, taxable=Decimal("17245.00"))

    assert (offered.count(Lead), offered.count(Action), offered.count(Firing)) == (1, 1, 1)


def test_the_call_is_late_from_the_day_after_seen_by_agent_and_manager_and_frozen_when_done(offered):
    seen = {}
    for when in ((2026, 4, 8), (2026, 4, 9), (2026, 4, 13)):
        offered.at(*when)
        with offered.session("anna") as session:
            seen[when] = Actions(session).late_days(session.require(Action, 1))
    with offered.session("marco") as session:
        visible = session.get(Action, 1) is not None
    with offered.session("bruno") as session:
        hidden = session.get(Action, 1) is None
    with offered.session("anna") as session:
        action = session.require(Action, 1)
        Actions(session).done(action, "Chiede sconto", "Vuole il 12 % sulle cucine")
        session.commit()
    offered.at(2026, 4, 20)
    with offered.session("anna") as session:
        frozen = Actions(session).late_days(session.require(Action, 1))
        history = session.interactions.timeline(session.accounts.require(1)).entries

    assert list(seen.values()) == [0, 1, 3]
    assert (visible, hidden, frozen) == (True, True, 3)
    assert [(entry.kind, entry.text, entry.author) for entry in history] == [("phone", "Vuole il 12 % sulle cucine", "anna")]


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_a_lead_that_is_won_is_certain_and_leaves_nothing_open(offered):
    with offered.session("anna") as session:
        lead = session.require(Lead, 1)
        lead.value, lead.probability = Decimal("17245.00"), 60
        session.commit()
        weighted = Leads(session).pipeline().weighted
        Leads(session).win(lead)
        session.commit()
    offered.work()

    [lead], [action] = offered.all(Lead), offered.all(Action)
    assert weighted == Decimal("10347.00")
    assert (lead.state, lead.probability, lead.closed_on) == ("won", 100, date(2026, 4, 2))
    assert (action.state, action.closed, action.outcome) == ("cancelled", True, "Trattativa vinta")
    with offered.system() as session:
        assert len(session.execute(select(EVENT.c.event_id).where(EVENT.c.type == "agenda.lead_closed")).all()) == 1


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_trace_and_dry_run_say_why(offered):
    offered.offer(offer_id=124, taxable=Decimal("999.00"))
    with offered.system() as session:
        trace = Rules(session).trace(1)
        tried = Rules(session).dry_run("new-offer")

    assert (trace.origin, trace.code, trace.event, trace.record) == ("rule", "new-offer", "offers.published", "offers.offer 123")
    assert (trace.condition, trace.rule_changed_since) == ('decimal(event["taxable"]) > 1000', False)
    assert [(each.record, each.why) for each in tried] == [("offers.offer 123", "already"), ("offers.offer 124", "condition")]


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_a_dry_run_of_a_rule_that_is_not_at_work_shows_what_it_would_do(offered):
    with offered.system() as session:
        rule = session.scalars(select(TriggerRule)).one()
        session.add(TriggerRule(code="other", label_it="Altra", event=rule.event, record=rule.record, actions=[CALL], active=False))
        session.commit()
        tried = Rules(session).dry_run("other")

    assert [(each.why, each.account_id, each.due) for each in tried] == [("fires", 1, (date(2026, 4, 8),))]
    assert offered.count(Action) == 1
