"""What parent and worker send each other: one frame for a request, one for its answer.

A frame is a length, a nonce and JSON. The nonce is drawn by the parent for every request, and the answer must bring it back: whoever
broke into a worker cannot leave an answer behind for a request that comes later. Nothing but JSON is ever read from a worker.
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from math import isfinite
from typing import Any, Final

from crmcore.labels import Label
from crmcore.scripting.errors import Kind, ScriptError
from crmcore.scripting.values import Record

HEADER: Final = struct.Struct(">I16s")
LARGEST: Final = 4 * 1024 * 1024
"""Bytes of a frame without its header."""

_DEEPEST: Final = 64
_LONGEST_NUMBER: Final = 400
"""Digits: a float has up to 309 before its point."""
_LARGEST_EXPONENT: Final = 1_000
_MOST_NODES: Final = 200_000

_BRACKETS: Final = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]')
_OTHERS: Final = bytes(set(range(256)) - set(b'[]{}"'))
_DIGITS: Final = bytes(ord("0") if chr(code) in "0123456789" else ord(" ") for code in range(256))
_LONG_RUN: Final = b"0" * 300
"""Digits that may be a number which takes long to read."""


def _shallow(levels: int) -> bytes:
    """Return a pattern of texts, and of brackets in brackets up to so many levels; it never goes back over what it has seen."""
    flat = rb'[^\[\]{}"]++|"(?:[^"\\]++|\\.)*+"'
    return rb"(?:" + flat + (rb"|[\[{]" + _shallow(levels - 1) + rb"[\]}]" if levels else b"") + rb")*+"


_SHALLOW: Final = re.compile(_shallow(8), re.DOTALL)
_TAG: Final = "$"


class BadFrame(ValueError):
    """Raised when the other side sent what no honest one sends."""


def pack(value: object) -> object:
    """Return a value as JSON has it; what JSON lacks becomes an object with one key that begins with a dollar sign.

    Takes frozen values, and lists and dicts of them as scripts make them; sets become sorted lists.

    Raises:
        TypeError: for anything else.
    """
    kind = type(value)
    if kind in _AS_IS:
        return value
    packer = _PACKERS.get(kind)
    if packer is None:
        message = f"{kind.__name__} does not cross to a worker"
        raise TypeError(message)
    return packer(value)


def escape(fields: dict[str, Any]) -> dict[str, Any]:
    """Return packed values under names that are mistaken for no tag."""
    return {_TAG + key if key[:1] == _TAG else key: inner for key, inner in fields.items()}


def plain(value: object) -> object:
    """Return a value as it is after crossing: dicts and lists for records and tuples."""
    return value if type(value) in _AS_IS else unpack(pack(value))


def pack_error(error: ScriptError) -> dict[str, object]:
    """Return an error as JSON has it."""
    return {"kind": error.kind.value, "it": error.text.it, "en": error.text.en, "line": error.line, "column": error.column}


def unpack_error(value: object) -> ScriptError:
    """Return the error that `pack_error` packed.

    Raises:
        BadFrame: when it is none.
    """
    expected: dict[str, type] = {"kind": str, "it": str, "en": str, "line": int, "column": int}
    if type(value) is not dict or {key: type(inner) for key, inner in value.items()} != expected:
        message = "not an error"
        raise BadFrame(message)
    found: dict[str, Any] = value
    try:
        return ScriptError(Kind(found["kind"]), Label(found["it"], found["en"]), found["line"], found["column"])
    except ValueError:
        message = "not a kind of error"
        raise BadFrame(message) from None


def encode(value: object) -> bytes:
    """Return packed JSON as bytes; ASCII, so that a lone surrogate crosses too."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False, check_circular=False).encode("ascii")


def decode(data: bytes) -> object:
    """Return what `encode` wrote, from someone who is not trusted: depth, numbers and count are limited before anything is built.

    Raises:
        BadFrame: with what is wrong.
    """
    _check_depth(data)
    decoder = _CAREFUL if _LONG_RUN in data.translate(_DIGITS) else _DECODER
    try:
        return decoder.decode(data.decode("ascii"))
    except (ValueError, RecursionError) as error:
        # The text of a decoder's error quotes nothing of the input but positions.
        raise BadFrame(str(error)[:200]) from None


def decode_trusted(data: bytes) -> object:
    """Return what `encode` wrote, in a worker: from its parent."""
    return json.loads(data)


def unpack(value: object) -> object:
    """Return the value that `pack` packed: dicts and lists, and the types that JSON lacks.

    Raises:
        BadFrame: when a tag is unknown or what it holds does not fit.
    """
    kind = type(value)
    if kind is list:
        items: list[object] = value  # type: ignore[assignment]  # it is a list
        return [item if type(item) in _AS_IS else unpack(item) for item in items]
    if kind is dict:
        return _unpack_dict(value)  # type: ignore[arg-type]  # it is a dict
    return value


def _unpack_dict(value: dict[str, object]) -> object:
    if len(value) == 1:
        [(key, inner)] = value.items()
        reader = _READERS.get(key)
        if reader is not None:
            try:
                return reader(inner)
            except (TypeError, ValueError, OverflowError, InvalidOperation):
                message = f"not a value of {key}"
                raise BadFrame(message) from None
    return {(key[1:] if key[:1] == _TAG else key): inner if type(inner) in _AS_IS else unpack(inner) for key, inner in value.items()}


