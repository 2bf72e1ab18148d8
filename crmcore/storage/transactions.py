"""Short transactions of the platform itself, and the meaning of what databases raise."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, InterfaceError, OperationalError

from crmcore.errors import CrmError, DatabaseBusy, DatabaseError, ValidationFailed, WriteConflict
from crmcore.storage.engines import WRITE_OPTION, is_busy

_DEADLOCK: Final = "40P01"
_SERIALIZATION: Final = "40001"
_LOCK_TIMEOUT: Final = "55P03"


@contextmanager
def write_transaction(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that holds SQLite's write lock from the start, and commit it; an exception rolls it back.

    Raises:
        DatabaseBusy: when the lock cannot be had in time.
        WriteConflict: when the database rolled it back because of another one.
    """
    with translate_errors(), engine.connect().execution_options(**{WRITE_OPTION: True}) as connection, connection.begin():
        yield connection


@contextmanager
def translate_errors() -> Iterator[None]:
    """Turn what the driver raises into errors of crmcore, with the driver's as the cause."""
    try:
        yield
    except DBAPIError as error:
        meant = translate(error)
        if meant is None:
            raise
        raise meant from error


def translate(error: DBAPIError) -> CrmError | None:
    """Return the error of crmcore that a driver's error means, or None for what is a mistake in code.

    The detail lines of PostgreSQL are left out, because they repeat values, which may be personal.
    """
    reason = str(error.orig).strip().splitlines()[0] if str(error.orig).strip() else type(error.orig).__name__
    state = getattr(error.orig, "sqlstate", None)
    if isinstance(error, OperationalError) and is_busy(error):
        return DatabaseBusy("DATABASE_BUSY", seconds="the configured number of")
    if state in {_DEADLOCK, _SERIALIZATION, _LOCK_TIMEOUT}:
        return WriteConflict("WRITE_CONFLICT", reason=reason)
    if isinstance(error, IntegrityError | DataError):
        return ValidationFailed("CONSTRAINT_VIOLATED", reason=reason)
    if isinstance(error, OperationalError | InterfaceError):
        return DatabaseError("DATABASE_UNREACHABLE", error=reason)
    return None
