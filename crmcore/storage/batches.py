"""Long lists of keys, in pieces that a statement can take."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, TypeVar

LARGEST: Final = 10_000
"""Keys in one statement: SQLite takes 32,766 parameters, PostgreSQL 65,535."""

T = TypeVar("T")


def batches(keys: Sequence[T], size: int = LARGEST) -> Iterator[Sequence[T]]:
    """Yield the keys in pieces of at most ``size``; nothing for none."""
    for start in range(0, len(keys), size):
        yield keys[start : start + size]
