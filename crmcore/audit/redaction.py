"""Redaction: personal values go out of audit rows, and the chain still holds.

A row is hashed with the digest of what it tells. A redaction keeps that digest beside the row, and is itself told by a row of the audit,
with the digest of what is left: a row from which something was taken in any other way is found by verifying.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Row, bindparam, select, update

from crmcore.audit.canonical import changes_digest
from crmcore.audit.streams import OWN, REDACTION
from crmcore.audit.writing import write_rows
from crmcore.model import AUDIT
from crmcore.storage import batches

if TYPE_CHECKING:
    from crmcore.session import Session

REDACTED: Final = "[redacted]"
"""What stands for a value that was taken out."""


def redact(session: Session, rows: Collection[int], *, entity: str, key: int, reason: str, fields: Collection[str] | None = None) -> int:
    """Take the old and new values of ``fields``, or of all, out of audit rows, and return how many rows had any.

    In the transaction of the session, whose commit makes it last. ``entity`` and ``key`` name the record for whose sake, ``reason`` says
    why: both are told by the audit. Who may ask for it is the caller's business.
    """
    with session.guard.lifted():
        connection = session.orm.connection()
        left: dict[int, Mapping[str, Any]] = {}
        for some in batches(sorted(rows)):
            found = connection.execute(select(AUDIT.c.id, AUDIT.c.changes).where(AUDIT.c.id.in_(some)))
            left |= {row.id: taken for row in found if (taken := _taken(row.changes, fields)) != row.changes}
    return rewrite(session, left, entity=entity, key=key, reason=reason)


def rewrite(session: Session, left: Mapping[int, Mapping[str, Any]], *, entity: str, key: int, reason: str) -> int:
    """Leave of audit rows, by their keys, what ``left`` says, and return how many that are; otherwise as `redact`."""
    session.take_write_lock()
    with session.guard.lifted():
        connection = session.orm.connection()
        for some in batches(sorted(left)):
            found = connection.execute(select(AUDIT).where(AUDIT.c.id.in_(some)).order_by(AUDIT.c.id)).all()
            changed = [(row, left[row.id]) for row in found]
            values = [{"key": row.id, "kept": row.redacted or changes_digest(row.changes), "left": taken} for row, taken in changed]
            connection.execute(_REDACT, values)
            write_rows(connection, session, [(OWN, 0, REDACTION, _told(changed, f"{entity} {key}", reason))])
    return len(left)


_REDACT: Final = update(AUDIT).where(AUDIT.c.id == bindparam("key")).values(redacted=bindparam("kept"), changes=bindparam("left"))


def _taken(changes: Mapping[str, Any], fields: Collection[str] | None) -> Mapping[str, Any]:
    return {
        name: [None if value is None else REDACTED for value in pair] if fields is None or name in fields else pair
        for name, pair in changes.items()
    }


def _told(changed: Sequence[tuple[Row[Any], Mapping[str, Any]]], record: str, reason: str) -> Mapping[str, Any]:
    left = {str(row.id): changes_digest(taken) for row, taken in changed}
    return {"rows": [None, left], "record": [None, record], "reason": [None, reason]}
