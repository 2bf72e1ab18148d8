"""Story S11: a scripted characteristic rejects and computes; the same through the API and as a file import writes it."""

from __future__ import annotations

import sys
from decimal import Decimal

import pytest
from sqlalchemy import select

from crmcore import Account, Label, ValidationFailed
from crmcore.hooks import CharacteristicDef
from crmcore.model import AUDIT, CharacteristicChange

CLASSES = '''"A" if consumo_specifico <= 50 else "B" if consumo_specifico <= 90 else "C" if consumo_specifico <= 150 else "D"'''
SURFACE = """if not 0 < value <= 100000:
    fail("la superficie deve essere maggiore di 0 e al massimo 100000", "the surface must be more than 0 and at most 100000")"""

DEFINITIONS = (
    CharacteristicDef(key="superficie_mq", label=Label("Superficie", "Surface"), type="decimal", portfolio="SMALL", validate=SURFACE),
    CharacteristicDef(key="consumo_kwh", label=Label("Consumo", "Use"), type="decimal", portfolio="SMALL", validate="value >= 0"),
    CharacteristicDef(
        key="consumo_specifico",
        label=Label("Consumo specifico", "Specific use"),
        type="decimal",
        portfolio="SMALL",
        compute="round(consumo_kwh / superficie_mq, 2)",
        depends_on=("superficie_mq", "consumo_kwh"),
    ),
    CharacteristicDef(
        key="classe", label=Label("Classe", "Class"), portfolio="SMALL", compute=CLASSES, depends_on=("consumo_specifico",), indexed=True
    ),
)
ROWS = [
    ("120.00", "5400", "45.00", "A"),
    ("120.00", "10800", "90.00", "B"),
    ("120.00", "10800.60", "90.01", "C"),
    ("80.50", "12075", "150.00", "C"),
    ("45", "6750.30", "150.01", "D"),
    ("40.00", "107.00", "2.68", "A"),
    ("0", "100", None, None),
    ("100000", "1", "0.00", "A"),
    ("100000.01", "1", None, None),
    ("10", "-5", None, None),
]
KEYS = tuple(each.key for each in DEFINITIONS)


@pytest.fixture(params=["in process", "in a worker"])
def settings(request):
    """Both levels of isolation; a worker needs Linux."""
    if request.param == "in process":
        return {}
    from crmcore.scripting.worker import Isolated, WorkerPlan, WorkerPool, WorkerUnavailable

    pool = WorkerPool(WorkerPlan(engines={"rule": "crmcore.scripting.rules:ENGINE"}), size=1)
    runner = Isolated(pool)
    try:
        runner.check()
    except WorkerUnavailable as error:
        if sys.platform == "linux":
            raise
        pytest.skip(f"no locked worker here: {error}")
    finally:
        runner.close()
    return {"core": {"script_isolation": "worker", "script_workers": 1}}


@pytest.fixture
def crm(open_crm, settings):
    crm = open_crm(settings=settings)
    with crm.session("anna") as s:
        for code in ("SMALL", "RESID"):
            s.portfolios.create(code, code.title())
        s.commit()
        for each in DEFINITIONS:
            s.characteristics.define(each)
        s.commit()
    return crm


def add_account(crm, portfolio="SMALL", **given):
    with crm.session("anna") as s:
        account = s.accounts.create(name="Arredi Bellini", phone1="+39 0424 000012", portfolio=portfolio, characteristics=given)
        s.commit()
        return account.id


def values(crm, key):
    with crm.session("anna") as s:
        return s.characteristics.values(s.require(Account, key))


@pytest.mark.parametrize("source", ["api", "import"])
@pytest.mark.feature("S11", "C06", "I-14", "I-16")
def test_each_pair_gives_its_value_and_class_or_is_rejected_as_a_whole(crm, source):
    accepted = rejected = 0
    for surface, use, specific, grade in ROWS:
        key = add_account(crm)
        with crm.session("anna", source=source) as s:
            account = s.require(Account, key)
            account.name = "Arredi Bellini S.r.l."
            s.characteristics.set(account, "superficie_mq", surface)
            s.characteristics.set(account, "consumo_kwh", use)
            if specific is None:
                with pytest.raises(ValidationFailed) as caught:
                    s.commit()
                rejected += 1
                problem = caught.value.problems[0]
                assert (len(caught.value.problems), problem.code) == (1, "RULE_REJECTED")
                assert problem.params["rule"] in {"account.superficie_mq.validate", "account.consumo_kwh.validate"}
                assert str(problem.params["rule"]) in problem.text("it")
                assert "regola" in problem.text("it")
                assert problem.params["line"] >= 1
            else:
                s.commit()
                accepted += 1
        found = values(crm, key)
        if specific is None:
            assert found == {}
            with crm.session("anna") as s:
                assert s.require(Account, key).name == "Arredi Bellini"
                assert s.scalars(select(CharacteristicChange)).all() == [] or accepted
        else:
            assert found["consumo_specifico"] == Decimal(specific)
            assert found["classe"] == grade
    assert (accepted, rejected) == (7, 3)


