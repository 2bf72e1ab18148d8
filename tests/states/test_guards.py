"""Guards that are rules in text: steps that they let pass, and what they say when they do not."""

from __future__ import annotations

import attrs
import pytest
from sqlalchemy import select

from crmcore import Account, Label, ValidationFailed
from crmcore.errors import TransitionRefused
from crmcore.hooks import CharacteristicDef, Transition, TransitionMode
from crmcore.model import AUDIT
from crmcore.states.seed import CUSTOMERS

GUARD = """if not email:
    fail("manca l'indirizzo e-mail", "the e-mail address is missing")
record.name != "Prova" and (punti or 0) >= 10"""


def table(guard):
    others = [Transition(source="prospect", target=each.code) for each in CUSTOMERS.states if each.code not in {"prospect", "customer"}]
    guarded = Transition(source="prospect", target="customer", guard=guard)
    return attrs.evolve(CUSTOMERS, transitions=(guarded, *others), mode=TransitionMode.STEPS)


@pytest.fixture
def crm(open_crm):
    crm = open_crm()
    with crm.session("anna") as s:
        s.characteristics.define(CharacteristicDef(key="punti", label=Label("Punti", "Points"), type="integer"))
        s.commit()
    return crm


def define(crm, guard):
    with crm.session("anna") as s:
        s.states.define(table(guard))
        s.commit()


def step(crm, **values):
    """Make an account, try the step, and return the problem, or None."""
    points = values.pop("punti", None)
    with crm.session("anna") as s:
        given = {} if points is None else {"punti": points}
        account = s.add(Account(**{"name": "Bellini"} | values, characteristics=given))
        s.commit()
        key = account.id
    with crm.session("anna") as s:
        try:
            s.states.change(s.require(Account, key), "customer")
            s.commit()
        except TransitionRefused as error:
            (problem,) = error.problems
            return problem
    return None


@pytest.mark.feature("F07", "G20", "I-77")
def test_a_rule_decides_about_a_step_by_fields_and_characteristics(crm):
    define(crm, GUARD)
    assert step(crm, email="info@example.com", punti=10) is None
    assert step(crm, email="info@example.com", punti=9).code == "GUARD_FAILED"
    assert step(crm, email="info@example.com").code == "GUARD_FAILED"
    assert step(crm, name="Prova", email="info@example.com", punti=10).code == "GUARD_FAILED"


@pytest.mark.feature("F07", "I-16", "I-79")
def test_a_rule_says_why_and_the_refusal_is_audited(crm):
    define(crm, GUARD)
    problem = step(crm, punti=10)
    assert problem.code == "GUARD_REJECTED"
    assert problem.text("it") == "account: manca l'indirizzo e-mail (condizione del passaggio, riga 2, colonna 5)"
    assert "the e-mail address is missing" in problem.text("en")
    with crm.engine.connect() as connection:
        (row,) = connection.execute(select(AUDIT.c.changes).where(AUDIT.c.verb == "refused")).all()
    assert row.changes == {"state": ["prospect", "customer"], "refusal": [None, ["GUARD_REJECTED"]]}


@pytest.mark.feature("F07", "I-16")
def test_a_rule_that_fails_lets_nothing_pass(crm):
    define(crm, "punti / (punti - 10) > 0")
    problem = step(crm, punti=10)
    assert problem.code == "GUARD_BROKEN"
    assert "riga 1, colonna 1: divisione per zero" in problem.text("it")
    define_again = "while True:\n    pass"
    with crm.session("anna") as s:
        s.states.define(table(define_again))
        s.commit()
    assert "troppi passi" in step(crm, punti=1).text("it")


@pytest.mark.feature("F07", "I-16")
def test_a_rule_that_is_none_is_refused_with_the_table(crm):
    for guard in ("import os", "email >", "nobody > 1"):
        with pytest.raises(ValidationFailed, match="SCRIPT_INVALID"):
            define(crm, guard)


@pytest.mark.feature("F07")
def test_guards_are_among_the_rules_of_the_deployment(crm):
    define(crm, GUARD)
    with crm.session("anna") as s:
        assert [each.rule for each in s.characteristics.rules.references("email")] == ["customers prospect → customer"]
        assert s.characteristics.rules.faults() == []
