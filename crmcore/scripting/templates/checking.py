"""Compare what a text reads with the fields that exist."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Final, Union

from crmcore.errors import Problem
from crmcore.labels import Label

Fields = Mapping[str, Union["Fields", None]]
"""Name → the fields below it: none for a plain value, None where anything may be. A list has the fields of its elements."""

_OF_DATES: Final = frozenset({"year", "month", "day", "hour", "minute"})
_SAME: Final = 0.8
"""How alike names must be that are in different places."""
_DEEPEST: Final = 3
"""Levels in which a nearest name is looked for."""


def unknown_fields(found: Iterable[tuple[tuple[str, ...], int]], fields: Fields) -> Iterator[Problem]:
    """Yield a problem for each path that does not exist, with the nearest that does; each path once, at its first line."""
    seen = set()
    for path, line in found:
        if path not in seen and not _exists(path, fields):
            hint = _hint(path, fields)
            yield Problem(code="TEMPLATE_FIELD_UNKNOWN", params={"path": ".".join(path), "line": line, "hint": hint}, object=".".join(path))
        seen.add(path)


def _exists(path: tuple[str, ...], fields: Fields) -> bool:
    below: Fields | None = fields
    for number, name in enumerate(path):
        if below is None:
            return True
        if name not in below:
            return number > 0 and not below and name in _OF_DATES and number == len(path) - 1
        below = below[name]
    return True


def _hint(path: tuple[str, ...], fields: Fields) -> Label:
    near = _nearest(path, fields)
    return Label(f"; forse {near}?", f"; perhaps {near}?") if near else Label("", "")


def _nearest(path: tuple[str, ...], fields: Fields) -> str:
    below: Fields | None = fields
    for number, name in enumerate(path):
        if below and name not in below:
            # A misspelt name beside its brothers first; then the same field somewhere else.
            for candidate in get_close_matches(name, list(below), 3):
                repaired = (*path[:number], candidate, *path[number + 1 :])
                if _exists(repaired, fields):
                    return ".".join(repaired)
        below = below.get(name) if below else None
    names = {each.rpartition(".")[2]: each for each in reversed(_paths(fields, _DEEPEST))}
    near = get_close_matches(path[-1], list(names), 1, _SAME)
    return names[near[0]] if near else ""


def _paths(fields: Fields, depth: int) -> list[str]:
    found = []
    for name, below in fields.items():
        found.append(name)
        if below and depth > 1:
            found += [f"{name}.{each}" for each in _paths(below, depth - 1)]
    return found
