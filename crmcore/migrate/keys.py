"""Keys of SQLite that are never given twice, also after a migration has copied their table.

SQLite changes most things about a table by copying it, dropping it and renaming the copy. Alembic's copy does not know
``AUTOINCREMENT``, and SQLite forgets with the old table which keys were given to rows that are gone.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import sqlalchemy
from sqlalchemy import Connection, Table, event, insert, select, update

_COPY: Final = "_alembic_tmp_"
_MASTER: Final = sqlalchemy.table("sqlite_master", *map(sqlalchemy.column, ("type", "name", "sql")))
_SEQUENCE: Final = sqlalchemy.table("sqlite_sequence", *map(sqlalchemy.column, ("name", "seq")))


@contextmanager
def keep_keys(connection: Connection) -> Iterator[None]:
    """Let tables that revisions copy go on numbering where they were; nothing to do on PostgreSQL."""
    if connection.dialect.name != "sqlite":
        yield
        return
    before = _last_keys(connection)

    def keep(table: Table, bind: object, **_: Any) -> None:  # noqa: ANN401 - signature of SQLAlchemy
        if bind is connection and table.name.startswith(_COPY) and is_numbered(connection, table.name.removeprefix(_COPY)):
            table.dialect_options["sqlite"]["autoincrement"] = True

    # On the class, because the copies are made inside Alembic; other connections are let pass.
    event.listen(Table, "before_create", keep)
    try:
        yield
    finally:
        event.remove(Table, "before_create", keep)
    after = _last_keys(connection)
    for name, key in before.items():
        if after.get(name, -1) < key and is_numbered(connection, name):
            if name in after:
                connection.execute(update(_SEQUENCE).where(_SEQUENCE.c.name == name).values(seq=key))
            else:
                connection.execute(insert(_SEQUENCE).values(name=name, seq=key))


def is_numbered(connection: Connection, table: str) -> bool:
    """Whether a table of SQLite exists and was made with ``AUTOINCREMENT``."""
    query = select(_MASTER.c.sql).where(_MASTER.c.type == "table", _MASTER.c.name == table)
    return "AUTOINCREMENT" in (connection.execute(query).scalar_one_or_none() or "").upper()


def _last_keys(connection: Connection) -> dict[str, int]:
    # The table exists from the first AUTOINCREMENT on.
    if connection.execute(select(_MASTER.c.name).where(_MASTER.c.name == _SEQUENCE.name)).first() is None:
        return {}
    return {name: int(key) for name, key in connection.execute(select(_SEQUENCE.c.name, _SEQUENCE.c.seq))}
