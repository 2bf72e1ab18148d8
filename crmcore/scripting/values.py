"""The values that scripts see: plain, immutable when they come from outside, and each of a bounded size.

Exact types only (`PLAIN`): a subclass can carry methods, and methods of the host are a way out. `freeze` turns what the host has into such
values; it is the only door. Inside a script there are also mutable lists, dicts and sets, which the script itself made.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from decimal import Context, Decimal, DivisionByZero, InvalidOperation, Overflow, Underflow
from itertools import islice
from types import MappingProxyType, NoneType
from typing import Any, Final, NoReturn

MAX_TEXT: Final = 65_536
"""Characters of a text."""
MAX_ITEMS: Final = 10_000
"""Elements of a list, and of everything that is handed to a script as one value."""
MAX_BITS: Final = 512
"""Bits of a whole number."""
MAX_DEPTH: Final = 20
"""Levels of lists in lists."""
MAX_DIGITS: Final = 100
"""Digits of a decimal number that comes from outside, and how far they may be from the point."""
LARGEST_INT: Final = 2**MAX_BITS - 1
LARGEST_KEY: Final = 2**60
"""Whole numbers that are keys are smaller: beyond 2**61 - 2 many numbers share one hash, and a table of them is a queue."""

ARITHMETIC: Final = Context(prec=28, Emax=200, Emin=-200, traps=[InvalidOperation, DivisionByZero, Overflow, Underflow])
"""Decimal arithmetic of scripts: Python's precision, whatever the host's thread has set, and no number of a million digits."""

SCALARS: Final[frozenset[type]] = frozenset({NoneType, bool, int, float, str, Decimal, date, datetime, timedelta})
KEYS: Final[frozenset[type]] = frozenset({NoneType, bool, int, str, date, datetime})
"""What may be a key, or be in a set; tuples of these too."""


class NotPlain(TypeError):
    """Refuse a value that no script may see, or that is too large; the fault of the host, never of a script."""


class Record:
    """An immutable map from names to frozen values: fields by attribute or by key, and nothing else.

    In a script ``customer.name`` and ``customer["name"]`` are the same, ``customer.get("name", other)``, ``keys()``, ``values()`` and
    ``items()`` exist, and a field always wins over those names. In the host, `fields` is the read-only map.
    """

    __slots__ = ("fields",)

    fields: Mapping[str, Any]
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, fields: dict[str, Any]) -> None:
        """Take over a new dict of values that are frozen already; use `freeze` for others."""
        object.__setattr__(self, "fields", MappingProxyType(fields))

    def __setattr__(self, name: str, value: object) -> NoReturn:
        message = "records are immutable"
        raise AttributeError(message)

    def __delattr__(self, name: str) -> NoReturn:
        message = "records are immutable"
        raise AttributeError(message)

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - any frozen value
        return self.fields[name]

    def __contains__(self, name: object) -> bool:
        return name in self.fields

    def __iter__(self) -> Iterator[str]:
        return iter(self.fields)

    def __len__(self) -> int:
        return len(self.fields)

    def __eq__(self, other: object) -> bool:
        return self.fields == other.fields if type(other) is Record else NotImplemented

    def __repr__(self) -> str:
        # Names only: a text of a record never shows what is in it.
        return f"Record({', '.join(self.fields)})"


PLAIN: Final[frozenset[type]] = SCALARS | {tuple, Record}
"""The exact types of values that come from outside."""


# Any value of the host, and the same value as scripts see it.
def freeze(value: Any) -> Any:  # noqa: ANN401
    """Return a value as scripts see it.

    Text, numbers (decimals finite, floats finite), dates, times, None and flags stay what they are, as exact types; lists and tuples
    become tuples, sets become sorted tuples, mappings with text keys become `Record`. An object that has ``__script_view__()`` is asked
    for a mapping. A frozen value is returned as it is.

    Raises:
        NotPlain: for everything else, and for what is larger than the bounds of this module.
    """
    kind = type(value)
    if kind is str:
        if len(value) > MAX_TEXT:
            _refuse(f"a text of {len(value)} characters")
        return value
    if kind in _AS_IT_IS or kind is Record:
        return value
    if kind is Decimal and value.is_finite() and -MAX_DIGITS <= value.adjusted() <= MAX_DIGITS:
        short = ARITHMETIC.plus(value)
        if short == value:
            return short
    return _Freezer().freeze(value, 0)


_AS_IT_IS: Final[frozenset[type]] = frozenset({NoneType, bool, date, datetime, timedelta})


class _Freezer:
    """One call of `freeze`: counts what it takes in."""

    def __init__(self) -> None:
        self.count = 0
        self.characters = 0

    # As the function.
    def freeze(self, value: Any, depth: int) -> Any:  # noqa: ANN401
        self.count += 1
        if self.count > MAX_ITEMS or depth > MAX_DEPTH:
            _refuse("a value of too many parts")
        kind = type(value)
        if kind in _AS_IT_IS or kind is Record:
            return value
        for types, convert in _CONVERTERS:
            if isinstance(value, types):
                return convert(self, value, depth)
        view = getattr(kind, "__script_view__", None)
        return self.record(view(value), depth) if view is not None else _refuse(kind.__name__)

    def text(self, value: str, _: int) -> str:
        text = str.__str__(value)
        self.characters += len(text)
        if self.characters > MAX_TEXT * 4 or len(text) > MAX_TEXT:
            _refuse("too much text")
        return text

    def sequence(self, value: Iterable[Any], depth: int) -> tuple[Any, ...]:
        return tuple([self.freeze(item, depth + 1) for item in value])

    def unordered(self, value: Iterable[Any], depth: int) -> tuple[Any, ...]:
        return tuple(sorted(self.sequence(islice(value, MAX_ITEMS + 1), depth), key=_order))

    def record(self, value: Mapping[Any, Any], depth: int) -> Record:
        found: dict[str, Any] = {}
        for name in value:
            if not isinstance(name, str):
                _refuse("a map whose keys are not text")
            found[str.__str__(name)] = self.freeze(value[name], depth + 1)
        return Record(found)


_CONVERTERS: Final[tuple[tuple[tuple[type, ...], Callable[[_Freezer, Any, int], Any]], ...]] = (
    ((str,), _Freezer.text),
    ((int, float, Decimal), lambda _, value, __: _number(value)),
    ((Mapping,), _Freezer.record),
    ((list, tuple), _Freezer.sequence),
    ((set, frozenset), _Freezer.unordered),
    ((date, timedelta), lambda _, value, __: _moment(value)),
)


def _number(value: float | Decimal) -> bool | int | float | Decimal:
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        whole = int.__int__(value)
        if not -LARGEST_INT <= whole <= LARGEST_INT:
            _refuse("a number of too many digits")
        return whole
    if isinstance(value, float):
        number = float.__float__(value)
        if not math.isfinite(number):
            _refuse("a number that is not finite")
        return number
    exact = value if type(value) is Decimal else Decimal(value)
    if not exact.is_finite() or len(exact.as_tuple().digits) > MAX_DIGITS or abs(exact.adjusted()) > MAX_DIGITS:
        _refuse("a decimal number that is not finite, or has too many digits")
    return exact


def _moment(value: date | timedelta) -> date | timedelta:
    """Return a subclass of a date, an instant or a span as the exact type."""
    if isinstance(value, timedelta):
        return timedelta(value.days, value.seconds, value.microseconds)
    if isinstance(value, datetime):
        return datetime.combine(date(value.year, value.month, value.day), value.timetz())
    return date(value.year, value.month, value.day)


def _order(value: object) -> tuple[str, str]:
    return type(value).__name__, str(value)


def _refuse(what: str) -> NoReturn:
    message = f"scripts cannot be given {what}"
    raise NotPlain(message)
