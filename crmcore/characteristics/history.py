"""History of values: one row for each characteristic that a commit changed, with what wrote it (C09)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, Table

from crmcore.characteristics.state import state_of
from crmcore.characteristics.values import same
from crmcore.model import CharacteristicChange
from crmcore.storage import NewRows, insert_rows

if TYPE_CHECKING:
    from crmcore.session import Session

_NAMES: Final = (
    "entity",
    "record_id",
    "key",
    "old",
    "new",
    "at",
    "actor",
    "source",
    "version",
    "created_at",
    "created_by",
    "updated_at",
    "updated_by",
)


def record_history(session: Session, connection: Connection) -> None:
    """Insert the history of a unit of work, in one statement; runs inside its commit."""
    table = CharacteristicChange.__table__
    if isinstance(table, Table):
        insert_rows(connection, [NewRows(table, _NAMES, list(_rows(session)))])


def _rows(session: Session) -> Iterator[tuple[Any, ...]]:
    state, now, actor = state_of(session), session.now(), session.actor.name
    stamps = (1, now, actor, now, actor)
    for change in session.unit.changes:
        old, new = change.changes.get("characteristics", (None, None))
        old, new = old or {}, new or {}
        for key in sorted({*old, *new}):
            before, after = old.get(key), new.get(key)
            if not same(before, after):
                source = state.source_of(change.record, key, after, session.source)
                yield (change.entity, change.id, key, before, after, now, actor, source, *stamps)
