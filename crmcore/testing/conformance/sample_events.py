"""Instances of event classes, out of the types of their fields."""

from __future__ import annotations

import enum
import types
import typing
from collections.abc import Collection, Mapping
from collections.abc import Set as AbstractSet
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import attrs

from crmcore.events import Event

VARIANTS: Final = 3
"""How many different instances of each event are tried: ordinary, awkward, empty."""

_PLAIN: Final[Mapping[type, tuple[object, object, object]]] = {
    str: ("text", "«però» €\n\"'\\ 漢", ""),
    int: (1, -(2**53), 0),
    bool: (True, False, False),
    float: (1.5, -0.1, 0.0),
    Decimal: (Decimal("12.30"), Decimal("-0.001"), Decimal(0)),
    date: (date(2026, 5, 11), date(2024, 2, 29), date(1, 1, 1)),
    datetime: (
        datetime(2026, 5, 11, 7, 0, tzinfo=UTC),
        datetime(2026, 10, 25, 0, 30, 0, 123456, tzinfo=UTC),
        datetime(1970, 1, 1, tzinfo=UTC),
    ),
    time: (time(9, 0), time(23, 59, 59), time(0, 0)),
    timedelta: (timedelta(days=1), timedelta(microseconds=1), timedelta(0)),
    UUID: (UUID(int=1), UUID(int=2**127), UUID(int=0)),
    type(None): (None, None, None),
}
_MANY: Final = (list, tuple, set, frozenset)


class UnknownTypeError(TypeError):
    """Raised for a field whose type is not a value that JSON could hold."""


def sample_event(cls: type[Event], *, variant: int = 0, ids: Mapping[str, int] | None = None) -> Event:
    """Return an instance of an event class; fields named like a key of ``ids`` get that id.

    Raises:
        UnknownTypeError: naming the field and its type.
    """
    instance: Event = _build(cls, variant, ids or {})
    return instance


def _build(cls: type[Any], variant: int, ids: Mapping[str, int]) -> Any:  # noqa: ANN401 - an instance of the class
    hints = typing.get_type_hints(cls)
    values: dict[str, object] = {}
    for field in attrs.fields(cls):
        if not field.init:
            continue
        try:
            value = _value(hints.get(field.name, field.type), variant, ids)
        except UnknownTypeError as error:
            message = f"field {field.name}: {error}"
            raise UnknownTypeError(message) from None
        values[field.alias or field.name] = ids.get(field.name, value) if isinstance(value, int) and not isinstance(value, bool) else value
    return cls(**values)


def _value(kind: Any, variant: int, ids: Mapping[str, int]) -> object:  # noqa: ANN401, PLR0911 - any annotation, one answer for each kind
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if kind in _PLAIN:
        return _PLAIN[kind][variant]
    if origin is typing.Annotated:
        return _value(arguments[0], variant, ids)
    if origin is typing.Literal:
        return arguments[variant % len(arguments)]
    if origin is typing.Union or origin is types.UnionType:
        # The empty variant takes None where it may.
        chosen = [each for each in arguments if (each is type(None)) == (variant == VARIANTS - 1)] or list(arguments)
        return _value(chosen[0], variant, ids)
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return list(kind)[variant % len(kind)]
    if isinstance(kind, type) and attrs.has(kind):
        return _build(kind, variant, ids)
    if origin is not None:
        return _collection(origin, arguments, variant, ids)
    raise UnknownTypeError(_unknown(kind))


def _unknown(kind: object) -> str:
    return f"{getattr(kind, '__name__', kind)} is not a type whose values survive JSON"


def _collection(origin: Any, arguments: tuple[Any, ...], variant: int, ids: Mapping[str, int]) -> object:  # noqa: ANN401 - any generic class
    empty = variant == VARIANTS - 1
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {} if empty else {_value(arguments[0], variant, ids): _value(arguments[1], variant, ids)}
    if origin is tuple and arguments and arguments[-1] is not Ellipsis:
        return tuple(_value(each, variant, ids) for each in arguments)
    if origin in _MANY:
        return origin(() if empty else [_value(arguments[0], variant, ids)])
    if isinstance(origin, type) and issubclass(origin, Collection):
        members = [] if empty else [_value(arguments[0], variant, ids)]
        return frozenset(members) if issubclass(origin, AbstractSet) else members
    raise UnknownTypeError(_unknown(origin))
