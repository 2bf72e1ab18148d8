"""History of values: one row for each characteristic that a commit changed, with what wrote it (C09)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, insert

from crmcore.characteristics.state import state_of
from crmcore.characteristics.values import same
from crmcore.model import CharacteristicChange

if TYPE_CHECKING:
    from crmcore.session import Session


def record_history(session: Session, connection: Connection) -> None:
    """Insert the history of a unit of work, in one statement; runs inside its commit."""
    rows = list(_rows(session))
    if rows:
        connection.execute(insert(CharacteristicChange), rows)


def _rows(session: Session) -> Iterator[Mapping[str, Any]]:
    state, now, actor = state_of(session), session.now(), session.actor.name
    for change in session.unit.changes:
        old, new = change.changes.get("characteristics", (None, None))
        old, new = old or {}, new or {}
        for key in sorted({*old, *new}):
            before, after = old.get(key), new.get(key)
            if not same(before, after):
                yield {
                    "entity": change.entity,
                    "record_id": change.id,
                    "key": key,
                    "old": before,
                    "new": after,
                    "at": now,
                    "actor": actor,
                    "source": state.source_of(change.record, key, after, session.source),
                    "version": 1,
                    "created_at": now,
                    "created_by": actor,
                    "updated_at": now,
                    "updated_by": actor,
                }
