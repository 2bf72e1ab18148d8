"""Compare names word by word: what is shared, what is missing on one side, and what contradicts.

A slip of the pen makes a word that nobody else has; two words that many records have are two names: *Mario* is no misspelt *Maria*.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import attrs
import numpy as np
from numpy.typing import NDArray

from crmcore_quality.duplicates.columns import MISSING, Column, DistinctPairs, Indices, Levels, Weights
from crmcore_quality.duplicates.comparing import Prepared, Value, agreeing_share, first_texts, jaro_winkler, nearness, rarity_of, whole

SAME, SLIP, LONGER, INITIAL, ALIKE, PART, CONTRADICTING, DIFFERENT = range(8)
"""The levels: the same words; one of them misspelt; more words on one side; an
initial for a word; alike; one word on one side; some shared, others not; none."""

_LABELS: Final = ("=", "≈", "⊂", "X.", "~", "∈", "≠ in part", "≠")
_WORDS: Final = 6
_COMMON: Final = 5
"""So many records make a word one that exists, and not a slip,"""
_RARER_THAN: Final = 0.03
"""unless the other word has so many more: *Mria* is written often enough where there are many *Maria*."""
_LONG_WORD: Final = 7
_SHORTEST: Final = 4
_ALIKE: Final = 0.86
_WORD_ALIKE: Final = 0.88
_TWO: Final = 2
_CHUNK: Final = 200_000


@attrs.frozen(eq=False)
class WordShares:
    """How common words are in a file of so many ``records`` that is not at hand: the ``shares`` of those that several records have."""

    shares: Mapping[str, float]
    records: int

    def of(self, words: Sequence[str]) -> Weights:
        """Return the share of the records that have each word; one that is not known is one record's."""
        return np.array([self.shares.get(word, 1 / self.records) for word in words], np.float64)


@attrs.frozen
class Names:
    """Compare names made of words in any order, separated by blanks; ``known`` says how common words are, else the values do."""

    known: WordShares | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        """From the same words to different ones."""
        return _LABELS

    def prepare(self, values: Sequence[Value]) -> Prepared:
        """Number the names and their words."""
        names = Column.of([" ".join(sorted(set(value.split()))) if value else None for value in first_texts(values)])
        words = Column.of([word for name in names.values for word in name.split()])
        counts = np.bincount(names.codes[names.codes >= 0], minlength=len(names.values))
        return PreparedNames.of(names, words, counts, self.known)


