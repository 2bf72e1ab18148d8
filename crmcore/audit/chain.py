"""Sealing: rows are written unchained, as cheaply as any row, and chained in blocks a little later, when no other can come between them.

A commit neither waits for the chain nor computes a hash. On PostgreSQL a row may be committed after others with higher keys: its key was
drawn when the row was written. So the highest key is noted first, and then who is writing to the audit at that moment; once all of these
are done, every row up to that key is there or never will be.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import attrs
from sqlalchemy import Connection, Row, Select, column, func, insert, literal, select, table

from crmcore.audit.canonical import NO_BLOCK, block_hash, digest_of, pack
from crmcore.audit.streams import STREAMS, stream_of
from crmcore.model import AUDIT, AUDIT_BLOCK

BLOCK_ROWS: Final = 1_000
"""Rows of a block at most: about 40 KB of hashes."""
SEALED_AT_ONCE: Final = 20_000
"""Rows that one transaction seals at most: it holds SQLite's write lock."""


@attrs.frozen
class Mark:
    """A key up to which rows may be sealed, once none of the ``waiting`` transactions is writing any more."""

    until: int
    waiting: tuple[str, ...] = ()


@attrs.frozen
class Head:
    """The newest block of a chain: what somebody keeps elsewhere, to show later that nothing before it was touched."""

    stream: str
    number: int
    hash: str

    def __str__(self) -> str:
        return f"{self.stream}:{self.number}:{self.hash}"

    @classmethod
    def of(cls, written: str) -> Head | None:
        """Return the head that `str` wrote, or None."""
        stream, _, rest = written.strip().partition(":")
        number, _, hash_ = rest.partition(":")
        return cls(stream, int(number), hash_) if stream in STREAMS and number.isdecimal() and hash_ else None


@attrs.frozen
class Sealed:
    """What sealing did: blocks and rows, and whether rows were left for another transaction."""

    blocks: tuple[Head, ...]
    rows: int
    more: bool
    until: int


def mark(connection: Connection) -> Mark:
    """Return the key up to which rows exist now, and who may still be about to add some below it."""
    until = connection.execute(select(func.coalesce(func.max(AUDIT.c.id), 0))).scalar_one()
    # In this order: who draws a key after this one gets a higher one, and who drew a lower one before holds its lock by now.
    return Mark(until, writers(connection))


def writers(connection: Connection) -> tuple[str, ...]:
    """Return the other transactions that have written to the audit and are not finished; SQLite has one writer, and it is this one."""
    if connection.dialect.name != "postgresql":
        return ()
    return tuple(row.virtualtransaction for row in connection.execute(_WRITERS))


def is_settled(connection: Connection, wanted: Mark) -> bool:
    """Return whether every row up to a mark is there, or never will be."""
    return not wanted.waiting or not set(wanted.waiting) & set(writers(connection))


def seal(connection: Connection, until: int, now: datetime, most: int = SEALED_AT_ONCE) -> Sealed:
    """Chain the rows up to a key that `is_settled`, in a transaction that has the write lock."""
    if connection.dialect.name == "postgresql":
        # One chain, so one hand at it.
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtext(literal("crmcore.audit")))))
    last: dict[str, Any] = {row.stream: row for row in newest(connection)}
    low = max((row.until_id for row in last.values()), default=0)
    blocks: list[Head] = []
    count = 0
    while count < most and low < until:
        found = connection.execute(_next_rows(low, until)).all()
        if not found:
            break
        count += len(found)
        full = len(found) == BLOCK_ROWS
        high = found[-1].id if full else until
        for stream in STREAMS:
            if rows := [row for row in found if stream_of(row.verb) == stream]:
                last[stream] = _add_block(connection, stream, last.get(stream), rows, high, now)
                blocks.append(Head(stream, last[stream].number, last[stream].hash))
        low = high
    return Sealed(tuple(blocks), count, count >= most and low < until, low)


def newest(connection: Connection) -> Sequence[Row[Any]]:
    """Return the newest block of each chain, without its entries."""
    highest = select(AUDIT_BLOCK.c.stream, func.max(AUDIT_BLOCK.c.number).label("number")).group_by(AUDIT_BLOCK.c.stream).subquery()
    here = (AUDIT_BLOCK.c.stream == highest.c.stream) & (AUDIT_BLOCK.c.number == highest.c.number)
    columns = [column for column in AUDIT_BLOCK.c if column.name != "entries"]
    return connection.execute(select(*columns).join(highest, here).order_by(AUDIT_BLOCK.c.stream.desc())).all()


def heads(connection: Connection) -> tuple[Head, ...]:
    """Return the head of each chain that has begun."""
    return tuple(Head(row.stream, row.number, row.hash) for row in newest(connection))


def unsealed(connection: Connection) -> int:
    """Return how many rows are not sealed yet."""
    sealed = select(func.coalesce(func.max(AUDIT_BLOCK.c.until_id), 0)).scalar_subquery()
    return int(connection.execute(select(func.count()).select_from(AUDIT).where(AUDIT.c.id > sealed)).scalar_one())


def _writers() -> Select[Any]:
    names = ("virtualtransaction", "relation", "database", "mode", "granted", "pid")
    locks = table("pg_locks", *(column(name) for name in names))
    bases = table("pg_database", column("oid"), column("datname"))
    here = select(bases.c.oid).where(bases.c.datname == func.current_database()).scalar_subquery()
    return select(locks.c.virtualtransaction).where(
        locks.c.relation == func.to_regclass(AUDIT.name),
        locks.c.database == here,
        # The lock of whoever has inserted; it is taken before the key is drawn, and held to the end.
        locks.c.mode == "RowExclusiveLock",
        locks.c.granted,
        # A prepared transaction has no process.
        locks.c.pid.is_distinct_from(func.pg_backend_pid()),
    )


_WRITERS: Final = _writers()


@attrs.frozen(kw_only=True)
class _NewBlock:
    stream: str
    number: int
    previous: str
    after_id: int
    until_id: int
    rows: int
    first_at: datetime
    last_at: datetime
    sealed_at: datetime
    digest: str
    entries: bytes
    hash: str = ""


def _add_block(
    connection: Connection,
    stream: str,
    before: Any,  # noqa: ANN401 - a block of ours, or a row
    rows: Sequence[Row[Any]],
    until: int,
    now: datetime,
) -> _NewBlock:
    entries = pack(rows)
    block = _NewBlock(
        stream=stream,
        number=before.number + 1 if before is not None else 1,
        previous=before.hash if before is not None else NO_BLOCK,
        after_id=before.until_id if before is not None else 0,
        until_id=until,
        rows=len(rows),
        first_at=min(row.at for row in rows),
        last_at=max(row.at for row in rows),
        sealed_at=now,
        digest=digest_of(entries),
        entries=entries,
    )
    block = attrs.evolve(block, hash=block_hash(block))
    connection.execute(insert(AUDIT_BLOCK), attrs.asdict(block))
    return block


def _next_rows(low: int, until: int) -> Any:  # noqa: ANN401 - a query
    return select(AUDIT).where(AUDIT.c.id > low, AUDIT.c.id <= until).order_by(AUDIT.c.id).limit(BLOCK_ROWS)
