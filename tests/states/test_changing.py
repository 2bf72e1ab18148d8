"""The one function that changes a state: story S10, refusals, override, races (I-77 to I-80)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import attrs
import pytest
from sqlalchemy import select

from crmcore import Account, Actor, StaleVersion, TransitionMode, ValidationFailed
from crmcore.errors import TransitionRefused, UsageError
from crmcore.model import AUDIT, JOB, StateChange
from crmcore.testing.plugins import make_plugin

pytestmark = pytest.mark.feature("P3.4")

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


@pytest.fixture
def crm(open_crm, contracts):
    return open_crm(contracts)


def change(crm, actor, cls, key, to, **options):
    """Change a state in a session of its own, and return OK or the code of the refusal."""
    with crm.session(actor) as s:
        try:
            s.states.change(s.require(cls, key), to, **options)
            s.commit()
        except (TransitionRefused, StaleVersion) as error:
            return error.code
    return "OK"


def audit(crm, verb):
    with crm.engine.connect() as connection:
        rows = connection.execute(select(AUDIT.c.actor, AUDIT.c.entity, AUDIT.c.changes).where(AUDIT.c.verb == verb).order_by(AUDIT.c.id))
        return [tuple(row) for row in rows]


def history(crm, cls, key):
    with crm.session("anna") as s:
        record = s.require(cls, key)
        return record.state, record.version, [(row.old, row.new, row.actor, row.override) for row in s.states.history(record)]


@pytest.mark.feature("S10", "G17", "G18", "I-77", "I-78", "I-79")
def test_the_workflow_of_story_s10(crm, contracts, somebody, new_contract):
    key = new_contract(crm)
    codes = [change(crm, somebody(login), contracts.Contract, key, to) for login, to, _ in STORY]
    assert codes == [wanted for _, _, wanted in STORY]
    steps = [("10", "20", "mrossi"), ("20", "30", "mrossi"), ("30", "40", "lbianchi"), ("40", "50", "tgallo")]
    assert history(crm, contracts.Contract, key) == ("50", 5, [(*step, False) for step in steps])
    assert audit(crm, "refused") == [
        ("mrossi", "contracts.contract", {"state": ["20", "40"], "refusal": [None, ["TRANSITION_NOT_DEFINED"]]}),
        ("mrossi", "contracts.contract", {"state": ["30", "40"], "refusal": [None, ["GROUP_NOT_ALLOWED"]]}),
        ("lbianchi", "contracts.contract", {"state": ["40", "30"], "refusal": [None, ["BACKWARD_TRANSITION"]]}),
        ("admin", "contracts.contract", {"state": ["40", "30"], "refusal": [None, ["BACKWARD_TRANSITION"]]}),
        ("dneri", "contracts.contract", {"state": ["40", "90"], "refusal": [None, ["TRANSITION_NOT_DEFINED"]]}),
        ("lbianchi", "contracts.contract", {"state": ["50", "90"], "refusal": [None, ["DOCUMENT_LOCKED"]]}),
    ]
    # One audit row for each change, and none for the history: it is history itself.
    assert [changes for _, entity, changes in audit(crm, "updated") if entity == "contracts.contract"] == [
        {"state": [old, new]} for old, new, _ in steps
    ]


@pytest.mark.feature("G18", "I-78", "I-79")
def test_refusals_name_what_is_missing_in_both_languages(crm, contracts, somebody, new_contract):
    key = new_contract(crm)
    with crm.session(somebody("tgallo")) as s, pytest.raises(TransitionRefused) as caught:
        s.states.change(s.require(contracts.Contract, key), "20")
    assert caught.value.params["group"] == "BACKOFFICE"
    assert "solo BACKOFFICE può passare da 10 a 20" in caught.value.text("it")
    assert "only BACKOFFICE may go from 10 to 20" in caught.value.text("en")


@pytest.mark.feature("G17", "I-77")
def test_an_override_needs_the_permission_and_a_reason_and_is_flagged(crm, contracts, somebody, new_contract):
    key = new_contract(crm)
    for login, to in (("mrossi", "20"), ("mrossi", "30"), ("lbianchi", "40")):
        change(crm, somebody(login), contracts.Contract, key, to)
    assert change(crm, somebody("admin"), contracts.Contract, key, "30", override=True) == "OVERRIDE_WITHOUT_REASON"
    assert change(crm, somebody("admin"), contracts.Contract, key, "30", override=True, reason="  ") == "OVERRIDE_WITHOUT_REASON"
    assert change(crm, somebody("admin"), contracts.Contract, key, "30", override=True, reason="Errore") == "OK"
    state, _, rows = history(crm, contracts.Contract, key)
    assert (state, rows[-1]) == ("30", ("40", "30", "admin", True))
    # An override that was not needed is none.
    assert change(crm, somebody("admin"), contracts.Contract, key, "40", override=True, reason="Di nuovo") == "OK"
    assert history(crm, contracts.Contract, key)[2][-1] == ("30", "40", "admin", False)


def only_admin(session, permission):
    return session.actor.name == "admin" if permission == "workflow.override" else None


@pytest.mark.feature("I-77", "I-79")
def test_an_override_without_the_permission_is_refused_and_audited(open_crm, contracts, somebody, new_contract):
    crm = open_crm(contracts, make_plugin("guardian", crm_check_permission=only_admin))
    key = new_contract(crm)
    assert change(crm, somebody("mrossi"), contracts.Contract, key, "40", override=True, reason="Fretta") == "OVERRIDE_FORBIDDEN"
    assert audit(crm, "refused")[-1][2]["refusal"] == [None, ["OVERRIDE_FORBIDDEN"]]
    assert change(crm, somebody("admin"), contracts.Contract, key, "40", override=True, reason="Fretta") == "OK"


@pytest.mark.feature("G17", "I-79")
def test_a_locked_record_is_left_by_an_override_only(crm, contracts, somebody, new_contract):
    key = new_contract(crm)
    assert change(crm, somebody("dneri"), contracts.Contract, key, "90") == "OK"
    assert change(crm, somebody("admin"), contracts.Contract, key, "50") == "DOCUMENT_LOCKED"
    assert change(crm, somebody("admin"), contracts.Contract, key, "50", override=True, reason="Riaperta") == "OK"


@pytest.mark.feature("I-79")
def test_dates_that_go_backwards_are_refused_also_to_an_override(crm, contracts, somebody, new_contract):
    dates = {"customer_signature": date(2026, 5, 20), "activation": date(2026, 5, 18)}
    key = new_contract(crm, **dates)
    for login, to in (("mrossi", "20"), ("mrossi", "30"), ("lbianchi", "40")):
        change(crm, somebody(login), contracts.Contract, key, to)
    with crm.session(somebody("tgallo")) as s, pytest.raises(TransitionRefused) as caught:
        s.states.change(s.require(contracts.Contract, key), "50")
    assert (caught.value.code, caught.value.params["order"]) == ("INVALID_DATE_ORDER", "activation<customer_signature")
    assert change(crm, somebody("admin"), contracts.Contract, key, "50", override=True, reason="Subito") == "INVALID_DATE_ORDER"
    with crm.session("anna") as s:
        s.require(contracts.Contract, key).activation = date(2026, 5, 20)
        s.commit()
    assert change(crm, somebody("tgallo"), contracts.Contract, key, "50") == "OK"


@pytest.mark.feature("I-79")
def test_missing_fields_and_a_failed_guard_are_told_together_and_the_variant_decides(crm, contracts, somebody, new_contract):
    key = new_contract(crm, order_type="gas")
    assert change(crm, somebody("mrossi"), contracts.Contract, key, "20") == "OK"
    # The step of this variant has no group, and its own conditions.
    with crm.session(somebody("tgallo")) as s, pytest.raises(TransitionRefused) as caught:
        s.states.change(s.require(contracts.Contract, key), "30")
    found = [(problem.code, problem.params.get("field") or problem.params.get("rule")) for problem in caught.value.problems]
    assert found == [("MISSING_FIELD", "note"), ("MISSING_FIELD", "customer_signature"), ("GUARD_FAILED", "contracts.has_amount")]
    assert len(audit(crm, "refused")) == 1
    with crm.session(somebody("tgallo")) as s:
        contract = s.require(contracts.Contract, key)
        contract.note, contract.customer_signature, contract.amount = "ok", date(2026, 5, 1), Decimal("12.00")
        s.states.change(contract, "30")
        s.commit()
    assert history(crm, contracts.Contract, key)[0] == "30"


@pytest.mark.feature("I-79")
def test_two_who_fire_the_same_step_on_one_version(crm, contracts, somebody, new_contract):
    key = new_contract(crm)
    with crm.session(somebody("mrossi")) as one, crm.session(somebody("admin")) as two:
        first, second = one.require(contracts.Contract, key), two.require(contracts.Contract, key)
        one.states.change(first, "20")
        one.commit()
        two.states.change(second, "20")
        with pytest.raises(StaleVersion):
            two.commit()
    assert len(history(crm, contracts.Contract, key)[2]) == 1
    assert audit(crm, "refused") == [("admin", "contracts.contract", {"state": ["10", "20"], "refusal": [None, ["STALE_VERSION"]]})]


@pytest.mark.feature("I-79")
def test_the_version_that_the_user_saw_may_be_given(crm, contracts, somebody, new_contract):
    key = new_contract(crm)
    assert change(crm, somebody("mrossi"), contracts.Contract, key, "20", version=1) == "OK"
    assert change(crm, somebody("mrossi"), contracts.Contract, key, "30", version=1) == "STALE_VERSION"
    assert len(audit(crm, "refused")) == 1


@pytest.mark.feature("G17")
def test_nobody_assigns_a_state(crm, contracts, new_contract):
    key = new_contract(crm)
    with crm.session("anna") as s:
        contract = s.require(contracts.Contract, key)
        contract.state = "20"
        with pytest.raises(ValidationFailed) as caught:
            s.commit()
        assert [problem.code for problem in caught.value.problems] == ["STATE_ASSIGNED"]
        contract.state = "20"
        with pytest.raises(UsageError) as wrong:
            s.states.change(contract, "20")
        assert wrong.value.code == "STATE_ASSIGNED"
        s.rollback()
        # Nor anything else than what the function was asked for.
        s.states.change(contract, "20", override=True, reason="x")
        contract.state = "40"
        with pytest.raises(ValidationFailed):
            s.commit()


@pytest.mark.feature("I-77")
def test_nobody_takes_a_change_back_by_assigning_the_state_before(crm, contracts, somebody, new_contract):
    key = new_contract(crm)
    with crm.session(somebody("mrossi")) as s:
        contract = s.require(contracts.Contract, key)
        s.states.change(contract, "20")
        contract.state = "10"
        with pytest.raises(ValidationFailed, match="STATE_ASSIGNED"):
            s.commit()
    assert history(crm, contracts.Contract, key)[2] == []


@pytest.mark.feature("G17")
def test_several_steps_in_one_commit_are_several_rows_of_history(crm, contracts, somebody, new_contract):
    key = new_contract(crm)
    with crm.session(somebody("admin")) as s:
        contract = s.require(contracts.Contract, key)
        for to in ("20", "30", "40"):
            s.states.change(contract, to)
        s.commit()
    state, version, rows = history(crm, contracts.Contract, key)
    assert (state, version, [row[:2] for row in rows]) == ("40", 2, [("10", "20"), ("20", "30"), ("30", "40")])


def test_effects_are_queued_with_the_change(crm, contracts, somebody, new_contract):
    key = new_contract(crm)
    for login, to in (("mrossi", "20"), ("mrossi", "30"), ("lbianchi", "40")):
        change(crm, somebody(login), contracts.Contract, key, to)
    with crm.session(somebody("tgallo")) as s:
        s.states.change(s.require(contracts.Contract, key), "50")
    with crm.engine.connect() as connection:
        assert connection.execute(select(JOB.c.id)).all() == []
    change(crm, somebody("tgallo"), contracts.Contract, key, "50")
    assert crm.worker().run_until_idle() == 1
    with crm.session("anna") as s:
        assert s.require(contracts.Contract, key).note == "40 → 50"


@pytest.mark.feature("I-80", "G18")
def test_the_picker_offers_what_can_be_reached_by_priority(crm, contracts, somebody, new_contract):
    key = new_contract(crm, order_type="gas")

    def offered(login):
        with crm.session(somebody(login)) as s:
            return [state.code for state in s.states.reachable(s.require(contracts.Contract, key))]

    assert {login: offered(login) for login in ("mrossi", "dneri", "admin", "tgallo")} == {
        "mrossi": ["20"],
        "dneri": ["90"],
        "admin": ["90", "20"],  # 90 has priority 5
        "tgallo": [],
    }
    change(crm, somebody("mrossi"), contracts.Contract, key, "20")
    # A guard hides, a missing field does not.
    assert offered("tgallo") == []
    with crm.session("anna") as s:
        s.require(contracts.Contract, key).amount = Decimal(1)
        s.commit()
    assert offered("tgallo") == ["30"]
    change(crm, somebody("dneri"), contracts.Contract, key, "90")
    assert offered("admin") == []


@pytest.mark.feature("G17")
def test_history_is_never_changed_or_deleted(crm, contracts, somebody, new_contract):
    key = new_contract(crm)
    change(crm, somebody("mrossi"), contracts.Contract, key, "20")
    with crm.session("anna") as s:
        s.scalars(select(StateChange)).one().reason = "Forged"
        with pytest.raises(ValidationFailed, match="HISTORY_FIXED"):
            s.commit()
        s.delete(s.scalars(select(StateChange)).one())
        with pytest.raises(ValidationFailed, match="HISTORY_FIXED"):
            s.commit()
        with pytest.raises(UsageError, match="DIRECT_WRITE_REFUSED"):
            s.execute(StateChange.__table__.delete())


@pytest.mark.feature("I-79")
def test_on_a_hosts_connection_a_refusal_leaves_the_hosts_work_alone(crm, contracts, somebody, new_contract):
    key = new_contract(crm)
    with crm.engine.begin() as connection:
        with crm.session("anna", connection=connection) as s:
            s.add(Account(name="Of the host"))
            s.commit()
        with crm.session(somebody("tgallo"), connection=connection) as s, pytest.raises(TransitionRefused):
            s.states.change(s.require(contracts.Contract, key), "20")
    assert len(audit(crm, "refused")) == 1
    with crm.session("anna") as s:
        assert s.scalar(select(Account.id).where(Account.name == "Of the host")) is not None


def test_a_change_of_state_takes_few_statements(crm, contracts, somebody, new_contract, count_statements):
    key = new_contract(crm)
    change(crm, somebody("mrossi"), contracts.Contract, key, "20")
    with crm.session(somebody("mrossi")) as s, count_statements(crm) as statements:
        s.states.change(s.require(contracts.Contract, key), "30")
        s.commit()
    work = [statement.split(maxsplit=1)[0] for statement in statements]
    # The record, the fingerprint of the tables, state, history, and the journal: one or two inserts.
    assert [word for word in work if word not in {"BEGIN", "COMMIT"}][:4] == ["SELECT", "SELECT", "UPDATE", "INSERT"]
    assert len([word for word in work if word not in {"BEGIN", "COMMIT"}]) <= (5 if crm.engine.dialect.name == "postgresql" else 6)


@pytest.mark.feature("G18", "I-78")
def test_system_actors_have_no_groups(crm, contracts, new_contract):
    key = new_contract(crm)
    assert change(crm, Actor.system("rule"), contracts.Contract, key, "20") == "GROUP_NOT_ALLOWED"


@pytest.mark.feature("G12", "G17", "I-77")
def test_a_variant_may_go_by_another_mode_than_its_table(crm, contracts, somebody, new_contract):
    with crm.session("anna") as s:
        found = s.states.table("contracts.contracts").definition
        s.states.define(attrs.evolve(found, modes={"opportunity": TransitionMode.FREE, "gas": TransitionMode.STEPS}))
        s.commit()
    free, bound = (new_contract(crm, order_type=kind) for kind in ("opportunity", "power"))
    steps = [change(crm, somebody("tgallo"), contracts.Contract, free, code) for code in ("40", "10", "30")]
    with crm.session(somebody("tgallo")) as s:
        reachable = {each.code for each in s.states.reachable(s.require(contracts.Contract, free))}
    refused = change(crm, somebody("tgallo"), contracts.Contract, bound, "40")

    assert steps == ["OK", "OK", "OK"]
    assert refused == "TRANSITION_NOT_DEFINED"
    assert reachable == {"10", "20", "40", "50", "90"}
    with crm.session("anna") as s:
        assert s.states.initial("contracts.contracts", "opportunity") != s.states.initial("contracts.contracts", "gas")
