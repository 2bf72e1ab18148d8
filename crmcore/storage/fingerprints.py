"""What small tables look like, in one statement: how a cache learns that somebody changed what it holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, Dialect, Engine, FromClause, Select, func, literal_column, select, union_all

from crmcore.storage.naming import driver_sql

Fingerprint = tuple[int, int, int]
"""Number of rows, sum of their versions, highest key: keys are never given twice and versions only rise, so it never comes back."""


class Fingerprints:
    """The fingerprints of some tables with ``id`` and ``version``; asked in every transaction, so compiled once."""

    def __init__(self, tables: Iterable[FromClause]) -> None:
        self._tables = tuple(tables)
        self._names = tuple(str(table.description) for table in self._tables)
        self._statement = ""

    def read(self, connection: Connection) -> Mapping[str, Fingerprint]:
        """Return what the tables look like to a transaction, by their names: one statement."""
        return self.named(connection.exec_driver_sql(self.question(connection.dialect)))

    def read_now(self, engine: Engine) -> Mapping[str, Fingerprint]:
        """Return what the tables of a SQLite database look like at this moment, outside of any transaction: that is far cheaper."""
        pooled = engine.raw_connection()
        try:
            raw = pooled.driver_connection
            return self.named(raw.execute(self.question(engine.dialect)) if raw is not None else ())
        finally:
            pooled.close()

    def question(self, dialect: Dialect) -> str:
        """Return the SQL."""
        if not self._statement:
            self._statement = driver_sql(union_all(*self.selects()), dialect)
        return self._statement

    def selects(self) -> list[Select[Any]]:
        """Return the queries of which the question is made, one for each table: its number, and three numbers about it."""
        zero: ColumnElement[int] = literal_column("0")
        return [
            select(
                literal_column(str(number)).label("number"),
                func.count(),
                func.coalesce(func.sum(table.c.version), zero),
                func.coalesce(func.max(table.c.id), zero),
            ).select_from(table)
            for number, table in enumerate(self._tables)
        ]

    def named(self, rows: Iterable[Any]) -> Mapping[str, Fingerprint]:
        """Return the answers by the names of the tables."""
        found = {int(row[0]): (int(row[1]), int(row[2]), int(row[3])) for row in rows}
        return {name: found[number] for number, name in enumerate(self._names)}