def unpack_frozen(value: object) -> object:
    """Return the value that `pack` packed as scripts see it: records and tuples. The worker's side: who sends is trusted."""
    kind = type(value)
    if kind is list:
        return tuple([unpack_frozen(item) for item in value])  # type: ignore[attr-defined]  # it is a list
    if kind is not dict:
        return value
    fields: dict[str, Any] = value  # type: ignore[assignment]  # it is a dict
    if len(fields) == 1:
        [(key, inner)] = fields.items()
        if key in _READERS:
            return _READERS[key](inner)
    return Record(
        {(key[1:] if key[:1] == _TAG else key): inner if type(inner) in _AS_IS else unpack_frozen(inner) for key, inner in fields.items()}
    )


def _check_depth(data: bytes) -> None:
    # Few brackets cannot nest deeply or take much room; only answers with more of them are looked at closely.
    count = data.count(b"[") + data.count(b"{")
    # Without a backslash a text ends at the next quote, and what is neither quote nor bracket says nothing.
    signs = data if b"\\" in data else data.translate(None, _OTHERS)
    if count <= _DEEPEST or (count <= _MOST_NODES and _SHALLOW.fullmatch(signs)):
        return
    depth = nodes = 0
    for token in _BRACKETS.finditer(data):
        first = data[token.start()]
        if first in b"[{":
            depth += 1
            nodes += 1
            if depth > _DEEPEST or nodes > _MOST_NODES:
                message = f"more than {_DEEPEST} levels, or {_MOST_NODES} lists"
                raise BadFrame(message)
        elif first in b"]}":
            depth -= 1


def _integer(text: str) -> int:
    if len(text) > _LONGEST_NUMBER:
        message = "a number is too long"
        raise ValueError(message)
    return int(text)


def _float(text: str) -> float:
    if len(text) > _LONGEST_NUMBER:
        message = "a number is too long"
        raise ValueError(message)
    found = float(text)
    if not isfinite(found):
        message = "a number is not finite"
        raise ValueError(message)
    return found


def _no_constant(text: str) -> float:
    message = f"{text} is no number"
    raise ValueError(message)


_DECODER: Final = json.JSONDecoder(parse_float=_float, parse_constant=_no_constant)
_CAREFUL: Final = json.JSONDecoder(parse_int=_integer, parse_float=_float, parse_constant=_no_constant)


def _text(value: object) -> str:
    if type(value) is not str or len(value) > _LONGEST_NUMBER:
        message = "no short text"
        raise ValueError(message)
    return value


def _read_decimal(value: object) -> Decimal:
    found = Decimal(_text(value))
    # One exponent too many, and formatting the number takes all memory.
    if not found.is_finite() or abs(found.adjusted()) > _LARGEST_EXPONENT:
        message = "no ordinary number"
        raise ValueError(message)
    return found


def _read_span(value: object) -> timedelta:
    if type(value) is not list or [type(part) for part in value] != [int, int, int]:
        message = "no three integers"
        raise ValueError(message)
    return timedelta(*value)


def _pack_dict(value: Mapping[str, object]) -> dict[str, object]:
    packed: dict[str, object] = {}
    for key, inner in value.items():
        if type(key) is not str:
            message = f"a key of type {type(key).__name__} does not cross to a worker"
            raise TypeError(message)
        name, kind = _TAG + key if key[:1] == _TAG else key, type(inner)
        if kind in _AS_IS:
            packed[name] = inner
        elif inner or kind not in _EMPTY:
            packed[name] = pack(inner)
        else:
            packed[name] = _EMPTY[kind]()
    return packed


def _pack_list(value: list[object] | tuple[object, ...]) -> list[object]:
    return [item if type(item) in _AS_IS else pack(item) for item in value]


def _pack_set(value: set[Any]) -> list[object]:
    return [pack(item) for item in sorted(value, key=lambda item: (type(item).__name__, str(item)))]


_AS_IS: Final = frozenset({type(None), bool, int, float, str})
_EMPTY: Final[Mapping[type, Callable[[], object]]] = {list: list, tuple: list, dict: dict}
"""What needs no look inside when it is empty."""
_PACKERS: Final[Mapping[type, Callable[..., object]]] = {
    list: _pack_list,
    tuple: _pack_list,
    set: _pack_set,
    frozenset: _pack_set,
    dict: _pack_dict,
    Record: lambda value: _pack_dict(value.fields),
    Decimal: lambda value: {"$d": str(value)},
    datetime: lambda value: {"$i": value.isoformat()},
    date: lambda value: {"$t": value.isoformat()},
    timedelta: lambda value: {"$p": [value.days, value.seconds, value.microseconds]},
}
_READERS: Final[Mapping[str, Callable[[object], object]]] = {
    "$d": _read_decimal,
    "$i": lambda value: datetime.fromisoformat(_text(value)),
    "$t": lambda value: date.fromisoformat(_text(value)),
    "$p": _read_span,
}
