"""What belongs to somebody: rows that refer to a record, directly or through others, also those that are gone and left a history."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

import attrs
from sqlalchemy import Connection, Table, select

from crmcore.events import RecordVerb
from crmcore.merge.forgetting import dropped_rows, merges_of
from crmcore.model import AUDIT, Account, Entity
from crmcore.storage import batches

Keys = Mapping[type[Entity], set[int]]


@attrs.frozen
class Reference:
    """A column that refers to a record whose person the row is about: by foreign key, or by name where ``named_by`` holds the entity."""

    cls: type[Entity]
    column: str
    target: str = ""
    """Table that a foreign key refers to; empty for a generic reference."""
    key: str = "id"
    named_by: str = ""


@attrs.frozen
class Belongings:
    """Keys of rows by entity: those that are there, and those of deleted ones, of which history and events still tell."""

    live: Keys
    gone: Keys

    def all(self, cls: type[Entity]) -> set[int]:
        """Return the keys of both."""
        return self.live.get(cls, set()) | self.gone.get(cls, set())

    @property
    def classes(self) -> list[type[Entity]]:
        """The entities of which there is something, by name."""
        return sorted({*self.live, *self.gone}, key=lambda cls: cls.entity_name())


def references(entities: Iterable[type[Entity]]) -> tuple[Reference, ...]:
    """Return how rows of these entities say whom they are about: every reference, unless ``__about__`` names them."""
    return tuple(reference for cls in entities for reference in _of(cls) if cls.__about__ is None or reference.column in cls.__about__)


def _of(cls: type[Entity]) -> Iterator[Reference]:
    table = cls.__table__
    if isinstance(table, Table):
        for column in table.columns:
            for key in column.foreign_keys:
                yield Reference(cls, column.name, key.column.table.name, key.column.name)
    for column_name, named_by in cls.__references__.items():
        yield Reference(cls, column_name, named_by=named_by)


def belongings(connection: Connection, entities: Iterable[type[Entity]], root: type[Entity], keys: Collection[int]) -> Belongings:
    """Follow every reference to some records, from row to row, and return all that is reached, the records included."""
    known = references(entities)
    deleted = _Deleted(connection, known)
    live: dict[type[Entity], set[int]] = {root: set(keys)}
    gone: dict[type[Entity], set[int]] = defaultdict(set)
    waiting: deque[tuple[type[Entity], set[int]]] = deque([(root, set(keys))])
    while waiting:
        target, some = waiting.popleft()
        for reference in known:
            if reference.target not in {"", target.__tablename__}:
                continue
            mine, lost = live.setdefault(reference.cls, set()), gone[reference.cls]
            new = _referring(connection, reference, target, some) - mine
            ended = deleted.referring(reference, target, some) - lost - mine
            mine |= new
            lost |= ended
            if new or ended:
                waiting.append((reference.cls, new | ended))
    return Belongings({cls: found for cls, found in live.items() if found}, {cls: found for cls, found in gone.items() if found})


def with_dropped(connection: Connection, belong: Belongings, entities: Iterable[type[Entity]]) -> Belongings:
    """Add the rows that had to go when accounts were merged, which only the journals of the merges have: history still tells of them."""
    known: dict[str, list[Reference]] = defaultdict(list)
    for reference in references(entities):
        known[reference.cls.__tablename__].append(reference)
    targets = {cls.__tablename__: cls for cls in belong.classes}
    gone = {cls: set(keys) for cls, keys in belong.gone.items()}
    for dropped in dropped_rows(connection, merges_of(connection, belong.live.get(Account, ()))):
        for reference in known[dropped.table]:
            named = str(dropped.image.get(reference.named_by, "")) if reference.named_by else ""
            target = next((cls for cls in targets.values() if cls.entity_name() == named), None) if named else targets.get(reference.target)
            held = dropped.image.get(reference.column)
            if target is not None and held is not None and int(held) in belong.all(target):
                gone.setdefault(reference.cls, set()).add(dropped.key)
    return Belongings(belong.live, gone)


def _referring(connection: Connection, reference: Reference, target: type[Entity], keys: set[int]) -> set[int]:
    columns = reference.cls.__table__.c
    query = select(columns.id)
    if reference.named_by:
        query = query.where(columns[reference.named_by] == target.entity_name())
    found: set[int] = set()
    for some in batches(sorted(keys)):
        wanted: Any = some
        if reference.key != "id":
            wanted = select(target.__table__.c[reference.key]).where(target.__table__.c.id.in_(some))
        found.update(connection.execute(query.where(columns[reference.column].in_(wanted))).scalars())
    return found


class _Deleted:
    """What deleted records referred to when they were deleted, as the audit knows it; read once.

    A reference by anything but the key is not looked at: the value that it held may be somebody else's by now.
    """

    def __init__(self, connection: Connection, known: Iterable[Reference]) -> None:
        wanted: dict[str, list[Reference]] = defaultdict(list)
        for reference in known:
            if reference.key == "id" and reference.cls.__audited__:
                wanted[reference.cls.entity_name()].append(reference)
        self._found: dict[tuple[Reference, str], dict[int, set[int]]] = defaultdict(lambda: defaultdict(set))
        query = select(AUDIT.c.entity, AUDIT.c.entity_id, AUDIT.c.changes).where(
            AUDIT.c.verb == RecordVerb.DELETED.value, AUDIT.c.entity.in_(sorted(wanted))
        )
        for entity, key, changes in connection.execute(query):
            for reference in wanted[entity]:
                held = _old(changes, reference.column)
                if isinstance(held, int):
                    named = str(_old(changes, reference.named_by)) if reference.named_by else ""
                    self._found[reference, named][held].add(key)

    def referring(self, reference: Reference, target: type[Entity], keys: set[int]) -> set[int]:
        """Return the keys of deleted records that referred to one of these."""
        found = self._found.get((reference, target.entity_name() if reference.named_by else ""), {})
        return {key for held in keys & found.keys() for key in found[held]}


def _old(changes: Mapping[str, Any], column: str) -> Any:  # noqa: ANN401 - any JSON value
    pair = changes.get(column)
    return pair[0] if isinstance(pair, list) and pair else None