@pytest.mark.feature("S11", "C06")
def test_a_new_account_gets_its_class_at_once_or_does_not_come_to_be(crm):
    key = add_account(crm, superficie_mq="80.50", consumo_kwh="12075")
    assert values(crm, key)["classe"] == "C"
    with pytest.raises(ValidationFailed, match="RULE_REJECTED"):
        add_account(crm, superficie_mq=10, consumo_kwh=-5)
    with crm.session("anna") as s:
        assert len(s.scalars(select(Account)).all()) == 1


@pytest.mark.feature("S11", "C06")
def test_the_sentence_is_in_italian_and_english_with_the_place(crm):
    key = add_account(crm)
    with crm.session("anna") as s:
        s.characteristics.set(s.require(Account, key), "superficie_mq", 0)
        with pytest.raises(ValidationFailed) as caught:
            s.commit()
    (problem,) = caught.value.problems
    expected = "la superficie deve essere maggiore di 0 e al massimo 100000 (regola account.superficie_mq.validate, riga 2, colonna 5)"
    assert problem.text("it") == f"Superficie: {expected}"
    assert problem.text("en").startswith("Surface: the surface must be more than 0")


@pytest.mark.feature("S11", "I-13", "C09")
def test_nobody_writes_what_is_computed_and_history_says_who_did(crm):
    key = add_account(crm)
    with crm.session("anna") as s:
        account = s.require(Account, key)
        s.characteristics.set(account, "superficie_mq", "40.00")
        s.characteristics.set(account, "consumo_kwh", "107.00")
        s.commit()
        s.characteristics.set(account, "classe", "D")
        with pytest.raises(ValidationFailed, match="CHARACTERISTIC_COMPUTED"):
            s.commit()
    with crm.session("anna") as s:
        history = {each.key: each.source for each in s.characteristics.history(s.require(Account, key))}
    assert history == {
        "superficie_mq": "api",
        "consumo_kwh": "api",
        "consumo_specifico": "rule:account.consumo_specifico.compute",
        "classe": "rule:account.classe.compute",
    }


@pytest.mark.feature("S11", "I-15")
def test_an_account_elsewhere_has_none_of_it(crm):
    key = add_account(crm, "RESID")
    with crm.session("anna") as s:
        account = s.require(Account, key)
        assert s.characteristics.values(account) == {}
        s.characteristics.set(account, "superficie_mq", 10)
        with pytest.raises(ValidationFailed, match="CHARACTERISTIC_OUT_OF_SCOPE"):
            s.commit()
    assert values(crm, key) == {}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"compute": "classe", "depends_on": ("classe",)}, "CHARACTERISTIC_CYCLE"),
        ({"compute": "10 if classe == 'A' else 20"}, "CHARACTERISTIC_CYCLE"),
        ({"compute": "__import__('os')"}, "SCRIPT_INVALID"),
        ({"validate": "open('/etc/hostname')"}, "SCRIPT_INVALID"),
        ({"validate": "value > nessuno"}, "SCRIPT_INVALID"),
    ],
)
@pytest.mark.feature("S11", "I-14", "I-16")
def test_a_definition_that_would_go_in_circles_or_out_is_refused(crm, change, code):
    with crm.session("anna") as s:
        s.characteristics.update("superficie_mq", **change)
        with pytest.raises(ValidationFailed) as caught:
            s.commit()
    assert code in {each.code for each in caught.value.problems}


@pytest.mark.feature("S11", "I-16")
def test_a_rule_without_an_end_is_stopped_and_refuses_the_change(crm):
    with crm.session("anna") as s:
        s.characteristics.update("superficie_mq", validate="while True:\n    pass")
        s.commit()
    key = add_account(crm)
    with crm.session("anna") as s:
        s.characteristics.set(s.require(Account, key), "superficie_mq", 10)
        with pytest.raises(ValidationFailed) as caught:
            s.commit()
        (problem,) = caught.value.problems
        assert (problem.code, problem.params["line"]) == ("RULE_FAILED", 1)
        assert "troppi passi" in problem.text("it")
    assert values(crm, key) == {}
    with crm.engine.connect() as connection:
        rows = connection.execute(select(AUDIT).where(AUDIT.c.verb == "refused")).all()
    assert [(row.entity, row.entity_id, row.actor) for row in rows] == [("account", key, "anna")]
    assert rows[0].changes["rule"] == [None, "account.superficie_mq.validate"]
    assert rows[0].changes["refusal"] == [None, ["RULE_FAILED"]]


@pytest.mark.feature("S11", "I-14")
def test_only_what_depends_on_the_change_is_computed_and_what_lacks_something_goes(crm):
    key = add_account(crm)
    with crm.session("anna") as s:
        account = s.require(Account, key)
        s.characteristics.set(account, "superficie_mq", 100)
        s.commit()
        assert s.characteristics.values(account) == {"superficie_mq": 100}
        s.characteristics.set(account, "consumo_kwh", 7500)
        s.commit()
        assert s.characteristics.get(account, "classe") == "B"
        version = account.version
        s.characteristics.set(account, "consumo_kwh", "7500.00")
        s.commit()
        assert account.version == version
        s.characteristics.set(account, "consumo_kwh", None)
        s.commit()
        assert s.characteristics.values(account) == {"superficie_mq": 100}
