"""Insert rows of the platform's own tables at the price of the driver: what every commit pays for.

The statements are expressions like all others, but compiled once for each engine and then handed to the driver. SQLite is given
tuples. PostgreSQL is given one JSON document for each table and one statement for all of them: a fifth of the cost of values one
by one, and one trip.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any

import attrs
from sqlalchemy import JSON, Connection, Dialect, Insert, Table, Text, bindparam, cast, column, func, insert, select
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeDecorator

from crmcore.storage.json import dump_json
from crmcore.storage.naming import compile_named

Shape = tuple[Table, tuple[str, ...]]
"""A table, and the names of the columns that are filled."""


@attrs.frozen
class NewRows:
    """New rows of one table, as Python's values in the order of ``names``; a JSON column is never None."""

    table: Table
    names: tuple[str, ...]
    values: Sequence[tuple[Any, ...]]


def insert_rows(connection: Connection, batches: Iterable[NewRows]) -> None:
    """Insert rows into tables without defaults on the side of Python, in the order in which they are given."""
    filled = [batch for batch in batches if batch.values]
    if not filled:
        return
    if connection.dialect.name == "postgresql":
        _insert_as_documents(connection, filled)
    else:
        _insert_as_tuples(connection, filled)


def _insert_as_documents(connection: Connection, batches: Sequence[NewRows]) -> None:
    compiled = _one_statement(connection.dialect, tuple((batch.table, batch.names) for batch in batches))
    documents = {
        f"rows_{number}": dump_json([dict(zip(batch.names, row, strict=True)) for row in batch.values])
        for number, batch in enumerate(batches)
    }
    if compiled.positional:
        connection.exec_driver_sql(compiled.string, tuple(documents[name] for name in compiled.positiontup or ()))
    else:
        connection.exec_driver_sql(compiled.string, documents)


@lru_cache(maxsize=64)
def _one_statement(dialect: Dialect, shapes: tuple[Shape, ...]) -> SQLCompiler:
    """Return ``WITH … AS (INSERT …), … INSERT …``: foreign keys among the tables are checked when all of it is done."""
    inserts = []
    for number, (table, names) in enumerate(shapes):
        document = cast(bindparam(f"rows_{number}", type_=Text()), JSON())
        rows = func.json_to_recordset(document).table_valued(*(column(name, table.c[name].type) for name in names), name=f"new_{number}")
        chosen = rows.render_derived(with_types=True)
        inserts.append(insert(table).from_select(names, select(*(chosen.c[name] for name in names)), include_defaults=False))
    *others, last = inserts
    statement = last.add_cte(*(other.cte(f"insert_{number}") for number, other in enumerate(others)))
    return _compile(statement, dialect)


def _insert_as_tuples(connection: Connection, batches: Sequence[NewRows]) -> None:
    known: dict[type, dict[int, Any]] = {}
    for batch in batches:
        compiled, processors = _tuple_statement(connection.dialect, (batch.table, batch.names))
        columns: list[Iterable[Any]] = [
            values if process is None else _processed(values, process, known.setdefault(kind, {}))
            for values, (kind, process) in zip(zip(*batch.values, strict=True), processors, strict=True)
        ]
        connection.exec_driver_sql(compiled.string, list(zip(*columns, strict=True)))


def _processed(values: Sequence[Any], process: Callable[[Any], Any], known: dict[int, Any]) -> list[Any]:
    """Bring values into the driver's form; the same object, as in the event and in the audit row, is converted once."""
    found = []
    for value in values:
        key = id(value)
        if key not in known:
            known[key] = process(value)
        found.append(known[key])
    return found


@lru_cache(maxsize=64)
def _tuple_statement(dialect: Dialect, shape: Shape) -> tuple[SQLCompiler, tuple[tuple[type, Callable[[Any], Any] | None], ...]]:
    table, names = shape
    compiled = _compile(insert(table), dialect, list(names))
    if tuple(compiled.positiontup or ()) != names:
        message = f"columns {names} of {table.name} are not those that its INSERT takes: {compiled.positiontup}"
        raise ValueError(message)
    return compiled, tuple(_processor(dialect, table, name) for name in names)


def _processor(dialect: Dialect, table: Table, name: str) -> tuple[type, Callable[[Any], Any] | None]:
    kind = table.c[name].type
    stored = kind.load_dialect_impl(dialect) if isinstance(kind, TypeDecorator) else kind
    if isinstance(stored, JSON):
        return JSON, dump_json
    return type(kind), kind.dialect_impl(dialect).bind_processor(dialect)


def _compile(statement: Insert, dialect: Dialect, names: Sequence[str] | None = None) -> SQLCompiler:
    return compile_named(statement, dialect, column_keys=names)
