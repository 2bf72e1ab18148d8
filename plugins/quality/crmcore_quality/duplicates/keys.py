"""Match keys as rows: what a database keeps to find the records that may be the same as one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from typing import Final

import attrs

from crmcore_quality.duplicates.schema import KeyRule, Record, Schema

_BYTES: Final = 8


@attrs.frozen(order=True)
class KeyRow:
    """One match key of one record, to be stored: the value as a number of 64 bits with a sign, which every database has."""

    kind: str
    version: int
    hashed: int
    record: int


def key_rows(schema: Schema, record: Record, number: int) -> list[KeyRow]:
    """Return the rows of a record: the same for the same values, in every process and on every machine."""
    return sorted({KeyRow(rule.kind, rule.version, hashed(rule.kind, key), number) for rule in schema.keys for key in rule.keys(record)})


def hashed(kind: str, key: str) -> int:
    """Return the number that stands for a key of a kind; two keys in a billion of records share one by chance, and are compared in vain."""
    return int.from_bytes(blake2b(f"{kind}\0{key}".encode(), digest_size=_BYTES).digest(), "big", signed=True)


def keys_of(rule: KeyRule, records: Sequence[Record]) -> Iterator[tuple[int, Iterable[str]]]:
    """Yield the place of each record with its keys of one rule."""
    return enumerate(map(rule.keys, records))
