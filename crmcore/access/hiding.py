"""Columns that a mask hides, in statements that somebody else wrote: named, sorted or filtered by, or taken with the whole row (A05).

Records are no concern of this: whoever loads one has its values, and shows it through `Session.shown`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from sqlalchemy import ColumnClause, CompoundSelect, Executable, Exists, FromClause, Function, Select, TextClause
from sqlalchemy.sql import visitors

HiddenColumns = Mapping[str, Mapping[str, str]]
"""Table → column → the field that is hidden: of characteristics it is one of them, of which the column has the values."""
_WORD: Final = re.compile(r"\w+|\*")
_ROW: Final = "*"


def named_fields(statement: Executable, hidden: HiddenColumns) -> Iterator[tuple[str, str]]:
    """Yield the table and field of each hidden column that a statement could tell of.

    Entities that are selected as such are left out, because they come as records; a table, a subquery or a union is its columns. SQL text
    is not understood: what it names is enough.
    """
    harmless: set[int] = set()
    for element in visitors.iterate(statement):  # type: ignore[arg-type] # whatever can be executed can be looked through
        # The asterisks of `count(*)` and of EXISTS are no rows; what they stand in comes before them.
        if isinstance(element, Function) and element.name.lower() == "count":
            harmless.update(id(each) for each in element.clauses)
        elif isinstance(element, Exists):
            harmless.update(id(each) for each in getattr(element.element.element, "_raw_columns", ()))
        elif isinstance(element, TextClause):
            yield from _in_text(element.text, hidden, whole=element is statement)
        elif isinstance(element, ColumnClause):
            literal = element.is_literal and id(element) not in harmless
            yield from _in_text(element.name, hidden) if literal else _in_column(element, hidden)
        else:
            yield from _in_query(element, hidden)


def _in_query(element: Any, hidden: HiddenColumns) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - any part of a statement
    if isinstance(element, Select):
        for each in element._raw_columns:  # noqa: SLF001 - what was asked for, before entities become columns: no public name has it
            if isinstance(each, FromClause) and "parententity" not in each._annotations:  # noqa: SLF001 - as above
                yield from _in_row(each, hidden)
    elif isinstance(element, CompoundSelect):
        for each in element.selected_columns:
            yield from _in_column(each, hidden)
    elif element.__visit_name__ == "table_valued_column":
        yield from _in_row(element.scalar_alias, hidden)


def _in_column(column: Any, hidden: HiddenColumns) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - any column expression
    for base in column.base_columns:
        table = str(getattr(getattr(base, "table", None), "name", ""))
        if table in hidden and base.name in hidden[table]:
            yield table, hidden[table][base.name]


def _in_row(row: FromClause, hidden: HiddenColumns) -> Iterator[tuple[str, str]]:
    for column in row.c:
        yield from _in_column(column, hidden)


def _in_text(text: str, hidden: HiddenColumns, *, whole: bool = False) -> Iterator[tuple[str, str]]:
    """Look for names of columns, and of tables, which stand for whole rows; a bit of SQL may mean the tables of the query around it."""
    words = {word.casefold() for word in _WORD.findall(text)} - ({_ROW} if whole else set())
    for table, columns in hidden.items():
        for column, field in columns.items():
            if words & {column, table, _ROW}:
                yield table, field
