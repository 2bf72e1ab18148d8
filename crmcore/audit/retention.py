"""Retention: rows whose time is up go with their blocks, from the front; what is left of a block keeps the chain together."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, delete, func, select, update

from crmcore.audit.streams import ACCESS, CHANGES, EXPIRED, OWN, STREAMS, in_stream
from crmcore.audit.writing import write_rows
from crmcore.model import AUDIT, AUDIT_BLOCK

if TYPE_CHECKING:
    from crmcore.session import Session

SETTINGS: Final = {CHANGES: "audit_days", ACCESS: "audit_access_days"}
DROPPED_AT_ONCE: Final = 100
"""Blocks of each chain that one transaction drops at most."""


def expire(session: Session, settings: Any) -> int:  # noqa: ANN401 - settings of the core
    """Remove the rows of blocks that are older than the settings keep, in this transaction; return how many, 0 when nothing was due.

    Blocks go from the front only, and stay as an anchor: number, hashes and times. A row of the audit says up to which one.
    """
    session.take_write_lock()
    with session.guard.lifted():
        connection = session.orm.connection()
        now = session.now()
        dropped = [
            _drop(connection, stream, now - timedelta(days=days), now)
            for stream in STREAMS
            if (days := int(str(settings[SETTINGS[stream]])))
        ]
        if any(blocks for blocks, _ in dropped):
            write_rows(connection, session, [(OWN, 0, EXPIRED, _told(connection))])
        return sum(rows for _, rows in dropped)


def _drop(connection: Connection, stream: str, limit: datetime, now: datetime) -> tuple[int, int]:
    """Return how many blocks and how many rows went."""
    block = AUDIT_BLOCK.c
    columns = (block.number, block.after_id, block.until_id, block.last_at)
    waiting = select(*columns).where(block.stream == stream, block.dropped_at.is_(None)).order_by(block.number).limit(DROPPED_AT_ONCE)
    due: list[Any] = []
    for row in connection.execute(waiting):
        if row.last_at >= limit:
            break
        due.append(row)
    if not due:
        return 0, 0
    mine = (block.stream == stream, block.number.between(due[0].number, due[-1].number))
    # The triggers let rows go only with a block that was dropped.
    connection.execute(update(AUDIT_BLOCK).where(*mine).values(dropped_at=now, entries=None))
    gone = delete(AUDIT).where(AUDIT.c.id > due[0].after_id, AUDIT.c.id <= due[-1].until_id, in_stream(stream))
    return len(due), connection.execute(gone).rowcount


def _told(connection: Connection) -> dict[str, Any]:
    """Say of each chain up to which block it was dropped, also of one that lost nothing today: the row that said so may be gone."""
    block = AUDIT_BLOCK.c
    told: dict[str, Any] = {}
    for stream in STREAMS:
        last = select(func.max(block.number)).where(block.stream == stream, block.dropped_at.is_not(None)).scalar_subquery()
        row = connection.execute(select(block.number, block.hash).where(block.stream == stream, block.number == last)).first()
        if row is not None:
            told[stream] = [None, f"{row.number}:{row.hash}"]
    return told
