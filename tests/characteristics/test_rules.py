"""Rules of characteristics beside story S11: what sets them off, in which order, what they may change, and what they leave."""

from __future__ import annotations

from decimal import Decimal

import pytest
from sqlalchemy import select

from crmcore import Account, Label, ValidationFailed
from crmcore.hooks import CharacteristicDef, ScriptFunction
from crmcore.model import AUDIT
from crmcore.testing import make_plugin


def definition(key, type="text", **options):  # noqa: A002 - as in the definition itself
    return CharacteristicDef(key=key, label=Label(key.title(), key.title()), type=type, **options)


def refusals(crm, key, **values):
    """Set values and commit; return the codes and reasons of what was refused."""
    with crm.session("anna") as s:
        record = s.require(Account, key)
        for name, value in values.items():
            s.characteristics.set(record, name, value)
        try:
            s.commit()
        except ValidationFailed as error:
            return [(each.code, each.params.get("rule")) for each in error.problems]
        return []


def values(crm, key):
    with crm.session("anna") as s:
        return s.characteristics.values(s.require(Account, key))


@pytest.mark.feature("C06", "C09")
def test_a_change_sets_other_values_and_those_set_off_their_rules(open_crm, define, account):
    crm = open_crm()
    define(
        crm,
        definition("gestore", on_change='set_field("gestore_prima", old)\nset_field("cambi", (cambi or 0) + 1)'),
        definition("gestore_prima"),
        definition("cambi", "integer", on_change='if value > 1:\n    set_field("fedele", False)'),
        definition("fedele", "flag", read_only=True, default=True),
    )
    key = account(crm, gestore="Enel")
    assert values(crm, key) == {"gestore": "Enel", "cambi": 1, "fedele": True}
    assert refusals(crm, key, gestore="Edison") == []
    assert values(crm, key) == {"gestore": "Edison", "gestore_prima": "Enel", "cambi": 2, "fedele": False}
    with crm.session("anna") as s:
        sources = {each.key: each.source for each in s.characteristics.history(s.require(Account, key))}
    assert sources["gestore_prima"] == "rule:account.gestore.on_change"
    assert sources["fedele"] in {"rule:account.cambi.on_change", "rule:default"}


@pytest.mark.feature("C06", "I-16")
def test_rules_that_set_off_each_other_for_ever_are_refused(open_crm, define, account):
    crm = open_crm()
    define(
        crm,
        definition("a", "integer", on_change='set_field("b", value + 1)'),
        definition("b", "integer", on_change='set_field("a", value + 1)'),
    )
    key = account(crm)
    assert [code for code, _ in refusals(crm, key, a=1)] == ["RULE_FAILED"]
    assert values(crm, key) == {}


@pytest.mark.feature("C06", "I-13")
def test_what_a_rule_proposes_is_checked_like_anything_else(open_crm, define, account):
    crm = open_crm()
    define(
        crm,
        definition("a", on_change='set_field("b", "x")'),
        definition("b", "integer"),
        definition("c", on_change='set_field("nobody", 1)'),
        definition("d", on_change='set_field("e", 1)'),
        definition("e", "integer", compute="b", depends_on=("b",)),
    )
    key = account(crm)
    assert refusals(crm, key, a="1") == [("RULE_FAILED", "account.a.on_change")]
    assert refusals(crm, key, c="1") == [("CHARACTERISTIC_UNKNOWN", None)]
    assert refusals(crm, key, d="1") == [("CHARACTERISTIC_COMPUTED", None)]
    assert values(crm, key) == {}


@pytest.mark.feature("C06")
def test_a_rule_sees_the_record_and_runs_when_that_changes(open_crm, define, account):
    crm = open_crm()
    define(crm, definition("sigla", compute="record.name[:3].upper()"), definition("n", "integer", validate="len(record.name) > value"))
    key = account(crm, name="Bellini", n=3)
    assert values(crm, key) == {"sigla": "BEL", "n": 3}
    with crm.session("anna") as s:
        s.require(Account, key).name = "Rossi"
        s.commit()
    assert values(crm, key) == {"sigla": "ROS", "n": 3}
    with crm.session("anna") as s:
        s.require(Account, key).name = "Ro"
        with pytest.raises(ValidationFailed, match="RULE_REJECTED"):
            s.commit()
    assert values(crm, key)["sigla"] == "ROS"


@pytest.mark.feature("C06")
def test_a_validation_looks_at_others_and_again_when_they_change(open_crm, define, account):
    crm = open_crm()
    define(crm, definition("inizio", "date"), definition("fine", "date", validate='fine >= inizio or fail("la fine precede l\'inizio")'))
    key = account(crm, inizio="2026-05-01", fine="2026-05-11")
    assert refusals(crm, key, fine="2026-04-01") == [("RULE_REJECTED", "account.fine.validate")]
    assert refusals(crm, key, inizio="2026-06-01") == [("RULE_REJECTED", "account.fine.validate")]
    assert refusals(crm, key, inizio="2026-06-01", fine="2026-06-02") == []


