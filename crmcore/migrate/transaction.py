"""The one transaction of a migration: all or nothing, and one process at a time, on both databases."""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, cast

from sqlalchemy import Connection, Engine, event, func, inspect, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import SingletonThreadPool, StaticPool

from crmcore.errors import DatabaseBusy, DatabaseError

WAIT: Final = 60.0
"""Seconds to wait for another process that is migrating."""

# Any number that nothing else locks; PostgreSQL keeps advisory locks per database. It spells "crmcore".
_LOCK: Final = int.from_bytes(b"crmcore", "big")
_PAUSE: Final = 0.02
_LOCK_NOT_AVAILABLE: Final = "55P03"
_HARMLESS_ON_DELETE: Final = frozenset({None, "NO ACTION", "RESTRICT"})

Violations = Counter[tuple[str, str]]
"""Rows that refer to nothing, counted by table and the table referred to."""


@contextmanager
def migration_transaction(target: Engine | Connection, *, wait: float = WAIT) -> Iterator[Connection]:
    """Yield a connection inside the transaction in which a schema is changed; leaving it commits, an error rolls back.

    With an engine, the transaction is one of its own, and waits at most ``wait`` seconds for another process that is
    migrating (`DatabaseBusy` then). With an open connection it is a savepoint of the host's transaction, which the host commits.
    """
    if isinstance(target, Connection):
        with _host_transaction(target) as connection:
            yield connection
        return
    with target.connect() as connection:
        own = _sqlite_transaction if connection.dialect.name == "sqlite" else _server_transaction
        with own(connection, wait):
            yield connection


@contextmanager
def _server_transaction(connection: Connection, wait: float) -> Iterator[None]:
    # Under a stricter level the snapshot could be older than the lock, and miss what the process before us did.
    connection.execution_options(isolation_level="READ COMMITTED")
    with connection.begin():
        connection.execute(select(func.set_config("lock_timeout", f"{int(wait * 1000)}ms", True)))
        try:
            connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) == _LOCK_NOT_AVAILABLE:
                raise DatabaseBusy(seconds=wait) from error
            raise
        yield


@contextmanager
def _sqlite_transaction(connection: Connection, wait: float) -> Iterator[None]:
    raw = _raw(connection)
    if raw.in_transaction and isinstance(connection.engine.pool, SingletonThreadPool | StaticPool):
        # Pools that share one connection, as for a database in memory: what is open on it is not ours to end.
        raise DatabaseBusy(seconds=0)
    with _settings_for_migrating(raw, wait):
        _use_wal(raw, wait)
        with connection.begin():
            # An engine may begin by itself, and not for writing: start over, since nothing was read yet.
            if raw.in_transaction:
                raw.rollback()
            _begin_immediate(raw, wait)
            before = broken_references(connection)
            yield
            require_references(broken_references(connection) - before)


@contextmanager
def _host_transaction(connection: Connection) -> Iterator[Connection]:
    if connection.dialect.name != "sqlite":
        connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
        with connection.begin_nested():
            yield connection
        return
    raw = _raw(connection)
    if not raw.in_transaction:
        # The driver begins at the first INSERT only, so that DDL before it would be committed statement by statement.
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    before = broken_references(connection)
    with connection.begin_nested(), _guard_cascades(connection):
        yield connection
        require_references(broken_references(connection) - before)


@contextmanager
def _guard_cascades(connection: Connection) -> Iterator[None]:
    """Refuse to drop a table from which deletes cascade, as long as foreign keys are enforced.

    SQLite changes a table by copying and dropping it, and dropping deletes every row first: with enforcement on, which cannot be
    switched off inside the host's transaction, that would cascade to the rows of other tables, silently.
    """
    if not connection.exec_driver_sql("PRAGMA foreign_keys").scalar_one():
        yield
        return

    def check(_: Connection, __: object, statement: str, *___: object) -> None:
        words = statement.split()
        if [word.upper() for word in words[:2]] != ["DROP", "TABLE"]:
            return
        dropped = words[-1].strip('";')
        for table in inspect(connection).get_table_names():
            for key in inspect(connection).get_foreign_keys(table):
                if key["referred_table"] == dropped and key["options"].get("ondelete") not in _HARMLESS_ON_DELETE:
                    message = f"dropping {dropped} would delete or change rows of {table}; migrate outside the host's transaction"
                    raise RuntimeError(message)

    event.listen(connection, "before_cursor_execute", check)
    try:
        yield
    finally:
        event.remove(connection, "before_cursor_execute", check)


