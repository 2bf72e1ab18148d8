"""Values of one field of all records, as numbers: equal values are compared once, and every value knows how common it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import attrs
import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.int64]
Levels = NDArray[np.int8]
Weights = NDArray[np.float64]

MISSING: Final = -1
"""The level of a pair of which one record does not have the field, and the code of a missing value."""


_REPEATS: Final = 4


@attrs.frozen(eq=False)
class Column:
    """The values of a field: ``values`` without repetition, ``codes`` of each record (`MISSING` for none), ``shares`` of the records."""

    values: tuple[str, ...]
    codes: Indices
    shares: Weights

    @classmethod
    def of(cls, values: Sequence[str | None]) -> Column:
        """Make a column; empty values are missing."""
        known: dict[str, int] = {}
        codes = np.array([known.setdefault(value, len(known)) if value else MISSING for value in values], np.int64)
        counts = np.bincount(codes[codes >= 0], minlength=len(known))
        return cls(tuple(known), codes, counts / max(counts.sum(), 1))

    @property
    def filled(self) -> int:
        """How many records have a value."""
        return int((self.codes >= 0).sum())


@attrs.frozen(eq=False)
class DistinctPairs:
    """The pairs of values behind pairs of records, with ``back`` from the pairs of records; each once, where many are the same."""

    left: Indices
    right: Indices
    back: Indices
    present: NDArray[np.bool_]

    @classmethod
    def of(cls, column: Column, left: Indices, right: Indices) -> DistinctPairs:
        """Return the distinct pairs of values of pairs of records; a pair and its reverse are the same."""
        one, other = column.codes[left], column.codes[right]
        present = (one >= 0) & (other >= 0)
        low, high = np.minimum(one, other)[present], np.maximum(one, other)[present]
        size = max(len(column.values), 1)
        if size * size > _REPEATS * len(low):
            # So many values that few pairs come twice: looking for those costs more than it saves.
            return cls(low, high, np.arange(len(low)), present)
        distinct, back = np.unique(low * size + high, return_inverse=True)
        return cls(distinct // size, distinct % size, back, present)

    def spread(self, levels: Levels) -> Levels:
        """Return the levels of the pairs of records, given those of the distinct pairs of values."""
        found = np.full(len(self.present), MISSING, np.int8)
        found[self.present] = levels[self.back]
        return found