@pytest.mark.feature("C06")
def test_warnings_reach_the_person_and_refuse_nothing(open_crm, define, account):
    crm = open_crm()
    define(crm, definition("n", "integer", validate='if value > 100:\n    warn("sembra molto")'))
    key = account(crm)
    with crm.session("anna") as s:
        s.characteristics.set(s.require(Account, key), "n", 101)
        s.commit()
        assert [each.it for each in s.characteristics.warnings] == ["sembra molto"]
    assert values(crm, key) == {"n": 101}


@pytest.mark.feature("C06", "I-16")
def test_a_failure_is_told_with_rule_line_and_column_and_audited_without_values(open_crm, define, account):
    crm = open_crm()
    define(crm, definition("n", "integer", validate="x = 1\ny = 10 / (value - 7)"))
    key = account(crm)
    with crm.session("anna") as s:
        s.characteristics.set(s.require(Account, key), "n", 7)
        with pytest.raises(ValidationFailed) as caught:
            s.commit()
    (problem,) = caught.value.problems
    assert problem.text("it") == "la regola account.n.validate non è riuscita, riga 2, colonna 5: divisione per zero"
    assert problem.text("en") == "rule account.n.validate failed, line 2, column 5: division by zero"
    with crm.engine.connect() as connection:
        (row,) = connection.execute(select(AUDIT).where(AUDIT.c.verb == "refused")).all()
    assert row.changes == {
        "rule": [None, "account.n.validate"],
        "line": [None, 2],
        "column": [None, 5],
        "refusal": [None, ["RULE_FAILED"]],
    }


@pytest.mark.feature("C06")
def test_a_change_of_a_rule_is_audited(open_crm, define):
    crm = open_crm()
    define(crm, definition("n", "integer", validate="value > 0"))
    with crm.session("giulia") as s:
        s.characteristics.update("n", validate="value > 1")
        s.commit()
    with crm.engine.connect() as connection:
        rows = connection.execute(select(AUDIT).where(AUDIT.c.entity == "characteristic_row").order_by(AUDIT.c.id)).all()
        rows = rows or connection.execute(select(AUDIT).where(AUDIT.c.actor == "giulia")).all()
    old, new = rows[-1].changes["definition"]
    assert (rows[-1].actor, old["validate"], new["validate"]) == ("giulia", "value > 0", "value > 1")


@pytest.mark.feature("C06", "C08")
def test_mass_maintenance_passes_through_the_rules(open_crm, define, account):
    crm = open_crm()
    define(
        crm,
        definition("n", "integer", validate="value < 10 or record.name == 'Grande'"),
        definition("doppio", "integer", compute="n * 2", depends_on=("n",)),
    )
    small, large = account(crm, n=1), account(crm, name="Grande", n=2)
    with crm.session("anna") as s:
        preview = s.characteristics.preview([small, large], "n", 50)
        assert [(each.record_id, each.problem.code) for each in preview.refusals] == [(small, "RULE_REJECTED")]
        s.commit()
        s.changesets.confirm(preview.token)
        s.commit()
    assert values(crm, small) == {"n": 1, "doppio": 2}
    assert values(crm, large) == {"n": 50, "doppio": 100}
    with crm.session("anna") as s:
        s.changesets.undo(preview.id)
        s.commit()
    assert values(crm, large) == {"n": 2, "doppio": 4}


@pytest.mark.feature("C06")
def test_what_rules_read_is_not_deleted(open_crm, define):
    crm = open_crm()
    define(crm, definition("a", "integer"), definition("b", "integer", compute="a + 1"))
    with crm.session("anna") as s:
        row = s.characteristics._row("a", "account")
        s.delete(row)
        with pytest.raises(ValidationFailed, match="CHARACTERISTIC_READ_BY_RULE"):
            s.commit()
    with crm.session("anna") as s:
        s.delete(s.characteristics._row("b", "account"))
        s.commit()
        s.delete(s.characteristics._row("a", "account"))
        s.commit()


def iva(amount, rate):
    if rate == 99:
        message = "secret detail"
        raise ValueError(message)
    return amount * rate / 100


@pytest.mark.feature("C06", "I-16")
def test_functions_of_plugins_are_called_by_their_name_and_what_they_raise_stays_inside(open_crm, define, account):
    toy = make_plugin("toy", crm_script_functions=[ScriptFunction(name="toy.iva", fn=iva)])
    crm = open_crm(toy)
    define(crm, definition("n", "integer"), definition("imposta", "decimal", compute="round(toy.iva(decimal(100), n), 2)"))
    key = account(crm, n=22)
    assert values(crm, key)["imposta"] == Decimal(22)
    with crm.session("anna") as s:
        s.characteristics.set(s.require(Account, key), "n", 99)
        with pytest.raises(ValidationFailed) as caught:
            s.commit()
    assert "toy.iva" in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.feature("C06")
def test_a_rule_counts_working_days_of_the_calendar(open_crm, define, account):
    crm = open_crm()
    define(crm, definition("da", "date"), definition("entro", "date", compute="add_working_days(da, 3)"))
    key = account(crm, da="2026-05-08")
    assert str(values(crm, key)["entro"]) == "2026-05-13"
