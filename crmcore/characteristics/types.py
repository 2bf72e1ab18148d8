"""The types that characteristics have without any plugin, and how a value becomes what is stored."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Final

from crmcore.hooks import FieldType
from crmcore.labels import Label

_CENT: Final = Decimal("0.01")
_LONGEST_TEXT: Final = 10_000
_MOST_DIGITS: Final = 30
_LARGEST: Final = 2**53
"""Integers beyond this are not the same in every JSON reader."""


def _text(value: object) -> object:
    if not isinstance(value, str):
        message = Label("un testo", "a text")
        raise ValueError(message)  # noqa: TRY004 - normalisers report by ValueError, whatever is wrong
    if len(value) > _LONGEST_TEXT:
        message = Label(f"un testo di al massimo {_LONGEST_TEXT} caratteri", f"a text of at most {_LONGEST_TEXT} characters")
        raise ValueError(message)
    return value


def _integer(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > _LARGEST:
        message = Label(f"un numero intero di al massimo {_LARGEST}", f"a whole number of at most {_LARGEST}")
        raise ValueError(message)
    return value


def _number(value: object) -> Decimal:
    if isinstance(value, bool | float):
        message = Label("un Decimal, un intero o un testo (mai un float)", "a Decimal, a whole number or text (never a float)")
        raise ValueError(message)  # noqa: TRY004 - see above
    try:
        number = Decimal(value) if isinstance(value, Decimal | int | str) else Decimal("nan")
    except InvalidOperation:
        number = Decimal("nan")
    if not number.is_finite() or len(number.as_tuple().digits) > _MOST_DIGITS or abs(number.adjusted()) > _MOST_DIGITS:
        message = Label(f"un numero di al massimo {_MOST_DIGITS} cifre", f"a number of at most {_MOST_DIGITS} digits")
        raise ValueError(message)
    return number


def _decimal(value: object) -> object:
    # Text keeps every digit; JSON numbers pass through floats in most readers.
    return format(_number(value).normalize(), "f")


def _money(value: object) -> object:
    return format(_number(value).quantize(_CENT, ROUND_HALF_UP), "f")


def _date(value: object) -> object:
    message = Label("una data, o il suo testo AAAA-MM-GG", "a date, or its text YYYY-MM-DD")
    if type(value) is date:
        return value.isoformat()
    if not isinstance(value, str):
        raise ValueError(message)  # noqa: TRY004 - see above
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError:
        raise ValueError(message) from None


def _flag(value: object) -> object:
    if not isinstance(value, bool):
        message = Label("sì o no", "true or false")
        raise ValueError(message)  # noqa: TRY004 - see above
    return value


def _choices(value: object) -> object:
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        message = Label("un elenco di codici", "a list of codes")
        raise ValueError(message)
    return sorted(set(value))


BUILTIN_TYPES: Final[Mapping[str, FieldType]] = {
    kind.name: kind
    for kind in (
        FieldType(name="text", label=Label("Testo", "Text"), normalise=_text),
        FieldType(name="integer", label=Label("Intero", "Integer"), normalise=_integer),
        FieldType(name="decimal", label=Label("Decimale", "Decimal"), normalise=_decimal),
        FieldType(name="money", label=Label("Importo", "Money"), normalise=_money),
        FieldType(name="date", label=Label("Data", "Date"), normalise=_date),
        FieldType(name="flag", label=Label("Sì/No", "Flag"), normalise=_flag),
        FieldType(name="choice", label=Label("Scelta", "Choice"), normalise=_text),
        FieldType(name="choices", label=Label("Scelte multiple", "Choices"), normalise=_choices),
        FieldType(name="reference", label=Label("Riferimento", "Reference"), normalise=_integer),
    )
}
"""Name → type."""
