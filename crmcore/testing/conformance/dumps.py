"""Everything that is in a database, to compare it with itself before and after."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

import attrs
from sqlalchemy import Connection, Engine, inspect, literal_column, select, table

from crmcore.migrate.managed import is_search
from crmcore.model import JOB, SCHEDULE

QUEUE: Final = frozenset({JOB.name, SCHEDULE.name})
"""Tables that change whenever a worker runs."""
DRAWN: Final = frozenset({"event_id", "correlation_id", "causation_id", "uid", "id"})
"""Columns whose value is drawn anew for each row, or says when it came."""


@attrs.frozen
class Dump:
    """The rows of each table, as text."""

    tables: Mapping[str, Counter[str]]

    def differences(self, other: Dump) -> list[str]:
        """Return the tables in which another dump differs, each with how many rows are new and how many gone."""
        found = []
        for name in sorted(self.tables.keys() | other.tables.keys()):
            before, after = self.tables.get(name, Counter()), other.tables.get(name, Counter())
            new, gone = (after - before).total(), (before - after).total()
            if new or gone:
                changed = min(new, gone)
                counts = ((changed, "changed"), (new - changed, "new"), (gone - changed, "gone"))
                found.append(f"{name} ({', '.join(f'{count} row(s) {word}' for count, word in counts if count)})")
        return found


def dump(
    source: Engine | Connection,
    *,
    only: Iterable[str] | None = None,
    leave_out: Collection[str] = QUEUE,
    without: Collection[str] = (),
) -> Dump:
    """Read all tables but those to ``leave_out``, or ``only`` some; columns ``without`` are not looked at."""
    if isinstance(source, Engine):
        with source.connect() as connection:
            return dump(connection, only=only, leave_out=leave_out, without=without)
    existing = {name for name in inspect(source).get_table_names() if not is_search(name)}
    chosen = existing - set(leave_out) if only is None else existing & set(only)
    return Dump({name: _rows(source, name, without) for name in sorted(chosen)})


def _rows(connection: Connection, name: str, without: Collection[str]) -> Counter[str]:
    # By name, not by model: there may be tables that no class maps.
    rows = connection.execute(select(literal_column("*")).select_from(table(name))).mappings()
    return Counter(_text({str(key): value for key, value in row.items() if key not in without}) for row in rows)


def _text(row: Mapping[str, Any]) -> str:
    return json.dumps(row, default=str, sort_keys=True, ensure_ascii=False)


@attrs.frozen
class Schema:
    """The shape of each table: its columns, indexes and foreign keys."""

    tables: Mapping[str, str]

    @classmethod
    def of(cls, connection: Connection) -> Schema:
        """Reflect every table."""
        inspector = inspect(connection)
        shapes = {}
        for name in inspector.get_table_names():
            columns = sorted(f"{each['name']} {each['type']!r} {each['nullable']}" for each in inspector.get_columns(name))
            indexes = sorted(str(each["name"]) for each in inspector.get_indexes(name))
            keys = sorted(f"{each['constrained_columns']} {each['referred_table']}" for each in inspector.get_foreign_keys(name))
            shapes[name] = repr((columns, indexes, keys))
        return cls(shapes)
