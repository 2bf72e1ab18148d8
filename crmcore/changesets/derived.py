"""What changes along with what was planned: fields that normalisers and rules derive, so that an undo restores the whole record."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, select, update

from crmcore.changesets.rows import insert_rows, sql_of, table_of
from crmcore.changesets.values import APPLIED, Seen
from crmcore.changesets.writers import column_of, read_json
from crmcore.model import ChangeSetItem, Entity
from crmcore.session.fields import to_plain

if TYPE_CHECKING:
    from crmcore.session import Session


def note_derived(session: Session, change_set_id: int, changes: Iterable[tuple[Entity, Mapping[str, Any]]]) -> None:
    """Write down what changed of each record beside what was planned."""
    found = [(record, name, both) for record, beside in changes for name, both in beside.items()]
    if not found:
        return
    item, connection = table_of(ChangeSetItem), session.orm.connection()
    keys = sql_of(connection).keys(sorted({record.id for record, _, _ in found}))
    mine = select(item.c.record_id, item.c.field).where(item.c.change_set_id == change_set_id, item.c.record_id.in_(keys))
    known = {tuple(row) for row in connection.execute(mine)}
    # The version that was seen says nothing here: these are never confirmed, only undone.
    rows = [
        (record.id, name, record.version, record.version, both[0], both[1])
        for record, name, both in found
        if (record.id, name) not in known
    ]
    now, actor = session.now(), session.actor.name
    constants = {"change_set_id": change_set_id, "entity": found[0][0].entity_name(), "derived": True, "outcome": APPLIED, "version": 1}
    constants |= {"created_at": now, "created_by": actor, "updated_at": now, "updated_by": actor}
    insert_rows(connection, item, ("record_id", "field", "seen_version", "applied_version", "old", "new"), rows, constants)


def put_back(session: Session, records: Sequence[Entity], items: Iterable[Seen]) -> None:
    """Set what was derived to what it was, where deriving it the other way round came to something else."""
    wanted: dict[int, dict[str, Any]] = defaultdict(dict)
    for each in items:
        wanted[each.record_id][each.field] = each.new
    for record in records:
        for name, value in wanted[record.id].items():
            if to_plain(getattr(record, name)) != value:
                setattr(record, name, read_json(column_of(type(record), name), value))
    session.unit.flush()


def keep_versions(change_set_id: int, cls: type[Entity], connection: Connection) -> None:
    """Say at which version each record is left: the last work before a commit may have changed some once more."""
    item, table = table_of(ChangeSetItem), table_of(cls)
    mine = (item.c.change_set_id == change_set_id, item.c.outcome == APPLIED)
    version = select(table.c.version).where(table.c.id == item.c.record_id).scalar_subquery()
    connection.execute(update(item).where(*mine).values(applied_version=version))
