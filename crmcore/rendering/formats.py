"""Numbers, amounts and dates as people write them, in Italian and English; exact, rounded half up (`domain.md` §3)."""

from __future__ import annotations

from datetime import date, datetime
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Final

_CONTEXT: Final = Context(prec=200, rounding=ROUND_HALF_UP)
_ITALIAN: Final = str.maketrans(",.", ".,")
_SIGNS: Final = {"EUR": "€", "USD": "$", "GBP": "£"}
_DATES: Final = {"it": "{0.day:02}/{0.month:02}/{0.year:04}", "en": "{0.year:04}-{0.month:02}-{0.day:02}"}
_SPACE: Final = "\u00a0"
"""Between a figure and its sign: no line ends there."""


def rounded(value: Decimal | int, places: int) -> Decimal:
    """Return a number with so many decimals, rounded half up."""
    return _CONTEXT.quantize(Decimal(value), Decimal(1).scaleb(-places))


def number(value: Decimal | int, places: int | None = None, lang: str = "it") -> str:
    """Return a number in groups of thousands, with so many decimals, or those that it has: ``1.234,5``."""
    exact = Decimal(value) if places is None else rounded(value, places)
    # A negative number that rounds to nothing is nothing.
    shown = f"{exact or abs(exact):,f}"
    return shown.translate(_ITALIAN) if lang == "it" else shown


def amount(value: Decimal | int, lang: str = "it") -> str:
    """Return an amount of money without its sign: ``3.793,90``."""
    return number(value, 2, lang)


def money(value: Decimal | int, currency: str = "EUR", lang: str = "it", *, sign_first: bool = False) -> str:
    """Return an amount with the sign of its currency: ``3.793,90 €``, or ``€ 3.793,90`` with ``sign_first``."""
    sign, shown = _SIGNS.get(currency, currency), amount(value, lang)
    return f"{sign}{_SPACE}{shown}" if sign_first else f"{shown}{_SPACE}{sign}"


def quantity(value: Decimal | int, lang: str = "it") -> str:
    """Return a quantity with the decimals that say something: ``4``, ``2,5``, ``1.000``."""
    exact = Decimal(value)
    whole = exact.to_integral_value()
    return number(whole, 0, lang) if exact == whole else number(exact.normalize(_CONTEXT), None, lang)


def price(value: Decimal | int, lang: str = "it") -> str:
    """Return a price of one unit without its sign, with two decimals, or more where it has them: ``3.250,00``, ``0,123456``."""
    places = -int(str(Decimal(value).normalize(_CONTEXT).as_tuple().exponent))
    return number(value, max(places, 2), lang)


def percent(value: Decimal | int, lang: str = "it") -> str:
    """Return a percentage: 22 is ``22%``, 12.5 is ``12,5%``."""
    return f"{quantity(value, lang)}%"


def day(value: date | datetime, lang: str = "it") -> str:
    """Return a date: ``20/05/2026``, in English ``2026-05-20``."""
    return _DATES[lang].format(value)
