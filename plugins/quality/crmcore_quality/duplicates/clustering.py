"""Put pairs together to groups of records of one and the same, without chains.

Two groups become one when the pairs between them speak for it **on the whole**, and no pair between them is forbidden: A that is like B,
and B that is like C, do not make A and C the same. This is correlation clustering by average linkage; it raises what single pairs find as
well, because what two records do not tell, a third may.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from crmcore_quality.duplicates.columns import Indices, Weights

LARGEST: Final = 300
"""Records that may hang together before they are looked at closely; more are cut at their weakest pairs first."""
_STRONGEST: Final = 12.0
"""One pair says no more than this, for or against: a hundred thousand to one."""
_STEP: Final = 1.0
_PAIR: Final = 2

Scorer = Callable[[Indices, Indices], Weights]
"""Gives the odds of pairs of records; minus infinity for those that must not be together."""


def components(records: int, left: Iterable[int], right: Iterable[int]) -> list[list[int]]:
    """Return the records that hang together by pairs, each group sorted; single ones are left out."""
    parent: dict[int, int] = {}

    def root(record: int) -> int:
        while (above := parent.setdefault(record, record)) != record:
            parent[record] = parent[above]
            record = above
        return record

    for one, other in zip(left, right, strict=True):
        parent[root(one)] = root(other)
    groups: dict[int, list[int]] = {}
    for record in sorted(parent):
        groups.setdefault(root(record), []).append(record)
    return [group for group in groups.values() if len(group) > 1 and group[-1] < records]


def cluster(left: Indices, right: Indices, odds: Weights, score: Scorer, *, records: int) -> list[tuple[int, ...]]:
    """Return groups of records of one and the same; ``odds`` are those of the pairs, above 0 more likely than not."""
    found: list[tuple[int, ...]] = []
    open_groups: list[list[int]] = []
    threshold = 0.0
    rest = np.flatnonzero(odds > threshold)
    while len(rest):
        groups = components(records, left[rest].tolist(), right[rest].tolist())
        small = [group for group in groups if len(group) <= LARGEST]
        found += [tuple(group) for group in small if len(group) == _PAIR]
        open_groups += [group for group in small if len(group) > _PAIR]
        large = np.zeros(records, bool)
        large[[record for group in groups if len(group) > LARGEST for record in group]] = True
        threshold += _STEP
        rest = rest[large[left[rest]] & (odds[rest] > threshold)]
    return found + [group for several in _split(open_groups, score) for group in several]


def _split(groups: Sequence[Sequence[int]], score: Scorer) -> list[list[tuple[int, ...]]]:
    """Score all pairs inside of all groups at once, and divide each group."""
    members = [np.array(group, np.int64) for group in groups]
    corners = [np.triu_indices(len(group), 1) for group in members]
    if not members:
        return []
    left = np.concatenate([group[one] for group, (one, _) in zip(members, corners, strict=True)])
    right = np.concatenate([group[other] for group, (_, other) in zip(members, corners, strict=True)])
    odds = score(left, right)
    found = []
    start = 0
    for group, (one, other) in zip(members, corners, strict=True):
        size = len(one)
        table = np.zeros((len(group), len(group)))
        table[one, other] = table[other, one] = odds[start : start + size]
        start += size
        found.append(divide(group.tolist(), table))
    return found


def divide(group: Sequence[int], table: NDArray[np.float64]) -> list[tuple[int, ...]]:
    """Join the records of a group, the two closest first, as long as the mean of the pairs between them is above 0."""
    if table[np.triu_indices(len(group), 1)].min() > 0:
        # Whatever is joined first, every mean stays above 0.
        return [tuple(sorted(group))]
    forbidden = np.isneginf(table)
    sums = np.clip(table, -_STRONGEST, _STRONGEST)
    sizes = np.ones(len(group))
    parts = [[record] for record in group]
    alive = np.ones(len(group), bool)
    while alive.sum() > 1:
        means = np.where(forbidden | ~alive | ~alive[:, None], -np.inf, sums / np.outer(sizes, sizes))
        np.fill_diagonal(means, -np.inf)
        one, other = np.unravel_index(int(means.argmax()), means.shape)
        if means[one, other] <= 0:
            break
        sums[one] += sums[other]
        sums[:, one] = sums[one]
        forbidden[one] |= forbidden[other]
        forbidden[:, one] = forbidden[one]
        sizes[one] += sizes[other]
        parts[one] += parts[other]
        alive[other] = False
    return [tuple(sorted(parts[place])) for place in np.flatnonzero(alive) if len(parts[place]) > 1]
