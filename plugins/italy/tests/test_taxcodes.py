"""VAT and fiscal codes: check digits, lost zeros, omocodia, and what a code says."""

from __future__ import annotations

from datetime import date

import pytest
from crmcore_italy import Standing, fits_name, judge_vat, normalise_fiscal, normalise_vat, read_fiscal, without_omocodia
from crmcore_italy.taxcodes import check_character, check_digit_is_right
from hypothesis import given
from hypothesis import strategies as st

pytestmark = pytest.mark.feature("D01", "I-4")

ROSSI = "RSSMRA80A01L840J"
PLACES = (6, 7, 9, 10, 12, 13, 14)


def vat_of(ten):
    return next(f"{ten}{digit}" for digit in range(10) if check_digit_is_right(f"{ten}{digit}"))


@pytest.mark.parametrize(
    "given_as",
    [
        "00000019992",
        "IT00000019992",
        "it 00000 019992",
        "P.IVA 00000019992",
        "P. IVA: 00000019992",
        "partita iva 00000019992",
        "0000001999-2",
        "19992",
        " 0000019992 ",
        "\ufeff00000019992",
    ],
)
def test_a_vat_code_is_eleven_digits_however_it_was_written(given_as):
    assert normalise_vat(given_as) == "00000019992"


@pytest.mark.parametrize(
    "wrong", ["00000019991", "00000000000", "1999", "3,47E+09", "ABC", "", "IT", "IT0000001999", None, 19992, "0" * 500]
)
def test_a_wrong_vat_code_is_refused_with_what_was_expected(wrong):
    with pytest.raises(ValueError, match="check digit") as caught:
        normalise_vat(wrong)
    assert "11 cifre" in caught.value.args[0].it


def test_zeros_come_back_only_where_the_office_is_known_too():
    # 1234567897 passes the check digit with a zero in front, and its office, 789, is none.
    code = vat_of("0123456789")
    assert normalise_vat(code) == code
    with pytest.raises(ValueError, match="check digit"):
        normalise_vat(code[1:])


def test_an_unknown_office_is_unknown_not_wrong():
    verdict = judge_vat("12345678903")
    assert (verdict.standing, verdict.value, verdict.possible) == (Standing.UNKNOWN, "12345678903", True)
    assert judge_vat("00000019992").standing is Standing.KNOWN
    assert judge_vat("12345678900").standing is Standing.WRONG
    assert judge_vat("DE 123.456.789").value == "DE123456789"


@given(st.from_regex(r"[0-9]{10}", fullmatch=True).filter(lambda ten: ten.strip("0")))
def test_one_check_digit_in_ten_is_right_and_one_changed_digit_is_found(ten):
    right = vat_of(ten)
    assert normalise_vat(normalise_vat(right)) == right
    changed = f"{(int(right[0]) + 1) % 10}{right[1:]}"
    assert not check_digit_is_right(changed)


@pytest.mark.parametrize(
    "given_as", [ROSSI, "rss mra 80a01 l840 j", "C.F. RSSMRA80A01L840J", "cod. fisc.: RSSMRA80A01L840J", "CODICE FISCALE RSSMRA80A01L840J"]
)
def test_a_fiscal_code_is_in_capitals_without_blanks(given_as):
    assert normalise_fiscal(given_as) == ROSSI


@pytest.mark.parametrize("wrong", [f"{ROSSI[:15]}K", "RSSMRA80A32L840J", "RSSMRA80A01L840", "RSSMRA80F01L840J", "1735420019", "x", None])
def test_a_wrong_fiscal_code_is_refused(wrong):
    with pytest.raises(ValueError, match="fiscal code"):
        normalise_fiscal(wrong)


@pytest.mark.parametrize(
    ("body", "possible"), [("RSSMRA80B30L840", False), ("RSSMRA80B29L840", True), ("RSSMRA81B29L840", False), ("RSSMRA80A72L840", False)]
)
def test_days_that_no_month_has_are_refused(body, possible):
    code = body + check_character(body)
    if possible:
        assert normalise_fiscal(code) == code
    else:
        with pytest.raises(ValueError, match="fiscal code"):
            normalise_fiscal(code)


def test_the_fiscal_code_of_a_town_gets_its_zero_back():
    # The codes of municipalities are published as numbers: ten digits of eleven.
    assert normalise_fiscal("1735420018") == "01735420018"


@given(st.sets(st.sampled_from(PLACES)))
def test_omocodia_is_kept_and_can_be_looked_through(places):
    letters = "LMNPQRSTUV"
    body = "".join(letters[int(character)] if place in places else character for place, character in enumerate(ROSSI[:15]))
    code = body + check_character(body)
    assert normalise_fiscal(code) == code
    assert without_omocodia(code) == ROSSI
    assert read_fiscal(code, date(2026, 5, 11)) == read_fiscal(ROSSI, date(2026, 5, 11))


def test_a_code_says_when_and_where_somebody_was_born():
    bianchi = read_fiscal("BNCGLI85L55G224A", date(2026, 5, 11))
    assert (bianchi.born, bianchi.sex, bianchi.place) == (date(1985, 7, 15), "F", "G224")
    assert read_fiscal("00000019992", date(2026, 5, 11)) is None
    assert without_omocodia("00000019992") == "00000019992"


@pytest.mark.parametrize(
    ("on", "year"), [(date(2026, 5, 11), 1980), (date(2080, 5, 11), 2080), (date(2079, 12, 31), 1980), (date(1980, 1, 1), 1980)]
)
def test_the_century_is_the_latest_that_is_over(on, year):
    assert read_fiscal(ROSSI, on).born.year == year


def test_nobody_is_born_on_a_29_february_of_1900():
    body = "RSSMRA00B29L840"
    assert read_fiscal(body + check_character(body), date(2026, 5, 11)).born == date(2000, 2, 29)
    assert read_fiscal(body + check_character(body), date(1999, 5, 11)) is None


@pytest.mark.parametrize(
    ("code", "last", "first"),
    [
        (ROSSI, "Rossi", "Mario"),
        ("BNCGLI85L55G224A", "Bianchi", "Giulia"),
        ("VRDLCU72S30A703Z", "Verdi", "Luca"),
        ("FOXLIA85L55G224A", "Fò", "Lia"),
    ],
)
def test_a_code_fits_its_name(code, last, first):
    assert fits_name(code, last, first)
    assert not fits_name(code, last, "Ermenegilda")


def test_four_consonants_of_a_first_name_give_first_third_and_fourth():
    assert fits_name("RSSGPP", "Rossi", "Giuseppe")
    assert fits_name("RSSFNC", "Rossi", "Francesco")
