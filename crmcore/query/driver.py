"""Queries that are compiled once and run through the driver: what SQLAlchemy does for every execution is done here once for all.

Only for queries of fixed SQL, whose parameters are all known by name. Types work as everywhere: their own processors are used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs
from sqlalchemy import Connection, Dialect, Select
from sqlalchemy.sql.compiler import SQLCompiler

Processor = Callable[[Any], Any]


@attrs.frozen
class DriverQuery:
    """A query as the driver takes it."""

    sql: str
    names: tuple[str, ...]
    """Parameters, in the order of the driver where it has one."""
    positional: bool
    constants: Mapping[str, Any]
    binders: Mapping[str, Processor]
    readers: tuple[tuple[int, Processor], ...]
    """Place of each column whose values the driver does not have in their type, and what makes them so."""

    def rows(self, connection: Connection, arguments: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
        """Run it, and return its rows in the types of its columns."""
        binders = self.binders
        values = {**self.constants, **arguments}
        bound = {name: binders[name](values[name]) if name in binders else values[name] for name in self.names}
        parameters: Any = tuple(bound[name] for name in self.names) if self.positional else bound
        rows = connection.exec_driver_sql(self.sql, parameters).all()
        if not rows or not self.readers:
            return rows
        # Column by column: most of them are as the driver has them.
        columns: list[tuple[Any, ...]] = list(zip(*rows, strict=True))
        for place, read in self.readers:
            columns[place] = tuple(map(read, columns[place]))
        return list(zip(*columns, strict=True))


def prepare(statement: Select[Any], dialect: Dialect) -> DriverQuery:
    """Compile a query for a driver.

    Raises:
        TypeError: when some of its SQL is only known with the values.
    """
    compiled: SQLCompiler = statement.compile(dialect=dialect)
    if compiled.post_compile_params or compiled.literal_execute_params:
        message = "a query for the driver has no parameters that are written into the SQL"
        raise TypeError(message)
    by_name = {name: bind for bind, name in compiled.bind_names.items()}
    names = tuple(compiled.positiontup or ()) if compiled.positional else tuple(by_name)
    processors: dict[str, Processor | None] = {name: _binder(by_name[name].type, dialect) for name in names}
    return DriverQuery(
        sql=str(compiled),
        names=names,
        positional=compiled.positional,
        constants={name: value for name, value in compiled.construct_params(_check=False).items() if value is not None},
        binders={name: processor for name, processor in processors.items() if processor is not None},
        readers=tuple(
            (place, read) for place, column in enumerate(statement.selected_columns) if (read := _reader(column.type, dialect)) is not None
        ),
    )


def _binder(kind: Any, dialect: Dialect) -> Processor | None:  # noqa: ANN401 - any type
    found: Processor | None = kind.dialect_impl(dialect).bind_processor(dialect)
    return found


def _reader(kind: Any, dialect: Dialect) -> Processor | None:  # noqa: ANN401 - any type
    found: Processor | None = kind.dialect_impl(dialect).result_processor(dialect, None)
    return found
