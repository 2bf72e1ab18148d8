"""Engines: SQLite with WAL and foreign keys, PostgreSQL through psycopg 3; nothing is opened before it is asked for."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import attrs
from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.engine import Connection
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, OperationalError

from crmcore.errors import DatabaseBusy, DatabaseError
from crmcore.storage.json import dump_json
from crmcore.storage.liveness import replace_broken

WRITE_OPTION: Final = "crmcore_write"
"""Execution option of a connection whose transaction takes the write lock when it begins."""

_LENT: Final = "crmcore_lent"
"""Key in a pooled connection's ``info``: the settings of the host that the CRM changed while it has the connection."""

DEFAULT_BUSY_TIMEOUT: Final = 30.0
"""Seconds that a writer waits for another one on SQLite."""


@attrs.frozen
class Storage:
    """An engine of the CRM, and what closing it means: a host's engine stays open."""

    engine: Engine
    busy_timeout: float
    close: Callable[[], None]


def open_storage(target: str | URL | Engine, *, busy_timeout: float = DEFAULT_BUSY_TIMEOUT) -> Storage:
    """Return the storage of a URL, or that works on a host's engine without changing how the host's own connections behave.

    ``sqlite://`` without a file is a temporary file that vanishes on close: an in-memory database could not be shared by a worker.

    Raises:
        DatabaseError: ``DATABASE_URL`` when the address is not one of SQLite or PostgreSQL.
    """
    if isinstance(target, Engine):
        own = _prepare(target, busy_timeout)
        if own.dialect.name == "sqlite":
            _lend_pragmas(target, own, busy_timeout)
        return Storage(own, busy_timeout, _nothing)
    url = parse_url(target)
    if url.get_backend_name() == "postgresql":
        engine = create_engine(url, json_serializer=dump_json)
        replace_broken(engine)
        return Storage(_prepare(engine, busy_timeout), busy_timeout, engine.dispose)
    if url.database in {None, "", ":memory:"}:
        folder = tempfile.TemporaryDirectory(prefix="crmcore-")
        url = url.set(database=str(Path(folder.name, "crm.db")))
        engine = _sqlite_engine(url, busy_timeout)

        def close() -> None:
            engine.dispose()
            folder.cleanup()

        return Storage(_prepare(engine, busy_timeout), busy_timeout, close)
    engine = _sqlite_engine(url, busy_timeout)
    return Storage(_prepare(engine, busy_timeout), busy_timeout, engine.dispose)


def second_pool(
    engine: Engine, busy_timeout: float, *, on_connect: Callable[[sqlite3.Connection], None], before_begin: Callable[[Connection], None]
) -> Storage:
    """Return an engine with connections of its own to the SQLite file of another.

    Each is given to ``on_connect`` once, and to ``before_begin`` before each of its transactions.

    Raises:
        DatabaseError: ``DATABASE_URL`` when the database is not a file, which only one connection can see.
    """
    if engine.url.database in {None, "", ":memory:"}:
        raise DatabaseError("DATABASE_URL", url=str(engine.url), reason="a guarded user needs connections of its own, so a file")
    second = _sqlite_engine(parse_url(engine.url.set(drivername="sqlite")), busy_timeout)

    @event.listens_for(second, "connect")
    def on_second(raw: sqlite3.Connection, _record: object) -> None:
        on_connect(raw)

    return Storage(_prepare(second, busy_timeout, before_begin), busy_timeout, second.dispose)


def parse_url(target: str | URL) -> URL:
    """Return the URL with the driver spelt out; ``postgresql://`` means psycopg 3, whatever the version of SQLAlchemy."""
    try:
        url = make_url(target)
        backend = url.get_backend_name()
    except (ArgumentError, ValueError) as error:
        raise DatabaseError("DATABASE_URL", url=str(target).partition("://")[0], reason="it is not a URL") from error
    if backend not in {"sqlite", "postgresql"}:
        raise DatabaseError("DATABASE_URL", url=url.render_as_string(hide_password=True), reason=f"{backend} is not supported")
    driver = {"sqlite": "pysqlite", "postgresql": "psycopg"}[backend]
    if url.drivername == backend:
        url = url.set(drivername=f"{backend}+{driver}")
    try:
        url.get_dialect().import_dbapi()
    except (ImportError, NoSuchModuleError) as error:
        reason = f"the driver is not installed ({error}); install crmcore with the extra `pg`"
        raise DatabaseError("DATABASE_URL", url=url.render_as_string(hide_password=True), reason=reason) from error
    return url


