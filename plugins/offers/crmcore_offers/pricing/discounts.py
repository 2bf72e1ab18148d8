"""Discounts as rows and price lists have them: percentages one after the other, such as ``10+5``."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Final

_PERCENT: Final = re.compile(r"(\d{1,3})(?:[.,](\d{1,4}))?")
_MOST: Final = 100


@lru_cache(maxsize=1024)
def parse_discounts(text: str) -> tuple[Decimal, ...]:
    """Return the percentages that a discount text lists: ``10+5`` leaves 85.5 of 100.

    Raises:
        ValueError: when it is no such list, or one of them is more than 100.
    """
    bare = text.replace(" ", "").replace("%", "")
    found = []
    for part in bare.split("+") if bare else ():
        match = _PERCENT.fullmatch(part)
        if match is None or (percent := Decimal(f"{match[1]}.{match[2] or 0}")) > _MOST:
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
    """Return what one unit costs after the discounts, exactly: prices are compared before anything is rounded."""
    found = Fraction(price)
    for percent in parse_discounts(discounts):
        found *= (_MOST - Fraction(percent)) / _MOST
    return found
