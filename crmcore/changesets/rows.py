"""Many rows in one statement: sent as one JSON text, taken apart by the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Table, insert, literal, select

from crmcore.changesets.json_sql import JsonSql
from crmcore.model import Entity, Json
from crmcore.storage import dump_json


def sql_of(connection: Connection) -> JsonSql:
    """Return the JSON expressions of a connection's database."""
    return JsonSql(connection.dialect.name == "postgresql")


def table_of(cls: type[Entity]) -> Table:
    """Return the table of an entity class."""
    table = cls.__table__
    if not isinstance(table, Table):
        message = f"{cls.__name__} is not mapped to a table"
        raise TypeError(message)
    return table


def parent_of(table: Table, column: str) -> Table:
    """Return the table that a foreign key leads to."""
    return next(iter(table.c[column].foreign_keys)).column.table


def parent_version(table: Table, column: str) -> ColumnElement[int | None]:
    """Return the present version of the record that a foreign key leads to."""
    parent = parent_of(table, column).alias("parent")
    return select(parent.c.version).where(parent.c.id == table.c[column]).scalar_subquery()


def insert_rows(
    connection: Connection, table: Table, columns: Sequence[str], rows: Sequence[Sequence[Any]], constants: Mapping[str, object]
) -> None:
    """Insert rows that differ in some columns and share the others; values are JSON: text, numbers, and any JSON for `Json` columns."""
    if not rows:
        return
    sql = sql_of(connection)
    given = sql.rows(dump_json(rows))
    values = [_taken(sql, given.c.value, number, table.c[name]) for number, name in enumerate(columns)]
    values += [literal(value, table.c[name].type) for name, value in constants.items()]
    connection.execute(insert(table).from_select([*columns, *constants], select(*values).select_from(given)))


def _taken(sql: JsonSql, row: ColumnElement[Any], number: int, column: Column[Any]) -> ColumnElement[Any]:
    return sql.item(row, number) if isinstance(column.type, Json) else sql.item_scalar(row, number, column.type)
