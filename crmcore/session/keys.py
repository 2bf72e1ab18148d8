"""Keys of new records, drawn before writing where that turns many statements into one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from sqlalchemy import Connection, Table, column, func, select, table

from crmcore.model import Entity

_SEQUENCE: Final = table("sqlite_sequence", column("name"), column("seq"))


def assign_keys(connection: Connection, records: Iterable[Entity]) -> None:
    """Give the new records of a flush their keys, class by class, when there are several.

    On SQLite, SQLAlchemy inserts row by row when it has to ask for each key; with keys it sends all rows at once. The write lock is held,
    so the next keys are ours: after the highest that was ever given, which AUTOINCREMENT remembers. PostgreSQL answers with the keys
    of all rows at once, and needs nothing.
    """
    if connection.dialect.name != "sqlite":
        return
    groups: dict[type[Entity], list[Entity]] = defaultdict(list)
    for record in records:
        if record.__dict__.get("id") is None:
            groups[type(record)].append(record)
    for cls, group in groups.items():
        if len(group) > 1 and isinstance(cls.__table__, Table):
            following = _highest(connection, cls.__table__) + 1
            for key, record in enumerate(group, following):
                record.id = key


def _highest(connection: Connection, entity: Table) -> int:
    given = select(_SEQUENCE.c.seq).where(_SEQUENCE.c.name == entity.name).scalar_subquery()
    there = select(func.max(entity.c.id)).scalar_subquery()
    row = connection.execute(select(func.coalesce(given, 0), func.coalesce(there, 0))).one()
    return int(max(row))
