"""Phone numbers as files hold them."""

from __future__ import annotations

import phonenumbers
import pytest
from crmcore_italy import PhoneNumber, normalise_phone, normalise_phones, read_phones
from crmcore_italy.phones import display_phone, display_phones
from hypothesis import given
from hypothesis import strategies as st

pytestmark = pytest.mark.feature("D01", "C07")

LAND = "+390424000012"
OTHER = "+390424000013"
MOBILE = "+393200000012"


@pytest.mark.parametrize(
    "given_as",
    [
        "0424 000012",
        "0424/000012",
        "0424-000012",
        "(0424) 000012",
        "+39 0424 000012",
        "0039 0424000012",
        "+39 (0)424 000012",
        "39 0424000012",
        "tel. 0424 000012",
        "Tel 0424000012",
        "TELEFONO: 0424.000.012",
        "tel/fax 0424 000012",
        "0424/000-012",
        "T. 0424 000012",
        "0424000012 int. 2",
    ],
)
def test_a_landline_keeps_its_zero(given_as):
    assert normalise_phone(given_as) == LAND


@pytest.mark.parametrize(
    "given_as", ["320 0000012", "320/0000012", "+39 320 00 00 012", "393200000012", "00393200000012", "cell. 320-0000012"]
)
def test_a_mobile_has_none(given_as):
    assert normalise_phone(given_as) == MOBILE


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("0424 000012 / 320 0000012", [LAND, MOBILE]),
        ("0424/000012 - 320/0000012", [LAND, MOBILE]),
        ("0424/000012/0424/000013", [LAND, OTHER]),
        ("tel. 0424 000012 cell. 320 0000012", [LAND, MOBILE]),
        ("0424 000012 fax 0424 000013", [LAND, OTHER]),
        ("0424-000012 320-0000012", [LAND, MOBILE]),
        ("0424 000012; 0424 000013, 320 0000012", [LAND, OTHER, MOBILE]),
        ("0424 000012\n320 0000012", [LAND, MOBILE]),
        ("0424 000012 e 320 0000012", [LAND, MOBILE]),
        ("0424 000012 o 0424 000012", [LAND]),
        ("0424 000012/13", [LAND, OTHER]),
        ("0424 000012-3", [LAND, OTHER]),
        ("tel. 0424 000012/13 cell. 320 0000012", [LAND, OTHER, MOBILE]),
    ],
)
def test_several_numbers_in_one_cell(cell, expected):
    assert normalise_phones(cell) == expected
    if len(expected) > 1:
        with pytest.raises(ValueError, match="more than one"):
            normalise_phone(cell)


def test_the_extension_is_told_apart():
    assert read_phones("tel. 0424/000012 int. 2").numbers == (PhoneNumber(LAND, "2"),)
    assert PhoneNumber(MOBILE).mobile
    assert not PhoneNumber(LAND).mobile
    assert PhoneNumber(LAND).italian
    assert not PhoneNumber("+442079460018").italian


def test_what_is_no_number_is_given_back():
    cell = read_phones("0424 000012 chiedere di Mario")
    assert (cell.numbers, cell.rest) == ((PhoneNumber(LAND),), "chiedere di Mario")


@pytest.mark.parametrize(
    "wrong", ["", "n.d.", "3,47E+09", "12", "0424 000012 chiedere di Mario", "+39 1", "+999 123456", "+0", None, 424000012, [], "0" * 30]
)
def test_no_number_is_refused(wrong):
    with pytest.raises(ValueError, match="a phone number"):
        normalise_phone(wrong)
    with pytest.raises(ValueError, match="a phone number"):
        normalise_phones(wrong)


def test_numbers_of_other_countries_need_their_prefix():
    assert normalise_phone("+44 20 7946 0018") == "+442079460018"
    assert normalise_phone("0044 20 7946 0018") == "+442079460018"


@given(
    st.one_of(
        st.from_regex(r"0[1-9][0-9]{4,9}", fullmatch=True),
        st.from_regex(r"3[0-9]{8,9}", fullmatch=True),
        st.from_regex(r"(800[0-9]{6}|199[0-9]{6}|55[0-9]{8}|89[0-9]{4,8}|84[0-9]{7})", fullmatch=True),
    )
)
def test_whatever_the_library_finds_valid_is_read_the_same(digits):
    number = phonenumbers.parse(digits, "IT")
    if phonenumbers.is_valid_number(number):
        assert normalise_phone(digits) == phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


@given(st.from_regex(r"(0[1-9][0-9]{6,8}|3[2-9][0-9]{8})", fullmatch=True), st.sampled_from(["", "+39", "0039 ", "+39 "]))
def test_normalising_is_idempotent_and_what_is_shown_reads_back(digits, prefix):
    stored = normalise_phone(prefix + digits)
    assert stored == f"+39{digits}"
    assert normalise_phone(stored) == stored
    assert normalise_phone(display_phone(stored)) == stored
    assert normalise_phones([stored, "+442079460018"]) == [stored, "+442079460018"]
    assert normalise_phones(display_phones([stored, "+442079460018"])) == [stored, "+442079460018"]


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text):
    cell = read_phones(text)
    assert all(normalise_phone(number.e164) == number.e164 for number in cell.numbers)
