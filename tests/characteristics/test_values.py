"""Values: types, exactness, who may write, scope, defaults, history."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal

import pytest
from sqlalchemy import select

from crmcore import Account, Actor, FieldType, Label, StaleVersion, ValidationFailed
from crmcore.model import AUDIT, AccountPortfolio, CharacteristicChange, LookupEntry, LookupTable, Portfolio
from crmcore.testing import make_plugin
from tests.characteristics.conftest import choices, definition


def problems(error):
    return [(problem.code, problem.params.get("key") or problem.params.get("field")) for problem in error.value.problems]


@pytest.mark.feature("C01", "I-12")
@pytest.mark.parametrize(
    ("kind", "given", "stored", "typed"),
    [
        ("text", "01234", "01234", "01234"),
        ("integer", 12, 12, 12),
        ("decimal", Decimal("1200.50"), "1200.5", Decimal("1200.5")),
        ("decimal", "-0", "0", Decimal(0)),
        ("decimal", 7, "7", Decimal(7)),
        ("money", Decimal("2.675"), "2.68", Decimal("2.68")),
        ("money", Decimal("107.00") / Decimal("40.00"), "2.68", Decimal("2.68")),
        ("money", "-0.004", "0.00", Decimal("0.00")),
        ("date", date(2026, 5, 11), "2026-05-11", date(2026, 5, 11)),
        ("flag", False, False, False),
        ("reference", 1, 1, 1),
    ],
)
def test_a_value_has_the_type_of_its_definition(open_crm, define, kind, given, stored, typed):
    crm = open_crm()
    define(crm, definition("k", kind, target="account" if kind == "reference" else None))
    with crm.session("anna") as s:
        record = s.add(Account(name="Bellini"))
        s.flush()
        s.characteristics.set(record, "k", given)
        assert s.characteristics.get(record, "k") == typed
        s.commit()
        key = record.id
    with crm.session("anna") as s:
        found = s.require(Account, key)
        assert dict(found.characteristics) == {"k": stored}
        assert type(found.characteristics["k"]) is type(stored)
        value = s.characteristics.get(found, "k")
        assert (value, type(value)) == (typed, type(typed))


@pytest.mark.feature("C01")
@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("text", 1),
        ("text", "a\0b"),
        ("integer", True),
        ("integer", "12"),
        ("integer", 1.0),
        ("integer", 2**53 + 1),
        ("decimal", 1.5),
        ("decimal", "12.34.5"),
        ("decimal", "1_000"),
        ("decimal", "1e3"),
        ("decimal", "NaN"),
        ("decimal", "1234567890.123456"),
        ("money", "10000000000000000"),
        ("date", "31/02/2026"),
        ("date", "2026-02-31"),
        ("flag", 0),
        ("flag", "true"),
        ("choice", "grey"),
        ("choices", ["red", "grey"]),
        ("choices", "red"),
        ("lookup", "A//B"),
        ("lookup", "A/B/C/D"),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_is_written(open_crm, define, account, kind, value):
    crm = open_crm()
    options = {"choices": choices("red", "green")} if kind in {"choice", "choices"} else {"target": "sector"} if kind == "lookup" else {}
    define(crm, definition("k", kind, **options))
    with pytest.raises(ValidationFailed) as error:
        account(crm, k=value)
    assert problems(error) == [("VALUE_INVALID", "k")]
    assert "VALUE_INVALID" in error.value.text("it")
    with crm.session("anna") as s:
        assert s.scalars(select(Account)).all() == []


@pytest.mark.feature("C01")
def test_absent_is_neither_zero_nor_false(open_crm, define, account):
    crm = open_crm()
    define(crm, definition("n", "integer"), definition("f", "flag"))
    empty, zero = account(crm), account(crm, n=0, f=False)
    with crm.session("anna") as s:
        one, other = s.require(Account, empty), s.require(Account, zero)
        assert (s.characteristics.get(one, "n"), s.characteristics.get(one, "f")) == (None, None)
        assert (s.characteristics.get(other, "n"), s.characteristics.get(other, "f")) == (0, False)
        # To Python 0 == False and 1 == True; a flag is not a number all the same.
        other.set_characteristic("n", False)
        with pytest.raises(ValidationFailed, match="VALUE_INVALID"):
            s.commit()


@pytest.mark.feature("C01")
def test_a_value_outside_the_exact_range_never_gets_in_and_one_inside_stays_exact(open_crm, define, account):
    crm = open_crm()
    define(crm, definition("d", "decimal"), definition("m", "money"))
    key = account(crm, d=Decimal("0.1") + Decimal("0.2"), m=(Decimal("120.00") * Decimal("0.225")).quantize(Decimal("0.01"), ROUND_HALF_UP))
    with crm.session("anna") as s:
        assert s.characteristics.values(s.require(Account, key)) == {"d": Decimal("0.3"), "m": Decimal("27.00")}


@pytest.mark.feature("C01")
def test_an_unknown_key_is_refused_with_the_nearest_one(open_crm, define, account):
    crm = open_crm()
    define(crm, definition("consumo_kwh", "decimal"))
    with pytest.raises(ValidationFailed, match="did you mean consumo_kwh"):
        account(crm, consumo_kw="1")


@pytest.mark.feature("C01")
def test_a_field_type_of_a_plugin_works_like_one_of_the_core(open_crm, define, account):
    def normalise(value):
        if not isinstance(value, str) or len(value.strip()) != 2:
            raise ValueError(Label("due lettere", "two letters"))
        return value.strip().upper()

    toy = make_plugin("toy", crm_field_types=[FieldType(name="toy.province", label=Label("Provincia", "Province"), normalise=normalise)])
    crm = open_crm(toy)
    define(crm, definition("prov", "toy.province"))
    key = account(crm, prov=" vi ")
    with crm.session("anna") as s:
        assert s.characteristics.get(s.require(Account, key), "prov") == "VI"
    with pytest.raises(ValidationFailed, match="two letters"):
        account(crm, prov="Vicenza")
    # Without the plugin the value stays, and takes no changes.
    crm = open_crm()
    with crm.session("anna") as s:
        record = s.require(Account, key)
        assert s.characteristics.get(record, "prov") == "VI"
        record.name = "Altro"
        s.commit()
        record.set_characteristic("prov", "PD")
        with pytest.raises(ValidationFailed, match=r"toy\.province"):
            s.commit()


@pytest.mark.feature("C01")
def test_a_withdrawn_choice_stays_readable_and_is_not_taken_again(open_crm, define, account):
    crm = open_crm()
    define(crm, definition("c", "choice", choices=choices("red", "green")))
    old, other = account(crm, c="red"), account(crm, c="green")
    with crm.session("anna") as s:
        s.characteristics.update("c", choices=choices("red", "green", obsolete=("red",)))
        s.commit()
    with crm.session("anna") as s:
        record = s.require(Account, old)
        assert s.characteristics.get(record, "c") == "red"
        record.name = "Bellini & C."
        record.characteristics = {"c": "red"}
        s.commit()
        s.require(Account, other).set_characteristic("c", "red")
        with pytest.raises(ValidationFailed, match="one of green"):
            s.commit()


@pytest.mark.feature("C05", "I-13")
@pytest.mark.parametrize("source", ["api", "ui", "import"])
def test_people_and_imports_write_neither_read_only_nor_computed_values(open_crm, define, account, source):
    crm = open_crm()
    define(
        crm, definition("ro", read_only=True), definition("x", "integer"), definition("comp", "integer", compute="x + 1", depends_on=("x",))
    )
    key = account(crm, x=1)
    for actor in ("anna", Actor.system("import")):
        with crm.session(actor, source=source) as s:
            s.require(Account, key).characteristics = {"x": 1, "ro": "a", "comp": 3}
            with pytest.raises(ValidationFailed) as error:
                s.commit()
            assert problems(error) == [("CHARACTERISTIC_READ_ONLY", "ro"), ("CHARACTERISTIC_COMPUTED", "comp")]


@pytest.mark.feature("C05", "C09", "I-13")
def test_rules_and_events_write_what_people_may_not_and_history_says_so(open_crm, define, account):
    crm = open_crm()
    define(crm, definition("gestore", read_only=True), definition("note"))
    key = account(crm)
    with crm.session(Actor.system("rules"), source="rule:classe") as s:
        s.require(Account, key).set_characteristic("gestore", "ENEL")
        s.commit()
    with crm.session("anna") as s:
        record = s.require(Account, key)
        s.characteristics.set_automatic(record, "gestore", "EDISON", "event:contract.activated")
        record.set_characteristic("note", "x")
        s.commit()
        # What was written by hand afterwards is not automatic any more.
        s.characteristics.set_automatic(record, "gestore", "A2A", "event:contract.activated")
        record.set_characteristic("gestore", "HACKED")
        with pytest.raises(ValidationFailed, match="CHARACTERISTIC_READ_ONLY"):
            s.commit()
    with crm.session("anna") as s:
        found = [(each.key, each.old, each.new, each.source, each.actor) for each in s.characteristics.history(s.require(Account, key))]
    assert set(found) == {
        ("gestore", None, "ENEL", "rule:classe", "system:rules"),
        ("gestore", "ENEL", "EDISON", "event:contract.activated", "anna"),
        ("note", None, "x", "api", "anna"),
    }


@pytest.mark.feature("C05")
def test_groups_see_and_edit_what_the_definition_says(open_crm, define, account):
    crm = open_crm()
    define(crm, definition("secret", visible_to=("DIREZIONE",)), definition("price", editable_by=("AMM", "DIREZIONE")))
    key = account(crm, actor=Actor.user("dir", groups=("DIREZIONE",)), secret="s", price="10")
    with crm.session("anna") as s:
        record = s.require(Account, key)
        assert s.characteristics.values(record) == {"price": "10"}
        assert [each.key for each in s.characteristics.definitions()] == ["price"]
        with pytest.raises(ValidationFailed, match="CHARACTERISTIC_UNKNOWN"):
            s.characteristics.get(record, "secret")
        record.characteristics = {"secret": "t", "price": "11"}
        with pytest.raises(ValidationFailed) as error:
            s.commit()
        assert problems(error) == [("CHARACTERISTIC_UNKNOWN", "secret"), ("CHARACTERISTIC_GROUP", "price")]
    with crm.session(Actor.user("amm", groups=("AMM",))) as s:
        record = s.require(Account, key)
        record.set_characteristic("price", "11")
        s.commit()
        assert {each.key for each in s.characteristics.history(record)} == {"price"}
        assert record.characteristics["secret"] == "s"


@pytest.mark.feature("C04", "I-15")
def test_outside_its_scope_a_characteristic_is_hidden_kept_and_not_written(open_crm, define, account, archive, put):
    crm = open_crm()
    places = archive(crm)
    define(crm, definition("mq", "decimal", portfolio="SMALL"), definition("two", "text", business_unit=2), definition("free"))
    key = account(crm)
    put(crm, key, places["TINY"])
    with crm.session("anna") as s:
        record = s.require(Account, key)
        s.characteristics.set(record, "mq", 80)
        s.commit()
        assert s.characteristics.values(record) == {"mq": Decimal(80)}
        record.set_characteristic("two", "x")
        with pytest.raises(ValidationFailed) as error:
            s.commit()
        assert problems(error) == [("CHARACTERISTIC_OUT_OF_SCOPE", "two")]
    put(crm, key, places["ALTRO"])
    with crm.session("anna") as s:
        record = s.require(Account, key)
        assert s.characteristics.values(record) == {}
        assert s.characteristics.get(record, "mq") is None
        for value in ("81", None):
            s.characteristics.set(s.require(Account, key), "mq", value)
            with pytest.raises(ValidationFailed, match="portfolio SMALL"):
                s.commit()
    put(crm, key, places["SMALL"])
    with crm.session("anna") as s:
        assert s.characteristics.values(s.require(Account, key)) == {"mq": Decimal(80)}


@pytest.mark.feature("C04", "I-15")
def test_account_and_portfolio_and_bound_value_come_in_one_commit(open_crm, define, archive):
    crm = open_crm()
    places = archive(crm)
    define(crm, definition("mq", "decimal", portfolio="SMALL", mandatory=True), definition("cl", portfolio="SMALL", default="A"))

    def make(portfolio, **values):
        with crm.session("anna") as s:
            record = s.add(Account(name="x", characteristics=values))
            s.flush()
            place = s.require(Portfolio, places[portfolio])
            s.add(AccountPortfolio(account_id=record.id, business_unit_id=place.business_unit_id, portfolio_id=place.id))
            s.flush()
            s.characteristics.fill_defaults(record)
            s.commit()
            return s.characteristics.values(record)

    assert make("TINY", mq="5") == {"cl": "A", "mq": Decimal(5)}
    assert make("ALTRO") == {}
    with pytest.raises(ValidationFailed, match="CHARACTERISTIC_MISSING"):
        make("SMALL")
    with pytest.raises(ValidationFailed, match="CHARACTERISTIC_OUT_OF_SCOPE"):
        make("ALTRO", mq="5")


@pytest.mark.feature("C01")
def test_defaults_are_filled_and_mandatory_values_cannot_be_left_out_or_taken_away(open_crm, define, account):
    crm = open_crm()
    define(crm, definition("m", mandatory=True), definition("d", "integer", default=3), definition("ro", default="auto", read_only=True))
    with pytest.raises(ValidationFailed) as error:
        account(crm)
    assert problems(error) == [("CHARACTERISTIC_MISSING", "m")]
    key = account(crm, m="x")
    with crm.session("anna") as s:
        record = s.require(Account, key)
        assert s.characteristics.values(record) == {"d": 3, "m": "x", "ro": "auto"}
        assert {each.key: each.source for each in s.characteristics.history(record)} == {
            "m": "api",
            "d": "rule:default",
            "ro": "rule:default",
        }
        record.set_characteristic("m", None)
        with pytest.raises(ValidationFailed, match="CHARACTERISTIC_MISSING"):
            s.commit()


@pytest.mark.feature("C01", "N01")
def test_references_and_three_level_values_lead_somewhere(open_crm, define, account):
    crm = open_crm()
    with crm.session("anna") as s:
        table = s.add(LookupTable(code="sector", label_it="Settore"))
        s.flush()
        parent = None
        for level, code in enumerate(("IND", "MEC", "STA"), 1):
            entry = LookupEntry(table_id=table.id, code=code, label_it=code, level=level, parent_id=parent)
            entry.path = "/".join(("IND", "MEC", "STA")[:level]) + "/"
            s.add(entry)
            s.flush()
            parent = entry.id
        s.commit()
    define(crm, definition("sector", "lookup", target="sector"), definition("mother", "reference", target="account"))
    first = account(crm, sector=("IND", "MEC", "STA"))
    second = account(crm, sector="IND/MEC", mother=first)
    with crm.session("anna") as s:
        assert s.characteristics.values(s.require(Account, second)) == {"mother": first, "sector": "IND/MEC/"}
    with pytest.raises(ValidationFailed) as error:
        account(crm, sector="IND/XXX", mother=999)
    assert sorted(problems(error)) == [("CHARACTERISTIC_TARGET", "mother"), ("CHARACTERISTIC_TARGET", "sector")]


@pytest.mark.feature("C09")
def test_writing_a_value_otherwise_changes_nothing(open_crm, define, account):
    crm = open_crm()
    define(crm, definition("d", "decimal"))
    key = account(crm, d="1200.5")

    def counted(table):
        with crm.engine.connect() as connection:
            return len(connection.execute(select(table)).all())

    before = counted(AUDIT), counted(CharacteristicChange.__table__)
    with crm.session("bruno") as s:
        record = s.require(Account, key)
        record.set_characteristic("d", "1200.500")
        s.commit()
    with crm.session("anna") as s:
        record = s.require(Account, key)
        assert (record.version, record.updated_by, record.characteristics["d"]) == (1, "anna", "1200.5")
    assert (counted(AUDIT), counted(CharacteristicChange.__table__)) == before


@pytest.mark.feature("C09")
def test_history_is_written_in_one_statement_for_any_number_of_values(open_crm, define, count_statements):
    crm = open_crm()
    define(crm, *(definition(f"k{number}", "integer") for number in range(5)))
    counts = []
    for accounts in (2, 2, 20):
        with crm.session("anna") as s, count_statements(crm) as statements:
            for number in range(accounts):
                s.add(Account(name=f"A{number}", characteristics={f"k{each}": each for each in range(5)}))
            s.commit()
        counts.append(len(statements))
        with crm.session("anna") as s:
            assert len(s.scalars(select(CharacteristicChange)).all()) % 5 == 0
    # The first commit of a connection asks the driver for more.
    assert counts[1] == counts[2]
    with crm.session("anna") as s:
        assert len(s.scalars(select(CharacteristicChange)).all()) == 24 * 5


@pytest.mark.feature("I-12")
def test_two_who_write_one_account_do_not_lose_a_value(open_crm, define, account):
    crm = open_crm()
    define(crm, definition("a"), definition("b"))
    key = account(crm)
    with crm.session("anna") as one, crm.session("bruno") as two:
        first, second = one.require(Account, key), two.require(Account, key)
        first.set_characteristic("a", "1")
        one.commit()
        second.set_characteristic("b", "2")
        with pytest.raises(StaleVersion):
            two.commit()
