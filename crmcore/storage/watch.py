"""One number of a SQLite database, which is asked for again only when somebody has committed since."""

from __future__ import annotations

import os
import sqlite3
from threading import Lock

from sqlalchemy import Engine


class Watch:
    """The answer to a question of one number, as committed at this moment, outside of any transaction.

    It keeps a connection on which nothing is ever written: SQLite says on it for next to nothing whether any other one has committed
    (``PRAGMA data_version``). A database in memory has one connection for all, which is borrowed, and asked each time.
    """

    def __init__(self, engine: Engine, question: str) -> None:
        self._engine = engine
        self._question = question
        self._in_file = engine.url.database not in {None, "", ":memory:"}
        self._lock = Lock()
        self._raw: sqlite3.Connection | None = None
        self._process = 0
        self._version = -1
        self._answer = 0

    def answer(self) -> int:
        """Return the number."""
        if not self._in_file:
            pooled = self._engine.raw_connection()
            try:
                return _number(_driver(pooled.driver_connection), self._question)
            finally:
                pooled.close()
        with self._lock:
            raw = self._connection()
            version = _number(raw, "PRAGMA data_version")
            if version != self._version:
                # What is committed between the two is in the answer already, and makes it be asked for once more.
                self._answer = _number(raw, self._question)
                self._version = version
            return self._answer

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            raw, self._raw, self._version = self._raw, None, -1
            if raw is not None:
                raw.close()

    def _connection(self) -> sqlite3.Connection:
        # A connection must not be used on both sides of a fork.
        if self._raw is None or self._process != os.getpid():
            pooled = self._engine.raw_connection()
            self._raw, self._process, self._version = _driver(pooled.driver_connection), os.getpid(), -1
            pooled.detach()
        return self._raw


def _driver(raw: object) -> sqlite3.Connection:
    if not isinstance(raw, sqlite3.Connection):
        raise TypeError(type(raw))
    return raw


def _number(raw: sqlite3.Connection, question: str) -> int:
    return int(raw.execute(question).fetchone()[0])