@attrs.frozen(eq=False)
class PreparedNames:
    """Names of all records in words: ``table`` has a row of word numbers for each distinct name."""

    names: Column
    words: tuple[str, ...]
    table: Indices
    spread_of_words: Weights
    """The share of records that have a word."""
    single: NDArray[np.bool_]
    """Whether a word is an initial."""
    filled: int
    """Records that have a name."""

    @classmethod
    def of(cls, names: Column, words: Column, counts: NDArray[np.int64], known: WordShares | None = None) -> PreparedNames:
        """Put the words of each name into a table, the rarest first where there are more than fit."""
        owners = np.repeat(np.arange(len(names.values)), [len(name.split()) for name in names.values])
        weights = np.bincount(words.codes, weights=counts[owners], minlength=len(words.values)) if len(owners) else np.zeros(0)
        order = np.lexsort((weights[words.codes], owners)) if len(owners) else np.zeros(0, np.int64)
        place = np.arange(len(owners)) - np.searchsorted(owners, owners)
        table = np.full((len(names.values), _WORDS), MISSING, np.int64)
        fits = place < _WORDS
        table[owners[fits], place[fits]] = words.codes[order][fits]
        single = np.array([len(word) == 1 for word in words.values], bool)
        if known is not None:
            return cls(names, words.values, table, known.of(words.values), single, known.records)
        return cls(names, words.values, table, weights / max(counts.sum(), 1), single, names.filled)

    @property
    def agreeing(self) -> float:
        """The share of pairs of records with the same words."""
        return agreeing_share(self.names)

    def levels(self, left: Indices, right: Indices) -> Levels:
        """Return the level of each pair."""
        pairs = DistinctPairs.of(self.names, left, right)
        parts = [slice(start, start + _CHUNK) for start in range(0, len(pairs.left), _CHUNK)]
        found = [self._judge(pairs.left[part], pairs.right[part]) for part in parts]
        return pairs.spread(np.concatenate(found) if found else np.zeros(0, np.int8))

    def rarity(self, left: Indices, right: Indices, levels: Levels, agreeing: float) -> Weights:
        """Weigh the same name by how common it is, and parts of a name by how common the words are that are shared."""
        found = np.zeros(len(left))
        same = levels == SAME
        found[same] = rarity_of(self.names, left[same], agreeing)
        partly = np.flatnonzero((levels > SAME) & (levels < DIFFERENT))
        usual = float((self.spread_of_words**2).sum())
        gain = np.log(max(usual, 1e-12) / np.maximum(self.spread_of_words, 1e-12))
        for start in range(0, len(partly), _CHUNK):
            part = partly[start : start + _CHUNK]
            one, other = self.table[self.names.codes[left[part]]], self.table[self.names.codes[right[part]]]
            shared = ((one[:, :, None] == other[:, None, :]) & (one >= 0)[:, :, None]).any(2)
            found[part] = np.clip(np.where(shared, gain[one], 0.0).sum(1), -4.0, 4.0)
        return found

    def _judge(self, left: Indices, right: Indices) -> Levels:
        one, other = self.table[left], self.table[right]
        equal = (one[:, :, None] == other[:, None, :]) & (one >= 0)[:, :, None]
        alone_one, alone_other = (one >= 0) & ~equal.any(2), (other >= 0) & ~equal.any(1)
        rest_one, rest_other, shared = alone_one.sum(1), alone_other.sum(1), equal.any(2).sum(1)
        levels = np.full(len(left), DIFFERENT, np.int8)
        levels[(shared > 0) & (rest_one > 0) & (rest_other > 0)] = CONTRADICTING
        within = (shared > 0) & ((rest_one == 0) | (rest_other == 0))
        levels[within & (shared == 1)] = PART
        levels[within & (shared >= _TWO)] = LONGER
        open_ones = np.flatnonzero((rest_one > 0) & (rest_other > 0))
        levels[open_ones] = np.minimum(levels[open_ones], self._alike(left[open_ones], right[open_ones]))
        single = np.flatnonzero((rest_one == 1) & (rest_other == 1))
        words = one[single, alone_one[single].argmax(1)], other[single, alone_other[single].argmax(1)]
        levels[single] = self._words(words[0], words[1], shared[single], levels[single])
        levels[left == right] = SAME
        return levels

    def _alike(self, left: Indices, right: Indices) -> Levels:
        """Compare whole names: ``Edil Veneta`` and ``Edilveneta`` are alike, although no word is."""
        one, other = [self.names.values[place] for place in left], [self.names.values[place] for place in right]
        return np.where(whole(one, other, _ALIKE), ALIKE, DIFFERENT).astype(np.int8)

    def _words(self, one: Indices, other: Indices, shared: NDArray[np.int64], levels: Levels) -> Levels:
        """Compare the one word in which names differ."""
        texts = [self.words[place] for place in one], [self.words[place] for place in other]
        lengths = np.array([min(len(a), len(b)) for a, b in zip(*texts, strict=True)], np.int64)
        edits = -nearness(*texts)
        slip = ((edits <= 1) & (lengths >= _SHORTEST)) | ((edits <= _TWO) & (lengths >= _LONG_WORD))
        many = self.spread_of_words * self.filled >= _COMMON
        rarer = np.minimum(self.spread_of_words[one], self.spread_of_words[other])
        both_exist = many[one] & many[other] & (rarer >= _RARER_THAN * np.maximum(self.spread_of_words[one], self.spread_of_words[other]))
        alike = slip.copy()
        rest = np.flatnonzero(~slip)
        alike[rest] = jaro_winkler([texts[0][place] for place in rest], [texts[1][place] for place in rest]) >= _WORD_ALIKE
        initial = (self.single[one] | self.single[other]) & np.array([a[:1] == b[:1] for a, b in zip(*texts, strict=True)], bool)
        found = levels.copy()
        found[alike & ~both_exist] = ALIKE
        found[slip & ~both_exist] = SLIP
        # Words that exist contradict each other however alike they are, unless nothing else could: «Mario» and «Maria» Rossi.
        found[both_exist & (shared > 0)] = CONTRADICTING
        found[initial & (shared > 0)] = INITIAL
        return found
