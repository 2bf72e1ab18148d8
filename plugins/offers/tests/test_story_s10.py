"""Story S10: a forward-only workflow with groups; lock, override, races, dates."""

from __future__ import annotations

import threading
from datetime import date

import pytest
from crmcore_offers.archive import Documents, NewRow
from crmcore_offers.model import Document
from sqlalchemy import select

from crmcore import CrmError, Label, State, StateTable, Transition, TransitionMode, ValidationFailed
from crmcore.errors import TransitionRefused
from crmcore.model import AUDIT, EVENT, Profile, User

pytestmark = pytest.mark.feature("S10", "G17", "G18", "I-34", "I-77", "I-78", "I-79")

GROUPS = {"BACKOFFICE": ("mrossi", "mbruni"), "AMMINISTRAZIONE": ("lbianchi",), "TECNICI": ("tgallo",), "DIREZIONE": ("dneri",)}
STORY = [
    ("mrossi", "20", "OK"),
    ("mrossi", "40", "TRANSITION_NOT_DEFINED"),
    ("mrossi", "30", "OK"),
    ("mrossi", "40", "GROUP_NOT_ALLOWED"),
    ("lbianchi", "40", "OK"),
    ("lbianchi", "30", "BACKWARD_TRANSITION"),
    ("admin", "30", "BACKWARD_TRANSITION"),
    ("dneri", "90", "TRANSITION_NOT_DEFINED"),
    ("tgallo", "50", "OK"),
    ("lbianchi", "90", "DOCUMENT_LOCKED"),
]
STATES = (
    State(code="10", label=Label("Inserita", "Entered"), order=10, default=True),
    State(code="20", label=Label("In verifica", "Being verified"), order=20),
    State(code="30", label=Label("In amministrazione", "In administration"), order=30),
    State(code="40", label=Label("Chiuso e stipulato", "Signed"), order=40, flags={"confirmed": True, "exposing": True}),
    State(code="50", label=Label("Attivato", "Active"), order=50, flags={"confirmed": True, "exposing": True, "blocking": True}),
    State(code="90", label=Label("Annullata", "Cancelled"), order=90, flags={"negative": True, "blocking": True}),
)
STEPS = (
    *(Transition(source=one, target=two, groups=("BACKOFFICE",)) for one, two in (("10", "20"), ("20", "30"))),
    Transition(source="30", target="40", groups=("AMMINISTRAZIONE",)),
    Transition(source="40", target="50", groups=("TECNICI",)),
    *(Transition(source=each, target="90", groups=("DIREZIONE",)) for each in ("10", "20", "30")),
)


def define_workflow(session):
    """Make the states of the story those of documents; the shipped ones are not offered any more."""
    present = session.states.table("offers.documents").definition
    old = tuple(State(code=each.code, label=each.label, order=each.order, obsolete=True) for each in present.states)
    table = StateTable(
        name=present.name,
        entity=present.entity,
        label=present.label,
        states=(*STATES, *old),
        transitions=STEPS,
        mode=TransitionMode.FORWARD_ONLY,
    )
    session.states.define(table)


@pytest.fixture
def office(firm):
    firm.catalogue()
    with firm.system() as session:
        define_workflow(session)
        reader = session.add(
            Profile(code="LETTORE", label_it="Lettore", functions=["customers.*", "offers.read", "offers.update"], scopes=[{"kind": "all"}])
        )
        session.flush()
        session.add(User(login="admin"))
        session.add(User(login="rlimiti", profile_id=reader.id))
        session.commit()
    for code, logins in GROUPS.items():
        firm.group(code, *logins)
    account = firm.account(vat_code="00000029991")
    with firm.session("mrossi") as session:
        document = Documents(session).create("T-CON", account, rows=[NewRow(product="CUC-100", price=100)])
        session.commit()
        firm.contract = document.id
    return firm


def change(firm, login, to, **options):
    """Return the code with which a step ends: OK, or why it is refused."""
    with firm.session(login) as session:
        documents = Documents(session)
        try:
            documents.change_state(documents.get(firm.contract), to, **options)
            session.commit()
        except CrmError as error:
            return error.code
    return "OK"


def refusals(firm):
    with firm.system() as session:
        found = select(AUDIT.c.actor, AUDIT.c.changes).where(AUDIT.c.verb == "refused").order_by(AUDIT.c.id)
        return [(row.actor, row.changes["refusal"][1][0]) for row in session.execute(found)]


def told(firm, kind):
    with firm.system() as session:
        return session.scalars(select(EVENT.c.payload).where(EVENT.c.type == kind).order_by(EVENT.c.event_id)).all()