def _nothing() -> None:
    """Leave a host's engine open."""


def _sqlite_engine(url: URL, busy_timeout: float) -> Engine:
    engine = create_engine(url, json_serializer=dump_json, connect_args={"timeout": busy_timeout, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's connection
        # The driver must not begin transactions by itself: DDL would not be atomic, and reading before writing would lock up.
        connection.isolation_level = None
        cursor = connection.cursor()
        # Migrating turns on write-ahead logging. With it, NORMAL loses no integrity: after a power cut the last commits may be missing,
        # never torn.
        cursor.execute("PRAGMA synchronous=NORMAL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()

    return engine


def _prepare(engine: Engine, busy_timeout: float, before: Callable[[Connection], None] | None = None) -> Engine:
    """Return an engine over the same pool on which transactions begin as the CRM needs it."""
    if engine.dialect.name != "sqlite":
        return engine
    # Listeners of an option engine do not touch the engine that it comes from.
    own = engine.execution_options()
    # It inherits those of a host, among which the usual recipe for this driver emits BEGIN: a transaction would begin twice.
    vars(own).pop("dispatch", None)

    @event.listens_for(own, "begin")
    def on_begin(connection: Connection) -> None:
        raw = connection.connection.dbapi_connection
        if isinstance(raw, sqlite3.Connection) and not raw.in_transaction:
            if before is not None:
                before(connection)
            _begin(raw, write=bool(connection.get_execution_options().get(WRITE_OPTION)), busy_timeout=busy_timeout)

    return own


def _lend_pragmas(host: Engine, own: Engine, busy_timeout: float) -> None:
    """Turn on what the CRM needs on a host's connections while it has them, and give them back to the host's pool as they were."""
    wanted = {"foreign_keys": 1, "busy_timeout": int(busy_timeout * 1000)}

    @event.listens_for(own, "engine_connect")
    def on_engine_connect(connection: Connection) -> None:
        raw = connection.connection.dbapi_connection
        if isinstance(raw, sqlite3.Connection) and not raw.in_transaction and _LENT not in connection.info:
            connection.info[_LENT] = {name: raw.execute(f"PRAGMA {name}").fetchone()[0] for name in wanted}
            for name, value in wanted.items():
                raw.execute(f"PRAGMA {name}={value}")

    @event.listens_for(host.pool, "checkin")
    def on_checkin(raw: Any, record: Any) -> None:  # noqa: ANN401 - the driver's connection, and the pool's record of it
        before = record.info.pop(_LENT, None)
        if before is not None and raw is not None:
            for name, value in before.items():
                raw.execute(f"PRAGMA {name}={value}")


def _begin(raw: sqlite3.Connection, *, write: bool, busy_timeout: float) -> None:
    """Begin a transaction; as the driver begins it on PostgreSQL, it is no statement of SQLAlchemy's, which would cost more than itself."""
    statement = "BEGIN IMMEDIATE" if write else "BEGIN"
    try:
        raw.execute(statement)
    except sqlite3.OperationalError as reason:
        error = OperationalError(statement, None, reason)
        if is_busy(error):
            raise DatabaseBusy("DATABASE_BUSY", seconds=busy_timeout) from error
        raise error from reason


def take_write_lock(connection: Connection, *, busy_timeout: float) -> None:
    """Turn the reading transaction of a connection into a writing one.

    SQLite cannot upgrade a snapshot that another writer has left behind: it answers "database is locked" at once. So the reading
    transaction, in which nothing was written, is ended and one that holds the lock from its first statement is begun. What was read before
    is guarded by the versions of the records. On PostgreSQL there is nothing to do.
    """
    if connection.dialect.name != "sqlite":
        return
    raw = connection.connection.dbapi_connection
    if not isinstance(raw, sqlite3.Connection):
        raise TypeError(type(raw))
    if raw.in_transaction:
        raw.execute("COMMIT")
    _begin(raw, write=True, busy_timeout=busy_timeout)


def is_busy(error: OperationalError) -> bool:
    """Return whether SQLite gave up waiting for a lock."""
    code = getattr(error.orig, "sqlite_errorcode", None)
    # Extended codes carry the primary one in the low byte.
    return code is not None and code & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
