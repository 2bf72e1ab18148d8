"""What small tables look like, in one statement: how a cache learns that somebody changed what it holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import ColumnElement, Connection, FromClause, func, literal_column, select, union_all

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
        if not self._statement:
            zero: ColumnElement[int] = literal_column("0")
            counts = (
                select(
                    literal_column(str(number)).label("number"),
                    func.count(),
                    func.coalesce(func.sum(table.c.version), zero),
                    func.coalesce(func.max(table.c.id), zero),
                ).select_from(table)
                for number, table in enumerate(self._tables)
            )
            self._statement = driver_sql(union_all(*counts), connection.dialect)
        found = {int(row[0]): (int(row[1]), int(row[2]), int(row[3])) for row in connection.exec_driver_sql(self._statement)}
        return {name: found[number] for number, name in enumerate(self._names)}
