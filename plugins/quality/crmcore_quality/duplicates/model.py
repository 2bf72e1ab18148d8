"""The model of Fellegi and Sunter: how much each level of each field speaks for one and the same, learnt without labels.

How often unrelated records are on a level (u) is counted on random pairs; how often the same are (m), and how many the same are, come from
expectation maximisation over **all** pairs of the file: those that share no key are unrelated, and only count in the prior. That keeps the
prior from drifting to the candidates, of which most are unrelated too, and makes 0 the natural threshold: as likely as not.

Source: Fellegi and Sunter (1969), A Theory for Record Linkage; Winkler (2000), frequency-based matching.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import attrs
import numpy as np
from numpy.typing import NDArray

from crmcore_quality.duplicates.calibrating import UNCHANGED, Calibration
from crmcore_quality.duplicates.columns import Indices, Weights
from crmcore_quality.duplicates.comparing import Comparer, Prepared

_RANDOM_PAIRS: Final = 80_000
_SEED: Final = 20260511
"""Chance is fixed: the same file gives the same model."""
_ROUNDS: Final = 25
_FEWEST: Final = 0.5
"""Pairs that are the same, at least: no file proves that there are none."""
_FIRST_EQUAL: Final = 0.7
_FIRST_DIFFERENT: Final = 0.1
_SMOOTHING: Final = 0.5
_GUESSED: Final = 3.0
"""Pairs of the first guess that are added to what is learnt: in a file with hardly any duplicate they are what there is."""
_STEADY: Final = 1e-4
_REFERENCE_PAIRS: Final = 5_000
"""Pairs that what is usual counts as: as many as a hundred records have."""

Flags = NDArray[np.bool_]
LevelTable = NDArray[np.int8]
"""One row for each pair, one column for each field."""


@attrs.frozen(eq=False)
class Model:
    """What was learnt: ``same`` and ``unrelated`` are the shares of the levels by field, ``prior`` that of pairs that are the same."""

    same: tuple[Weights, ...]
    unrelated: tuple[Weights, ...]
    prior: float
    calibration: Calibration = UNCHANGED

    @property
    def start(self) -> float:
        """The logarithm of the odds before anything was compared."""
        return float(np.log(self.prior) - np.log1p(-self.prior))

    def field_weights(self, levels: LevelTable) -> Weights:
        """Return what each field says about each pair, as logarithms of odds, 0 where it is missing; without rarity."""
        found = np.zeros(levels.shape)
        for field, (same, unrelated) in enumerate(zip(self.same, self.unrelated, strict=True)):
            # The last place is that of level -1: missing says nothing.
            table = np.append(np.log(same) - np.log(unrelated), 0.0)
            found[:, field] = table[levels[:, field]]
        return found


def random_pairs(records: int) -> tuple[Indices, Indices]:
    """Return pairs of different records, drawn with the fixed seed."""
    chance = np.random.default_rng(_SEED)
    left, right = chance.integers(0, records, _RANDOM_PAIRS), chance.integers(0, records, _RANDOM_PAIRS)
    different = left != right
    return left[different], right[different]


def count_unrelated(
    prepared: Sequence[Prepared],
    comparers: Sequence[Comparer],
    levels: LevelTable,
    *,
    records: int,
    reference: Sequence[Sequence[float] | None] | None = None,
) -> tuple[Weights, ...]:
    """Return how often random pairs are on each level; how often they are equal is known better from the values themselves.

    ``reference`` has what is usual for each field: it counts as some thousand pairs, beside those of a file of so many ``records`` in which
    both have a value. Where a handful of records has a tax code, and some of them twice, those pairs say little of what is usual.
    """
    pairs = records * (records - 1) / 2
    found = []
    for field, (each, comparer) in enumerate(zip(prepared, comparers, strict=True)):
        seen = levels[:, field]
        counts = np.bincount(seen[seen >= 0], minlength=len(comparer.labels)) + _SMOOTHING
        shares = counts / counts.sum()
        equal = min(each.agreeing, 0.99)
        usual = reference[field] if reference is not None else None
        if usual is not None:
            drawn = int((seen >= 0).sum())
            filled = pairs * drawn / max(len(seen), 1)
            # Drawing more often than there are pairs says no more.
            mine = min(filled, drawn)
            shares = (shares * mine + np.array(usual) * _REFERENCE_PAIRS) / (mine + _REFERENCE_PAIRS)
            equal = (equal * filled + usual[0] * _REFERENCE_PAIRS) / (filled + _REFERENCE_PAIRS)
        shares[1:] *= (1 - equal) / shares[1:].sum()
        shares[0] = equal
        found.append(shares)
    return tuple(found)


def learn(
    levels: LevelTable,
    rarity: Weights,
    unrelated: tuple[Weights, ...],
    *,
    records: int,
    refused: Flags,
    known: Mapping[int, bool] | None = None,
    reference: Sequence[Sequence[float] | None] | None = None,
) -> Model:
    """Learn from the levels of the candidates of a file of so many records.

    ``rarity`` is what rare and common values add to the weights of each pair; ``refused`` are pairs with a conflict, which teach as
    unrelated: else households would teach that one and the same have different names. ``known`` are answers of people, by the place of the
    pair; ``reference`` is how often the same usually are on each level, by field.
    """
    pairs = records * (records - 1) / 2
    usual = reference or [None] * len(unrelated)
    guesses = tuple(_first_guess(shares) if mine is None else np.array(mine) for mine, shares in zip(usual, unrelated, strict=True))
    model = Model(guesses, unrelated, _prior(0.05 * records, pairs))
    places = np.array(list(known or {}), np.int64)
    answers = np.array(list((known or {}).values()), float)
    # Many pairs have the same levels: each pattern is looked at once.
    patterns, pattern_of = _patterns(levels, unrelated)
    for _ in range(_ROUNDS):
        odds = model.start + model.field_weights(patterns).sum(1)[pattern_of] + rarity
        likely = 1 / (1 + np.exp(-np.clip(odds, -50, 50)))
        likely[refused] = 0.0
        likely[places] = answers
        prior = _prior(float(likely.sum()), pairs)
        steady = abs(np.log(prior / model.prior)) < _STEADY
        model = Model(_shares(patterns, _sums(pattern_of, likely, len(patterns)), guesses), unrelated, prior)
        if steady:
            break
    return model


def _first_guess(unrelated: Weights) -> Weights:
    between = len(unrelated) - 2
    middle = np.full(between, (1 - _FIRST_EQUAL - _FIRST_DIFFERENT) / max(between, 1))
    guess = np.concatenate(([_FIRST_EQUAL], middle, [_FIRST_DIFFERENT]))
    return np.asarray(guess / guess.sum(), float)


def _prior(same: float, pairs: float) -> float:
    return min(max(same, _FEWEST) / max(pairs, 1), 0.5)


def _sums(pattern_of: Indices, likely: Weights, size: int) -> Weights:
    return np.bincount(pattern_of, weights=likely, minlength=size).astype(np.float64)


def _patterns(levels: LevelTable, unrelated: tuple[Weights, ...]) -> tuple[LevelTable, Indices]:
    """Return the distinct rows of a table, and the row of each pair."""
    numbers = np.zeros(len(levels), np.int64)
    for field, shares in enumerate(unrelated):
        numbers = numbers * (len(shares) + 1) + levels[:, field] + 1
    _, first, pattern_of = np.unique(numbers, return_index=True, return_inverse=True)
    return levels[first], pattern_of


def _shares(levels: LevelTable, likely: Weights, guesses: Sequence[Weights]) -> tuple[Weights, ...]:
    found = []
    for field, guess in enumerate(guesses):
        seen = levels[:, field]
        there = seen >= 0
        counts = np.bincount(seen[there], weights=likely[there], minlength=len(guess)) + _GUESSED * guess
        found.append(counts / counts.sum())
    return tuple(found)
