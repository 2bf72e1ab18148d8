"""Confirm or undo a mass change, a few thousand records at a time, in the transaction of the session."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import attrs
from sqlalchemy import ColumnElement, Table, and_, case, func, select, update
from sqlalchemy.orm import Session as OrmSession

from crmcore.changesets.bulk import Written, write_all
from crmcore.changesets.derived import keep_versions, note_derived, put_back
from crmcore.changesets.kinds import Kind
from crmcore.changesets.records import find_refused, forget, load, values_of, wants_records
from crmcore.changesets.rows import parent_of, parent_version, sql_of, table_of
from crmcore.changesets.values import APPLIED, CHANGED_SINCE, NOT_FOUND, PLANNED, STALE, UNDONE, Seen
from crmcore.errors import Problem, UsageError
from crmcore.model import ChangeSetItem, Entity
from crmcore.session.changes import collect_changes

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
    by_record = wants_records(session, kind, cls, fields) or work.has_derived()
    for scope in work.scopes():
        work.sort_out(scope)
        if by_record:
            work.write_records(scope)
        else:
            work.write_in_bulk(scope, fields)
    if not by_record:
        _expire(session.orm, cls)
    elif direction is FORWARD:
        session.unit.finishers.append(partial(keep_versions, change_set_id, cls))


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
        mine = and_(self._mine(), item.derived.is_(False))
        return list(self.session.orm.scalars(select(item.field).where(mine).distinct().order_by(item.field)))

    def has_derived(self) -> bool:
        """Return whether there is something to put back that nobody planned."""
        derived = select(ChangeSetItem.id).where(self._mine(), ChangeSetItem.derived.is_(True)).limit(1)
        return self.session.orm.execute(derived).first() is not None

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
        """Lock the records, and mark the items whose record is gone, is not what it was, or must not become what it was again."""
        connection, item, table = self.session.orm.connection(), table_of(ChangeSetItem), self.table
        self._lock(scope)
        there = select(table.c.id).where(table.c.id == item.c.record_id)
        same = there.where(table.c.version == item.c[self.direction.version])
        parent = self.kind.parent
        if parent is not None and self.direction is FORWARD:
            # What a mass change does to its parents, such as their sums, must not stand in the way of its undo.
            same = same.where(parent_version(table, parent).is_not_distinct_from(item.c.parent_version))
        outcome = case((there.exists(), self.direction.stale), else_=NOT_FOUND)
        connection.execute(update(item).where(scope, ~same.exists()).values(outcome=outcome))
        if self.direction is BACKWARD:
            wishes = self._wishes(scope)
            refused = self.kind.check_undo(self.session, self.cls, wishes)
            self._refuse(scope, {wishes[number].record_id: problem for number, problem in refused.items()})

    def _lock(self, scope: ColumnElement[bool]) -> None:
        """Have others wait who change these records, or what they are part of; SQLite has one writer anyway."""
        connection, item, table = self.session.orm.connection(), table_of(ChangeSetItem), self.table
        if connection.dialect.name != "postgresql":
            return
        mine = table.c.id.in_(select(item.c.record_id).where(scope))
        if self.kind.parent is not None:
            # First what others change first, in the same order.
            above = parent_of(table, self.kind.parent)
            parents = above.c.id.in_(select(table.c[self.kind.parent]).where(mine))
            connection.execute(select(above.c.id).where(parents).order_by(above.c.id).with_for_update())
        connection.execute(select(table.c.id).where(mine).order_by(table.c.id).with_for_update())

    def write_in_bulk(self, scope: ColumnElement[bool], fields: list[str]) -> None:
        """Write a chunk by one statement for each table."""
        connection, item, direction = self.session.orm.connection(), table_of(ChangeSetItem), self.direction
        write_all(self._written(scope, direction.before, direction.value), self.kind, fields)
        entity, columns, touched = self.cls.entity_name(), self.kind.writer.columns(fields), self.session.unit.touched
        if touched.wants(entity, columns):
            written = connection.execute(select(item.c.record_id).where(scope).distinct()).scalars().all()
            touched.note_keys(self.session, entity, written, columns)
        self._finish(scope)

    def _written(self, scope: ColumnElement[bool], before: str, value: str) -> Written:
        item = table_of(ChangeSetItem)
        items = select(
            item.c.entity, item.c.record_id, item.c.field, item.c[before].label("old"), item.c[value].label("new"), item.c.change_set_id
        ).where(scope, item.c.derived.is_(False))
        return Written(self.session, self.session.orm.connection(), items.subquery("items"), self.cls, undoing=self.direction is BACKWARD)

    def write_records(self, scope: ColumnElement[bool]) -> None:
        """Load the records of a chunk, and flush them as anybody's, without those that are refused."""
        wishes = self._wishes(scope)
        changes, refused = self._flush(wishes), {}
        if changes is None:
            # Somebody refuses some of them: who, is found out by halves, and the others go on.
            refused = find_refused(self.session, self.kind, self.cls, wishes)
            changes = self._flush([wish for wish in wishes if wish.record_id not in refused])
        if changes is None:
            # Each may be written, and all together may not: there is nobody to leave out.
            raise UsageError("CHANGE_SET_OUTDATED", id=self.change_set_id)
        self._refuse(scope, refused)
        if self.kind.always:
            self.kind.history(self._written(scope, self.direction.before, self.direction.value))
        if self.direction is BACKWARD:
            put_back(self.session, [record for record, _ in changes], self._items(scope, derived=True))
        self._finish(scope)
        if self.direction is FORWARD:
            note_derived(self.session, self.change_set_id, changes)

    def _flush(self, wishes: Sequence[Seen]) -> list[tuple[Entity, Mapping[str, Any]]] | None:
        """Write all of them, which nobody refuses as a rule; None when somebody does, and nothing is written.

        Returns the records, each with what changed of it beside what was planned.
        """
        orm, waiting = self.session.orm, set(self.session.orm.new)
        records = load(self.session, self.kind, self.cls, values_of(wishes))
        changes = collect_changes(orm)
        if self.session.unit.try_to_write(changes):
            forget(orm, records, waiting)
            return None
        columns = self.kind.writer.columns({wish.field for wish in wishes})
        beside: dict[int, Mapping[str, Any]] = {}
        for change in changes:
            if isinstance(change.record, self.cls) and not columns.issuperset(change.changes):
                beside[change.record.id] = {name: both for name, both in change.changes.items() if name not in columns}
        return [(record, beside.get(record.id, {})) for record in records]

    def _wishes(self, scope: ColumnElement[bool]) -> list[Seen]:
        return self._items(scope, derived=False)

    def _items(self, scope: ColumnElement[bool], *, derived: bool) -> list[Seen]:
        item, direction = table_of(ChangeSetItem).c, self.direction
        columns = (item.record_id, item.field, item[direction.version], item[direction.before], item[direction.value])
        mine = select(*columns).where(scope, item.derived.is_(derived)).order_by(item.record_id)
        return [Seen(*row) for row in self.session.orm.execute(mine)]

    def _refuse(self, scope: ColumnElement[bool], problems: Mapping[int, Problem]) -> None:
        """Write down why some records are left out: one statement for each code."""
        item, sql = table_of(ChangeSetItem), sql_of(self.session.orm.connection())
        by_code: dict[str, list[int]] = defaultdict(list)
        for key, problem in problems.items():
            by_code[problem.code].append(key)
        for code, keys in by_code.items():
            mine = item.c.record_id.in_(sql.keys(sorted(keys)))
            self.session.orm.connection().execute(update(item).where(scope, mine).values(outcome=code))

    def _finish(self, scope: ColumnElement[bool]) -> None:
        """Write down that everything which is left was written, each record once."""
        item = table_of(ChangeSetItem)
        values: dict[str, Any] = {"outcome": self.direction.target}
        if self.direction is FORWARD:
            values["applied_version"] = item.c.seen_version + 1
        self.session.orm.connection().execute(update(item).where(scope).values(values))


def _expire(orm: OrmSession, cls: type[Entity]) -> None:
    """Forget what the session knows of these records: the statements went past it."""
    for record in list(orm.identity_map.values()):
        if isinstance(record, cls):
            orm.expire(record)
