"""Exact money inside the database: columns are integers of their last place, so sums and products are integer arithmetic.

Rounding is half up, which is away from zero below it, as in the rest of the product. Both databases divide integers towards zero, and both
have 64 bits: products are taken apart, so that no step is larger than its result. (SQLite would go on in floating point instead.)
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, case, func, literal_column, type_coerce

from crmcore_offers.model import PRICE_PLACES

_HUNDRED: Final = 100
_MILLION: Final[int] = 10**PRICE_PLACES
_CENT: Final = Decimal("0.01")
_ROOM: Final = 10**14
"""Cents of which up to 90,000 percent are an integer of 64 bits."""


def units(column: Any) -> ColumnElement[int]:  # noqa: ANN401 - a column or expression of money, quantities or percentages
    """Return a scaled column as the integer that is stored."""
    return type_coerce(column, BigInteger())


def percent_of(cents: ColumnElement[int], percent: ColumnElement[int]) -> ColumnElement[int]:
    """Return so many whole percent of an amount, in cents, rounded half up; the percentage is not negative."""
    hundred, half = _number(_HUNDRED), _half(cents, _HUNDRED)
    # The rest has the sign of the amount, which is cheaper to ask.
    apart = cents // hundred * percent + (cents % hundred * percent + half) // hundred
    # What is percent of what is asked once, where that has room: nearly always.
    return case((cents.between(_number(-_ROOM), _number(_ROOM)), (cents * percent + half) // hundred), else_=apart)


def product_in_cents(quantity: ColumnElement[int], price: ColumnElement[int]) -> ColumnElement[int]:
    """Return quantity by price, both with `PRICE_PLACES`, in cents, rounded half up."""
    million, tail = _number(_MILLION), _MILLION // _HUNDRED
    whole, part = quantity // million, quantity % million
    whole_price, part_price = price // million, price % million
    middle = whole * part_price + part * whole_price
    rest = middle % _number(tail) * million + part * part_price
    return whole * whole_price * _number(_HUNDRED) + middle // _number(tail) + _halves(rest, _MILLION * tail)


def total(cents: ColumnElement[int]) -> ColumnElement[int]:
    """Return the sum of amounts, 0 of nothing."""
    return func.coalesce(func.sum(cents), 0)


def money(cents: Any) -> Decimal:  # noqa: ANN401 - PostgreSQL gives the sum of 64-bit integers as a Decimal
    """Return cents as an amount."""
    return Decimal(int(cents or 0)).scaleb(-2)


def share(part: Decimal, whole: Decimal) -> Decimal | None:
    """Return how many percent one amount is of another, with two places rounded half up; None of nothing."""
    return (part * _HUNDRED / whole).quantize(_CENT, ROUND_HALF_UP) if whole else None


def _halves(value: ColumnElement[int], divisor: int) -> ColumnElement[int]:
    return (value + _half(value, divisor)) // _number(divisor)


def _half(value: ColumnElement[int], divisor: int) -> ColumnElement[int]:
    half = divisor // 2
    return case((value < _number(0), _number(-half)), else_=_number(half))


def _number(value: int) -> ColumnElement[int]:
    # Written out: a parameter would be a new one at each of its places, and PostgreSQL plans what it can compute beforehand.
    return literal_column(str(value), BigInteger())
