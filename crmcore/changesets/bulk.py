"""The fast way of a mass change: records, audit, events, deliveries and history, one statement each for thousands of records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs
from sqlalchemy import ColumnElement, Connection, Subquery, Table, cast, distinct, func, insert, literal, null, select, update

from crmcore.changesets.json_sql import JsonSql
from crmcore.changesets.rows import sql_of, table_of
from crmcore.events import RecordVerb
from crmcore.hooks import Phase
from crmcore.model import AUDIT, EVENT, Entity
from crmcore.work.queue import NewJob

if TYPE_CHECKING:
    from crmcore.changesets.kinds import Kind
    from crmcore.session import Session


@attrs.frozen
class Written:
    """What one round writes: ``items`` has the columns entity, record_id, field, old, new and change_set_id."""

    session: Session
    connection: Connection
    items: Subquery
    cls: type[Entity]
    undoing: bool = False

    @property
    def table(self) -> Table:
        """The table of the records."""
        return table_of(self.cls)


def write_all(written: Written, kind: Kind, fields: Sequence[str]) -> None:
    """Write the new values of all items, and what tells of them."""
    _write_records(written, kind, fields)
    if written.cls.__audited__:
        _write_journal(written, kind)
    kind.history(written)


def _write_records(written: Written, kind: Kind, fields: Sequence[str]) -> None:
    session, table, items = written.session, written.table, written.items
    sql = sql_of(written.connection)
    stamps = {"version": table.c.version + 1, "updated_at": session.now(), "updated_by": session.actor.name}
    for field in fields:
        column, value = kind.writer.assignment(sql, table, field, items.c.new)
        # One field: its statement also raises the version, which happens once for each record.
        values = {column.name: value, **(stamps if len(fields) == 1 else {})}
        written.connection.execute(update(table).where(table.c.id == items.c.record_id, items.c.field == field).values(values))
    if len(fields) > 1:
        written.connection.execute(update(table).where(table.c.id.in_(select(items.c.record_id))).values(stamps))


def _write_journal(written: Written, kind: Kind) -> None:
    """Write one audit row and one event for each record, as the unit of work would."""
    session, items, sql = written.session, written.items, sql_of(written.connection)
    count = written.connection.execute(select(func.count(distinct(items.c.record_id)))).scalar_one()
    if not count:
        return
    ids = [session.crm.ids.uuid7() for _ in range(count)]
    changes = kind.writer.history(sql, items.c.field, items.c.old, items.c.new)
    common = {
        "at": session.now(),
        "actor": session.actor.name,
        "device": session.actor.device,
        "source": session.source,
        "correlation_id": session.unit.cause.correlation_id,
        "entity": written.cls.entity_name(),
    }
    grouped = select(items.c.record_id, changes.label("changes")).group_by(items.c.record_id)
    rows = grouped.subquery("rows")
    columns = {"entity_id": rows.c.record_id, "changes": rows.c.changes}
    _insert_select(written.connection, AUDIT, common | {"verb": RecordVerb.UPDATED.value}, columns)
    number = (func.row_number().over(order_by=items.c.record_id) - 1).label("number")
    numbered = grouped.add_columns(number).subquery("numbered")
    event_id = sql.texts([_stored_id(sql, each) for each in ids])
    constants = common | {
        "type": f"{written.cls.entity_name()}.{RecordVerb.UPDATED}",
        "version": 1,
        "payload": {},
        "causation_id": session.unit.cause.causation_id,
        "depth": session.unit.cause.depth,
    }
    joined: Mapping[str, ColumnElement[Any]] = {
        "event_id": cast(event_id.c.value, EVENT.c.event_id.type) if sql.postgresql else event_id.c.value,
        "entity_id": numbered.c.record_id,
        "changes": numbered.c.changes,
    }
    _insert_select(written.connection, EVENT, constants, joined, numbered.c.number == event_id.c.n)
    _deliver(written, ids)


def _insert_select(
    connection: Connection,
    table: Table,
    constants: Mapping[str, object],
    columns: Mapping[str, ColumnElement[Any]],
    *where: ColumnElement[bool],
) -> None:
    given = [null() if value is None else literal(value, table.c[name].type) for name, value in constants.items()]
    connection.execute(insert(table).from_select([*constants, *columns], select(*given, *columns.values()).where(*where)))


def _stored_id(sql: JsonSql, event_id: str) -> str:
    """Return an id as the database keeps it: SQLite has text without dashes."""
    return event_id if sql.postgresql else event_id.replace("-", "")


def _deliver(written: Written, ids: Sequence[str]) -> None:
    """Queue the deliveries of the events to handlers after the commit."""
    session = written.session
    handlers = session.registry.handlers_of(f"{written.cls.entity_name()}.{RecordVerb.UPDATED}", Phase.AFTER_COMMIT)
    now, cause = session.now(), session.unit.cause
    session.unit.jobs += [
        NewJob(
            kind="delivery",
            plugin=bound.plugin,
            name=bound.name,
            run_at=now,
            created_at=now,
            event_id=event_id,
            max_attempts=bound.handler.max_attempts,
            correlation_id=cause.correlation_id,
            causation_id=event_id,
            depth=cause.depth,
        )
        for event_id in ids
        for bound in handlers
    ]
