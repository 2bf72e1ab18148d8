"""Scopes as profiles and users carry them, and what is wrong with one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Final, Self

import attrs

from crmcore.errors import Problem
from crmcore.model import ScopeKind

TARGETED: Final = frozenset({ScopeKind.SELLER, ScopeKind.ZONE, ScopeKind.PORTFOLIO})
_KEYS: Final = frozenset({"kind", "target", "from", "to"})


@attrs.frozen
class Scope:
    """A rule that takes accounts in, from a day to a day, both included."""

    kind: ScopeKind
    target: str = ""
    first: date | None = None
    last: date | None = None

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        """Return the scope that a checked mapping means."""
        first, last = data.get("from"), data.get("to")
        return cls(
            ScopeKind(data["kind"]),
            str(data.get("target") or ""),
            date.fromisoformat(first) if first else None,
            date.fromisoformat(last) if last else None,
        )

    def holds(self, day: date) -> bool:
        """Return whether it is in force on a day."""
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)

    def data(self) -> dict[str, str]:
        """Return it as it is stored."""
        found = {
            "kind": self.kind.value,
            "target": self.target,
            "from": self.first.isoformat() if self.first else "",
            "to": self.last.isoformat() if self.last else "",
        }
        return {key: value for key, value in found.items() if value}

    def __str__(self) -> str:
        text = f"{self.kind.value}:{self.target}" if self.target else self.kind.value
        days = f"{self.first or ''}..{self.last or ''}"
        return f"{text}@{days}" if self.first or self.last else text


def parse_scope(text: str) -> Scope:
    """Return the scope that a text means, as `str` writes it: ``own``, ``seller:A2``, ``zone:NORD@2026-08-01..``.

    Raises:
        ValueError: with what was expected.
    """
    what, _, days = text.partition("@")
    kind, _, target = what.partition(":")
    first, separator, last = days.partition("..")
    given = {"kind": kind, "target": target, "from": first, "to": last}
    if days and not separator:
        message = "days as 2026-08-01..2026-08-31"
        raise ValueError(message)
    for problem in scope_problems(given, text):
        raise ValueError(str(problem.params["expected"]))
    return Scope.of(given)


def scope_problems(data: object, where: str) -> Iterator[Problem]:
    """Yield what is wrong with a scope; whether its target exists is checked where the database is."""
    if not isinstance(data, Mapping) or set(data) - _KEYS or "kind" not in data:
        yield _invalid(where, data, f"a mapping of {', '.join(sorted(_KEYS))}")
        return
    if data["kind"] not in {kind.value for kind in ScopeKind}:
        yield _invalid(where, data["kind"], ", ".join(kind.value for kind in ScopeKind))
        return
    targeted = ScopeKind(data["kind"]) in TARGETED
    if targeted != bool(data.get("target")) or not isinstance(data.get("target", ""), str):
        yield _invalid(where, data, "a target" if targeted else "no target")
    for key in ("from", "to"):
        if data.get(key) and not _is_date(data[key]):
            yield _invalid(where, data[key], "a date such as 2026-05-11")


def _is_date(text: object) -> bool:
    try:
        return isinstance(text, str) and bool(date.fromisoformat(text))
    except ValueError:
        return False


def _invalid(where: str, value: object, expected: str) -> Problem:
    return Problem(code="ACCESS_SCOPE_INVALID", params={"where": where, "value": repr(value)[:200], "expected": expected})
