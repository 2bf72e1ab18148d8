"""What a merge changes in other tables, worked out before anything is written: rows that go to the survivor, and those that clash there.

Where a unique constraint would refuse two rows together, one of them stays, and the other is merged into it like one account into another:
whatever refers to it is given to the one that stays, which may clash again, further down.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import attrs
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Row,
    Select,
    Table,
    Text,
    bindparam,
    cast,
    func,
    literal,
    null,
    or_,
    select,
)

from crmcore.merge.images import KEYS, Key, among, key_columns
from crmcore.merge.policies import choose, combined
from crmcore.merge.references import Reference, ReferenceMap, Unique, policy_of, unique_sets
from crmcore.storage import dump_json

_VERSION: Final = "version"


@attrs.define
class RowChange:
    """What becomes of one row: column → old and new value."""

    values: dict[str, tuple[Any, Any]] = attrs.field(factory=dict)
    version: int | None = None
    given: bool = False
    """Whether it goes to somebody else, rather than taking something from a row that goes."""
    targets: dict[str, Table] = attrs.field(factory=dict)
    """Column → the table that it leads to: one column may lead to rows of many."""

    def set(self, column: str, old: Any, new: Any) -> None:  # noqa: ANN401 - column values
        """Note a new value; the old one is the one that was there first."""
        before = self.values[column][0] if column in self.values else old
        self.values[column] = (before, new)


@attrs.frozen
class Clash:
    """Rows that cannot be there together: one stays, the others go into the journal."""

    table: str
    kept: Key
    dropped: tuple[Key, ...]


@attrs.define
class Relinking:
    """The changes to other tables, by table and key."""

    changes: dict[Table, dict[Key, RowChange]] = attrs.field(factory=lambda: defaultdict(dict))
    drops: dict[Table, dict[Key, Key | None]] = attrs.field(factory=lambda: defaultdict(dict))
    """Row → the row that takes its place; None for one that would refer to itself."""
    clashes: list[Clash] = attrs.field(factory=list)

    def counts(self) -> dict[str, int]:
        """Return how many rows of each table are given to others."""
        found = {table.name: sum(change.given for change in rows.values()) for table, rows in self.changes.items()}
        return {name: count for name, count in sorted(found.items()) if count}

    def archived(self) -> dict[str, int]:
        """Return how many rows of each table go into the journal."""
        return {table.name: len(rows) for table, rows in sorted(self.drops.items(), key=lambda each: each[0].name) if rows}

    def touches(self, name: str) -> bool:
        """Return whether anything of a table changes."""
        return any(table.name == name and rows for group in (self.changes, self.drops) for table, rows in group.items())


@attrs.frozen
class Pointer:
    """A characteristic that holds keys: in the rows of a table, under a key of their map; ``target`` is the table that it leads to."""

    table: Table
    key: str
    target: Table
    column: str = "characteristics"


class Relinker:
    """Works out a `Relinking`; it reads, and writes nothing."""

    def __init__(self, connection: Connection, references: ReferenceMap, order: Sequence[int], pointers: Sequence[Pointer] = ()) -> None:
        self._connection = connection
        self._references = references
        self._order = {key: number for number, key in enumerate(order)}
        self._pointers = pointers
        self._waiting: list[tuple[Table, dict[Any, Any]]] = []
        self._doubtful: set[Table] = set()
        self._rows: dict[Table, dict[Key, dict[str, Any]]] = defaultdict(dict)
        self.result = Relinking()

    def merge(self, table: Table, moves: Mapping[Any, Any]) -> None:
        """Give everything that refers to some records of a table to other ones, and go on with what clashes then."""
        self._waiting.append((table, dict(moves)))
        while self._waiting or self._doubtful:
            while self._waiting:
                self._follow(*self._waiting.pop())
            for each in sorted(self._doubtful, key=lambda each: each.name):
                self._settle(each)
                self._doubtful.discard(each)
        for each in list(self.result.changes):
            self._apply_policy(each)

    def _follow(self, target: Table, moves: Mapping[Any, Any]) -> None:
        """Note what refers to records that go, and where it will refer to."""
        values: dict[tuple[str, Any], Any] = {}
        for found in self._references.find(self._connection, target, moves):
            table, reference = found.reference.table, found.reference
            if found.key in self.result.drops[table]:
                continue
            new = moves[found.value]
            if reference.target.name == key_columns(target)[0].name:
                old: Any = found.value
            else:
                old, new = (self._other(reference, key, values) for key in (found.value, new))
            change = self.result.changes[table].setdefault(found.key, RowChange(version=found.version))
            change.set(reference.column.name, old, self._no_loop(reference, found.key, new))
            change.given = True
            change.targets[reference.column.name] = target
            self._doubtful.add(table)
        for pointer in self._pointers:
            if pointer.target is target:
                self._point(pointer, moves)
        for reference in self._references.to(target):
            # What was to refer to a record that goes now itself: it is not in the database yet.
            column = reference.column.name
            for change in self.result.changes.get(reference.table, {}).values():
                pair = change.values.get(column)
                if pair is not None and pair[1] in moves and change.targets.get(column) is target:
                    change.values[column] = (pair[0], moves[pair[1]])

    def _point(self, pointer: Pointer, moves: Mapping[Any, Any]) -> None:
        """Note the maps of characteristics that hold the key of a record that goes."""
        table, own = pointer.table, key_columns(pointer.table)
        column = table.c[pointer.column]
        held = _held(column, pointer.key, postgresql=self._connection.dialect.name == "postgresql")
        version = table.c.version if _VERSION in table.c else null()
        for row in self._connection.execute(select(*own, column, version).where(held.in_(sorted(moves)))):
            key = tuple(row[: len(own)])
            # The records that are merged themselves are not anybody's to give away.
            if key in self.result.drops[table] or (table is pointer.target and key[0] in self._order):
                continue
            change = self.result.changes[table].setdefault(key, RowChange(version=row[-1]))
            before = change.values[pointer.column][1] if pointer.column in change.values else row[len(own)]
            change.set(pointer.column, row[len(own)], {**before, pointer.key: moves[before[pointer.key]]})
            change.given = True

    def _no_loop(self, reference: Reference, key: Key, new: Any) -> Any:  # noqa: ANN401 - a column value
        """Let no row become its own parent because the two were merged."""
        if reference.to_itself and key[0] == new and reference.column.nullable:
            return None
        return new

    def _other(self, reference: Reference, key: Any, known: dict[tuple[str, Any], Any]) -> Any:  # noqa: ANN401 - column values
        """Return the value of a column that is referred to and is not the key."""
        place = (reference.target.name, key)
        if place not in known:
            own = key_columns(reference.target.table)[0]
            known[place] = self._connection.execute(select(reference.target).where(own == key)).scalar_one()
        return known[place]

    # Clashes

    def _settle(self, table: Table) -> None:
        """Find the rows of a table that cannot be there together, and merge each into the one that stays."""
        changes = self.result.changes[table]
        touched = {column for change in changes.values() for column in change.values}
        sets = [each for each in unique_sets(table) if touched.intersection(each.columns)]
        loops = [pair for pair in policy_of(table).not_itself if touched.intersection(pair)]
        if not changes or not (sets or loops):
            return
        rows = self._read(table, {column for each in sets for column in each.columns if column in touched})
        for one, other in loops:
            for key in [key for key in changes if rows[key][one] is not None and rows[key][one] == rows[key][other]]:
                del changes[key]
                rows.pop(key)
                self.result.drops[table][key] = None
        for group in _groups(rows, sets):
            self._clash(table, group, rows)

    def _read(self, table: Table, columns: Iterable[str]) -> dict[Key, dict[str, Any]]:
        """Return the rows as they will be: those that change, and those that they may meet where they go."""
        changes = self.result.changes[table]
        meeting = tuple(sorted(columns))
        values = {
            column: sorted({change.values[column][1] for change in changes.values() if _arrives(change, column)}) for column in meeting
        }
        query = _meeting(table, meeting, self._connection.dialect.name)
        own = [column.name for column in key_columns(table)]
        found: dict[Key, dict[str, Any]] = {}
        for row in self._connection.execute(
            query, {KEYS: dump_json(list(changes)), **{f"at_{name}": each for name, each in values.items()}}
        ):
            key = tuple(row._mapping[name] for name in own)  # noqa: SLF001 - the public way to a row's values by name
            if key not in self.result.drops[table]:
                found[key] = _after(row, changes.get(key))
        self._rows[table] = found
        return found

    def _clash(self, table: Table, group: Sequence[Key], rows: Mapping[Key, dict[str, Any]]) -> None:
        policy, changes = policy_of(table), self.result.changes[table]
        ordered = sorted(group, key=lambda key: self._rank(table, key))
        kept = choose(policy, ordered, rows)
        others = [key for key in ordered if key != kept]
        self.result.clashes.append(Clash(table.name, kept, tuple(others)))
        for key in others:
            changes.pop(key, None)
            self.result.drops[table][key] = kept
        # Whoever was to take the place of a row that goes now.
        for key, place in list(self.result.drops[table].items()):
            if place in others:
                self.result.drops[table][key] = kept
        now = combined(policy, [rows[key] for key in (kept, *others)])
        if now:
            change = changes.setdefault(kept, RowChange(version=rows[kept].get(_VERSION)))
            for column, value in now.items():
                change.set(column, rows[kept][column], value)
        if len(kept) == 1:
            self._waiting.append((table, {key[0]: kept[0] for key in others}))

    def _rank(self, table: Table, key: Key) -> tuple[int, Any]:
        """Put the survivor's rows first, then those of the others in the order in which these were given."""
        change = self.result.changes[table].get(key)
        if change is None:
            return -1, key
        return min((self._order.get(old, len(self._order)) for old, _ in change.values.values() if type(old) is int), default=0), key

    # What a table says beside

    def _apply_policy(self, table: Table) -> None:
        policy, changes = policy_of(table), self.result.changes[table]
        if not changes or not (policy.only_one or policy.also):
            return
        only = policy.only_one
        reached = {column for change in changes.values() for column in change.values if table.c[column].foreign_keys}
        rows = self._read(table, reached if only else ())
        for column, value in policy.also.items():
            for key, change in changes.items():
                if rows[key][column] is not None:
                    change.set(column, rows[key][column], value)
        if only is None:
            return
        counted = [key for key, row in rows.items() if row[only.column] == only.value and not (only.unless and row[only.unless])]
        by_place: dict[Any, list[Key]] = defaultdict(list)
        for key in sorted(counted, key=lambda key: self._rank(table, key)):
            by_place[tuple(rows[key][column] for column in sorted(reached))].append(key)
        for _, *others in by_place.values():
            for key in others:
                change = changes.setdefault(key, RowChange(version=rows[key].get(_VERSION)))
                change.set(only.column, only.value, only.becomes)