@contextmanager
def refuse_to_end(connection: Connection) -> Iterator[None]:
    """Refuse, while revisions run, whatever would end the transaction: what ran before could not be taken back any more."""
    message = "a revision tried to end the transaction of the migration; revisions never commit or roll back"

    def refuse() -> None:
        raise RuntimeError(message)

    def check(_: Connection, __: object, statement: str, *___: object) -> None:
        words = statement.upper().replace(";", " ").split()
        if words[:1] in (["COMMIT"], ["END"], ["ABORT"]) or (words[:1] == ["ROLLBACK"] and "TO" not in words):
            raise RuntimeError(message)

    # On the object, because the events of SQLAlchemy come when it has half ended the transaction already.
    own = {"commit": refuse, "rollback": refuse}
    vars(connection).update(own)
    event.listen(connection, "before_cursor_execute", check)
    try:
        yield
    finally:
        event.remove(connection, "before_cursor_execute", check)
        for name in own:
            del vars(connection)[name]


def _raw(connection: Connection) -> sqlite3.Connection:
    # Typed for any driver; SQLite is reached through the one of the standard library only.
    return cast("sqlite3.Connection", connection.connection.dbapi_connection)


@contextmanager
def _settings_for_migrating(raw: sqlite3.Connection, wait: float) -> Iterator[None]:
    """Take over transactions and foreign keys of one pooled connection, and give them back as they were."""
    legacy = getattr(sqlite3, "LEGACY_TRANSACTION_CONTROL", None)
    autocommit = getattr(raw, "autocommit", legacy)
    level = raw.isolation_level
    if autocommit != legacy:
        raw.autocommit = legacy  # type: ignore[attr-defined]  # Python 3.12
    raw.isolation_level = None
    if raw.in_transaction:
        # Some drivers' settings keep one open all the time; fresh from the pool, it is empty.
        raw.rollback()
    before = {name: raw.execute(f"PRAGMA {name}").fetchone()[0] for name in ("foreign_keys", "busy_timeout")}
    raw.execute("PRAGMA foreign_keys=OFF")
    raw.execute(f"PRAGMA busy_timeout={int(wait * 1000)}")
    try:
        yield
    finally:
        for name, value in before.items():
            raw.execute(f"PRAGMA {name}={value}")
        raw.isolation_level = level
        if autocommit != legacy:
            raw.autocommit = autocommit  # type: ignore[attr-defined]  # Python 3.12


def _use_wal(raw: sqlite3.Connection, wait: float) -> None:
    """Switch the file to write-ahead logging; SQLite does not wait for other connections there, so this does."""
    until = time.monotonic() + wait
    while raw.execute("PRAGMA journal_mode").fetchone()[0] not in {"wal", "memory"}:
        try:
            raw.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            _wait_or_refuse(error, until, wait)
        else:
            return


def _begin_immediate(raw: sqlite3.Connection, wait: float) -> None:
    until = time.monotonic() + wait
    while not raw.in_transaction:
        try:
            raw.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            _wait_or_refuse(error, until, wait)


def _wait_or_refuse(error: sqlite3.OperationalError, until: float, wait: float) -> None:
    if error.sqlite_errorcode & 0xFF not in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        raise error
    if time.monotonic() > until:
        raise DatabaseBusy(seconds=wait) from error
    time.sleep(_PAUSE)


def broken_references(connection: Connection) -> Violations:
    """Count the rows of a SQLite database that refer to nothing; the host's own tables may have had some all along."""
    rows = connection.exec_driver_sql("PRAGMA foreign_key_check")
    return Counter((row[0], row[2]) for row in rows)


def require_references(broken: Violations) -> None:
    """Raise `DatabaseError` when a migration left rows that refer to nothing: enforcement was off while it ran."""
    if broken:
        rows = ", ".join(f"{count} row(s) of {table} refer to nothing in {parent}" for (table, parent), count in sorted(broken.items()))
        raise DatabaseError("MIGRATION_FAILED", revision="(all)", plugin="(all)", error=rows)
