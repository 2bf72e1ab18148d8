"""What is hashed, byte by byte: a row without what it tells, whose digest stands in for it, and a block of rows.

So personal data can be taken out of a row later: the digest stays, and with it the hash of the row and of everything after it.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import Row

from crmcore.storage import to_json

ROW_FORMAT: Final = "crmcore-audit-row-1"
BLOCK_FORMAT: Final = "crmcore-audit-block-1"
NO_BLOCK: Final = "0" * 64
"""What the first block of a chain has for the hash of the one before it."""
_ENTRY: Final = struct.Struct(">q32s")

_dump = json.JSONEncoder(default=to_json, ensure_ascii=False, separators=(",", ":"), allow_nan=False, sort_keys=True).encode


def changes_digest(changes: Any) -> str:  # noqa: ANN401 - any JSON value
    """Return the SHA-256 of what a row tells: compact JSON in UTF-8 with sorted keys."""
    return sha256(_dump(changes).encode()).hexdigest()


def row_hash(row: Row[Any]) -> bytes:
    """Return the SHA-256 of an audit row; of one that was redacted, that from before."""
    told = row.redacted or changes_digest(row.changes)
    about = [ROW_FORMAT, row.id, _instant(row.at), row.actor, row.device, row.source, str(row.correlation_id)]
    return sha256(_dump([*about, row.entity, row.entity_id, row.verb, told]).encode()).digest()


def block_hash(block: Any) -> str:  # noqa: ANN401 - a row of the table of blocks, or one that is to be
    """Return the SHA-256 of a block, which covers its rows by the digest of their entries."""
    times = [_instant(each) for each in (block.first_at, block.last_at, block.sealed_at)]
    about = [BLOCK_FORMAT, block.stream, block.number, block.previous, block.after_id, block.until_id, block.rows, *times, block.digest]
    return sha256(_dump(about).encode()).hexdigest()


def pack(rows: Sequence[Row[Any]]) -> bytes:
    """Return the entries of a block: key and hash of each row."""
    return b"".join(_ENTRY.pack(row.id, row_hash(row)) for row in rows)


def digest_of(entries: bytes) -> str:
    """Return the SHA-256 of the entries of a block."""
    return sha256(entries).hexdigest()


def unpack(entries: bytes) -> Mapping[int, bytes]:
    """Return the hashes of a block by key, in their order; a cut entry at the end is left out."""
    return dict(_pairs(entries))


def _pairs(entries: bytes) -> Iterator[tuple[int, bytes]]:
    whole = len(entries) - len(entries) % _ENTRY.size
    yield from _ENTRY.iter_unpack(entries[:whole])


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
