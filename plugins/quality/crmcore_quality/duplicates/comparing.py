"""How alike two values of a field are, as one of a few levels: 0 is equal, the last is different."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

import attrs
import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA, JaroWinkler

from crmcore_quality.duplicates.columns import MISSING, Column, DistinctPairs, Indices, Levels, Weights

Value = str | Sequence[str] | None
_RARER: Final = 6.0
"""The most that a rare value, or a common one, changes a weight by: e to this power. Counts of small files say no more."""


_LARGER: Final = 500
"""Records that a file is filled up to, as far as it is asked how rare a value is."""
_FARTHEST: Final = 4
"""Edits beyond which nobody counts: looking for so few is much faster."""


class Prepared(Protocol):
    """A comparison that knows the values of all records."""

    def levels(self, left: Indices, right: Indices) -> Levels:
        """Return the level of each pair of records, `MISSING` where one of them has no value."""

    def rarity(self, left: Indices, right: Indices, levels: Levels, agreeing: float) -> Weights:
        """Return what to add to the weights because the values that agree are rarer, or more common, than usual.

        ``agreeing`` is the share of random pairs that are on level 0.
        """

    @property
    def agreeing(self) -> float:
        """The share of pairs of different records that are on level 0 because few values are there."""


class Comparer(Protocol):
    """A way to compare two values; ``labels`` name its levels, from equal to different, for people."""

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the levels."""

    def prepare(self, values: Sequence[Value]) -> Prepared:
        """Look at the values of all records."""


def agreeing_share(column: Column) -> float:
    """Return the share of pairs of different records with equal values, never nothing: a file never shows the rarest."""
    filled = column.filled
    if filled < 2:  # noqa: PLR2004 - a pair
        return 0.5
    counts = column.shares * filled
    pairs = float((counts * (counts - 1)).sum()) / (filled * (filled - 1))
    return max(pairs, 0.1 / filled)


def rarity_of(column: Column, records: Indices, agreeing: float) -> Weights:
    """Return the logarithm of how much rarer the values of records are than values that agree by chance."""
    return np.clip(np.log(agreeing / chance_of(column, column.codes[records], agreeing)), -_RARER, _RARER)


def chance_of(column: Column, codes: Indices, agreeing: float) -> Weights:
    """Return how likely another record has values, by the other records that have them: the one at hand is no evidence.

    A small file is taken for a part of a larger one, in which values are as common as they are on the whole.
    """
    filled = max(column.filled, 1)
    more = max(_LARGER - filled, 0)
    return np.asarray((np.maximum(column.shares[codes] * filled - 1, 1) + more * agreeing) / (filled + more))


def first_texts(values: Sequence[Value]) -> list[str | None]:
    """Return one text for each value."""
    return [value if isinstance(value, str) else (value[0] if value else None) for value in values]


def jaro_winkler(one: Sequence[str], other: Sequence[str]) -> NDArray[np.float32]:
    """Return the similarity of Jaro and Winkler, 0 to 1: for names, whose beginnings are rarely wrong."""
    return process.cpdist(one, other, scorer=JaroWinkler.normalized_similarity, dtype=np.float32)


def nearness(one: Sequence[str], other: Sequence[str]) -> NDArray[np.float32]:
    """Return 0 less the number of edits (swaps of neighbours, changes, insertions, losses), counted up to five: for codes and dates."""
    return -process.cpdist(one, other, scorer=OSA.distance, score_cutoff=_FARTHEST, dtype=np.float32)


def token_sort(one: Sequence[str], other: Sequence[str]) -> NDArray[np.float32]:
    """Return the similarity of texts with their words in order, 0 to 1: for descriptions."""
    return (process.cpdist(one, other, scorer=fuzz.token_sort_ratio, dtype=np.float32) / 100).astype(np.float32)


def whole(one: Sequence[str], other: Sequence[str], least: float) -> NDArray[np.bool_]:
    """Return whether texts are alike as they stand, at least so much (0 to 1)."""
    return process.cpdist(one, other, scorer=fuzz.ratio, score_cutoff=100 * least, dtype=np.float32) > 0


def token_set(one: Sequence[str], other: Sequence[str]) -> NDArray[np.float32]:
    """Return the similarity of the words that texts share, 0 to 1: for names of which one is longer."""
    return (process.cpdist(one, other, scorer=fuzz.token_set_ratio, dtype=np.float32) / 100).astype(np.float32)


