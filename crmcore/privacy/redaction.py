"""Take personal values out of what was written down about them: audit, events, queue, saved searches."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import attrs
from sqlalchemy import Column, ColumnElement, Connection, Table, Text, bindparam, cast, false, func, or_, select, update

from crmcore.audit import rewrite as rewrite_audit
from crmcore.events import Event
from crmcore.model import AUDIT, EVENT, JOB, ChangeSet, Entity, SavedSearch
from crmcore.privacy.references import Belongings
from crmcore.storage import batches, dump_json

if TYPE_CHECKING:
    from crmcore.session import Session

MARKER: Final = "[erased]"
"""What stands where a personal value was."""
_PER_STATEMENT: Final = 100
_LONGEST_NAME: Final = 99
"""Of a saved search: the column takes 120 characters, of which the key that tells two of them apart takes 20."""


@attrs.frozen
class Redaction:
    """One erasure, as far as it rewrites what was written down: for whose sake, and why, which the audit tells."""

    session: Session
    entity: str
    key: int
    reason: str

    @property
    def connection(self) -> Connection:
        """The connection of the transaction."""
        return self.session.orm.connection()


def redact_changes(changes: Mapping[str, Any], personal: Collection[str]) -> dict[str, Any]:
    """Return the changes of a record with a marker for each personal value; keys stay, and so does that something was empty."""
    return {name: [_mark(each) for each in pair] if name in personal else pair for name, pair in changes.items()}


def _mark(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    return MARKER if value not in (None, "", {}, []) else value


def _rewrite(by: Redaction, key: ColumnElement[Any], column: Column[Any], rows: Mapping[Any, Any]) -> int:
    """Write other values into a column of some rows, by their keys, and return how many; all that is redacted goes through here."""
    if rows and column is AUDIT.c.changes:
        # Its chain of seals has to hold: it keeps the digest of what was there, and tells what is left.
        return rewrite_audit(by.session, rows, entity=by.entity, key=by.key, reason=by.reason)
    if rows:
        statement = update(column.table).where(key == bindparam("row_key")).values({column.name: bindparam("row_value")})
        by.connection.execute(statement, [{"row_key": row_key, "row_value": value} for row_key, value in rows.items()])
    return len(rows)


def redact_audit(by: Redaction, cls: type[Entity], keys: Collection[int]) -> int:
    """Redact the audit of some records, and return how many rows changed."""
    return _redact_changes(by, AUDIT.c.id, AUDIT, cls, keys)


def redact_events(by: Redaction, cls: type[Entity], keys: Collection[int]) -> int:
    """Redact the record events of some records, and return how many rows changed."""
    return _redact_changes(by, EVENT.c.event_id, EVENT, cls, keys)


def _redact_changes(by: Redaction, key: ColumnElement[Any], table: Table, cls: type[Entity], keys: Collection[int]) -> int:
    personal = frozenset(cls.__personal__)
    if not personal:
        return 0
    count = 0
    for some in batches(sorted(keys)):
        query = select(key.label("key"), table.c.changes).where(table.c.entity == cls.entity_name(), table.c.entity_id.in_(some))
        rows = by.connection.execute(query).all()
        new = {row.key: found for row in rows if (found := redact_changes(row.changes, personal)) != row.changes}
        count += _rewrite(by, key, table.c.changes, new)
    return count


def redact_declared(by: Redaction, events: Iterable[type[Event]], belong: Belongings) -> int:
    """Redact the payloads of declared events about some records, in the fields that their classes call personal."""
    count = 0
    for event in events:
        if not event.PERSONAL:
            continue
        rows = by.connection.execute(select(EVENT.c.event_id, EVENT.c.payload).where(EVENT.c.type == event.TYPE))
        keys_of = {cls.entity_name(): belong.all(cls) for cls in belong.classes}
        about = {field: keys_of.get(name, set()) for field, name in event.ABOUT.items()}
        new = {
            row.event_id: _redact_fields(row.payload, event.PERSONAL)
            for row in rows
            if any(row.payload.get(field) in keys for field, keys in about.items())
        }
        count += _rewrite(by, EVENT.c.event_id, EVENT.c.payload, new)
    return count


def _redact_fields(payload: Mapping[str, Any], personal: Collection[str]) -> dict[str, Any]:
    return {name: _mark(value) if name in personal and isinstance(value, str) else value for name, value in payload.items()}


@attrs.frozen
class _Place:
    """A column that people or programs wrote freely, in which a value may stand anywhere."""

    table: Table
    key: str
    column: str
    is_json: bool
    unique: bool = False


def _table(cls: type[Entity]) -> Table:
    table = cls.__table__
    assert isinstance(table, Table)  # noqa: S101 - what a mapped class has
    return table


def _places() -> Sequence[_Place]:
    searches, sets = _table(SavedSearch), _table(ChangeSet)
    return (
        _Place(AUDIT, "id", "changes", is_json=True),
        _Place(EVENT, "event_id", "changes", is_json=True),
        _Place(EVENT, "event_id", "payload", is_json=True),
        _Place(JOB, "id", "args", is_json=True),
        _Place(JOB, "id", "last_error", is_json=False),
        _Place(searches, "id", "filter", is_json=True),
        _Place(searches, "id", "name", is_json=False, unique=True),
        _Place(sets, "id", "description", is_json=True),
    )


def redact_values(by: Redaction, values: Collection[str]) -> dict[str, int]:
    """Replace values by which somebody is known, wherever they stand in what nothing refers from; return the rows changed, by table."""
    wanted = sorted(values, key=len, reverse=True)
    found: dict[str, int] = {}
    for place in _places() if wanted else ():
        count = _redact_place(by, place, wanted)
        if count:
            found[place.table.name] = found.get(place.table.name, 0) + count
    return found


def _redact_place(by: Redaction, place: _Place, values: Sequence[str]) -> int:
    key, column = place.table.c[place.key], place.table.c[place.column]
    replace = _replacer(values)
    rows: dict[Any, Any] = {}
    for some in batches(values, _PER_STATEMENT):
        holding = _contains(by.connection, column, some, is_json=place.is_json)
        query = select(key.label("key"), column.label("value")).where(column.is_not(None), holding)
        rows |= {row.key: row.value for row in by.connection.execute(query)}
    changed = {row_key: new for row_key, old in rows.items() if (new := replace(old)) != old}
    if place.unique:
        changed = {row_key: f"{new[:_LONGEST_NAME]} {row_key}" for row_key, new in changed.items()}
    return _rewrite(by, key, column, changed)


def _contains(connection: Connection, column: ColumnElement[Any], values: Sequence[str], *, is_json: bool) -> ColumnElement[bool]:
    position = func.strpos if connection.dialect.name == "postgresql" else func.instr
    text = cast(column, Text)
    # As it stands in the document, where quotes and line ends are escaped.
    wanted = [dump_json(value)[1:-1] if is_json else value for value in values]
    return or_(false(), *(position(text, each) > 0 for each in wanted))


def _replacer(values: Sequence[str]) -> Callable[[Any], Any]:
    def replace(value: Any) -> Any:  # noqa: ANN401 - any JSON value
        if isinstance(value, str):
            for each in values:
                value = value.replace(each, MARKER)
            return value
        if isinstance(value, Mapping):
            return {key: replace(item) for key, item in value.items()}
        return [replace(item) for item in value] if isinstance(value, list | tuple) else value

    return replace
