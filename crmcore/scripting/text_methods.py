"""The methods of text, each with the size of what it makes looked at first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from crmcore.labels import Label
from crmcore.scripting.access import sequence
from crmcore.scripting.faults import Fault, refuse
from crmcore.scripting.limits import Guard

Value = Any
"""Any value of a script."""

Method = Callable[..., Value]
"""Gets the guard, the value, and the arguments."""

_CUT: Final = 1_000
"""Parts that a text is cut into without asking first how many they are."""


def as_text(value: Value) -> str:
    """Return a value that has to be text.

    Raises:
        Fault: when it is none.
    """
    if type(value) is not str:
        refuse("un testo", value)
    return value


def as_count(value: Value) -> int:
    """Return a value that has to be a whole number.

    Raises:
        Fault: when it is none.
    """
    if type(value) is not int:
        refuse("un numero intero", value)
    return value


def _changing(change: Callable[[str], str]) -> Method:
    """Return a method that changes letters: some become three."""

    def method(guard: Guard, value: str) -> str:
        if len(value) > 64:  # noqa: PLR2004 - as `Guard.text`, which counts nothing below
            guard.text(3 * len(value) if not value.isascii() else len(value))
        return change(value)

    return method


def _asking(ask: Callable[[str], bool]) -> Method:
    def method(guard: Guard, value: str) -> bool:
        guard.charge(len(value) >> 6)
        return ask(value)

    return method


def _stripping(strip: Callable[[str, str | None], str]) -> Method:
    def method(guard: Guard, value: str, characters: Value = None) -> str:
        if characters is not None:
            # Each character of one is looked for in the other.
            guard.charge(len(value) * len(as_text(characters)) >> 9)
        guard.text(len(value))
        return strip(value, characters)

    return method


def _finding(find: Callable[..., int]) -> Method:
    def method(guard: Guard, value: str, what: Value, start: Value = None, end: Value = None) -> int:
        guard.charge((len(value) + len(as_text(what))) >> 6)
        bounds = [None if each is None else as_count(each) for each in (start, end)]
        try:
            return find(value, what, *bounds)
        except ValueError:
            raise Fault(Label("il testo cercato non c'è", "the text is not there")) from None

    return method


def _starting(starts: Callable[[str, Value], bool]) -> Method:
    def method(guard: Guard, value: str, what: Value) -> bool:
        if type(what) is tuple:
            guard.charge(len(what))
            for each in what:
                as_text(each)
        else:
            as_text(what)
        return starts(value, what)

    return method


def _padding(pad: Callable[..., str]) -> Method:
    def method(guard: Guard, value: str, width: Value, fill: Value = " ") -> str:
        if len(as_text(fill)) != 1:
            raise Fault(Label("si riempie con un carattere solo", "one character fills"))
        guard.text(max(as_count(width), len(value)))
        return pad(value, width, fill)

    return method


def _cutting(cut: Callable[[str, str], Value]) -> Method:
    """Return a method that cuts something off, or cuts in two."""

    def method(guard: Guard, value: str, what: Value) -> Value:
        if not as_text(what):
            raise Fault(Label("il testo cercato è vuoto", "the text that is looked for is empty"))
        guard.text(len(value))
        return cut(value, what)

    return method


def _zfill(guard: Guard, value: str, width: Value) -> str:
    guard.text(max(as_count(width), len(value)))
    return value.zfill(width)


def _replace(guard: Guard, value: str, old: Value, new: Value, count: Value = -1) -> str:
    size, most = len(value), as_count(count)
    if len(as_text(old)) + len(as_text(new)) + size > 128:  # noqa: PLR2004 - nothing that matters can come of less
        times = value.count(old)
        guard.text(size + max(0, len(new) - len(old)) * (times if most < 0 else min(most, times)))
    return value.replace(old, new, count)


def _split(guard: Guard, value: str, separator: Value = None, maxsplit: Value = -1) -> list[str]:
    return _parts(guard, value, separator, maxsplit, str.split)


def _rsplit(guard: Guard, value: str, separator: Value = None, maxsplit: Value = -1) -> list[str]:
    return _parts(guard, value, separator, maxsplit, str.rsplit)


def _parts(guard: Guard, value: str, separator: Value, most: Value, cut: Callable[..., list[str]]) -> list[str]:
    if separator is not None and not as_text(separator):
        raise Fault(Label("il separatore è vuoto", "the separator is empty"))
    as_count(most)
    if len(value) > _CUT:
        # Each part costs more than its characters.
        parts = len(value) // 2 if separator is None else value.count(separator) + 1
        guard.items(parts if most < 0 else min(parts, most + 1))
        guard.grow(64 * parts + 2 * len(value))
        guard.charge(parts // 4)
    found = cut(value, separator, most)
    guard.grow(64 * len(found))
    return found


def _splitlines(guard: Guard, value: str) -> list[str]:
    guard.charge(len(value) >> 4)
    guard.grow(64 * len(value))
    return value.splitlines()


def _join(guard: Guard, value: str, parts: Value) -> str:
    found = sequence(guard, parts)
    guard.charge(len(found) // 4)
    size = sum([len(as_text(each)) for each in found])
    guard.text(size + len(value) * max(0, len(found) - 1))
    return value.join(found)


TEXT_METHODS: Final[Mapping[str, Method]] = {
    **{name: _changing(getattr(str, name)) for name in ("upper", "lower", "title", "capitalize", "swapcase", "casefold")},
    **{
        name: _asking(getattr(str, name))
        for name in ("isdigit", "isalpha", "isalnum", "isspace", "isupper", "islower", "isdecimal", "isnumeric", "istitle", "isascii")
    },
    **{name: _stripping(getattr(str, name)) for name in ("strip", "lstrip", "rstrip")},
    **{name: _finding(getattr(str, name)) for name in ("find", "rfind", "index", "rindex", "count")},
    **{name: _starting(getattr(str, name)) for name in ("startswith", "endswith")},
    **{name: _padding(getattr(str, name)) for name in ("ljust", "rjust", "center")},
    **{name: _cutting(getattr(str, name)) for name in ("removeprefix", "removesuffix", "partition", "rpartition")},
    "zfill": _zfill,
    "replace": _replace,
    "split": _split,
    "rsplit": _rsplit,
    "splitlines": _splitlines,
    "join": _join,
}
