"""The journal of a merge: what each step changed, removed or added, as the database stored it before and after."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import attrs
from sqlalchemy import Connection, Table, bindparam, select

from crmcore.merge.images import KEYS, Image, Key, delete_rows, image_of, key_columns, read_images, writing
from crmcore.merge.references import ReferenceMap
from crmcore.merge.relinking import Relinking, RowChange
from crmcore.model import MERGE_ROW
from crmcore.storage import NewRows, dump_json, insert_rows

CHANGED: Final = "changed"
DROPPED: Final = "dropped"
ADDED: Final = "added"
RECORD: Final = "record"
"""Actions: rows that were given to others, that went into the journal, that the merge made; and the accounts themselves."""

_NAMES: Final = ("merge_id", "step", "table_name", "key", "action", "seen_version", "old", "new")


@attrs.frozen
class Entry:
    """One row of the journal."""

    step: int
    table: str
    key: Key
    action: str
    version: int | None
    old: Image
    new: Image


@attrs.define
class Journal:
    """Writes to other tables, and remembers each step."""

    connection: Connection
    entries: list[Entry] = attrs.field(factory=list)
    _step: int = 0

    def next_step(self) -> int:
        """Begin another step: undoing takes them back one by one, the last one first."""
        self._step += 1
        return self._step

    def note(self, table: Table, key: Key, action: str, version: int | None, old: Image, new: Image) -> None:
        """Remember a row of the present step."""
        self.entries.append(Entry(self._step, table.name, key, action, version, old, new))

    def write(self, merge_id: int) -> None:
        """Insert the entries."""
        rows = [
            (merge_id, each.step, each.table, dump_json(each.key), each.action, each.version, each.old, each.new) for each in self.entries
        ]
        insert_rows(self.connection, [NewRows(MERGE_ROW, _NAMES, rows)])

    def apply(self, relinking: Relinking, references: ReferenceMap) -> None:
        """Change other tables, children before their parents, so that what goes is referred to by nobody any more."""
        tables = {*relinking.changes, *relinking.drops}
        for table in sorted(tables, key=lambda each: references.order[each.name], reverse=True):
            changes, drops = relinking.changes.get(table, {}), relinking.drops.get(table, {})
            # Children in the same table have to leave a row before it goes.
            first = bool(drops) and any(each.to_itself for each in references.to(table))
            if first:
                self._change(table, changes)
            self._drop(table, list(drops))
            if not first:
                self._change(table, changes)

    def _drop(self, table: Table, keys: Sequence[Key]) -> None:
        if not keys:
            return
        self.next_step()
        for key, image in read_images(self.connection, table, keys).items():
            self.note(table, key, DROPPED, None, image, {})
        delete_rows(self.connection, table, keys)

    def _change(self, table: Table, changes: Mapping[Key, RowChange]) -> None:
        own = [column.name for column in key_columns(table)]
        for group in _alike(changes):
            keys = [key for key, _ in group]
            values = group[0][1].values
            plain = all(type(value) is int for _, change in group for pair in change.values.values() for value in pair if value is not None)
            before = {} if plain else read_images(self.connection, table, keys, tuple(values))
            new = {column: value for column, (_, value) in values.items()}
            statement = writing(table, tuple(new), self.connection.dialect.name)
            self.connection.execute(statement, {KEYS: dump_json(keys), **{f"new_{column}": value for column, value in new.items()}})
            # A key that refers is another one afterwards.
            moved = {key: tuple(new.get(name, value) for name, value in zip(own, key, strict=True)) for key in keys}
            after = {} if plain else read_images(self.connection, table, list(moved.values()), tuple(values))
            self.next_step()
            for key, change in group:
                old = before[key] if before else image_of(self.connection, table, {name: pair[0] for name, pair in change.values.items()})
                now = after[moved[key]] if after else image_of(self.connection, table, new)
                self.note(table, moved[key], CHANGED, change.version, old, now)


def _alike(changes: Mapping[Key, RowChange]) -> Iterator[list[tuple[Key, RowChange]]]:
    """Yield the rows that get the same values together: one statement writes them."""
    groups: dict[Any, list[tuple[Key, RowChange]]] = defaultdict(list)
    for key, change in changes.items():
        simple = all(value is None or type(value) in {int, str, bool} for _, value in change.values.values())
        token: Any = tuple((column, type(value), value) for column, (_, value) in sorted(change.values.items())) if simple else key
        groups[token].append((key, change))
    yield from groups.values()


def read_journal(connection: Connection, merge_id: int) -> list[Entry]:
    """Return the entries of a merge in the order in which they are taken back."""
    found = connection.execute(_JOURNAL, {"merge_id": merge_id})
    return [Entry(step, table, tuple(json.loads(key)), action, version, old, new) for step, table, key, action, version, old, new in found]


_ROW: Final = MERGE_ROW.c
_JOURNAL: Final = (
    select(_ROW.step, _ROW.table_name, _ROW.key, _ROW.action, _ROW.seen_version, _ROW.old, _ROW.new)
    .where(_ROW.merge_id == bindparam("merge_id"))
    .order_by(_ROW.step.desc(), _ROW.id)
)
