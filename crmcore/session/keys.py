"""Keys of new records, drawn before writing where that turns many statements into one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Final

from sqlalchemy import ColumnElement, Connection, Dialect, column, func, select, table

from crmcore.model import Entity

_FEW: Final = 50
"""New records of a class up to which PostgreSQL is not asked for keys beforehand."""
_SEQUENCE: Final = table("sqlite_sequence", column("name"), column("seq"), schema="main")


def assign_keys(connection: Connection, records: Iterable[Entity]) -> None:
    """Give the new records of a flush their keys, class by class, when there are several.

    On SQLite, SQLAlchemy inserts row by row when it has to ask for each key; with keys it sends all rows at once. The write lock is held,
    so the next keys are ours: after the highest that was ever given, which AUTOINCREMENT remembers. PostgreSQL answers with the keys
    of all rows at once, but the driver has to read a statement with a placeholder for each value then; drawing the keys first is
    cheaper for many rows.
    """
    groups: dict[type[Entity], list[Entity]] = defaultdict(list)
    for record in records:
        if record.__dict__.get("id") is None:
            groups[type(record)].append(record)
    if connection.dialect.name == "sqlite":
        _number(connection, {cls: group for cls, group in groups.items() if len(group) > 1})
        return
    for cls, group in groups.items():
        if len(group) > _FEW:
            draw_keys(connection, cls, group)


def draw_keys(connection: Connection, cls: type[Entity], records: Sequence[Entity]) -> None:
    """Give new records their keys before they are checked, for values that are made of the key; the write lock is held.

    A key that a record got in an attempt that failed is not kept: meanwhile somebody else may have it.
    """
    if connection.dialect.name == "sqlite":
        _number(connection, {cls: records})
        return
    sequence = select(func.pg_get_serial_sequence(cls.__tablename__, "id")).scalar_subquery()
    series = func.generate_series(1, len(records)).table_valued("number")
    drawn = connection.execute(select(func.nextval(sequence)).select_from(series)).scalars().all()
    if None not in drawn:  # a table without a sequence of its own
        for record, key in zip(records, drawn, strict=True):
            record.id = key


def _number(connection: Connection, groups: Mapping[type[Entity], Sequence[Entity]]) -> None:
    if not groups:
        return
    # One row with the highest key of each table: one statement, however many tables.
    highest = connection.exec_driver_sql(_highest_keys(connection.dialect, tuple(cls.__tablename__ for cls in groups))).one()
    for group, last in zip(groups.values(), highest, strict=True):
        for key, record in enumerate(group, last + 1):
            record.id = key


@lru_cache(maxsize=256)
def _highest_keys(dialect: Dialect, names: tuple[str, ...]) -> str:
    """Compile the question once: what a flush makes is nearly always of the same few classes."""
    return str(select(*(_highest(name) for name in names)).compile(dialect=dialect, compile_kwargs={"literal_binds": True}))


def _highest(name: str) -> ColumnElement[int]:
    given = select(_SEQUENCE.c.seq).where(_SEQUENCE.c.name == name).scalar_subquery()
    there = select(func.max(column("id"))).select_from(table(name, schema="main")).scalar_subquery()
    # With two arguments, SQLite's `max` is the greater of them.
    return func.max(func.coalesce(given, 0), func.coalesce(there, 0))
