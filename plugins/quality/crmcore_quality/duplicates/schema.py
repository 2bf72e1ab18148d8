"""What a file of records looks like to the engine: fields, keys, and what must never be the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

import attrs
import numpy as np

from crmcore_quality.duplicates.candidates import CAP
from crmcore_quality.duplicates.columns import Levels
from crmcore_quality.duplicates.comparing import Comparer, Value
from crmcore_quality.duplicates.model import Flags

Record = Mapping[str, Value]
"""The fields of one record, normalised: text, a tuple of texts, or None."""


@attrs.frozen
class Field:
    """One concept that is compared once; two fields that say the same count twice."""

    name: str
    comparer: Comparer


@attrs.frozen
class KeyRule:
    """Makes match keys: records that share one are compared, if no more than ``cap`` do.

    ``version`` changes when the rule does, so that stored keys are made anew.
    """

    kind: str
    keys: Callable[[Record], Iterable[str]]
    cap: int = CAP
    version: int = 1


class Applies(Protocol):
    """Says for which pairs a conflict is there, from the levels of the fields by name."""

    def __call__(self, levels: Mapping[str, Levels], /) -> Flags:
        """Return one flag for each pair."""


@attrs.frozen
class Conflict:
    """Something that speaks against a pair whatever else agrees.

    With ``forbids`` the two are never one, not even through others; without, they are at most shown to a person.
    """

    name: str
    applies: Applies
    forbids: bool = True


@attrs.frozen
class Shares:
    """How often the same, and unrelated records, are on each level of a field."""

    same: tuple[float, ...]
    unrelated: tuple[float, ...]


@attrs.frozen(kw_only=True, eq=False)
class Schema:
    """What the engine needs to know about records of one kind.

    ``swaps`` are pairs of fields whose values people put into each other's place; both have the same comparer. ``source`` names a field
    with the origin of a record, if each origin has nobody twice: then pairs of one origin are not compared, and each record has one partner
    at most.
    """

    fields: tuple[Field, ...]
    keys: tuple[KeyRule, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    swaps: tuple[tuple[str, str], ...] = ()
    source: str = ""
    sure: Applies | None = None
    """Says which pairs may be one without asking; all whose odds are high, where it is left out."""
    reference: Mapping[str, Shares] = attrs.field(factory=dict, repr=False)
    """What is known of fields from elsewhere, by name: a file of a few records tells next to nothing itself."""

    def __attrs_post_init__(self) -> None:
        names = [field.name for field in self.fields]
        unknown = sorted({name for swap in self.swaps for name in swap} - set(names))
        if unknown or len(set(names)) < len(names):
            message = f"the fields {names} have a name twice, or lack {unknown}"
            raise ValueError(message)


def differs(field: str, level: int) -> Applies:
    """Return a test for pairs whose field is at a level or beyond: different, as far as it is there."""

    def applies(levels: Mapping[str, Levels], /) -> Flags:
        return np.asarray(levels[field] >= level)

    return applies
