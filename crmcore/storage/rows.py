"""Insert rows of the platform's own tables at the price of the driver: what every commit pays for.

The statements are expressions like all others, but compiled once for each engine and then handed to the driver. SQLite is given
tuples. PostgreSQL is given one JSON document for each table and one statement for all of them: a fifth of the cost of values one
by one, and one trip.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import attrs
from sqlalchemy import (
    JSON,
    ColumnClause,
    Connection,
    CursorResult,
    Dialect,
    Insert,
    Integer,
    Select,
    Table,
    Text,
    bindparam,
    cast,
    column,
    func,
    insert,
    select,
)
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeDecorator, TypeEngine

from crmcore.storage.json import dump_json
from crmcore.storage.naming import compile_named

Shape = tuple[Table, tuple[str, ...]]
"""A table, and the names of the columns that are filled."""

_PLACE: Final = "crm_place"
"""The number of a row in its document."""


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


def insert_for_keys(connection: Connection, batch: NewRows) -> Sequence[int]:
    """Insert rows of one table without their column ``id``, and return the keys that the database gives them, in their order.

    On SQLite, which tells of the last one alone, it is one row.
    """
    dialect, shape = connection.dialect, (batch.table, batch.names)
    if dialect.name == "postgresql" and len(batch.values) > 1:
        parameters = _documents(dialect, [batch], numbered=True)
        # The rows are inserted in their order, and get rising keys; they may be told in another one.
        return sorted(_run(connection, _keyed_statement(dialect, shape), parameters).scalars())
    [row] = batch.values
    compiled, processors = _row_statement(dialect, shape)
    bound = [value if process is None else process(value) for value, process in zip(row, processors, strict=True)]
    given: Any = tuple(bound) if compiled.positional else dict(zip(batch.names, bound, strict=True))
    found = connection.exec_driver_sql(compiled.string, given)
    return [found.lastrowid if dialect.name == "sqlite" else found.scalar_one()]


def _insert_as_documents(connection: Connection, batches: Sequence[NewRows]) -> None:
    compiled = _one_statement(connection.dialect, tuple((batch.table, batch.names) for batch in batches))
    _run(connection, compiled, _documents(connection.dialect, batches))


def _run(connection: Connection, compiled: SQLCompiler, parameters: Mapping[str, str]) -> CursorResult[Any]:
    given: Any = tuple(parameters[name] for name in compiled.positiontup or ()) if compiled.positional else parameters
    return connection.exec_driver_sql(compiled.string, given)


def _documents(dialect: Dialect, batches: Iterable[NewRows], *, numbered: bool = False) -> dict[str, str]:
    """Return the JSON of each batch, whose rows are numbered if their order matters."""
    found = {}
    for number, batch in enumerate(batches):
        processors = _scalers(dialect, (batch.table, batch.names))
        rows = [dict(zip(batch.names, row, strict=True)) for row in batch.values]
        for place, row in enumerate(rows) if processors or numbered else ():
            for name, process in processors:
                row[name] = process(row[name])
            if numbered:
                row[_PLACE] = place
        found[f"rows_{number}"] = dump_json(rows)
    return found


@lru_cache(maxsize=256)
def _scalers(dialect: Dialect, shape: Shape) -> tuple[tuple[str, Callable[[Any], Any]], ...]:
    """Return what turns decimals into the whole numbers that are stored; everything else is in JSON what it is in the database."""
    table, names = shape
    numbers = {
        name: kind for name in names if isinstance(kind := table.c[name].type, TypeDecorator) and isinstance(kind.impl_instance, Integer)
    }
    return tuple((name, process) for name, kind in numbers.items() if (process := processor_of(dialect, kind)) is not None)


@lru_cache(maxsize=64)
def _one_statement(dialect: Dialect, shapes: tuple[Shape, ...]) -> SQLCompiler:
    """Return ``WITH … AS (INSERT …), … INSERT …``: foreign keys among the tables are checked when all of it is done."""
    *others, last = (
        insert(shape[0]).from_select(shape[1], _selected(_rows_of(number, shape), shape), include_defaults=False)
        for number, shape in enumerate(shapes)
    )
    statement = last.add_cte(*(other.cte(f"insert_{number}") for number, other in enumerate(others)))
    return _compile(statement, dialect)


@lru_cache(maxsize=256)
def _row_statement(dialect: Dialect, shape: Shape) -> tuple[SQLCompiler, tuple[Callable[[Any], Any] | None, ...]]:
    """Return the INSERT of one row, which tells its key: a document would cost more than its values."""
    table, names = shape
    if dialect.name == "sqlite":
        compiled, processors = _tuple_statement(dialect, shape)
        return compiled, tuple(process for _, process in processors)
    compiled = _compile(insert(table).returning(table.c.id), dialect, list(names))
    return compiled, tuple(processor_of(dialect, table.c[name].type) for name in names)


@lru_cache(maxsize=256)
def _keyed_statement(dialect: Dialect, shape: Shape) -> SQLCompiler:
    """Return ``INSERT … SELECT … ORDER BY … RETURNING id``: keys are drawn in the order of the rows."""
    table, names = shape
    rows = _rows_of(0, shape, column(_PLACE, Integer()))
    chosen = _selected(rows, shape).order_by(rows.c[_PLACE])
    return _compile(insert(table).from_select(names, chosen, include_defaults=False).returning(table.c.id), dialect)


def _rows_of(number: int, shape: Shape, *more: ColumnClause[Any]) -> Any:  # noqa: ANN401 - a table that is a function
    """Return the rows of a document as a table."""
    table, names = shape
    document = cast(bindparam(f"rows_{number}", type_=Text()), JSON())
    rows = func.json_to_recordset(document).table_valued(*(column(name, table.c[name].type) for name in names), *more, name=f"new_{number}")
    return rows.render_derived(with_types=True)


def _selected(rows: Any, shape: Shape) -> Select[Any]:  # noqa: ANN401 - as above
    return select(*(rows.c[name] for name in shape[1]))


def _insert_as_tuples(connection: Connection, batches: Sequence[NewRows]) -> None:
    known: dict[object, dict[int, Any]] = {}
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


@lru_cache(maxsize=256)
def _tuple_statement(dialect: Dialect, shape: Shape) -> tuple[SQLCompiler, tuple[tuple[object, Callable[[Any], Any] | None], ...]]:
    table, names = shape
    compiled = _compile(insert(table), dialect, list(names))
    if tuple(compiled.positiontup or ()) != names:
        message = f"columns {names} of {table.name} are not those that its INSERT takes: {compiled.positiontup}"
        raise ValueError(message)
    return compiled, tuple(_processor(dialect, table, name) for name in names)


def _processor(dialect: Dialect, table: Table, name: str) -> tuple[object, Callable[[Any], Any] | None]:
    """Return how values of a column are brought into the driver's form, and what is the same for columns that do it alike."""
    kind = table.c[name].type
    process = processor_of(dialect, kind)
    return (dump_json if process is dump_json else (type(kind), getattr(kind, "places", None))), process


def processor_of(dialect: Dialect, kind: TypeEngine[Any]) -> Callable[[Any], Any] | None:
    """Return what brings values of a type into the driver's form, or None when they are."""
    stored = kind.load_dialect_impl(dialect) if isinstance(kind, TypeDecorator) else kind
    if isinstance(stored, JSON) and dialect.name == "sqlite":
        return dump_json
    return kind.dialect_impl(dialect).bind_processor(dialect)


def _compile(statement: Insert, dialect: Dialect, names: Sequence[str] | None = None) -> SQLCompiler:
    return compile_named(statement, dialect, column_keys=names)
