"""The field types as characteristics of a CRM, on both databases."""

from __future__ import annotations

import pytest
from crmcore_italy import FIELD_TYPES

from crmcore import Account, CharacteristicDef, CrmError, Label

pytestmark = pytest.mark.feature("C01", "C07", "D01", "I-12")

EXAMPLES = {
    "italy.vat_code": ("IT 00000019992", "00000019992", "00000019992"),
    "italy.fiscal_code": ("rssmra80a01l840j", "RSSMRA80A01L840J", "RSSMRA80A01L840J"),
    "italy.phone": ("tel. 0424/000012", "+390424000012", "+39 0424 000012"),
    "italy.phones": ("0424 000012 / 320 0000012", ["+390424000012", "+393200000012"], "+39 0424 000012; +39 320 000 0012"),
    "italy.email": ("Info@Example.com", "info@example.com", "info@example.com"),
    "italy.pec": ("PEC@Example.com", "pec@example.com", "pec@example.com"),
    "italy.recipient_code": ("abc1234", "ABC1234", "ABC1234"),
    "italy.iban": ("it85f0503411801000000012345", "IT85F0503411801000000012345", "IT85 F050 3411 8010 0000 0012 345"),
    "italy.postcode": ("184", "00184", "00184"),
    "italy.province": ("vicenza", "VI", "Vicenza"),
    "italy.municipality": ("bassano del grappa", "024012", "Bassano del Grappa (VI)"),
    "italy.address": ("V.LE STAZIONE, 2", "Viale Stazione 2", "Viale Stazione 2"),
    "italy.ateco": ("621000", "2025:62.10.00", "62.10.00 (ATECO 2025)"),
    "italy.legal_form": ("s r l", "SRL", "S.r.l."),
    "italy.person_name": ("D'ANGELO NICOLO'", "D'Angelo Nicolò", "D'Angelo Nicolò"),
}


def test_there_is_an_example_of_each():
    assert sorted(EXAMPLES) == sorted(kind.name for kind in FIELD_TYPES)


@pytest.mark.parametrize("kind", FIELD_TYPES, ids=lambda kind: kind.name)
def test_a_value_is_normalised_stored_and_shown(kind):
    given, stored, shown = EXAMPLES[kind.name]
    assert kind.normalise(given) == stored
    assert kind.normalise(stored) == stored
    assert kind.display(stored) == shown
    assert kind.normalise(shown) == stored


def test_characteristics_of_all_types_are_kept(open_crm):
    crm = open_crm("italy")
    with crm.session("anna") as session:
        for name in EXAMPLES:
            session.characteristics.define(CharacteristicDef(key=name.removeprefix("italy."), label=Label(name, name), type=name))
        session.commit()
    with crm.session("anna") as session:
        account = session.add(Account(name="Bellini"))
        session.flush()
        for name, (given, _, _) in EXAMPLES.items():
            session.characteristics.set(account, name.removeprefix("italy."), given)
        session.commit()
        key = account.id
    with crm.session("anna") as session:
        found = session.require(Account, key).characteristics
        assert dict(found) == {name.removeprefix("italy."): stored for name, (_, stored, _) in EXAMPLES.items()}


def test_a_refusal_says_what_was_expected_in_italian(open_crm):
    crm = open_crm("italy")
    with crm.session("anna") as session:
        session.characteristics.define(CharacteristicDef(key="town", label=Label("Comune", "Town"), type="italy.municipality"))
        session.commit()
        account = session.add(Account(name="Bellini"))
        session.flush()
        with pytest.raises(CrmError) as caught:
            session.characteristics.set(account, "town", "Castro")
            session.commit()
    assert "Castro (BG), Castro (LE)" in caught.value.text("it")
    assert "provincia" in caught.value.text("it")