class Similarity(Protocol):
    """Measures pairs of texts, element by element; more is more alike."""

    def __call__(self, one: Sequence[str], other: Sequence[str], /) -> NDArray[np.float32]:
        """Return the similarities."""


@attrs.frozen
class Similar:
    """Compare texts by a similarity, with a level for each of ``cuts`` (highest first) between equal and different."""

    similarity: Similarity
    cuts: tuple[float, ...]
    by_rarity: bool = True

    @property
    def labels(self) -> tuple[str, ...]:
        """Equal, alike by each cut, different."""
        return ("=", *(f"≥ {cut:g}" for cut in self.cuts), "≠")

    def prepare(self, values: Sequence[Value]) -> Prepared:
        """Number the values."""
        return _PreparedSimilar(self, Column.of(first_texts(values)))


@attrs.frozen(eq=False)
class _PreparedSimilar:
    by: Similar
    column: Column

    def levels(self, left: Indices, right: Indices) -> Levels:
        return compare_column(self.column, self.by, left, right)

    @property
    def agreeing(self) -> float:
        return agreeing_share(self.column)

    def rarity(self, left: Indices, right: Indices, levels: Levels, agreeing: float) -> Weights:
        del right
        found = np.zeros(len(left))
        if self.by.by_rarity:
            equal = levels == 0
            found[equal] = rarity_of(self.column, left[equal], agreeing)
        return found


def compare_column(column: Column, by: Similar, left: Indices, right: Indices) -> Levels:
    """Return the levels of pairs of records, measuring each pair of values once."""
    pairs = DistinctPairs.of(column, left, right)
    values = column.values
    levels = np.full(len(pairs.left), len(by.cuts) + 1, np.int8)
    levels[pairs.left == pairs.right] = 0
    unequal = np.flatnonzero(levels)
    if by.cuts:
        similarity = by.similarity([values[place] for place in pairs.left[unequal]], [values[place] for place in pairs.right[unequal]])
        for level in range(len(by.cuts), 0, -1):
            levels[unequal[similarity >= by.cuts[level - 1]]] = level
    return pairs.spread(levels)


@attrs.frozen
class AnyOf:
    """Compare lists of codes, such as phones: equal when one of them is shared, else as near as the nearest."""

    cuts: tuple[float, ...]
    similarity: Similarity = nearness

    @property
    def labels(self) -> tuple[str, ...]:
        """Shared, near by each cut, different."""
        return ("=", *(f"≥ {cut:g}" for cut in self.cuts), "≠")

    def prepare(self, values: Sequence[Value]) -> Prepared:
        """Number the values, up to three of each record: who has more has them in order of importance."""
        several = [(value,) if isinstance(value, str) else tuple(value or ())[:3] for value in values]
        width = max((len(each) for each in several), default=1) or 1
        flat = Column.of([each[place] if place < len(each) else None for place in range(width) for each in several])
        return _PreparedAnyOf(Similar(self.similarity, self.cuts), flat, flat.codes.reshape(width, len(several)))


@attrs.frozen(eq=False)
class _PreparedAnyOf:
    by: Similar
    flat: Column
    codes: NDArray[np.int64]

    def levels(self, left: Indices, right: Indices) -> Levels:
        found = np.full(len(left), MISSING, np.int8)
        for one in range(len(self.codes)):
            for other in range(len(self.codes)):
                column = attrs.evolve(self.flat, codes=np.concatenate((self.codes[one], self.codes[other])))
                levels = compare_column(column, self.by, left, right + self.codes.shape[1])
                better = (levels != MISSING) & ((found == MISSING) | (levels < found))
                found[better] = levels[better]
        return found

    @property
    def agreeing(self) -> float:
        return agreeing_share(self.flat)

    def rarity(self, left: Indices, right: Indices, levels: Levels, agreeing: float) -> Weights:
        found = np.zeros(len(left))
        equal = np.flatnonzero(levels == 0)
        rarest = np.full(len(equal), -np.inf)
        for one in self.codes:
            for other in self.codes:
                codes = one[left[equal]]
                shared = (codes == other[right[equal]]) & (codes >= 0)
                rarest[shared] = np.maximum(rarest[shared], np.log(agreeing / chance_of(self.flat, codes[shared], agreeing)))
        found[equal] = np.clip(rarest, -_RARER, _RARER)
        return found
