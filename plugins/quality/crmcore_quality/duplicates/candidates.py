"""Which pairs are compared at all: records that share a match key, as long as few do; in small files all of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import count, repeat
from typing import Final

import attrs
import numpy as np

from crmcore_quality.duplicates.columns import Indices

CAP: Final = 60
"""Records that may share a key: switchboards and ``info@`` are shared by more, and say nothing."""
ALL_PAIRS_UP_TO: Final = 1_000_000
"""Pairs of a file that are compared without looking for keys: keys save time, and cost some of the pairs that are looked for."""


@attrs.frozen(eq=False)
class Candidates:
    """Pairs of records to be compared, the lower number on the left; ``capped`` counts the keys of each kind that too many share."""

    left: Indices
    right: Indices
    capped: Counter[str]


def every_pair(records: int) -> Candidates:
    """Return all pairs of a small file."""
    left, right = np.triu_indices(records, 1)
    return Candidates(left.astype(np.int64), right.astype(np.int64), Counter())


def by_keys(keys: Iterable[tuple[str, int, Iterable[tuple[int, Iterable[str]]]]], records: int) -> Candidates:
    """Return the pairs that share a key; ``keys`` are kinds, each with the most records that may share one and the keys by record."""
    found: list[Indices] = []
    capped: Counter[str] = Counter()
    for kind, cap, rows in keys:
        values: list[str] = []
        places: list[int] = []
        for place, mine in rows:
            before = len(values)
            values.extend(mine)
            places.extend(repeat(place, len(values) - before))
        numbers: defaultdict[str, int] = defaultdict(count().__next__)
        key, record = np.fromiter(map(numbers.__getitem__, values), np.int64, len(values)), np.array(places, np.int64)
        order = np.argsort(key, kind="stable")
        sizes = np.bincount(key, minlength=len(numbers))
        capped[kind] += int((sizes > cap).sum())
        kept = np.repeat(sizes <= cap, sizes)
        found += pairs_inside(record[order][kept], sizes[sizes <= cap], records)
    return from_codes(found, records, +capped)


def pairs_inside(members: Indices, sizes: Indices, records: int) -> list[Indices]:
    """Return the pairs of records in groups that lie one behind another, as one number each: lower times ``records`` and higher."""
    starts = np.cumsum(sizes) - sizes
    found: list[Indices] = []
    for size in np.unique(sizes[sizes > 1]):
        groups = members[starts[sizes == size][:, None] + np.arange(size)]
        one, other = np.triu_indices(int(size), 1)
        left, right = groups[:, one], groups[:, other]
        found.append((np.minimum(left, right) * records + np.maximum(left, right)).ravel())
    return found


def from_codes(codes: Sequence[Indices], records: int, capped: Counter[str]) -> Candidates:
    """Return pairs that are given as one number each, every one once."""
    pairs = _distinct(np.concatenate(codes)) if codes else np.zeros(0, np.int64)
    left, right = pairs // max(records, 1), pairs % max(records, 1)
    different = left != right
    return Candidates(left[different], right[different], capped)


def _distinct(codes: Indices) -> Indices:
    """Return the numbers in order, each once: sorting where they are takes half the time and memory of a set of them."""
    codes.sort()
    new = np.ones(len(codes), bool)
    np.not_equal(codes[1:], codes[:-1], out=new[1:])
    return codes[new]