@lru_cache(maxsize=4096)
def _meeting(table: Table, columns: tuple[str, ...], dialect: str) -> Select[Any]:
    """Return the query of some rows, and of those that they may meet: made once, as that costs more than running it."""
    there = [table.c[name].in_(bindparam(f"at_{name}", expanding=True, type_=table.c[name].type)) for name in columns]
    return select(table).where(or_(among(table, dialect), *there))


def _held(column: Column[Any], key: str, *, postgresql: bool) -> ColumnElement[Any]:
    if postgresql:
        return cast(column.op("->>", return_type=Text())(literal(key, Text)), BigInteger)
    return func.json_extract(column, f'$."{key}"')


def _arrives(change: RowChange, column: str) -> bool:
    return column in change.values and change.values[column][1] is not None


def _after(row: Row[Any], change: RowChange | None) -> dict[str, Any]:
    found = dict(row._mapping)  # noqa: SLF001 - as above
    if change is not None:
        found |= {column: new for column, (_, new) in change.values.items()}
    return found


def _groups(rows: Mapping[Key, Mapping[str, Any]], sets: Collection[Unique]) -> Iterator[list[Key]]:
    """Yield the groups of rows of which some set of columns is equal; what is empty equals nothing."""
    leader: dict[Key, Key] = {key: key for key in rows}

    def find(key: Key) -> Key:
        while leader[key] != key:
            key = leader[key] = leader[leader[key]]
        return key

    for each in sets:
        first: dict[tuple[Any, ...], Key] = {}
        for key, row in rows.items():
            value = tuple(row[column] for column in each.columns)
            if None not in value or not each.filled:
                leader[find(key)] = find(first.setdefault(value, key))
    groups: dict[Key, list[Key]] = defaultdict(list)
    for key in rows:
        groups[find(key)].append(key)
    for group in groups.values():
        if len(group) > 1:
            yield sorted(group)
