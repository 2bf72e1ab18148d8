"""The types that characteristics have without any plugin, and how a value becomes what is stored."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from crmcore.hooks import FieldType, StoredAs
from crmcore.labels import Label

_CENT: Final = Decimal("0.01")
_LONGEST_TEXT: Final = 10_000
_MOST_DIGITS: Final = 15
"""Every decimal number of so many digits is a different binary one, in the same order: SQLite compares exactly what PostgreSQL does."""
_LARGEST: Final = 2**53
"""Integers beyond this are not the same in every JSON reader."""
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,40}(\.[0-9]{1,40})?")
_LONGEST_PATH: Final = 130
_LEVELS: Final = 3


def _text(value: object) -> object:
    if not isinstance(value, str):
        message = Label("un testo", "a text")
        raise ValueError(message)  # noqa: TRY004 - normalisers report by ValueError, whatever is wrong
    if len(value) > _LONGEST_TEXT:
        message = Label(f"un testo di al massimo {_LONGEST_TEXT} caratteri", f"a text of at most {_LONGEST_TEXT} characters")
        raise ValueError(message)
    if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
        message = Label("un testo senza caratteri NUL e spezzati", "a text without NUL and broken characters")
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
    number: Decimal | None = None
    if isinstance(value, int | Decimal):
        number = Decimal(value)
    elif isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        number = Decimal(value.strip())
    if number is None or not number.is_finite() or not _fits(number):
        message = Label(f"un numero di al massimo {_MOST_DIGITS} cifre", f"a number of at most {_MOST_DIGITS} digits")
        raise ValueError(message)
    return number


def _fits(number: Decimal) -> bool:
    """Return whether a number has few enough digits that count, none of them too far from the point."""
    digits = "".join(map(str, number.as_tuple().digits)).strip("0")
    return len(digits) <= _MOST_DIGITS and (not digits or -_MOST_DIGITS <= number.adjusted() < _MOST_DIGITS)


def _plain(number: Decimal) -> str:
    # There is one zero, and it has no sign.
    return format(number or abs(number), "f")


def _decimal(value: object) -> object:
    # Text keeps every digit; JSON numbers pass through floats in most readers.
    return _plain(_number(value).normalize())


def _money(value: object) -> object:
    rounded = _number(value).quantize(_CENT, ROUND_HALF_UP)
    if not _fits(rounded):
        message = Label(f"un importo di al massimo {_MOST_DIGITS} cifre", f"an amount of at most {_MOST_DIGITS} digits")
        raise ValueError(message)
    return _plain(rounded)


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
    if not isinstance(value, list | tuple | set | frozenset) or not all(isinstance(item, str) for item in value):
        message = Label("un elenco di codici", "a list of codes")
        raise ValueError(message)
    return sorted({str(_text(item)) for item in value})


def _lookup(value: object) -> object:
    """Bring ``A/B/C``, ``A/B/C/`` or ``("A", "B", "C")`` into the form of `LookupEntry.path`; whether it exists is asked at commit."""
    codes = (
        [str(item) for item in value] if isinstance(value, list | tuple) else value.rstrip("/").split("/") if isinstance(value, str) else []
    )
    path = "".join(f"{code}/" for code in codes)
    if not 1 <= len(codes) <= _LEVELS or not all(codes) or path.count("/") != len(codes) or len(path) > _LONGEST_PATH:
        message = Label("i codici di uno, due o tre livelli: A/B/C", "the codes of one, two or three levels: A/B/C")
        raise ValueError(message)
    return _text(path)


def _read_choices(value: Any) -> tuple[str, ...]:  # noqa: ANN401 - any JSON value
    return tuple(value)


BUILTIN_TYPES: Final[Mapping[str, FieldType]] = {
    kind.name: kind
    for kind in (
        FieldType(name="text", label=Label("Testo", "Text"), normalise=_text),
        FieldType(name="integer", label=Label("Intero", "Integer"), normalise=_integer, stored_as=StoredAs.INTEGER),
        FieldType(name="decimal", label=Label("Decimale", "Decimal"), normalise=_decimal, stored_as=StoredAs.DECIMAL, read=Decimal),
        FieldType(name="money", label=Label("Importo", "Money"), normalise=_money, stored_as=StoredAs.DECIMAL, read=Decimal),
        FieldType(name="date", label=Label("Data", "Date"), normalise=_date, read=date.fromisoformat),
        FieldType(name="flag", label=Label("Sì/No", "Flag"), normalise=_flag, stored_as=StoredAs.FLAG),
        FieldType(name="choice", label=Label("Scelta", "Choice"), normalise=_text),
        FieldType(
            name="choices", label=Label("Scelte multiple", "Choices"), normalise=_choices, stored_as=StoredAs.LIST, read=_read_choices
        ),
        FieldType(name="lookup", label=Label("Tabella a 3 livelli", "Three-level table"), normalise=_lookup),
        FieldType(name="reference", label=Label("Riferimento", "Reference"), normalise=_integer, stored_as=StoredAs.INTEGER),
    )
}
"""Name → type."""
