"""Verifying: every block against the one before it, every row against its block; what differs is named."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import attrs
from sqlalchemy import Connection, Row, select

from crmcore.audit.canonical import NO_BLOCK, block_hash, changes_digest, digest_of, row_hash, unpack
from crmcore.audit.chain import Head, heads, unsealed
from crmcore.audit.streams import EXPIRED, OWN, REDACTION, STREAMS, in_stream
from crmcore.errors import Problem
from crmcore.model import AUDIT, AUDIT_BLOCK

MOST_FOUND: Final = 100
"""Findings that are told at most: whoever tampered with everything need not be told of each row."""


@attrs.frozen(kw_only=True)
class Verdict:
    """What verifying found: ``findings`` in the order of the chain, the first one first; none when all is as it was written."""

    findings: tuple[Problem, ...]
    heads: tuple[Head, ...]
    blocks: int
    rows: int
    redacted: int
    dropped: int
    """Blocks whose rows were removed because their time was up."""
    unsealed: int
    """Rows that are not sealed yet: of these nothing can be said."""

    @property
    def sound(self) -> bool:
        """Whether nothing was found."""
        return not self.findings


def verify(connection: Connection, known: Iterable[Head] = ()) -> Verdict:
    """Check the whole chain, and that the ``known`` heads, which somebody kept elsewhere, are still in it."""
    walk = _Walk(connection, list(known))
    findings: list[Problem] = []
    for problem in walk.problems():
        findings.append(problem)
        if len(findings) >= MOST_FOUND:
            break
    return Verdict(
        findings=tuple(findings),
        heads=heads(connection),
        blocks=walk.blocks,
        rows=walk.rows,
        redacted=walk.redacted,
        dropped=walk.dropped,
        unsealed=unsealed(connection),
    )


class _Walk:
    """One pass over the chains."""

    def __init__(self, connection: Connection, known: Sequence[Head]) -> None:
        self._connection = connection
        self._known = known
        self._redactions = _redactions(connection)
        self.blocks = self.rows = self.redacted = self.dropped = 0

    def problems(self) -> Iterator[Problem]:
        for stream in STREAMS:
            yield from self._stream(stream, {head.number: head for head in self._known if head.stream == stream})

    def _stream(self, stream: str, known: Mapping[int, Head]) -> Iterator[Problem]:
        before: Row[Any] | None = None
        last_dropped: Row[Any] | None = None
        seen: set[int] = set()
        for block in self._blocks(stream):
            self.blocks += 1
            seen.add(block.number)
            yield from _chained(block, before)
            if block.number in known and known[block.number].hash != block.hash:
                yield Problem(code="AUDIT_HEAD_DIFFERENT", params={"head": str(known[block.number])})
            if block.dropped_at is None:
                yield from self._rows(block)
            else:
                self.dropped += 1
                last_dropped = block
                if before is not None and before.dropped_at is None:
                    yield _about("AUDIT_BLOCK_MISSING", block)
            before = block
        if last_dropped is not None:
            yield from self._expired(last_dropped)
        for number in sorted(set(known) - seen):
            yield Problem(code="AUDIT_HEAD_DIFFERENT", params={"head": str(known[number])})

    def _blocks(self, stream: str) -> Iterator[Row[Any]]:
        number = 0
        while True:
            # One by one: the entries of all of them would not fit.
            query = select(AUDIT_BLOCK).where(AUDIT_BLOCK.c.stream == stream, AUDIT_BLOCK.c.number > number)
            block = self._connection.execute(query.order_by(AUDIT_BLOCK.c.number).limit(1)).first()
            if block is None:
                return
            yield block
            number = block.number

    def _rows(self, block: Row[Any]) -> Iterator[Problem]:
        expected = unpack(block.entries or b"")
        if digest_of(block.entries or b"") != block.digest:
            yield _about("AUDIT_BLOCK_CHANGED", block)
            return
        query = select(AUDIT).where(AUDIT.c.id > block.after_id, AUDIT.c.id <= block.until_id, in_stream(block.stream))
        found = {row.id: row for row in self._connection.execute(query)}
        self.rows += len(found)
        for key in sorted(found.keys() | expected.keys()):
            row = found.get(key)
            if row is None:
                yield _about("AUDIT_ROW_REMOVED", block, id=key)
            elif key not in expected:
                yield _about("AUDIT_ROW_INSERTED", block, id=key)
            elif row_hash(row) != expected[key]:
                yield _about("AUDIT_ROW_CHANGED", block, id=key)
            elif row.redacted is not None:
                self.redacted += 1
                if self._redactions.get(key) != changes_digest(row.changes):
                    yield _about("AUDIT_REDACTION_UNBACKED", block, id=key)

    def _expired(self, block: Row[Any]) -> Iterator[Problem]:
        query = select(AUDIT.c.changes).where(AUDIT.c.entity == OWN, AUDIT.c.verb == EXPIRED)
        told = [row.changes for row in self._connection.execute(query)]
        if not any(each.get(block.stream, [None, None])[1] == f"{block.number}:{block.hash}" for each in told):
            yield _about("AUDIT_DROP_UNBACKED", block)


def _chained(block: Row[Any], before: Row[Any] | None) -> Iterator[Problem]:
    number, previous, after = (before.number, before.hash, before.until_id) if before is not None else (0, NO_BLOCK, 0)
    if block.number != number + 1 or block.previous != previous or block.after_id != after:
        yield _about("AUDIT_BLOCK_MISSING", block)
    if block_hash(block) != block.hash:
        yield _about("AUDIT_BLOCK_CHANGED", block)


def _about(code: str, block: Row[Any], **params: object) -> Problem:
    return Problem(code=code, params={"stream": block.stream, "block": block.number, **params})


def _redactions(connection: Connection) -> Mapping[int, str]:
    """Return, for each row that was redacted, the digest of what it has told since the last time."""
    query = select(AUDIT.c.changes).where(AUDIT.c.entity == OWN, AUDIT.c.verb == REDACTION).order_by(AUDIT.c.id)
    found: dict[int, str] = {}
    for row in connection.execute(query):
        found |= {int(key): digest for key, digest in (row.changes.get("rows", [None, {}])[1] or {}).items()}
    return found
