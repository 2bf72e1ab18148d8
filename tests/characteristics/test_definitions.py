"""Definitions: from rows and plugins, checked, cached and never stale; changes of type."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import select

from crmcore import Account, Label, ValidationFailed
from crmcore.model import CharacteristicRow
from crmcore.testing import make_plugin
from tests.characteristics.conftest import choices, definition


def codes(error):
    return [problem.code for problem in error.value.problems]


@pytest.mark.feature("C01")
def test_a_definition_is_read_back_as_it_was_made(open_crm, define):
    crm = open_crm()
    spec = definition(
        "classe",
        "choice",
        label=Label("Classe", "Class"),
        unit="cl",
        help="Classe energetica",
        mandatory=True,
        printable=False,
        mobile=True,
        searchable=False,
        indexed=True,
        portfolio="SMALL",
        business_unit=2,
        visible_to=("A", "B"),
        editable_by=("A",),
        default="x",
        choices=choices("x", "y", obsolete=("y",)),
    )
    define(crm, spec)
    with crm.session("anna") as s, pytest.raises(ValidationFailed, match="CHARACTERISTIC_UNKNOWN"):
        s.characteristics.definition("classe")
    from crmcore import Actor

    with crm.session(Actor.user("b", groups=("B",))) as s:
        assert s.characteristics.definition("classe").spec == spec


@pytest.mark.feature("C02", "C03", "C11")
def test_the_flags_say_what_is_printed_sent_to_phones_and_searched(open_crm, define, account):
    crm = open_crm()
    define(crm, definition("a", printable=False), definition("b", mobile=True), definition("c", searchable=False))
    key = account(crm, a="1", b="2", c="3")
    with crm.session("anna") as s:
        record = s.require(Account, key)
        assert s.characteristics.values(record) == {"a": "1", "b": "2", "c": "3"}
        assert s.characteristics.values(record, printable=True) == {"b": "2", "c": "3"}
        assert s.characteristics.values(record, mobile=True) == {"b": "2"}
        assert [each.key for each in s.characteristics.definitions(searchable=True)] == ["a", "b"]
        assert [each.key for each in s.characteristics.definitions(printable=False)] == ["a"]


@pytest.mark.feature("C01", "I-14")
@pytest.mark.parametrize(
    ("spec", "code"),
    [
        (definition("Classe"), "CHARACTERISTIC_INVALID"),
        (definition("a-b"), "CHARACTERISTIC_INVALID"),
        (definition("x'); DROP TABLE account; --"), "CHARACTERISTIC_INVALID"),
        (definition("k", "colour"), "CHARACTERISTIC_INVALID"),
        (definition("k", "choice"), "CHARACTERISTIC_INVALID"),
        (definition("k", "choice", choices=choices("a", "a")), "CHARACTERISTIC_INVALID"),
        (definition("k", "reference", target="nobody"), "CHARACTERISTIC_INVALID"),
        (definition("k", "lookup"), "CHARACTERISTIC_INVALID"),
        (definition("k", "choices", choices=choices("a"), indexed=True), "CHARACTERISTIC_INVALID"),
        (definition("k", entity="portfolio"), "CHARACTERISTIC_INVALID"),
        (definition("k", entity="nobody"), "CHARACTERISTIC_INVALID"),
        (definition("k", "integer", default="three"), "CHARACTERISTIC_INVALID"),
        (definition("k", business_unit=11), "CHARACTERISTIC_INVALID"),
        (definition("k", compute="1", depends_on=("nobody",)), "CHARACTERISTIC_INVALID"),
        (definition("k", compute="k + 1", depends_on=("k",)), "CHARACTERISTIC_CYCLE"),
        (definition("k", compute="1 +"), "SCRIPT_INVALID"),
    ],
)
def test_an_unsound_definition_is_refused(open_crm, spec, code):
    crm = open_crm()
    with crm.session("anna") as s:
        s.characteristics.define(spec)
        with pytest.raises(ValidationFailed) as error:
            s.commit()
        assert set(codes(error)) == {code}
        assert s.scalars(select(CharacteristicRow)).all() == []


@pytest.mark.feature("C01")
def test_a_row_with_a_strange_option_is_refused(open_crm):
    crm = open_crm()
    with crm.session("anna") as s:
        s.add(CharacteristicRow(entity="account", key="k", type="text", label_it="K", definition={"readonly": True}))
        with pytest.raises(ValidationFailed, match="readonly"):
            s.commit()


@pytest.mark.feature("I-14")
def test_two_rows_that_depend_on_each_other_are_refused(open_crm, define):
    crm = open_crm()
    define(crm, definition("a", "integer"), definition("b", "integer", compute="a", depends_on=("a",)))
    with crm.session("anna") as s:
        s.characteristics.update("a", compute="b", depends_on=("b",))
        with pytest.raises(ValidationFailed, match="CHARACTERISTIC_CYCLE"):
            s.commit()


@pytest.mark.feature("C01")
def test_a_plugin_and_a_row_share_the_entity_but_no_key(open_crm, define, account):
    crm = open_crm(make_plugin("toy", crm_characteristics=[definition("toy_a", "integer")]))
    define(crm, definition("b"))
    key = account(crm, toy_a=1, b="2")
    with crm.session("anna") as s:
        assert s.characteristics.values(s.require(Account, key)) == {"b": "2", "toy_a": 1}
        assert s.characteristics.definition("toy_a").owner == "toy"
        s.characteristics.define(definition("toy_a"))
        with pytest.raises(ValidationFailed, match="CHARACTERISTIC_DECLARED"):
            s.commit()
    # Without the plugin its values stay, and nobody can write them.
    crm = open_crm()
    with crm.session("anna") as s:
        record = s.require(Account, key)
        record.set_characteristic("b", "3")
        s.commit()
        assert record.characteristics == {"b": "3", "toy_a": 1}
        record.set_characteristic("toy_a", 2)
        with pytest.raises(ValidationFailed, match="CHARACTERISTIC_UNKNOWN"):
            s.commit()


@pytest.mark.feature("C01")
def test_entity_key_and_type_never_change_and_a_choice_is_never_removed(open_crm, define):
    crm = open_crm()
    define(crm, definition("k", "choice", choices=choices("a", "b")))
    for change in ({"key": "other"}, {"type": "text"}, {"entity": "person"}):
        with crm.session("anna") as s:
            row = s.scalar(select(CharacteristicRow))
            for name, value in change.items():
                setattr(row, name, value)
            with pytest.raises(ValidationFailed, match="CHARACTERISTIC_FIXED"):
                s.commit()
    with crm.session("anna") as s:
        s.characteristics.update("k", choices=choices("a"))
        with pytest.raises(ValidationFailed, match="CHARACTERISTIC_CHOICE_REMOVED"):
            s.commit()


@pytest.mark.feature("C01")
def test_an_obsolete_definition_keeps_its_values_and_takes_no_new_ones(open_crm, define, account):
    crm = open_crm()
    define(crm, definition("k"))
    key = account(crm, k="old")
    with crm.session("anna") as s:
        s.characteristics.obsolete("k")
        s.commit()
        record = s.require(Account, key)
        assert s.characteristics.values(record) == {"k": "old"}
        assert s.characteristics.definitions() == ()
        record.set_characteristic("k", "new")
        with pytest.raises(ValidationFailed, match="CHARACTERISTIC_OBSOLETE"):
            s.commit()
        s.characteristics.restore("k")
        s.commit()
        s.require(Account, key).set_characteristic("k", "new")
        s.commit()


@pytest.mark.feature("C01")
def test_a_definition_with_values_is_not_deleted(open_crm, define, account):
    crm = open_crm()
    define(crm, definition("used"), definition("unused"))
    account(crm, used="x")
    with crm.session("anna") as s:
        rows = {row.key: row for row in s.scalars(select(CharacteristicRow))}
        s.delete(rows["unused"])
        s.commit()
        s.delete(rows["used"])
        with pytest.raises(ValidationFailed, match="CHARACTERISTIC_IN_USE"):
            s.commit()


@pytest.mark.feature("C01", "C10")
def test_a_definition_and_its_first_value_come_in_one_commit(open_crm):
    crm = open_crm()
    with crm.session("anna") as s:
        s.characteristics.define(definition("k", "integer"))
        record = s.add(Account(name="x", characteristics={"k": 1}))
        assert s.characteristics.get(record, "k") == 1
        s.commit()
    with crm.session("anna") as s:
        assert s.characteristics.get(s.scalar(select(Account)), "k") == 1


@pytest.mark.feature("C01")
def test_what_was_rolled_back_is_not_defined(open_crm, account):
    crm = open_crm()
    with crm.session("anna") as s:
        s.characteristics.define(definition("k", "integer"))
        s.flush()
        assert s.characteristics.definition("k").spec.type == "integer"
        s.rollback()
        assert s.characteristics.definitions() == ()
        # The same key, another type: the same number and version of rows as what was rolled back.
        s.characteristics.define(definition("k", "text"))
        s.commit()
    account(crm, k="text")
    with pytest.raises(ValidationFailed):
        account(crm, k=1)


@pytest.mark.feature("C01")
def test_another_process_sees_a_new_definition_in_its_next_transaction(open_crm, account, database_kind):
    crm = open_crm()
    with crm.session("anna") as s:
        assert s.characteristics.definitions() == ()
    code = """
        import sys
        from crmcore import CharacteristicDef, Crm, Label
        with Crm.open(sys.argv[1]) as crm, crm.session("bruno") as s:
            s.characteristics.define(CharacteristicDef(key="k", label=Label("K", "K"), type=sys.argv[2]))
            s.commit()
    """
    url = crm.engine.url.render_as_string(hide_password=False)
    subprocess.run([sys.executable, "-c", textwrap.dedent(code), url, "integer"], check=True)
    account(crm, k=1)
    with crm.session("anna") as s:
        s.scalar(select(Account)).characteristics = {}
        s.commit()
        s.delete(s.scalar(select(CharacteristicRow)))
        s.commit()
    subprocess.run([sys.executable, "-c", textwrap.dedent(code), url, "text"], check=True)
    account(crm, k="x")
    with pytest.raises(ValidationFailed):
        account(crm, k=1)


@pytest.mark.feature("C01")
def test_definitions_cost_one_statement_for_a_transaction(open_crm, define, count_statements):
    crm = open_crm()
    define(crm, *(definition(f"k{number}") for number in range(30)))
    with crm.session("anna") as s:
        s.characteristics.definitions()
    with crm.session("anna") as s, count_statements(crm) as statements:
        for _ in range(5):
            s.characteristics.definitions()
    assert len([each for each in statements if "crm_generation" in each]) == 1
    assert not [each for each in statements if "characteristic" in each]


@pytest.mark.feature("I-12")
def test_a_change_of_type_lists_what_does_not_convert_and_changes_none(open_crm, define, account):
    crm = open_crm()
    define(crm, definition("k"))
    keys = [account(crm, k=value) for value in ("12", "007", "12,5", "-3", "x", "4.5")]
    account(crm)
    with crm.session("anna") as s:
        plan = s.characteristics.plan_type_change("k", "integer")
        assert (plan.records, plan.converted, plan.refused) == (6, 2, 4)
        assert [problem.params["id"] for problem in plan.failures] == [keys[1], keys[2], keys[4], keys[5]]
        assert {problem.code for problem in plan.failures} == {"CHARACTERISTIC_UNCONVERTIBLE"}
        with pytest.raises(ValidationFailed) as error:
            s.characteristics.apply_type_change(plan)
        assert codes(error) == ["CHARACTERISTIC_UNCONVERTIBLE"] * 4
        s.commit()
    with crm.session("anna") as s:
        assert s.characteristics.definition("k").spec.type == "text"
        assert [s.require(Account, key).characteristics["k"] for key in keys] == ["12", "007", "12,5", "-3", "x", "4.5"]
        for key, value in ((keys[1], "7"), (keys[2], "12"), (keys[4], None), (keys[5], "4")):
            s.require(Account, key).set_characteristic("k", value)
        s.commit()
        assert s.characteristics.apply_type_change(s.characteristics.plan_type_change("k", "integer")) == 5
        s.commit()
    with crm.session("anna") as s:
        assert [s.characteristics.get(s.require(Account, key), "k") for key in keys] == [12, 7, 12, -3, None, 4]
        last = s.characteristics.history(s.require(Account, keys[0]))[0]
        assert (last.old, last.new, last.source) == ("12", 12, "rule:type-change")


@pytest.mark.feature("I-12")
@pytest.mark.parametrize(
    ("old", "value", "new", "options", "expected"),
    [
        ("integer", 12, "decimal", {}, Decimal(12)),
        ("integer", 12, "text", {}, "12"),
        ("integer", 0, "flag", {}, None),
        ("decimal", "12.0", "integer", {}, 12),
        ("decimal", "12.5", "integer", {}, None),
        ("decimal", "12.345", "money", {}, None),
        ("decimal", "12.34", "money", {}, Decimal("12.34")),
        ("money", "12.30", "decimal", {}, Decimal("12.3")),
        ("money", "12.30", "text", {}, "12.30"),
        ("text", "012.5", "decimal", {}, None),
        ("text", "1.234,50", "money", {}, None),
        ("text", "2026-05-11", "date", {}, date(2026, 5, 11)),
        ("text", "11/05/2026", "date", {}, None),
        ("date", "2026-05-11", "text", {}, "2026-05-11"),
        ("flag", True, "text", {}, "true"),
        ("text", "true", "flag", {}, True),
        ("text", "sì", "flag", {}, None),
        ("text", "a", "choice", {"choices": choices("a", "b")}, "a"),
        ("text", "b", "choice", {"choices": choices("a", "b", obsolete=("b",))}, "b"),
        ("text", "c", "choice", {"choices": choices("a", "b")}, None),
        ("text", "a", "choices", {"choices": choices("a", "b")}, ("a",)),
    ],
)
def test_a_value_converts_only_when_nothing_of_it_is_lost(open_crm, define, account, old, value, new, options, expected):
    crm = open_crm()
    define(crm, definition("k", old))
    key = account(crm, k=value)
    with crm.session("anna") as s:
        plan = s.characteristics.plan_type_change("k", new, **options)
        assert plan.refused == (expected is None)
        if expected is not None:
            s.characteristics.apply_type_change(plan)
            s.commit()
            assert s.characteristics.get(s.require(Account, key), "k") == expected
