"""What the text of a cell means: numbers, dates, flags, choices, by the dialect of the file; what is ambiguous is refused, not guessed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

from crmcore_italy import PhoneNumber, read_phones

from crmcore import Label
from crmcore_quality.importing.values import Day, Dialect, Number

if TYPE_CHECKING:
    from crmcore import CharacteristicDef

NUMBER: Final = Label("un numero, come 1.234,56", "a number, such as 1.234,56")
NUMBER_POINT: Final = Label("un numero, come 1,234.56", "a number, such as 1,234.56")
DATE: Final = Label("una data dal 1900 in poi, come 31/12/2026", "a date from 1900 on, such as 31/12/2026")
FLAG: Final = Label("sì o no (S, N, 1, 0, X)", "yes or no (S, N, 1, 0, X)")
PHONE: Final = Label("un numero di telefono, come 0424 000012", "a phone number, such as 0424 000012")
SCIENTIFIC: Final = re.compile(r"[0-9](?:[.,][0-9]+)?E\+?[0-9]+", re.IGNORECASE)
"""``3,47E+09``: a spreadsheet has shown a long number, and its last digits are gone."""

_NOTHING: Final = frozenset({"", "null", "#n/d", "#n/a", "#rif!", "#ref!", "#valore!", "#value!", "\\n"})
_YES: Final = frozenset({"s", "si", "sì", "sí", "y", "yes", "true", "vero", "1", "x", "on"})
_NO: Final = frozenset({"n", "no", "false", "falso", "0", "off"})
_ITALIAN: Final = re.compile(r"([+-]?)([0-9]{1,3}(?:\.[0-9]{3})+|[0-9]+)(?:,([0-9]+))?")
_ENGLISH: Final = re.compile(r"([+-]?)([0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.([0-9]+))?")
_AROUND: Final = re.compile(r"[\s€%]+|\bEUR\b", re.IGNORECASE)
_DATE: Final = re.compile(r"([0-9]{1,4})[/.\-\s]([0-9]{1,2})[/.\-\s]([0-9]{1,4})(?:[T\s][0-9:.]+)?")
_FIRST_SERIAL: Final = date(1899, 12, 30)
_SERIALS: Final = range(367, 80_000)
"""Days that spreadsheets count for 1901 to 2119."""
_OLDEST: Final = 1900
_YOUNG: Final = 50
"""Two digits below this are of our century."""
_LONG_YEAR: Final = 4
_COUNTRY: Final = re.compile(r"\(\s*(\+\s*[0-9]{1,3}|00[0-9]{1,3})\s*\)")


def is_nothing(text: str) -> bool:
    """Return whether a cell says nothing: blank, NULL, or an error of a spreadsheet."""
    return text.casefold() in _NOTHING


def to_number(text: str, dialect: Dialect) -> str:
    """Return the digits of a number with a point: ``1.037,25`` is ``1037.25``.

    Raises:
        ValueError: for what does not group its thousands by three, as ``12.34.5`` and, where the comma is decimal, ``1037.25``.
    """
    comma = dialect.decimal == ","
    if isinstance(text, Number):
        return str(text) if re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text) else _raise(NUMBER)
    found = (_ITALIAN if comma else _ENGLISH).fullmatch(_AROUND.sub("", text))
    if found is None:
        raise ValueError(NUMBER if comma else NUMBER_POINT)
    whole = found[2].replace("." if comma else ",", "")
    return f"{found[1].replace('+', '')}{whole}" + (f".{found[3]}" if found[3] else "")


def _raise(expected: Label) -> str:
    raise ValueError(expected)


def to_integer(text: str, dialect: Dialect) -> int:
    """Return a whole number; ``12,00`` is one.

    Raises:
        ValueError: for a fraction.
    """
    whole, _, fraction = to_number(text, dialect).partition(".")
    if fraction.strip("0"):
        raise ValueError(Label("un numero intero", "a whole number"))
    return int(whole)


def to_date(text: str, dialect: Dialect) -> str:
    """Return a date in ISO form; a year of two digits is of 1950 to 2049, and a number is a day as spreadsheets count them.

    Raises:
        ValueError: for days that do not exist, and for 1899, which is what spreadsheets make of an empty date.
    """
    if isinstance(text, Number):
        if not text.isdigit() or int(text) not in _SERIALS:
            raise ValueError(DATE)
        return (_FIRST_SERIAL + timedelta(days=int(text))).isoformat()
    found = _DATE.fullmatch(text.strip())
    if found is None:
        raise ValueError(DATE)
    year, month, day = _parts(found, "ymd" if isinstance(text, Day) or len(found[1]) == _LONG_YEAR else dialect.dates)
    if len(year) != _LONG_YEAR:
        year = str((2000 if int(year) < _YOUNG else _OLDEST) + int(year))
    try:
        meant = date(int(year), int(month), int(day))
    except ValueError:
        raise ValueError(DATE) from None
    if meant.year < _OLDEST:
        raise ValueError(DATE)
    return meant.isoformat()


def _parts(found: re.Match[str], order: str) -> tuple[str, str, str]:
    named = dict(zip(order, found.groups(), strict=True))
    if len(named["y"]) not in {2, _LONG_YEAR}:
        raise ValueError(DATE)
    return named["y"], named["m"], named["d"]


def to_flag(text: str) -> bool:
    """Return whether a cell says yes.

    Raises:
        ValueError: for neither yes nor no.
    """
    key = text.casefold()
    if key in _YES or key in _NO:
        return key in _YES
    raise ValueError(FLAG)


def to_phones(text: str) -> list[str]:
    """Return the numbers of a cell, in E.164; a number without its first zero, as spreadsheets keep it, gets it back.

    Raises:
        ValueError: when there is none.
    """
    plain = _COUNTRY.sub(lambda found: found[1].replace(" ", ""), text, count=1) if text.startswith("(") else text
    # A line break between two numbers separates them.
    found: tuple[PhoneNumber, ...] = read_phones(plain.replace("\n", ";")).numbers
    if not found and text.isdigit():
        found = read_phones(f"0{text}").numbers
    if not found:
        raise ValueError(PHONE)
    return [number.e164 for number in found]


def converter_of(spec: CharacteristicDef, dialect: Dialect) -> Callable[[str], Any]:
    """Return what turns the text of a cell into what a characteristic takes; what it raises is a ValueError with what was expected."""
    by_type: Mapping[str, Callable[[str], Any]] = {
        "decimal": lambda text: to_number(text, dialect),
        "money": lambda text: to_number(text, dialect),
        "integer": lambda text: to_integer(text, dialect),
        "reference": lambda text: to_integer(text, dialect),
        "date": lambda text: to_date(text, dialect),
        "flag": to_flag,
    }
    if spec.type in by_type:
        return by_type[spec.type]
    codes = _codes(spec)
    if spec.type == "choices":
        return lambda text: [codes.get(each.strip().casefold(), each.strip()) for each in re.split(r"[,;|]", text) if each.strip()]
    return lambda text: codes.get(text.casefold(), str(text))


def _codes(spec: CharacteristicDef) -> Mapping[str, str]:
    """Return the codes of a choice by themselves and by their labels."""
    found = {text.casefold(): each.code for each in spec.choices for text in (each.label.it, each.label.en) if text}
    return found | {each.code.casefold(): each.code for each in spec.choices}
