"""JSON inside SQL, in the words of each database: what SQLite and PostgreSQL call differently."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import attrs
from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    FromClause,
    Integer,
    Select,
    Text,
    bindparam,
    case,
    cast,
    func,
    literal,
    literal_column,
    select,
)
from sqlalchemy.types import TypeEngine

from crmcore.model import Json
from crmcore.storage import dump_json

_TYPE: Final = Json()


@attrs.frozen
class JsonSql:
    """Expressions over stored JSON; ``postgresql`` says in whose words. "JSON" below means what a `Json` column holds."""

    postgresql: bool

    def null(self) -> ColumnElement[Any]:
        """The JSON null."""
        return cast(literal("null", Text), _TYPE) if self.postgresql else literal("null", Text)

    def filled(self, value: ColumnElement[Any]) -> ColumnElement[Any]:
        """Return stored JSON, with JSON null for an empty column; on SQLite marked as JSON, not text."""
        return func.coalesce(value, self.null()) if self.postgresql else func.json(func.coalesce(value, self.null()))

    def is_null(self, value: ColumnElement[Any]) -> ColumnElement[bool]:
        """Return whether stored JSON is null, or missing."""
        kind = func.jsonb_typeof(value) if self.postgresql else func.json_type(value)
        return func.coalesce(kind, "null") == "null"

    def scalar(self, value: ColumnElement[Any], kind: TypeEngine[Any]) -> ColumnElement[Any]:
        """Return a JSON scalar as a value of a column's type."""
        if self.postgresql:
            return cast(value.op("#>>", return_type=Text())(literal_column("'{}'")), kind)
        return func.json_extract(value, literal_column("'$'"))

    def array(self, *values: ColumnElement[Any]) -> ColumnElement[Any]:
        """Make an array of JSON values."""
        return (func.jsonb_build_array if self.postgresql else func.json_array)(*values)

    def object(self, key: str, value: ColumnElement[Any]) -> ColumnElement[Any]:
        """Make an object of one key."""
        return (func.jsonb_build_object if self.postgresql else func.json_object)(literal(key, Text), value)

    def collect(self, key: ColumnElement[Any], value: ColumnElement[Any]) -> ColumnElement[Any]:
        """Aggregate keys and JSON values of a group into an object."""
        if self.postgresql:
            return func.jsonb_object_agg(key, value)
        # Marked as JSON again: SQLite forgets it when the aggregate passes through a temporary table.
        return func.json(func.json_group_object(key, value))

    def get(self, document: ColumnElement[Any], key: str) -> ColumnElement[Any]:
        """Return the JSON value of a key of a stored document; null when it has none."""
        if self.postgresql:
            return cast(document, _TYPE).op("->", return_type=_TYPE)(literal(key, Text))
        return _quoted(document, _path(key))

    def put(self, document: ColumnElement[Any], key: str, value: ColumnElement[Any]) -> ColumnElement[Any]:
        """Return a stored document with one key set to stored JSON, or without the key when that is null."""
        removed: ColumnElement[Any] = func.json_remove(document, _path(key))
        changed: ColumnElement[Any] = func.json_set(document, _path(key), func.json(value))
        if self.postgresql:
            removed = document.op("-", return_type=_TYPE)(literal(key, Text))
            changed = document.op("||", return_type=_TYPE)(self.object(key, value))
        return case((self.is_null(value), removed), else_=changed)

    def texts(self, values: Sequence[str]) -> CTE:
        """Return a table of texts with their positions from 0: columns ``n`` and ``value``."""
        given = bindparam(None, dump_json(values), type_=Text, unique=True)
        if self.postgresql:
            texts = func.jsonb_array_elements_text(cast(given, _TYPE))
            rows = texts.table_valued("value", with_ordinality="key", name="given").render_derived()
            return select((rows.c.key - 1).label("n"), rows.c.value).cte("texts")
        each = func.json_each(given).table_valued("key", "value", name="given")
        # Joined as it is, SQLite would read the whole list again for each row.
        return select(each.c.key.label("n"), each.c.value).cte("texts").prefix_with("MATERIALIZED")

    def rows(self, text: str) -> FromClause:
        """Return a table of the arrays inside a JSON text of many: column ``value``."""
        return self.table(bindparam(None, text, type_=Text, unique=True))

    def table(self, given: ColumnElement[str]) -> FromClause:
        """Return the same of a parameter."""
        if self.postgresql:
            return func.jsonb_array_elements(cast(given, _TYPE)).table_valued("value", name="given")
        return func.json_each(given).table_valued("value", name="given")

    def keys(self, keys: Sequence[int]) -> Select[tuple[int]]:
        """Return a query of many keys, sent as one text rather than as a parameter each."""
        given = self.rows(dump_json(keys))
        return select(self.scalar(given.c.value, BigInteger()) if self.postgresql else given.c.value)

    def item(self, row: ColumnElement[Any], position: int) -> ColumnElement[Any]:
        """Return the JSON value at a position of an array."""
        if self.postgresql:
            return cast(row, _TYPE).op("->", return_type=_TYPE)(literal(position, Integer))
        return _quoted(row, literal_column(f"'$[{position:d}]'"))

    def item_scalar(self, row: ColumnElement[Any], position: int, kind: TypeEngine[Any]) -> ColumnElement[Any]:
        """Return the scalar at a position of an array, as a value of a column's type."""
        if self.postgresql:
            return cast(cast(row, _TYPE).op("->>", return_type=Text())(literal(position, Integer)), kind)
        return func.json_extract(row, literal_column(f"'$[{position:d}]'"))


def _path(key: str) -> ColumnElement[str]:
    return literal(f'$."{key}"', Text)


def _quoted(document: ColumnElement[Any], path: ColumnElement[str]) -> ColumnElement[Any]:
    """Return the JSON at a path of a document on SQLite, which takes true out as 1: that is another value."""
    kind = func.json_type(document, path)
    quoted = func.json_quote(func.json_extract(document, path), type_=_TYPE)
    return case((kind == "true", literal_column("'true'", _TYPE)), (kind == "false", literal_column("'false'", _TYPE)), else_=quoted)
