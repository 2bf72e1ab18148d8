"""Which of several clashing rows stays, and what it takes from the others: what tables say in their `MergePolicy`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from crmcore.merge.images import Key
from crmcore.model import MergePolicy

Row = Mapping[str, Any]


def choose(policy: MergePolicy, ordered: Sequence[Key], rows: Mapping[Key, Row]) -> Key:
    """Return the row that stays; ``ordered`` has the survivor's first."""

    def rank(key: Key) -> tuple[int, ...]:
        return tuple(_place(values, rows[key][column]) for column, values in policy.prefer.items())

    # Of equals, the first.
    return min(ordered, key=rank)


def _place(values: Sequence[object], value: object) -> int:
    return values.index(value) if value in values else len(values)


def combined(policy: MergePolicy, rows: Sequence[Row]) -> dict[str, Any]:
    """Return the columns of the row that stays, which is the first, whose values change because of the others."""
    found: dict[str, Any] = {}
    for column, way in policy.combine.items():
        values = [row[column] for row in rows if row[column] is not None]
        if values:
            found[column] = COMBINING[way](values)
    if policy.resolve is not None:
        found |= policy.resolve(rows)
    return {column: value for column, value in found.items() if value != rows[0][column] or type(value) is not type(rows[0][column])}


COMBINING: Final[Mapping[str, Callable[[Sequence[Any]], Any]]] = {
    "any": any,
    "all": all,
    "min": min,
    "max": max,
    "sum": sum,
    "longest": lambda values: max(values, key=lambda value: len(str(value))),
    "filled": lambda values: values[0],
}
"""What ``combine`` may say; nothing gets here but values that are there, those of the row that stays first."""
