"""The first step of a mass change: look at every record, refuse what must be refused, and write down the rest."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import attrs
from sqlalchemy import null, select

from crmcore.access.showing import CHARACTERISTIC
from crmcore.changesets.kinds import Kind
from crmcore.changesets.records import find_refused, wants_records
from crmcore.changesets.rows import insert_rows, parent_version, sql_of, table_of
from crmcore.changesets.values import NOT_FOUND, PLANNED, UNCHANGED, Planned, Preview, Refusal, Seen
from crmcore.errors import Problem, UsageError, ValidationFailed
from crmcore.model import ChangeSet, ChangeSetItem, Entity
from crmcore.storage import dump_json, translate_errors

if TYPE_CHECKING:
    from crmcore.session import Session

CHUNK: Final = 5_000
"""How many wishes are looked at together; memory does not grow with the number of chunks."""

_SAMPLES: Final = 20
_REFUSALS: Final = 1_000


def make_preview(session: Session, kind: Kind, cls: type[Entity], planned: Iterable[Planned], description: str) -> Preview:
    """Write a change set with its items, and return what it would do."""
    about = {"text": description, "entity": cls.entity_name(), "basis": kind.basis(session, cls)}
    change_set = session.add(ChangeSet(kind=kind.name, owner=session.actor.name, description=about))
    session.unit.flush()
    work = _Preview(session, kind, cls, change_set.id)
    for chunk in _chunks(planned, CHUNK):
        work.take(chunk)
    work.digest.update(session.crm.ids.uuid7().encode())
    change_set.token = work.digest.hexdigest()
    session.unit.flush()
    return Preview(
        id=change_set.id,
        token=change_set.token,
        kind=kind.name,
        entity=cls.entity_name(),
        counts=dict(work.counts),
        samples=tuple(work.samples),
        refusals=tuple(work.refusals),
    )


@attrs.define
class _Preview:
    session: Session
    kind: Kind
    cls: type[Entity]
    change_set_id: int
    counts: Counter[str] = attrs.field(factory=Counter)
    samples: list[Seen] = attrs.field(factory=list)
    refusals: list[Refusal] = attrs.field(factory=list)
    known: dict[tuple[str, type, Any], Any] = attrs.field(factory=dict)
    # What is confirmed is what was seen: the token is made of it.
    digest: Any = attrs.field(factory=hashlib.sha256)

    def take(self, chunk: Sequence[Planned]) -> None:
        """Look at some wishes, and write them down."""
        self._check_fields(chunk)
        wishes = list(self._see(chunk))
        refused: dict[int, Problem] = {n: _missing(self.cls, wish) for n, wish in enumerate(wishes) if wish.version == 0}
        there = [number for number in range(len(wishes)) if number not in refused]
        found = self.kind.check(self.session, self.cls, [wishes[number] for number in there])
        refused |= {there[number]: problem for number, problem in found.items()}
        if wants_records(self.session, self.kind, self.cls, {wish.field for wish in wishes}):
            left = [wish for number, wish in enumerate(wishes) if number not in refused]
            by_record = find_refused(self.session, self.kind, self.cls, left)
            refused |= {n: by_record[wish.record_id] for n, wish in enumerate(wishes) if n not in refused and wish.record_id in by_record}
        self._note(wishes, refused)
        with self.session.guard.lifted():
            self._write(wishes, refused)

    def _see(self, chunk: Sequence[Planned]) -> Iterator[Seen]:
        """Yield what really changes, beside what is there now."""
        stored = self._stored({wish.record_id for wish in chunk}, sorted({wish.field for wish in chunk}))
        seen = set()
        for wish in chunk:
            if (wish.record_id, wish.field) in seen:
                raise UsageError("CHANGE_SET_REPEATED", entity=self.cls.entity_name(), id=wish.record_id, field=wish.field)
            seen.add((wish.record_id, wish.field))
            version, parent, values = stored.get(wish.record_id, (0, None, {}))
            old, new = values.get(wish.field), self._planned(wish)
            if version and old == new and type(old) is type(new):
                self.counts[UNCHANGED] += 1
            else:
                yield Seen(wish.record_id, wish.field, version, old, new, parent)

    def _planned(self, wish: Planned) -> Any:  # noqa: ANN401 - any JSON value
        # Thousands of wishes have few different values, and mostly one.
        key = (wish.field, type(wish.new), wish.new if isinstance(wish.new, Hashable) else None)
        if key[2] is None or key not in self.known:
            self.known[key] = self.kind.writer.planned(self.cls, wish.field, wish.new)
        return self.known[key]

    def _stored(self, keys: Iterable[int], fields: Sequence[str]) -> Mapping[int, tuple[int, int | None, Mapping[str, Any]]]:
        table, writer = table_of(self.cls), self.kind.writer
        sql = sql_of(self.session.orm.connection())
        columns = [writer.reading(sql, table, field).label(f"f{number}") for number, field in enumerate(fields)]
        parent = parent_version(table, self.kind.parent) if self.kind.parent is not None else null()
        query = select(table.c.id, table.c.version, parent.label("parent"), *columns)
        rows = self.session.orm.execute(query.where(table.c.id.in_(sql.keys(sorted(keys)))))
        read = writer.read
        return {row[0]: (row[1], row[2], {field: read(value) for field, value in zip(fields, row[3:], strict=True)}) for row in rows}

    def _check_fields(self, chunk: Sequence[Planned]) -> None:
        for field in dict.fromkeys(wish.field for wish in chunk):
            elsewhere = self.kind.entity not in {None, self.cls.entity_name()}
            if elsewhere or not self.kind.writer.knows(self.cls, field):
                raise UsageError("CHANGE_SET_FIELD", kind=self.kind.name, entity=self.cls.entity_name(), field=field)
        self.session.guard.require(self.cls, {name for wish in chunk for name in self._masked_as(wish.field)})

    def _masked_as(self, field: str) -> Iterator[str]:
        """Yield what masks call a field: a characteristic by its key, and by the column that has them all."""
        for column in self.kind.writer.columns({field}):
            yield column
            if column != field:
                yield CHARACTERISTIC + field

    def _note(self, wishes: Sequence[Seen], refused: Mapping[int, Problem]) -> None:
        for number, wish in enumerate(wishes):
            if number not in refused:
                self.counts[PLANNED] += 1
                if len(self.samples) < _SAMPLES:
                    self.samples.append(wish)
                continue
            self.counts[refused[number].code] += 1
            if len(self.refusals) < _REFUSALS:
                self.refusals.append(Refusal(wish.record_id, wish.field, refused[number]))

    def _write(self, wishes: Sequence[Seen], refused: Mapping[int, Problem]) -> None:
        rows = [
            (
                wish.record_id,
                wish.field,
                wish.version,
                wish.parent,
                wish.old,
                wish.new,
                refused[number].code if number in refused else PLANNED,
            )
            for number, wish in enumerate(wishes)
        ]
        self.digest.update(dump_json(rows).encode())
        now, actor = self.session.now(), self.session.actor.name
        constants = {"change_set_id": self.change_set_id, "entity": self.cls.entity_name(), "derived": False, "version": 1}
        constants |= {"created_at": now, "created_by": actor, "updated_at": now, "updated_by": actor}
        columns = ("record_id", "field", "seen_version", "parent_version", "old", "new", "outcome")
        try:
            with translate_errors():
                insert_rows(self.session.orm.connection(), table_of(ChangeSetItem), columns, rows, constants)
        except ValidationFailed as error:
            # The one constraint that wishes can break: one row for each field of each record.
            raise UsageError("CHANGE_SET_REPEATED", entity=self.cls.entity_name(), id="?", field="?") from error


def _missing(cls: type[Entity], wish: Seen) -> Problem:
    return Problem(code=NOT_FOUND, params={"entity": cls.entity_name(), "id": wish.record_id})


def _chunks(planned: Iterable[Planned], size: int) -> Iterator[list[Planned]]:
    rest = iter(planned)
    while chunk := list(islice(rest, size)):
        yield chunk
