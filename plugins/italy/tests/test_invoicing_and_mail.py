"""Recipient codes, IBANs, e-mail addresses."""

from __future__ import annotations

import pytest
from crmcore_italy.invoicing import ABROAD, BY_PEC, display_iban, is_public_office, normalise_iban, normalise_recipient
from crmcore_italy.mail import normalise_email
from hypothesis import given
from hypothesis import strategies as st

pytestmark = pytest.mark.feature("D01", "C07")

IBAN = "IT85F0503411801000000012345"


@pytest.mark.parametrize(
    ("given_as", "code"),
    [("abc1234", "ABC1234"), (" A1B2C3 ", "A1B2C3"), ("0000000", BY_PEC), ("xxxxxxx", ABROAD), ("M5-UXCR1", "M5UXCR1")],
)
def test_recipient_codes_are_in_capitals(given_as, code):
    assert normalise_recipient(given_as) == code
    assert is_public_office(code) is (len(code) == 6)


@pytest.mark.parametrize("wrong", ["", "ABC12", "ABC12345", "000000", "XXXXXX", "ÀBC1234", None, 0, "\uff10" * 7])
def test_other_recipient_codes_are_refused(wrong):
    with pytest.raises(ValueError, match="recipient code"):
        normalise_recipient(wrong)


def test_an_iban_is_stored_without_and_shown_with_blanks():
    assert normalise_iban("iban: it85 f050 3411 8010 0000 0012 345") == IBAN
    assert display_iban(IBAN) == "IT85 F050 3411 8010 0000 0012 345"
    assert normalise_iban(display_iban(IBAN)) == IBAN


def test_the_check_letter_of_the_bank_is_looked_at_as_well():
    # The two check digits fit the wrong letter G here; only the letter itself shows that it is wrong.
    body = "G0503411801000000012345"
    digits = 98 - int("".join(str(int(character, 36)) for character in f"{body}IT00")) % 97
    with pytest.raises(ValueError, match="IBAN"):
        normalise_iban(f"IT{digits:02}{body}")


@pytest.mark.parametrize("right", ["DE89370400440532013000", "GB82 WEST 1234 5698 7654 32", "FR1420041010050500013M02606"])
def test_foreign_ibans_have_their_check_digits(right):
    assert normalise_iban(right) == right.replace(" ", "")


@given(st.integers(4, len(IBAN) - 1), st.sampled_from("0123456789"))
def test_one_changed_digit_of_an_iban_is_found(place, digit):
    changed = f"{IBAN[:place]}{digit}{IBAN[place + 1 :]}"
    if changed != IBAN:
        with pytest.raises(ValueError, match="IBAN"):
            normalise_iban(changed)


@pytest.mark.parametrize(
    ("given_as", "address"),
    [
        ("Info@Example.COM", "info@example.com"),
        (" mailto:info@example.com ", "info@example.com"),
        ("Mario Rossi <mario@example.com>", "mario@example.com"),
        ("pec@example.com", "pec@example.com"),
        ("info @ example.com", "info@example.com"),
        ("PEC: ditta@pec.example.com;", "ditta@pec.example.com"),
        ("o'neil+crm@example.com", "o'neil+crm@example.com"),
        ("info@perché.example.com", "info@xn--perch-fsa.example.com"),
    ],
)
def test_addresses_are_in_lower_case(given_as, address):
    assert normalise_email(given_as) == address
    assert normalise_email(address) == address


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "info",
        "info@",
        "@example.com",
        "info@example",
        "a..b@example.com",
        ".a@example.com",
        "a@b@example.com",
        "mario rossi@example.com",
        "a@example.com, b@example.com",
        "è@example.com",
        f"{'a' * 65}@example.com",
        "a@-x.com",
        None,
        1,
        "info@example.c0m",
    ],
)
def test_what_is_no_address_is_refused(wrong):
    with pytest.raises(ValueError, match="e-mail"):
        normalise_email(wrong)
