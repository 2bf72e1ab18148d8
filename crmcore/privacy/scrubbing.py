"""Make sure that what was erased is in no file of the database either: databases leave old bytes lying until somebody cleans up.

It runs outside of transactions, because no database vacuums inside of one; so it is a step of its own after the erasure.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Final

import attrs
from sqlalchemy import Connection, inspect, text, update

from crmcore.errors import UsageError
from crmcore.migrate.managed import SEARCH_TABLE
from crmcore.model import PRIVACY_LOG
from crmcore.storage import translate_errors, write_transaction

if TYPE_CHECKING:
    from crmcore.app import Crm

_BUSY: Final = 1


@attrs.frozen(kw_only=True)
class Scrubbing:
    """Whether the files are clean; not ``done`` when somebody was reading an older state, which is then still in the write-ahead log."""

    done: bool
    erasures: int
    """Erasures that wait for it no more."""


def scrub(crm: Crm, *, full: bool = False) -> Scrubbing:
    """Rewrite the database without what was erased, and note in the privacy log that it is done.

    SQLite: the file is written anew (it takes as much space again, and the write lock) and the write-ahead log emptied. PostgreSQL: dead
    rows are removed and statistics, which quote values, computed anew; with ``full`` the tables are written anew, under exclusive locks.

    Raises:
        UsageError: ``HOST_CONNECTION`` on a host's connection, whose transactions are the host's.
        DatabaseBusy: when the write lock cannot be had in time.
    """
    if crm.hosted:
        raise UsageError("HOST_CONNECTION")
    with translate_errors():
        done = _sqlite(crm) if crm.engine.dialect.name == "sqlite" else _postgres(crm, full=full)
    if not done:
        return Scrubbing(done=False, erasures=0)
    with write_transaction(crm.engine) as connection:
        waiting = PRIVACY_LOG.c.kind == "erasure", PRIVACY_LOG.c.scrubbed_at.is_(None)
        count = connection.execute(update(PRIVACY_LOG).where(*waiting).values(scrubbed_at=crm.clock.now())).rowcount
    return Scrubbing(done=True, erasures=count)


def _sqlite(crm: Crm) -> bool:
    with write_transaction(crm.engine) as connection:
        # Removing a row of the full-text index leaves its words in older segments, until these are merged.
        connection.execute(text(f"INSERT INTO {SEARCH_TABLE} ({SEARCH_TABLE}) VALUES ('optimize')"))  # noqa: S608 - names of our own
    pooled = crm.engine.raw_connection()
    try:
        raw = pooled.driver_connection
        if not isinstance(raw, sqlite3.Connection):
            return False
        raw.execute("VACUUM")
        return bool(raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] != _BUSY)
    finally:
        pooled.close()


def _postgres(crm: Crm, *, full: bool) -> bool:
    with crm.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for name in _own_tables(crm, connection):
            connection.execute(text(f"VACUUM ({'FULL, ' if full else ''}ANALYZE) {connection.dialect.identifier_preparer.quote(name)}"))
    return True


def _own_tables(crm: Crm, connection: Connection) -> list[str]:
    """Return the tables of the CRM: a host may have others in the same database."""
    return sorted({*crm.registry.owners, SEARCH_TABLE} & set(inspect(connection).get_table_names()))
