"""States of documents: events once for each change, what flags mean, and no way back whatever is tried."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from crmcore_offers.archive import Documents, NewRow
from crmcore_offers.archive.happenings import DocumentStateChanged
from crmcore_offers.model import Document, Row
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from crmcore import CrmError, Handler, Phase, State, StateTable, Transition, TransitionMode
from crmcore.model import EVENT, StateChange
from crmcore.testing import make_plugin

pytestmark = pytest.mark.feature("G17", "G18", "I02", "I-33", "I-76")

sqlite_only = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


def told(firm, kind="offers.document_state_changed"):
    with firm.system() as session:
        found = session.scalars(select(EVENT.c.payload).where(EVENT.c.type == kind).order_by(EVENT.c.event_id)).all()
    return [(each["document_id"], each["old"], each["new"]) for each in found]


def offers(firm, count=1, kind="T-OFF"):
    firm.catalogue()
    account = firm.account()
    with firm.session() as session:
        made = [Documents(session).create(kind, account, rows=[NewRow(product="CUC-100", price=100)]) for _ in range(count)]
        session.commit()
        return [each.id for each in made]


@pytest.mark.feature("I-36")
def test_a_state_means_what_its_flags_say_whoever_changes_it(firm):
    [key] = offers(firm)
    seen = []
    with firm.session() as session:
        document = session.require(Document, key)
        document.probability = 35
        for state in ("won", "lost", "negotiating"):
            # Not by the facade: whoever calls the one function of the platform gets the same.
            session.states.change(document, state)
            session.commit()
            seen.append((document.probability, document.effective_confirmation, document.cancellation, document.version))
    day = date(2026, 5, 11)
    assert seen == [(100, day, None, 2), (0, None, day, 3), (None, None, None, 4)]
    assert told(firm) == [(key, "inserted", "won"), (key, "won", "lost"), (key, "lost", "negotiating")]


@sqlite_only
def test_many_changes_in_one_commit_are_told_of_once_each(firm):
    keys = offers(firm, 3)
    with firm.session() as session:
        for document in session.scalars(select(Document)).all():
            session.states.change(document, "presented")
            session.flush()
            session.states.change(document, "cancelled")
        for row in session.scalars(select(Row)).all():
            row.notes = "resta"
        session.rollback()
        for document in session.scalars(select(Document)).all():
            session.states.change(document, "presented")
            session.flush()
        for document in session.scalars(select(Document).where(Document.id != keys[0])).all():
            session.states.change(document, "cancelled")
        session.commit()
    assert sorted(told(firm)) == sorted(
        [(key, "inserted", "presented") for key in keys] + [(key, "presented", "cancelled") for key in keys[1:]]
    )
    with firm.system() as session:
        locked = session.scalars(select(EVENT.c.payload).where(EVENT.c.type == "offers.document_locked")).all()
    assert sorted(each["document_id"] for each in locked) == keys[1:]


def answer(session, event):
    """Make an order of what was sold, and confirm its rows, in the same transaction."""
    happened = event.read(DocumentStateChanged)
    if happened.confirmed and happened.type == "T-OFF":
        documents = Documents(session)
        sold = documents.get(happened.document_id)
        order = documents.create("T-ORD", sold.account_id, predecessor_id=sold.id)
        session.flush()
        [row] = documents.add_rows(order, [NewRow(product="CUC-100", price=Decimal(250))])
        session.flush()
        documents.change_row_state(row, "confirmed")
        documents.change_state(order, "presented")


@sqlite_only
def test_what_handlers_of_these_events_change_is_summed_up_and_told_of_as_well(open_firm):
    plugin = make_plugin(
        "answering", requires=["offers"], crm_handlers=[Handler(event=DocumentStateChanged, fn=answer, phase=Phase.IN_TRANSACTION)]
    )
    firm = open_firm(plugin)
    [key] = offers(firm)
    with firm.session() as session:
        session.states.change(session.require(Document, key), "won")
        session.commit()
    with firm.session() as session:
        order = session.scalars(select(Document).where(Document.type == "T-ORD")).one()
        assert (order.taxable, order.total, order.confirmation, order.confirmed_taxable) == (250, 305, "total", 250)
    assert told(firm) == [(key, "inserted", "won"), (order.id, "inserted", "presented")]
    with firm.system() as session:
        made = session.scalars(select(EVENT.c.payload).where(EVENT.c.type == "offers.document_created").order_by(EVENT.c.event_id)).all()
    assert [(each["type"], each["taxable"]) for each in made] == [("T-OFF", "100.00"), ("T-ORD", "250.00")]


PEOPLE = {"a": "GA", "b": "GB", "boss": ""}
STEPS = (
    Transition(source="inserted", target="presented", groups=("GA",)),
    Transition(source="presented", target="negotiating", groups=("GB",), variant="T-OFF"),
    Transition(source="negotiating", target="won"),
    Transition(source="presented", target="lost"),
    Transition(source="won", target="cancelled", groups=("GB",)),
    Transition(source="presented", target="booked"),
    Transition(source="inserted", target="verifying", groups=("GB",)),
)


@sqlite_only
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tries=st.lists(st.tuples(st.sampled_from(sorted(PEOPLE)), st.integers(0, 7), st.booleans(), st.booleans()), min_size=4, max_size=14))
@pytest.mark.feature("I-77")
def test_no_sequence_of_users_and_calls_leads_back_in_a_forward_only_table(firm, tries):
    if not hasattr(firm, "keys"):
        firm.keys = offers(firm, 0)
        with firm.system() as session:
            table = session.states.table("offers.documents").definition
            forward = tuple(step for step in STEPS if step.target != "booked")
            session.states.define(
                StateTable(
                    name=table.name,
                    entity=table.entity,
                    label=table.label,
                    states=table.states,
                    transitions=forward,
                    mode=TransitionMode.FORWARD_ONLY,
                )
            )
            session.commit()
        for login, group in PEOPLE.items():
            firm.group(group or "GX", login)
        firm.hotel = firm.account("Altro Hotel")
    states = {state.code: state for state in _states(firm)}
    codes = sorted(states)
    with firm.session("a") as session:
        document = Documents(session).create("T-OFF", firm.hotel, rows=[NewRow(product="CUC-100", price=1)])
        session.commit()
        key = document.id
    for login, target, by_facade, commits in tries:
        with firm.session(login) as session:
            document = session.require(Document, key)
            change = Documents(session).change_state if by_facade else session.states.change
            try:
                change(document, codes[target % len(codes)])
                if not commits:
                    document.state = codes[(target + 1) % len(codes)]
                session.commit()
            except CrmError:
                session.rollback()
    with firm.system() as session:
        mine = select(StateChange).where(StateChange.entity == "offers.document", StateChange.record_id == key).order_by(StateChange.id)
        path = session.scalars(mine).all()
        assert session.require(Document, key).state == (path[-1].new if path else "inserted")
        assert [states[each.new].order > states[each.old].order for each in path] == [True] * len(path)
        allowed = {(step.source, step.target): step.groups for step in STEPS}
        assert all(not allowed[each.old, each.new] or PEOPLE[each.actor] in allowed[each.old, each.new] for each in path)


def _states(firm) -> tuple[State, ...]:
    with firm.system() as session:
        return session.states.table("offers.documents").definition.states
