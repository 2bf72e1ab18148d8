"""Reading the audit: newest first, by record, person, verb and time."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import attrs
from sqlalchemy import ColumnElement, Connection, Row, Select, func, select

from crmcore.audit.canonical import row_hash
from crmcore.audit.streams import STREAMS, stream_of
from crmcore.model import AUDIT, AUDIT_BLOCK
from crmcore.storage import dump_json

_CHUNK: Final = 1_000
FORMATS: Final = ("jsonl", "csv")


@attrs.frozen(kw_only=True)
class Entry:
    """One row of the audit. ``hash`` is what the chain has of it; ``block`` the number of its block, None until it is sealed."""

    id: int
    at: datetime
    actor: str
    device: str | None
    source: str
    correlation_id: str
    entity: str
    entity_id: int
    verb: str
    changes: Mapping[str, Any]
    redacted: bool
    hash: str
    block: int | None = None

    @property
    def stream(self) -> str:
        """The chain that it belongs to."""
        return stream_of(self.verb)


@attrs.frozen(kw_only=True)
class Wanted:
    """Which rows: everything that is given must fit. ``since`` and ``before`` are aware instants, the second one not included."""

    entity: str | None = None
    id: int | None = None
    actor: str | None = None
    verbs: Collection[str] = ()
    since: datetime | None = None
    before: datetime | None = None

    def conditions(self, connection: Connection) -> list[ColumnElement[bool]]:
        """Return them for the database."""
        row = AUDIT.c
        found: list[ColumnElement[bool]] = []
        if self.entity is not None:
            found.append(row.entity == self.entity)
        if self.id is not None:
            found.append(row.entity_id == self.id)
        if self.actor is not None:
            found.append(row.actor == self.actor)
        if self.verbs:
            found.append(row.verb.in_(sorted(self.verbs)))
        if self.since is not None:
            found.append(row.at >= self.since)
            if self.actor is None and self.entity is None:
                found.append(row.id > _below(connection, self.since))
        if self.before is not None:
            found.append(row.at < self.before)
        return found


def page(connection: Connection, wanted: Wanted, *, limit: int, after: int | None) -> list[Entry]:
    """Return the newest entries, or those older than the one with key ``after``."""
    query = select(AUDIT).where(*wanted.conditions(connection)).order_by(AUDIT.c.id.desc()).limit(limit)
    if after is not None:
        query = query.where(AUDIT.c.id < after)
    return _entries(connection, connection.execute(query).all())


def chunk(connection: Connection, wanted: Wanted, last: int) -> list[Entry]:
    """Return the oldest entries with keys above ``last``, at most a thousand; none at the end."""
    query = select(AUDIT).where(*wanted.conditions(connection), AUDIT.c.id > last).order_by(AUDIT.c.id).limit(_CHUNK)
    return _entries(connection, connection.execute(query).all())


def lines(entries: Iterable[Entry], form: str) -> Iterator[str]:
    """Yield entries as lines of JSON, or of CSV with semicolons and a mark of its encoding, as Italian spreadsheets read it."""
    if form == "jsonl":
        for entry in entries:
            yield dump_json(_plain(entry)) + "\n"
        return
    names = [field.name for field in attrs.fields(Entry)]
    yield "\ufeff" + _csv(names)
    for entry in entries:
        plain = _plain(entry)
        yield _csv([dump_json(plain[name]) if name == "changes" else plain[name] for name in names])


def _plain(entry: Entry) -> dict[str, Any]:
    return {**attrs.asdict(entry, recurse=False), "at": entry.at.astimezone(UTC).isoformat()}


def _csv(values: list[Any]) -> str:
    line = io.StringIO()
    csv.writer(line, delimiter=";").writerow(values)
    return line.getvalue()


def _entries(connection: Connection, rows: Any) -> list[Entry]:  # noqa: ANN401 - rows
    blocks = _block_numbers(connection, rows)
    return [_entry(row, blocks.get(row.id)) for row in rows]


def _entry(row: Row[Any], block: int | None) -> Entry:
    return Entry(
        id=row.id,
        at=row.at,
        actor=row.actor,
        device=row.device,
        source=row.source,
        correlation_id=str(row.correlation_id),
        entity=row.entity,
        entity_id=row.entity_id,
        verb=row.verb,
        changes=row.changes,
        redacted=row.redacted is not None,
        hash=row_hash(row).hex(),
        block=block,
    )


def _block_numbers(connection: Connection, rows: Any) -> dict[int, int]:  # noqa: ANN401 - rows
    """Return the block of each row that is sealed: one query for each chain."""
    found: dict[int, int] = {}
    for name in STREAMS:
        keys = sorted(row.id for row in rows if stream_of(row.verb) == name)
        if not keys:
            continue
        block = AUDIT_BLOCK.c
        query = select(block.number, block.after_id, block.until_id).where(
            block.stream == name, block.until_id >= keys[0], block.after_id < keys[-1]
        )
        waiting = iter(keys)
        key = next(waiting, None)
        for number, after, until in connection.execute(query.order_by(block.number)):
            while key is not None and key <= until:
                if key > after:
                    found[key] = number
                key = next(waiting, None)
    return found


def _below(connection: Connection, since: datetime) -> int:
    """Return a key below which everything is older: the seals know, and no index on the time of each row is needed for it."""
    block = AUDIT_BLOCK.c
    found = 0
    for position, name in enumerate(STREAMS):
        later = select(func.min(block.after_id)).where(block.stream == name, block.last_at >= since)
        ended = select(func.max(block.until_id)).where(block.stream == name)
        here = connection.execute(later).scalar()
        low = int(here if here is not None else connection.execute(ended).scalar() or 0)
        found = low if position == 0 else min(found, low)
    return found


def by_key(key: int) -> Select[Any]:
    """Return the query for one row."""
    return select(AUDIT).where(AUDIT.c.id == key)


def entry_of(connection: Connection, row: Row[Any]) -> Entry:
    """Return one row as an entry."""
    return _entry(row, _block_numbers(connection, [row]).get(row.id))
