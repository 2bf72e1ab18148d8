"""Exact money (`domain.md` §3): nets of rows, VAT by rate, totals, weights; pure functions of decimals."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Final

import attrs

_PERCENT: Final = re.compile(r"([0-9]{1,3})(?:[.,]([0-9]{1,4}))?")
_HUNDRED: Final = Decimal(100)
_NOTHING: Final = Decimal("0.00")

HIGHEST: Final = Decimal(10) ** 16
"""The first amount that is too large to be kept."""


@attrs.frozen(kw_only=True)
class Totals:
    """What rows come to; ``by_rate`` maps a VAT rate in percent to the taxable amount and its VAT."""

    taxable: Decimal = _NOTHING
    vat_amount: Decimal = _NOTHING
    by_rate: Mapping[Decimal, tuple[Decimal, Decimal]] = attrs.field(factory=dict)

    @property
    def total(self) -> Decimal:
        """Taxable amount and VAT."""
        return self.taxable + self.vat_amount


@lru_cache(maxsize=1024)
def parse_discounts(text: str) -> tuple[Decimal, ...]:
    """Return the percentages that a discount text lists, which are taken one after the other: ``10+5`` leaves 85.5 of 100.

    Raises:
        ValueError: when it is no such list, or one of them is more than 100.
    """
    bare = text.replace(" ", "").replace("%", "")
    if not bare:
        return ()
    found = []
    for part in bare.split("+"):
        match = _PERCENT.fullmatch(part)
        if match is None or (percent := Decimal(f"{match[1]}.{match[2] or 0}")) > _HUNDRED:
            raise ValueError(text)
        found.append(percent)
    return tuple(found)


def tidy_discounts(text: str) -> str:
    """Return a discount text as it is kept: ``10 % + 2,50 %`` as ``10+2.5``.

    Raises:
        ValueError: as `parse_discounts`.
    """
    return "+".join(f"{percent.normalize():f}" for percent in parse_discounts(text))


def net_price(price: Decimal, discounts: str) -> Fraction:
    """Return what one unit costs after the discounts, exactly: prices are compared before anything is rounded.

    Raises:
        ValueError: as `parse_discounts`.
    """
    found = Fraction(price)
    for percent in parse_discounts(discounts):
        found *= (100 - Fraction(percent)) / 100
    return found


def row_net(quantity: Decimal | int, price: Decimal | int, discounts: str = "") -> Decimal:
    """Return quantity by price less discounts, rounded half up to cents, once and at the end.

    Raises:
        ValueError: when the discounts are no percentages.
    """
    return _row_net(Decimal(quantity), Decimal(price), discounts)


@lru_cache(maxsize=4096)
def _row_net(quantity: Decimal, price: Decimal, discounts: str) -> Decimal:
    # Whole numbers, because a decimal context would have to be as long as the longest product that anybody may think of.
    factors = [quantity, price, *((_HUNDRED - percent) / _HUNDRED for percent in parse_discounts(discounts))]
    above, below = 1, 1
    for factor in factors:
        numerator, denominator = factor.as_integer_ratio()
        above *= numerator
        below *= denominator
    return _cents(above * 100, below)


def vat_of(taxable: Decimal, rate: Decimal) -> Decimal:
    """Return the VAT on an amount, for a rate in percent, rounded half up to cents."""
    one, two = taxable.as_integer_ratio(), rate.as_integer_ratio()
    return _cents(one[0] * two[0], one[1] * two[1])


def share_of(amount: Decimal, percent: Decimal | int) -> Decimal:
    """Return so many percent of an amount, rounded half up to cents: what a document weighs in the pipeline."""
    return vat_of(amount, Decimal(percent))


def totals_of(rows: Iterable[tuple[Decimal, Decimal]]) -> Totals:
    """Return what rows come to, each as its net and its VAT rate: VAT is taken once for each rate, on the sum of its nets."""
    taxable: dict[Decimal, Decimal] = defaultdict(lambda: _NOTHING)
    for net, rate in rows:
        taxable[rate] += net
    by_rate = {rate: (amount, vat_of(amount, rate)) for rate, amount in sorted(taxable.items())}
    return Totals(
        taxable=sum((amount for amount, _ in by_rate.values()), _NOTHING),
        vat_amount=sum((vat for _, vat in by_rate.values()), _NOTHING),
        by_rate=by_rate,
    )


def _cents(above: int, below: int) -> Decimal:
    """Return a fraction of cents as money, rounded half up, away from zero."""
    sign = -1 if above < 0 else 1
    cents = (2 * abs(above) + below) // (2 * below)
    return Decimal(sign * cents).scaleb(-2)
