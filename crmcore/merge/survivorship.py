"""Which value survives: rules, and how each of them chooses among what several accounts say."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import attrs

from crmcore.errors import UsageError
from crmcore.storage import dump_json

NEWEST: Final = "newest"
SURVIVOR: Final = "survivor"
UNION: Final = "union"
RULES: Final = (NEWEST, SURVIVOR, "longest", "verified")
"""Rules that can be asked for as a whole; a single field may have others."""


@attrs.frozen
class Candidate:
    """A value that is filled, whose it is, since when, and what wrote it; the survivor's place is 0."""

    place: int
    account_id: int
    value: Any
    at: datetime
    source: str = ""


@attrs.frozen
class Rules:
    """The rules of a deployment, with the one that was asked for."""

    default: str
    fields: Mapping[str, str]
    characteristics: Mapping[str, str]
    sources: Sequence[str]

    @classmethod
    def of(cls, settings: Mapping[str, Any], asked: str | None) -> Rules:
        """Return the rules of the core's settings; ``asked`` takes the place of the general one.

        Raises:
            UsageError: ``MERGE_RULE``.
        """
        if asked is not None and asked not in RULES:
            raise UsageError("MERGE_RULE", rule=asked, known=", ".join(RULES))
        return cls(asked or settings["rule"], settings["fields"], settings["characteristics"], settings["sources"])

    def of_field(self, name: str) -> str:
        """Return the rule of a field."""
        return self.fields.get(name, self.default)

    def of_characteristic(self, key: str) -> str:
        """Return the rule of a characteristic."""
        return self.characteristics.get(key, self.default)

    def choose(self, rule: str, candidates: Sequence[Candidate]) -> tuple[Any, int | None]:
        """Return the value, and the account that it comes from; ``candidates`` is not empty, the survivor's comes first."""
        if rule in _MADE:
            made = _MADE[rule]([each.value for each in candidates])
            whose = next((each.account_id for each in candidates if same(each.value, made)), None)
            return made, whose
        # Of equals, the first: the survivor's, or that of the one that was named first.
        best = max(candidates, key=lambda each: (self._score(rule, each), -each.place))
        return best.value, best.account_id

    def _score(self, rule: str, candidate: Candidate) -> tuple[Any, ...]:
        if rule == SURVIVOR:
            return (candidate.place == 0, candidate.at)
        if rule == "longest":
            return (len(str(candidate.value)),)
        if rule == "verified":
            word = candidate.source.partition(":")[0]
            rank = self.sources.index(word) if word in self.sources else len(self.sources)
            return (-rank, candidate.at)
        return (candidate.at,)

    def needs_dates(self, rule: str, candidates: Sequence[Candidate]) -> bool:
        """Return whether it matters since when the values are there."""
        if rule in _MADE or rule == "longest" or len({dump_json(each.value) for each in candidates}) == 1:
            return False
        return rule != SURVIVOR or candidates[0].place != 0


def same(one: Any, other: Any) -> bool:  # noqa: ANN401 - any JSON value
    """Compare JSON values; true is not 1."""
    if type(one) in _SIMPLE or type(other) in _SIMPLE:
        return type(one) is type(other) and bool(one == other)
    return dump_json(one) == dump_json(other)


_SIMPLE: Final = frozenset({str, int, bool, type(None)})


def _union(values: Sequence[Any]) -> Any:  # noqa: ANN401 - any JSON value
    """Join lists and texts; of anything else the first is taken."""
    if all(isinstance(value, list | tuple) for value in values):
        return [json.loads(text) for text in dict.fromkeys(dump_json(item) for value in values for item in value)]
    if all(isinstance(value, str) for value in values):
        return "\n".join(dict.fromkeys(value.strip() for value in values))
    return values[0]


def _first_or(values: Sequence[Any], *, wanted: bool) -> Any:  # noqa: ANN401 - as above
    flags = all(isinstance(value, bool) for value in values)
    return (any(values) if wanted else all(values)) if flags else values[0]


_MADE: Final[Mapping[str, Callable[[Sequence[Any]], Any]]] = {
    UNION: _union,
    "any": lambda values: _first_or(values, wanted=True),
    "all": lambda values: _first_or(values, wanted=False),
}
"""Rules that make a value of all of them."""
