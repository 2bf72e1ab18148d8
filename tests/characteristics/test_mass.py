"""Mass maintenance of values: preview → confirm → undo, with the rules of any other change."""

from __future__ import annotations

from decimal import Decimal

import pytest
from sqlalchemy import select

from crmcore import Account, ValidationFailed
from crmcore.errors import UsageError
from crmcore.model import CharacteristicChange
from tests.characteristics.conftest import choices, definition


@pytest.fixture
def crowd():
    def make(crm, count, **values):
        with crm.session("anna") as s:
            records = [s.add(Account(name=f"A{number:03}", characteristics=dict(values))) for number in range(count)]
            s.commit()
            return [record.id for record in records]

    return make


def stored(crm, key):
    with crm.session("anna") as s:
        return [record.characteristics.get(key) for record in s.scalars(select(Account).order_by(Account.id))]


@pytest.mark.feature("C08", "C07", "I-72")
def test_one_value_for_many_records_is_previewed_confirmed_and_undone(open_crm, define, crowd, count_statements):
    crm = open_crm()
    define(crm, definition("m", "money"))
    keys = crowd(crm, 40)
    with crm.session("anna", source="ui") as s:
        preview = s.characteristics.preview(keys[:30], "m", Decimal("12.345"))
        s.commit()
    assert preview.counts == {"planned": 30}
    assert stored(crm, "m") == [None] * 40
    with crm.session("anna", source="ui") as s, count_statements(crm) as statements:
        result = s.changesets.confirm(preview.token)
        s.commit()
    assert result.records == 30
    assert len(statements) < 30
    assert stored(crm, "m") == ["12.35"] * 30 + [None] * 10
    with crm.session("anna") as s:
        history = s.scalars(select(CharacteristicChange).order_by(CharacteristicChange.id)).all()
        assert len(history) == 30
        assert (history[0].old, history[0].new, history[0].source, history[0].actor) == (None, "12.35", "ui", "anna")
        s.changesets.undo(result.id)
        s.commit()
    assert stored(crm, "m") == [None] * 40


@pytest.mark.feature("C08", "I-13", "I-15", "I-72")
def test_a_mass_change_refuses_what_a_single_one_refuses(open_crm, define, crowd, archive, put):
    crm = open_crm()
    places = archive(crm)
    define(
        crm,
        definition("mq", "decimal", portfolio="SMALL"),
        definition("ro", read_only=True),
        definition("price", editable_by=("AMM",)),
        definition("mother", "reference", target="account"),
        definition("c", "choice", choices=choices("a", "b", obsolete=("b",))),
    )
    keys = crowd(crm, 3)
    put(crm, keys[0], places["TINY"])
    with crm.session("anna") as s:

        def refused(key, value):
            return dict(s.characteristics.preview(keys, key, value).counts)

        assert refused("mq", "5") == {"planned": 1, "CHARACTERISTIC_OUT_OF_SCOPE": 2}
        assert refused("ro", "x") == {"CHARACTERISTIC_READ_ONLY": 3}
        assert refused("price", "x") == {"CHARACTERISTIC_GROUP": 3}
        assert refused("mother", 999) == {"CHARACTERISTIC_TARGET": 3}
        for key, value in (("c", "b"), ("c", "z"), ("mq", "x"), ("nobody", 1)):
            with pytest.raises(ValidationFailed):
                s.characteristics.preview(keys, key, value)


@pytest.mark.feature("C07", "C08", "I-72")
def test_values_of_their_own_and_removal(open_crm, define, crowd):
    crm = open_crm()
    define(crm, definition("n", "integer"), definition("m", "text", mandatory=True))
    keys = crowd(crm, 3, m="x")
    with crm.session("anna") as s:
        preview = s.characteristics.preview_each({key: number for number, key in enumerate(keys)}, "n")
        s.changesets.confirm(preview.token)
        s.commit()
        assert stored(crm, "n") == [0, 1, 2]
        preview = s.characteristics.preview(keys[:2], "n", None)
        s.changesets.confirm(preview.token)
        s.commit()
        assert stored(crm, "n") == [None, None, 2]
        assert s.characteristics.preview(keys, "m", None).counts == {"CHARACTERISTIC_MISSING": 3}


@pytest.mark.feature("C08", "I-72")
def test_a_set_that_was_previewed_under_other_definitions_is_previewed_again(open_crm, define, crowd):
    crm = open_crm()
    define(crm, definition("n", "integer"))
    keys = crowd(crm, 2)
    with crm.session("anna") as s:
        preview = s.characteristics.preview(keys, "n", 1)
        s.commit()
        s.characteristics.update("n", read_only=True)
        s.commit()
        with pytest.raises(UsageError, match="CHANGE_SET_OUTDATED"):
            s.changesets.confirm(preview.token)


@pytest.mark.feature("C08", "I-12")
def test_the_bulk_path_stores_what_the_single_path_stores(open_crm, define, crowd):
    crm = open_crm()
    define(
        crm,
        definition("t"),
        definition("i", "integer"),
        definition("d", "decimal"),
        definition("f", "flag"),
        definition("cs", "choices", choices=choices("a", "b")),
    )
    values = {"t": "àè'\"\\", "i": -5, "d": "1.50", "f": False, "cs": ["b", "a"]}
    one, other = crowd(crm, 2)
    with crm.session("anna") as s:
        for key, value in values.items():
            s.characteristics.set(s.require(Account, one), key, value)
        s.commit()
    with crm.session("anna") as s:
        for key, value in values.items():
            s.changesets.confirm(s.characteristics.preview([other], key, value).token)
        s.commit()
    with crm.session("anna") as s:
        first, second = (dict(s.require(Account, key).characteristics) for key in (one, other))
        assert first == second
        assert {key: type(value) for key, value in first.items()} == {key: type(value) for key, value in second.items()}
