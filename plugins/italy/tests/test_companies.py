"""Legal forms and the names of companies; economic activities."""

from __future__ import annotations

import pytest
from crmcore_italy import FORMS, CompanyName, read_company, suggest_kind, title_of, translate
from crmcore_italy.ateco import display_ateco, normalise_ateco
from crmcore_italy.companies import display_form, normalise_form
from hypothesis import given
from hypothesis import strategies as st

from crmcore import AccountKind

pytestmark = pytest.mark.feature("D01", "B04")


@pytest.mark.parametrize(
    ("text", "name", "form", "remarks"),
    [
        ("Rossi S.r.l.s.", "Rossi", "SRLS", set()),
        ("Rossi srl semplificata", "Rossi", "SRLS", set()),
        ("Rossi S.r.l. unipersonale", "Rossi", "SRL", {"sole_member"}),
        ("Rossi S.p.A. in liquidazione", "Rossi", "SPA", {"liquidation"}),
        ("Rossi SRL A SOCIO UNICO IN LIQ.", "Rossi", "SRL", {"sole_member", "liquidation"}),
        ("Bianchi Soc. Coop. a r.l.", "Bianchi", "COOP", set()),
        ("Soc. coop. sociale Alfa ONLUS", "Alfa", "COOP_SOCIALE", {"nonprofit"}),
        ("Gamma Società a Responsabilità Limitata", "Gamma", "SRL", set()),
        ("SOCIETA' PER AZIONI DELTA", "DELTA", "SPA", set()),
        ("S.r.l. Beta", "Beta", "SRL", set()),
        ("Rossi S R L", "Rossi", "SRL", set()),
        ("Rossi, s.r.l.", "Rossi", "SRL", set()),
        ("Alfa scarl", "Alfa", "SCARL", set()),
        ("Soc. agr. Verdi s.s.", "Verdi", "SS", {"farming"}),
        ("ABC STP a r.l.", "ABC", "SRL", {"professionals"}),
        ("F.lli Rossi snc", "F.lli Rossi", "SNC", set()),
        ("Ditta Rossi Mario", "Rossi Mario", "DI", set()),
        ("SPA Benessere", "SPA Benessere", "", set()),
        ("Consorzio Alfa", "Consorzio Alfa", "", set()),
        ("Rossi Mario", "Rossi Mario", "", set()),
        ("Basrl", "Basrl", "", set()),
    ],
)
def test_a_name_is_told_from_its_form(text, name, form, remarks):
    assert read_company(text) == CompanyName(name, form, remarks=frozenset(remarks))


def test_who_is_behind_a_partnership_is_no_part_of_its_name():
    found = read_company("Rossi & C. S.n.c. di Mario Rossi")
    assert (found.name, found.form, found.owner) == ("Rossi & C.", "SNC", "Mario Rossi")
    assert found.text() == "Rossi & C. S.n.c. di Mario Rossi"
    trade = read_company("Bar Sport di Rossi Mario, ditta individuale")
    assert (trade.name, trade.form, trade.owner) == ("Bar Sport", "DI", "Rossi Mario")


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.code)
def test_every_form_is_known_by_code_abbreviation_and_name(form):
    assert normalise_form(form.code) == normalise_form(form.short) == normalise_form(form.label.it) == form.code
    assert normalise_form(display_form(form.code)) == form.code


@given(
    st.sampled_from([form for form in FORMS if form.code not in {"FONDAZIONE", "ASSOCIAZIONE", "CONSORZIO"}]),
    st.from_regex(r"[A-Z][a-z]{3,8}( & Figli)?", fullmatch=True),
)
def test_a_name_with_its_form_reads_back(form, name):
    company = CompanyName(name, form.code)
    assert read_company(company.text()) == company


@pytest.mark.parametrize("wrong", ["xyz", "", None, 1, "S.r.l. Rossi"])
def test_other_forms_are_refused(wrong):
    with pytest.raises(ValueError, match="legal form"):
        normalise_form(wrong)


def test_the_kind_of_an_account_is_suggested_by_what_is_known():
    assert suggest_kind("Rossi Mario", fiscal_code="RSSMRA80A01L840J") is AccountKind.RETAIL
    assert suggest_kind("Rossi Mario", fiscal_code="RSSMRA80A01L840J", vat_code="00000019992") is AccountKind.BUSINESS
    assert suggest_kind("Rossi Mario", fiscal_code="01735420018") is AccountKind.BUSINESS
    assert suggest_kind("Rossi S.r.l.") is AccountKind.BUSINESS
    assert suggest_kind("Rossi Mario") is None


@pytest.mark.parametrize(
    ("given_as", "stored"),
    [
        ("621000", "2025:62.10.00"),
        ("62.10.00", "2025:62.10.00"),
        ("ATECO 62.10.00", "2025:62.10.00"),
        ("1.11.00", "2025:01.11.00"),
        ("a", "2025:A"),
        ("62.01.00", "2022:62.01.00"),
        ("2022:62.01.00", "2022:62.01.00"),
        ("62.10.00 (ATECO 2025)", "2025:62.10.00"),
        ("62.10", "2025:62.10"),
    ],
)
def test_an_activity_is_stored_with_its_edition(given_as, stored):
    assert normalise_ateco(given_as) == stored
    assert normalise_ateco(stored) == normalise_ateco(display_ateco(stored)) == stored


@pytest.mark.parametrize("wrong", ["99.99.99", "2025:62.01.00", "2030:62.10.00", "62.1O", "", None, 621000, "62.10.00.00"])
def test_what_no_edition_has_is_refused(wrong):
    with pytest.raises(ValueError, match="ATECO"):
        normalise_ateco(wrong)


def test_every_activity_of_2025_reads_back():
    from ateco._load import load_nodes

    codes = [f"2025:{code}" for code in load_nodes("2025")]
    assert len(codes) == 3257
    assert [code for code in codes if normalise_ateco(display_ateco(code)) != code] == []


def test_editions_are_translated_by_the_table_of_istat():
    assert translate("2022:62.01.00").codes == ("2025:62.10.00",)
    assert translate("2022:62.01.00").certain
    assert translate("2025:62.10.00").codes == ("2025:62.10.00",)
    several = translate("2022:A")
    assert (len(several.codes) > 1) is not several.certain
    with pytest.raises(ValueError, match="no table"):
        translate("2007:62.01.00")


def test_the_title_is_that_of_the_classification():
    assert title_of("2025:62.10.00") == "Attività di programmazione informatica"
    assert title_of("2025:62.01.00") == ""
