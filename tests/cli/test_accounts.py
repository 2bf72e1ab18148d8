"""`crm accounts`: the list, the card and the search."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from crmcore import Actor, CharacteristicDef, Choice, Crm, Label
from crmcore.cli.codes import ExitCode

pytestmark = pytest.mark.feature("B01", "D03", "P3.4")


@pytest.fixture
def filled(shop):
    """Three accounts, one with everything; the ids by name."""
    with Crm.open(shop) as crm, crm.session(Actor.system("test")) as s:
        for key, kind, more in (
            ("consumo", "decimal", {}),
            ("gestore", "choice", {"choices": (Choice(code="enel", label=Label("Enel Energia", "Enel")),)}),
            ("dal", "date", {}),
            ("attivo", "flag", {}),
        ):
            s.characteristics.define(CharacteristicDef(key=key, label=Label(f"{key} it", f"{key} en"), type=kind, **more))
        s.commit()
        bellini = s.accounts.create(
            name="Bellini Impianti S.r.l.",
            phone1="+390424000001",
            vat_code="01234567897",
            email="info@bellini.example",
            portfolio="GENERICO",
            roles=["customer"],
            characteristics={"consumo": Decimal("5400.5"), "gestore": "enel", "dal": "2026-05-11", "attivo": True},
        )
        s.accounts.add_site(bellini, kind="legal", raw="Via Roma 1", street="Via Roma", civic="1", municipality="Bassano del Grappa")
        person = s.accounts.add_person(bellini, "Verdi", first_name="Anna", job_role="titolare")
        s.accounts.add_contact_point(person, kind="phone", value="+390424000002")
        s.accounts.link(bellini, "onda", "C0001")
        s.commit()
        s.interactions.add(bellini, "phone", subject="Primo contatto")
        others = [s.accounts.create(name=name, phone1=f"+39042400001{n}", portfolio="GENERICO") for n, name in enumerate(("Zeta", "Alfa"))]
        s.commit()
        return {each.name.split()[0]: each.id for each in (bellini, *others)}


def test_the_list_comes_in_pages_and_takes_conditions(crm, shop, filled):
    text = crm("-C", shop, "--lang", "en", "accounts", "list")
    assert [text.stdout.index(name) for name in ("Alfa", "Bellini", "Zeta")] == sorted(
        text.stdout.index(name) for name in ("Alfa", "Bellini", "Zeta")
    )
    assert "3 of 3 account(s)." in text.stdout
    first = crm("-C", shop, "--json", "accounts", "list", "--limit", "2")
    assert [row["name"] for row in json.loads(first.stdout)] == ["Alfa", "Bellini Impianti S.r.l."]
    cursor = first.stderr.split("--after ")[1].strip()
    rest = json.loads(crm("-C", shop, "--json", "accounts", "list", "--limit", "2", "--after", cursor).stdout)
    assert [row["name"] for row in rest] == ["Zeta"]


CONDITIONS = (
    (["name~ellini"], {"Bellini"}),
    (["vat_code="], {"Alfa", "Zeta"}),
    (["vat_code!="], {"Bellini"}),
    (["c.consumo>=5400"], {"Bellini"}),
    (["c.attivo=sì"], {"Bellini"}),
    (["name!=Zeta", "name!=Alfa"], {"Bellini"}),
    (['{"field": "name", "op": "in", "value": ["Alfa", "Zeta"]}'], {"Alfa", "Zeta"}),
)


def test_conditions(crm, shop, filled):
    for conditions, expected in CONDITIONS:
        options = [part for each in conditions for part in ("--where", each)]
        rows = json.loads(crm("-C", shop, "--json", "accounts", "list", *options).stdout)
        assert {row["id"] for row in rows} == {filled[name] for name in expected}, conditions


def test_conditions_that_mean_nothing_are_refused(crm, shop, filled):
    assert "is no condition" in crm("-C", shop, "accounts", "list", "--where", "name", code=ExitCode.USAGE).stderr
    assert "is not JSON" in crm("-C", shop, "accounts", "list", "--where", "{name", code=ExitCode.USAGE).stderr
    assert "QUERY_FIELD" in crm("-C", shop, "accounts", "list", "--where", "nome=x", code=ExitCode.REFUSED).stderr
    assert "not both" in crm("-C", shop, "accounts", "list", "--where", "name=x", "--saved", "x", code=ExitCode.USAGE).stderr
    found = crm("-C", shop, "--lang", "it", "accounts", "list", "--where", "name=Nessuna")
    assert found.stdout.strip() == "Nessuna anagrafica."


def test_the_card_shows_everything_in_the_language_of_the_reader(crm, shop, filled):
    card = crm("-C", shop, "--lang", "it", "accounts", "show", filled["Bellini"]).stdout
    for text in (
        "Bellini Impianti S.r.l.",
        "01234567897",
        "Via Roma 1, Bassano del Grappa",
        "Anna Verdi",
        "+390424000002",
        "onda:C0001",
        "Enel Energia",
        "5400,5",
        "11/05/2026",
        "sì",
        "Primo contatto",
    ):
        assert text in card
    english = crm("-C", shop, "--lang", "en", "accounts", "show", "onda:C0001").stdout
    assert "5400.5" in english
    assert "2026-05-11" in english
    whole = json.loads(crm("-C", shop, "--json", "accounts", "show", "onda:C0001").stdout)
    assert whole["characteristics"] == {"consumo": "5400.5", "gestore": "enel", "dal": "2026-05-11", "attivo": True}
    assert [each["value"] for each in whole["contact_points"]] == ["+390424000002"]
    assert whole["id"] == filled["Bellini"]
    assert "NOT_FOUND" in crm("-C", shop, "accounts", "show", 999, code=ExitCode.REFUSED).stderr


def test_words_and_pieces_of_numbers_find_accounts(crm, shop, filled):
    for words in (["bellini"], ["verdi", "anna"], ["000002"], ["bellini", "0424"]):
        rows = json.loads(crm("-C", shop, "--json", "accounts", "find", *words).stdout)
        assert [row["id"] for row in rows] == [filled["Bellini"]]
    assert "Nessuna" in crm("-C", shop, "--lang", "it", "accounts", "find", "sconosciuto").stdout
    assert "SEARCH_TEXT" in crm("-C", shop, "accounts", "find", "--", "--", code=ExitCode.REFUSED).stderr


def test_a_user_sees_what_is_the_users(crm, shop, filled):
    with Crm.open(shop) as opened, opened.session(Actor.system("test")) as s:
        alfa = s.accounts.require(filled["Alfa"])
        alfa.owner, alfa.private = "anna", True
        s.commit()
    rows = json.loads(crm("-C", shop, "--json", "accounts", "list", "--as", "bruno").stdout)
    assert {row["id"] for row in rows} == {filled["Bellini"], filled["Zeta"]}
