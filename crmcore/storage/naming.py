"""SQL for the driver that names tables with their schema on SQLite, where a user's guard has views with the same names."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Dialect
from sqlalchemy.sql.compiler import SQLCompiler

_MAIN: Final = {None: "main"}


def compile_named(statement: Any, dialect: Dialect, **options: Any) -> SQLCompiler:  # noqa: ANN401 - any statement
    """Compile a statement so that on SQLite it means the tables themselves."""
    if dialect.name == "sqlite":
        options |= {"schema_translate_map": _MAIN, "render_schema_translate": True}
    compiled = statement.compile(dialect=dialect, **options)
    if not isinstance(compiled, SQLCompiler):
        raise TypeError(type(compiled))
    return compiled


def driver_sql(statement: Any, dialect: Dialect, **options: Any) -> str:  # noqa: ANN401 - as above
    """Return the SQL of a statement without parameters."""
    return str(compile_named(statement, dialect, **options))
