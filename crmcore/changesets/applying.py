"""Confirm or undo a mass change, a few thousand records at a time, in the transaction of the session."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

import attrs
from sqlalchemy import ColumnElement, Table, and_, case, func, select, update
from sqlalchemy.orm import Session as OrmSession

from crmcore.changesets.bulk import Written, write_all
from crmcore.changesets.kinds import Kind
from crmcore.changesets.records import find_refused, load, wants_records
from crmcore.changesets.rows import table_of, update_rows
from crmcore.changesets.values import APPLIED, CHANGED_SINCE, NOT_FOUND, PLANNED, STALE, UNDONE, Seen
from crmcore.model import ChangeSetItem, Entity

if TYPE_CHECKING:
    from crmcore.session import Session

CHUNK: Final = 5_000


@attrs.frozen
class Direction:
    """Which way the values go: what items have to be, what they become, and which version the record must still have."""

    source: str
    target: str
    stale: str
    version: str
    value: str
    before: str


FORWARD: Final = Direction(PLANNED, APPLIED, STALE, "seen_version", "new", "old")
BACKWARD: Final = Direction(APPLIED, UNDONE, CHANGED_SINCE, "applied_version", "old", "new")


def apply(session: Session, change_set_id: int, kind: Kind, cls: type[Entity], direction: Direction) -> None:
    """Write every item that may be written, and say of the others why not."""
    work = _Apply(session, change_set_id, kind, cls, direction)
    fields = work.fields()
    by_record = wants_records(session, kind, cls, fields)
    for scope in work.scopes():
        work.sort_out(scope)
        if by_record:
            work.write_records(scope)
        else:
            work.write_in_bulk(scope, fields)
    _expire(session.orm, cls)


@attrs.frozen
class _Apply:
    session: Session
    change_set_id: int
    kind: Kind
    cls: type[Entity]
    direction: Direction

    @property
    def table(self) -> Table:
        return table_of(self.cls)

    def fields(self) -> list[str]:
        """Return the fields that will be written."""
        item = table_of(ChangeSetItem).c
        return list(self.session.orm.scalars(select(item.field).where(self._mine()).distinct().order_by(item.field)))

    def scopes(self) -> Iterator[ColumnElement[bool]]:
        """Yield conditions that cut the items into chunks of whole records."""
        item = table_of(ChangeSetItem).c
        number = func.row_number().over(order_by=item.record_id).label("number")
        numbered = select(item.record_id, number).where(self._mine()).group_by(item.record_id).subquery()
        ends = select(numbered.c.record_id).where(numbered.c.number % CHUNK == 0).order_by(numbered.c.record_id)
        low = 0
        for end in self.session.orm.scalars(ends).all():
            yield and_(self._mine(), item.record_id > low, item.record_id <= end)
            low = end
        yield and_(self._mine(), item.record_id > low)

    def _mine(self) -> ColumnElement[bool]:
        item = table_of(ChangeSetItem).c
        return and_(item.change_set_id == self.change_set_id, item.outcome == self.direction.source)

    def sort_out(self, scope: ColumnElement[bool]) -> None:
        """Lock the records, and mark the items whose record is gone, or is not what it was."""
        connection, item, table = self.session.orm.connection(), table_of(ChangeSetItem), self.table
        if connection.dialect.name == "postgresql":
            mine = table.c.id.in_(select(item.c.record_id).where(scope))
            connection.execute(select(table.c.id).where(mine).order_by(table.c.id).with_for_update())
        there = select(table.c.id).where(table.c.id == item.c.record_id)
        same = there.where(table.c.version == item.c[self.direction.version])
        outcome = case((there.exists(), self.direction.stale), else_=NOT_FOUND)
        connection.execute(update(item).where(scope, ~same.exists()).values(outcome=outcome))

    def write_in_bulk(self, scope: ColumnElement[bool], fields: list[str]) -> None:
        """Write a chunk by one statement for each table."""
        connection, item, direction = self.session.orm.connection(), table_of(ChangeSetItem), self.direction
        items = select(
            item.c.entity,
            item.c.record_id,
            item.c.field,
            item.c[direction.before].label("old"),
            item.c[direction.value].label("new"),
        ).where(scope)
        write_all(Written(self.session, connection, items.subquery("items"), self.cls), self.kind, fields)
        entity, columns, touched = self.cls.entity_name(), self.kind.writer.columns(fields), self.session.unit.touched
        if touched.wants(entity, columns):
            written = connection.execute(select(item.c.record_id).where(scope).distinct()).scalars().all()
            touched.note_keys(self.session, entity, written, columns)
        values: dict[str, Any] = {"outcome": direction.target}
        if direction is FORWARD:
            values["applied_version"] = item.c.seen_version + 1
        connection.execute(update(item).where(scope).values(values))

    def write_records(self, scope: ColumnElement[bool]) -> None:
        """Load the records of a chunk, and flush them as anybody's, without those that are refused."""
        wishes = self._wishes(scope)
        refused = find_refused(self.session, self.kind, self.cls, wishes)
        values: dict[int, dict[str, Any]] = defaultdict(dict)
        for wish in wishes:
            if wish.record_id not in refused:
                values[wish.record_id][wish.field] = wish.new
        records = load(self.session, self.kind, self.cls, values)
        self.session.unit.flush()
        self._mark(scope, {key: (problem.code, None) for key, problem in refused.items()})
        self._mark(scope, {record.id: (self.direction.target, record.version) for record in records})

    def _wishes(self, scope: ColumnElement[bool]) -> list[Seen]:
        item, direction = table_of(ChangeSetItem).c, self.direction
        columns = (item.record_id, item.field, item[direction.version], item[direction.before], item[direction.value])
        return [Seen(*row) for row in self.session.orm.execute(select(*columns).where(scope).order_by(item.record_id))]

    def _mark(self, scope: ColumnElement[bool], outcomes: Mapping[int, tuple[str, int | None]]) -> None:
        forward = self.direction is FORWARD
        columns = ("outcome", "applied_version") if forward else ("outcome",)
        rows = [(key, outcome, version) if forward else (key, outcome) for key, (outcome, version) in outcomes.items()]
        update_rows(self.session.orm.connection(), table_of(ChangeSetItem), "record_id", columns, rows, scope)


def _expire(orm: OrmSession, cls: type[Entity]) -> None:
    """Forget what the session knows of these records: the statements went past it."""
    for record in list(orm.identity_map.values()):
        if isinstance(record, cls):
            orm.expire(record)
