"""Which pairs are compared at all: records that share a match key, as long as few do; in small files all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
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


def by_keys(keys: Iterable[tuple[str, int, Iterable[tuple[str, int]]]], records: int) -> Candidates:
    """Return the pairs that share a key; ``keys`` are kinds with the most records that may share one, and (value, record)."""
    found: list[Indices] = []
    capped: Counter[str] = Counter()
    for kind, cap, rows in keys:
        numbers: dict[str, int] = {}
        keys_of: list[int] = []
        records_of: list[int] = []
        for value, place in rows:
            keys_of.append(numbers.setdefault(value, len(numbers)))
            records_of.append(place)
        key, record = np.array(keys_of, np.int64), np.array(records_of, np.int64)
        order = np.argsort(key, kind="stable")
        key, record = key[order], record[order]
        sizes = np.bincount(key, minlength=len(numbers))
        starts = np.cumsum(sizes) - sizes
        capped[kind] += int((sizes > cap).sum())
        for size in np.unique(sizes[(sizes > 1) & (sizes <= cap)]):
            groups = record[starts[sizes == size][:, None] + np.arange(size)]
            one, other = np.triu_indices(int(size), 1)
            found.append((np.minimum(groups[:, one], groups[:, other]) * records + np.maximum(groups[:, one], groups[:, other])).ravel())
    pairs = np.unique(np.concatenate(found)) if found else np.zeros(0, np.int64)
    left, right = pairs // max(records, 1), pairs % max(records, 1)
    different = left != right
    return Candidates(left[different], right[different], +capped)
