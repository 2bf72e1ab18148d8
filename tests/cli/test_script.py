"""`crm script`: story S11 through the command line, and what authors of rules need."""

from __future__ import annotations

import json

import pytest

from crmcore import Account, Crm, Label
from crmcore.hooks import CharacteristicDef

CLASSES = '"A" if consumo_specifico <= 50 else "B" if consumo_specifico <= 90 else "C" if consumo_specifico <= 150 else "D"'
SPECIFIC = "account.consumo_specifico.compute"
SURFACE = "account.superficie_mq.validate"


@pytest.fixture
def rules(shop):
    """The definitions of story S11, with two accounts that changed."""
    with Crm.open(shop) as crm, crm.session("anna") as s:
        for key, options in {
            "superficie_mq": {"type": "decimal", "validate": 'if not 0 < value <= 100000:\n    fail("fuori misura", "out of range")'},
            "consumo_kwh": {"type": "decimal", "validate": "value >= 0"},
            "consumo_specifico": {"type": "decimal", "compute": "round(consumo_kwh / superficie_mq, 2)"},
            "classe": {"compute": CLASSES, "depends_on": ("consumo_specifico",)},
        }.items():
            s.characteristics.define(CharacteristicDef(key=key, label=Label(key, key), **options))
        s.commit()
        for surface, use in ((120, 5400), (600, 9000)):
            values = {"superficie_mq": surface, "consumo_kwh": use}
            s.accounts.create(name="Bellini", phone1="+39 0424 000012", portfolio="GENERICO", characteristics=values)
        s.commit()
        s.characteristics.set(s.require(Account, 2), "superficie_mq", 90)
        s.commit()
    return shop


@pytest.mark.feature("S11", "C06")
def test_lists_and_checks_every_rule(crm, rules):
    found = json.loads(crm("-C", rules, "--json", "script", "list").stdout)
    assert {row["rule"]: row["reads"] for row in found} == {
        SURFACE: "value",
        "account.consumo_kwh.validate": "value",
        SPECIFIC: "consumo_kwh superficie_mq",
        "account.classe.compute": "consumo_specifico",
    }
    assert crm("-C", rules, "script", "list").stdout.count("account.") == 4
    assert "4" in crm("-C", rules, "script", "check").stdout


@pytest.mark.feature("S11", "I-16")
def test_a_text_that_is_no_rule_is_refused_with_its_place(crm, rules, tmp_path):
    text = tmp_path / "rule.py"
    text.write_text("x = 1\nvalue > superfice_mq")
    result = crm("-C", rules, "--lang", "it", "script", "check", SURFACE, text, code=1)
    assert "SCRIPT_REFUSED" in result.stderr
    assert "riga 2 colonna 9" in result.stderr
    text.write_text("value > 0")
    crm("-C", rules, "script", "check", SURFACE, text)
    assert "RULE_UNKNOWN" in crm("-C", rules, "script", "check", "account.nothing.validate", text, code=1).stderr
    assert crm("-C", rules, "script", "check", SURFACE, code=2).stderr


@pytest.mark.parametrize(
    ("rule", "sample", "verdict", "value"),
    [
        (SPECIFIC, {"superficie_mq": "40.00", "consumo_kwh": "107.00"}, "value", "2.68"),
        (SPECIFIC, {"superficie_mq": "80.50", "consumo_kwh": "12075"}, "value", "150.00"),
        (SPECIFIC, {"superficie_mq": "0", "consumo_kwh": "1"}, "failed", None),
        (SPECIFIC, {"consumo_kwh": "1"}, "skipped", None),
        ("account.classe.compute", {"consumo_specifico": "90.01"}, "value", "C"),
        (SURFACE, {"value": "100000.01"}, "rejected", None),
        (SURFACE, {"superficie_mq": "100000"}, "value", None),
    ],
)
@pytest.mark.feature("S11", "C06")
def test_runs_a_rule_on_samples(crm, rules, rule, sample, verdict, value):
    found = json.loads(crm("-C", rules, "--json", "script", "run", rule, "--sample", json.dumps(sample)).stdout)
    assert (found["verdict"], found["value"]) == (verdict, value)
    if verdict == "rejected":
        assert (found["reason"], found["line"]) == ("fuori misura", 2)


@pytest.mark.feature("S11", "C06")
def test_runs_tests_and_says_which_failed(crm, rules, tmp_path):
    cases = [
        {"rule": SPECIFIC, "given": {"superficie_mq": "120.00", "consumo_kwh": "10800.60"}, "expect": "90.01"},
        {"rule": SURFACE, "given": {"value": 0}, "refused": "fuori misura"},
        {"rule": "account.consumo_kwh.validate", "given": {"value": -5}, "refused": True},
    ]
    file = tmp_path / "cases.json"
    file.write_text(json.dumps(cases))
    assert "3" in crm("-C", rules, "script", "test", file).stdout
    file.write_text(json.dumps([*cases, {"rule": SPECIFIC, "given": {"superficie_mq": 1, "consumo_kwh": 1}, "expect": "2"}]))
    assert "SCRIPT_TESTS_FAILED" in crm("-C", rules, "script", "test", file, code=1).stderr
    file.write_text("{")
    assert "SCRIPT_SAMPLE" in crm("-C", rules, "script", "test", file, code=1).stderr


@pytest.mark.feature("S11", "C06")
def test_a_changed_rule_is_rehearsed_on_the_changes_of_the_past(crm, rules, tmp_path):
    text = tmp_path / "rule.py"
    text.write_text('value < 500 or fail("troppo grande")')
    result = json.loads(crm("-C", rules, "--json", "script", "rehearse", SURFACE, text).stdout)
    # 600 was once the surface of the second account; today it is 90.
    assert [(row["record"], row["present"], row["proposed"]) for row in result] == [(2, "value: None", "rejected: troppo grande")]
    text.write_text("round(consumo_kwh / superficie_mq, 1)")
    rows = json.loads(crm("-C", rules, "--json", "script", "rehearse", SPECIFIC, text, "--last", "1").stdout)
    assert rows == []


@pytest.mark.feature("C06", "C09")
def test_values_of_a_changed_rule_are_computed_anew(crm, rules):
    with Crm.open(rules) as opened, opened.session("anna") as s:
        s.characteristics.update("consumo_specifico", compute="round(consumo_kwh / superficie_mq / 10, 2)")
        s.commit()
    found = json.loads(crm("-C", rules, "--json", "script", "recompute", SPECIFIC).stdout)
    assert found == {"seen": 2, "changed": 2, "failed": []}
    with Crm.open(rules) as opened, opened.session("anna") as s:
        # What depends on it follows: 9000 / 90 / 10 is 10, and so class A.
        assert s.characteristics.get(s.require(Account, 2), "classe") == "A"
        assert {each.source for each in s.characteristics.history(s.require(Account, 2), "consumo_specifico")} == {f"rule:{SPECIFIC}"}
    assert json.loads(crm("-C", rules, "--json", "script", "recompute", SPECIFIC).stdout)["changed"] == 0
    assert "RULE_UNKNOWN" in crm("-C", rules, "script", "recompute", SURFACE, code=1).stderr


@pytest.mark.feature("S11", "C06")
def test_tells_which_rules_read_a_field(crm, rules):
    found = json.loads(crm("-C", rules, "--json", "script", "references", "consumo_kwh").stdout)
    assert found == [{"rule": SPECIFIC, "line": 1, "column": 7}]
    assert "superficie_mq" in crm("-C", rules, "--lang", "en", "script", "references", "nothing_superficie_mq").stdout
