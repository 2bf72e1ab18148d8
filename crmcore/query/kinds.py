"""What the values of a field are, how they are written in JSON, and which operators they have."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import attrs

from crmcore.characteristics.types import BUILTIN_TYPES
from crmcore.labels import Label

_LONGEST: Final = 10_000
_INT64: Final = 2**63
_PLAIN_NUMBER: Final = re.compile(r"-?[0-9]{1,40}(\.[0-9]{1,40})?")


class Kind(enum.Enum):
    """The kinds of fields."""

    TEXT = "text"
    NUMBER = "number"
    DECIMAL = "decimal"
    FLAG = "flag"
    DATE = "date"
    INSTANT = "instant"
    LIST = "list"
    TREE = "tree"
    """A reference to a node of a tree: by id, or by code."""
    PATH = "path"
    """A three-level value: text, and whole subtrees of it."""


_ORDERED: Final = ("eq", "ne", "lt", "le", "gt", "ge", "in", "between", "is_null")
_TEXTS: Final = (*_ORDERED, "contains", "starts")
OPERATORS: Final[Mapping[Kind, tuple[str, ...]]] = {
    Kind.TEXT: _TEXTS,
    Kind.NUMBER: _ORDERED,
    Kind.DECIMAL: _ORDERED,
    Kind.DATE: _ORDERED,
    Kind.INSTANT: _ORDERED,
    Kind.FLAG: ("eq", "ne", "in", "is_null"),
    Kind.LIST: ("contains", "in", "is_null"),
    Kind.TREE: ("eq", "ne", "in", "within", "is_null"),
    Kind.PATH: (*_TEXTS, "within"),
}
"""Kind → operators. ``ne`` needs a value to be there; ``not`` around ``eq`` does not."""


@attrs.frozen
class Today:
    """The day and the instant that relative values are counted from."""

    day: date
    instant: datetime


def read_value(kind: Kind, value: object, today: Today) -> Any:  # noqa: ANN401 - typed by the kind
    """Return the Python value of a JSON value, or of a Python value of the right type.

    A mapping ``{"days": -90}`` is counted from now, for dates and instants.

    Raises:
        ValueError: with a `Label` of what was expected.
    """
    if isinstance(value, Mapping) and kind in {Kind.DATE, Kind.INSTANT}:
        return _relative(kind, value, today)
    return _READERS[kind](value)


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > _LONGEST or "\0" in value or any("\ud800" <= each <= "\udfff" for each in value):
        message = Label("un testo", "a text")
        raise ValueError(message)
    return value


def _number(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not -_INT64 <= value < _INT64:
        message = Label("un numero intero", "a whole number")
        raise ValueError(message)
    return value


def _decimal(value: object) -> Decimal:
    return Decimal(str(BUILTIN_TYPES["decimal"].normalise(value)))


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        message = Label("sì o no", "true or false")
        raise ValueError(message)  # noqa: TRY004 - one way to report
    return value


def _date(value: object) -> date:
    return date.fromisoformat(str(BUILTIN_TYPES["date"].normalise(value)))


def _instant(value: object) -> datetime:
    message = Label("un istante con fuso orario, come 2026-05-11T09:00:00+02:00", "an instant with a time zone: 2026-05-11T09:00:00+02:00")
    try:
        found = value if isinstance(value, datetime) else datetime.fromisoformat(_text(value))
        moment = found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(message) from None
    if found.tzinfo is None:
        raise ValueError(message)
    return moment


def _node(value: object) -> int | str:
    if isinstance(value, str):
        return _text(value)
    return _number(value)


def _path(value: object) -> str:
    return _text("".join(f"{each}/" for each in value) if isinstance(value, list | tuple) else value)


_READERS: Final = {
    Kind.TEXT: _text,
    Kind.NUMBER: _number,
    Kind.DECIMAL: _decimal,
    Kind.FLAG: _flag,
    Kind.DATE: _date,
    Kind.INSTANT: _instant,
    Kind.LIST: _text,
    Kind.TREE: _node,
    Kind.PATH: _path,
}


def _relative(kind: Kind, value: Mapping[Any, Any], today: Today) -> date | datetime:
    days = value.get("days")
    if len(value) != 1 or isinstance(days, bool) or not isinstance(days, int):
        message = Label("un numero di giorni da oggi: {days: -90}", "a number of days from now: {days: -90}")
        raise ValueError(message)
    try:
        distance = timedelta(days=days)
        return today.day + distance if kind is Kind.DATE else today.instant + distance
    except OverflowError:
        message = Label("un giorno del calendario", "a day of the calendar")
        raise ValueError(message) from None


def plain(value: Any) -> Any:  # noqa: ANN401 - any value of a column
    """Return what a driver gave as JSON, for a cursor."""
    if isinstance(value, float):
        # A number of at most fifteen digits: its shortest form is the one that was stored.
        return {"d": format(Decimal(repr(value)), "f")}
    if isinstance(value, Decimal):
        return {"d": format(value, "f")}
    if isinstance(value, datetime):
        return {"i": value.isoformat()}
    if isinstance(value, date):
        return {"t": value.isoformat()}
    return value


def unplain(value: Any) -> Any:  # noqa: ANN401 - as above
    """Return the value that `plain` wrote.

    Raises:
        ValueError: when nothing writes that.
    """
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, dict) and len(value) == 1:
        ((mark, text),) = value.items()
        if mark == "d" and isinstance(text, str) and _PLAIN_NUMBER.fullmatch(text):
            return Decimal(text)
        if mark == "i":
            return _instant(text)
        if mark == "t":
            return _date(text)
    message = "not a value of a cursor"
    raise ValueError(message)
