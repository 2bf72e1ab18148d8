"""Values as text: ``str(x)``, texts with values in them, formats of numbers and dates."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from types import NoneType
from typing import Any, Final

from crmcore.labels import Label
from crmcore.scripting.faults import Fault, refuse
from crmcore.scripting.limits import Guard
from crmcore.scripting.values import MAX_TEXT, Record

_WIDEST: Final = 200
_MOST_PLACES: Final = 50
_NUMBER: Final = re.compile(r"(?:.?[<>=^])?[-+ ]?#?0?(?P<width>[0-9]{1,4})?[,_]?(?:\.(?P<places>[0-9]{1,3}))?[bdeEfFgGnosxX%]?", re.DOTALL)
_DATE: Final = re.compile(r"(?:[^%]|%[dmYyHMSj%]){1,100}", re.DOTALL)
"""Only numbers: names of months depend on the process that runs the script."""
_NUMBERS: Final = frozenset({bool, int, float, Decimal})
_AS_THEY_ARE: Final = frozenset({NoneType, date, datetime, timedelta, *_NUMBERS})


def is_format(spec: str) -> bool:
    """Return whether a format can be written into a text at all; whether it goes with the value is known when it runs."""
    number = _NUMBER.fullmatch(spec)
    if number is not None:
        return int(number["width"] or 0) <= _WIDEST and int(number["places"] or 0) <= _MOST_PLACES and "n" not in spec[-1:]
    return "%" in spec and is_date_format(spec)


def is_date_format(spec: str) -> bool:
    """Return whether a format of dates has directives that mean the same everywhere."""
    return _DATE.fullmatch(spec) is not None


# Any value of a script, here and below.
def text_of(guard: Guard, value: Any) -> str:  # noqa: ANN401
    """Return a value as text, as Python writes it; records have none."""
    kind = type(value)
    if kind is str:
        return value  # type: ignore[no-any-return]
    if kind in _AS_THEY_ARE:
        return str(value)
    if kind is Record:
        refuse("str()", value)
    guard.measure(value, MAX_TEXT // 10)
    nameless = _without_text(value)
    if nameless is not None:
        refuse("str()", nameless)
    made = str(value)
    guard.text(len(made))
    return made


def format_value(guard: Guard, value: Any, spec: str) -> str:  # noqa: ANN401 - as above
    """Return a value in a format that `is_format` let through."""
    kind = type(value)
    if kind is str and "%" not in spec:
        guard.text(max(_WIDEST, len(value)))
    elif not (kind in _NUMBERS or (kind in {date, datetime} and is_date_format(spec))):
        refuse("il formato", value)
    try:
        return format(value, spec)
    except ValueError:
        raise Fault(Label("il formato non va con questo valore", "the format does not go with this value")) from None


def join(guard: Guard, parts: tuple[str, ...]) -> str:
    """Put the parts of a text together."""
    guard.text(sum(map(len, parts)))
    return "".join(parts)


def _without_text(value: Any) -> object | None:  # noqa: ANN401 - as above
    """Return what has no text in a value: a record, which shows nothing, or a set, whose order is another in each process."""
    kind = type(value)
    if kind in {Record, set}:
        return value  # type: ignore[no-any-return]
    inside = value.values() if kind is dict else value if kind in {list, tuple} else ()
    return next((found for item in inside if (found := _without_text(item)) is not None), None)
