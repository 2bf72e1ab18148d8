"""Numbers, amounts and dates as people write them: what is written can be read back, and is rounded half up."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmcore.rendering import amount, day, money, number, percent, price, quantity, rounded

pytestmark = pytest.mark.feature("I-30", "G07")

NUMBERS = st.decimals(min_value=-(10**12), max_value=10**12, places=6, allow_nan=False)
LANGS = st.sampled_from(("it", "en"))


def read(text, lang):
    """Read a number as a person of that language does."""
    return Decimal(text.replace(".", "").replace(",", ".") if lang == "it" else text.replace(",", ""))


@settings(max_examples=60)
@given(NUMBERS, LANGS)
def test_what_is_written_is_what_is_meant(value, lang):
    assert read(number(value, None, lang), lang) == value
    assert read(quantity(value, lang), lang) == value
    assert read(price(value, lang), lang) == value
    assert read(percent(value, lang)[:-1], lang) == value
    cents = value.quantize(Decimal("0.01"), ROUND_HALF_UP)
    assert read(amount(value, lang), lang) == cents == rounded(value, 2)
    assert read(money(value, "EUR", lang)[:-2], lang) == cents


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (amount(Decimal("3793.9")), "3.793,90"),
        (amount(Decimal("2.675")), "2,68"),
        (amount(Decimal("-2.675")), "-2,68"),
        (amount(Decimal("-0.004")), "0,00"),
        (amount(Decimal("3793.9"), "en"), "3,793.90"),
        (money(Decimal("3793.9")), "3.793,90\u00a0€"),
        (money(Decimal("3793.9"), sign_first=True), "€\u00a03.793,90"),
        (money(Decimal(-5), "CHF", "en"), "-5.00\u00a0CHF"),
        (quantity(Decimal("4.000000")), "4"),
        (quantity(Decimal(1000)), "1.000"),
        (quantity(Decimal("2.500000"), "en"), "2.5"),
        (quantity(Decimal("-0.5")), "-0,5"),
        (price(Decimal("3250.000000")), "3.250,00"),
        (price(Decimal("0.123456")), "0,123456"),
        (price(Decimal(1000)), "1.000,00"),
        (percent(Decimal(22)), "22%"),
        (percent(Decimal("12.5000")), "12,5%"),
        (number(1234567), "1.234.567"),
        (day(date(2026, 5, 20)), "20/05/2026"),
        (day(date(2026, 5, 20), "en"), "2026-05-20"),
        (day(date(987, 1, 2)), "02/01/0987"),
    ],
)
def test_amounts_quantities_and_dates_look_as_they_should(written, expected):
    assert written == expected
