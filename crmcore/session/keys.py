"""Keys of new records, drawn before writing where that turns many statements into one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from sqlalchemy import Connection, Table, column, func, select, table

from crmcore.model import Entity

_FEW: Final = 50
"""New records of a class up to which PostgreSQL is not asked for keys beforehand."""
_SEQUENCE: Final = table("sqlite_sequence", column("name"), column("seq"))


def assign_keys(connection: Connection, records: Iterable[Entity]) -> None:
    """Give the new records of a flush their keys, class by class, when there are several.

    On SQLite, SQLAlchemy inserts row by row when it has to ask for each key; with keys it sends all rows at once. The write lock is held,
    so the next keys are ours: after the highest that was ever given, which AUTOINCREMENT remembers. PostgreSQL answers with the keys
    of all rows at once, but the driver has to read a statement with a placeholder for each value then; drawing the keys first is
    cheaper for many rows.
    """
    draw, few = (_following, 1) if connection.dialect.name == "sqlite" else (_drawn, _FEW)
    groups: dict[type[Entity], list[Entity]] = defaultdict(list)
    for record in records:
        if record.__dict__.get("id") is None:
            groups[type(record)].append(record)
    for cls, group in groups.items():
        if len(group) > few and isinstance(cls.__table__, Table):
            for key, record in zip(draw(connection, cls.__table__, len(group)), group, strict=False):
                record.id = key


def _drawn(connection: Connection, entity: Table, count: int) -> Iterable[int]:
    """Draw keys from the sequence of a table; none when it has no sequence of its own."""
    sequence = select(func.pg_get_serial_sequence(entity.name, "id")).scalar_subquery()
    series = func.generate_series(1, count).table_valued("number")
    drawn = connection.execute(select(func.nextval(sequence)).select_from(series)).scalars().all()
    return () if None in drawn else drawn


def _following(connection: Connection, entity: Table, count: int) -> Iterable[int]:
    highest = _highest(connection, entity)
    return range(highest + 1, highest + 1 + count)


def _highest(connection: Connection, entity: Table) -> int:
    given = select(_SEQUENCE.c.seq).where(_SEQUENCE.c.name == entity.name).scalar_subquery()
    there = select(func.max(entity.c.id)).scalar_subquery()
    row = connection.execute(select(func.coalesce(given, 0), func.coalesce(there, 0))).one()
    return int(max(row))