def test_four_steps_are_taken_and_six_refused_with_their_codes(office):
    with office.system() as session:
        before = session.require(Document, office.contract).version
    assert [change(office, login, to) for login, to, _ in STORY] == [code for _, _, code in STORY]

    with office.system() as session:
        document = session.require(Document, office.contract)
        steps = [(each.old, each.new, each.actor, each.override) for each in session.states.history(document)]
        assert (document.state, document.version - before) == ("50", 4)
        assert (document.probability, document.effective_confirmation) == (100, date(2026, 5, 11))
        assert steps == [
            ("10", "20", "mrossi", False),
            ("20", "30", "mrossi", False),
            ("30", "40", "lbianchi", False),
            ("40", "50", "tgallo", False),
        ]
    assert refusals(office) == [(login, code) for login, _, code in STORY if code != "OK"]
    assert [(each["old"], each["new"]) for each in told(office, "offers.document_state_changed")] == [step[:2] for step in steps]
    assert [each["state"] for each in told(office, "offers.document_locked")] == ["50"]


def test_an_override_takes_the_right_and_a_reason_and_is_flagged(office):
    for login, to, code in STORY[:5]:
        assert change(office, login, to) == code
    assert change(office, "rlimiti", "30", override=True, reason="Errore") == "OVERRIDE_FORBIDDEN"
    assert change(office, "admin", "30", override=True) == "OVERRIDE_WITHOUT_REASON"
    assert change(office, "admin", "30", override=True, reason="Stipulato per errore") == "OK"
    with office.system() as session:
        document = session.require(Document, office.contract)
        last = session.states.history(document)[-1]
        assert (last.old, last.new, last.actor, last.override, last.reason) == ("40", "30", "admin", True, "Stipulato per errore")
        # What the state had said is not so any more.
        assert (document.probability, document.effective_confirmation) == (None, None)


def test_of_two_who_take_the_same_step_at_once_one_is_late(office):
    ready, codes = threading.Barrier(2), []

    def step(login):
        with office.session(login) as session:
            documents = Documents(session)
            document = documents.get(office.contract)
            version = document.version
            session.rollback()
            ready.wait(20)
            try:
                documents.change_state(documents.get(office.contract), "20", version=version)
                session.commit()
                codes.append("OK")
            except CrmError as error:
                codes.append(error.code)

    both = [threading.Thread(target=step, args=(login,)) for login in ("mrossi", "mbruni")]
    for each in both:
        each.start()
    for each in both:
        each.join(30)
    assert sorted(codes) == ["OK", "STALE_VERSION"]


@pytest.mark.feature("G13", "I-35")
def test_dates_in_the_wrong_order_are_refused_by_name(office):
    with office.session("mrossi") as session:
        documents = Documents(session)
        document = documents.get(office.contract)
        documents.set_dates(document, customer_signature=date(2026, 5, 20), activation=date(2026, 5, 18))
        with pytest.raises(ValidationFailed) as refused:
            session.commit()
    [problem] = refused.value.problems
    assert (problem.code, problem.params["order"]) == ("INVALID_DATE_ORDER", "activation<customer_signature")
    with office.system() as session:
        assert session.require(Document, office.contract).customer_signature is None


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_a_locked_contract_is_read_only_until_somebody_with_the_right_says_why(office):
    for login, to, code in STORY[:9]:
        assert change(office, login, to) == code

    def touch(login, reason=None):
        with office.session(login) as session:
            documents = Documents(session)
            document = documents.get(office.contract)
            try:
                if reason is not None:
                    documents.override_lock(document, reason)
                document.title += "!"
                documents.change_row(documents.rows(document)[0], quantity=2)
                session.commit()
            except ValidationFailed as error:
                return {each.code for each in error.problems}
            return document.taxable

    assert touch("lbianchi") == {"DOCUMENT_LOCKED"}
    assert touch("rlimiti", "Errore") == {"OVERRIDE_FORBIDDEN"}
    assert touch("admin", "  ") == {"OVERRIDE_WITHOUT_REASON"}
    assert touch("admin", "Quantità sbagliata") == 200
    assert touch("admin") == {"DOCUMENT_LOCKED"}
    assert [each["actor"] for each in told(office, "offers.lock_overridden")] == ["admin"]
    assert change(office, "admin", "40", override=True, reason="Attivato per errore") == "OK"
    with office.system() as session:
        row = select(AUDIT.c.actor, AUDIT.c.changes).where(AUDIT.c.entity == "offers.document", AUDIT.c.verb == "updated")
        [kept] = [each for each in session.execute(row) if "override_reason" in each.changes]
        assert (kept.actor, kept.changes["override_reason"][1], kept.changes["title"][1]) == ("admin", "Quantità sbagliata", "!")


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
@pytest.mark.feature("I-80")
def test_the_picker_offers_what_can_be_reached_by_priority(office):
    def offered(login):
        with office.session(login) as session:
            documents = Documents(session)
            return [state.code for state in documents.offered_states(documents.get(office.contract))]

    assert (offered("mrossi"), offered("dneri"), offered("tgallo")) == (["20"], ["90"], [])
    with office.session("tgallo") as session, pytest.raises(TransitionRefused) as refused:
        session.states.change(session.require(Document, office.contract), "20")
    assert refused.value.params["group"] == "BACKOFFICE"
