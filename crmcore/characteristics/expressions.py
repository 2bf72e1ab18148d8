"""The SQL of a characteristic: one function writes it for queries and for indexes, so that the database recognises its index.

Both databases compare expressions by their structure. A path that is a parameter (`column["key"]` of SQLAlchemy) matches no index, so
the path is written out; keys are lower-case identifiers, and nothing else is ever written.
"""

from __future__ import annotations

import re
from typing import Any, Final

from sqlalchemy import BigInteger, Boolean, ColumnElement, Text, case, cast, collate, false, func, literal_column, true
from sqlalchemy.types import TypeEngine, UserDefinedType

from crmcore.hooks import StoredAs
from crmcore.model import Json
from crmcore.storage import dump_json

_KEY: Final = re.compile(r"[a-z][a-z0-9_]{0,59}")
_NOT_A_NUMBER: Final = "'*[^-.0-9]*'"
_A_NUMBER: Final = r"'^-?[0-9]+(\.[0-9]+)?$'"
_COLLATION: Final = "C"
"""By code points, as SQLite compares: dates, codes and paths mean the same on both databases, and a prefix is a range."""


class Number(UserDefinedType[Any]):
    """A number as the driver gives it: `Numeric` of SQLAlchemy would round it through a float on SQLite."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        """Name it as both databases do."""
        return "NUMERIC"


def is_key(key: str) -> bool:
    """Return whether a key can be written into SQL: a lower-case identifier of at most 60 characters."""
    return _KEY.fullmatch(key) is not None


def value_of(column: ColumnElement[Any], key: str, stored_as: StoredAs, dialect: str) -> ColumnElement[Any]:
    """Return the value of a characteristic as the database compares, sorts and indexes it; NULL when there is none.

    What is there and has another form (the plugin changed its type) counts as none where the form matters: no query fails over it.
    """
    if dialect == "postgresql":
        return _postgres(column, key, stored_as)
    return _sqlite(column, key, stored_as)


def raw_value_of(column: ColumnElement[Any], key: str, dialect: str) -> ColumnElement[Any]:
    """Return the stored JSON of a characteristic, to be handed out; on SQLite decoded scalars, and lists as text."""
    if dialect == "postgresql":
        return column.op("->", return_type=Json())(_quoted(key))
    return func.json_extract(column, _path(key))


def parameter_type(stored_as: StoredAs) -> TypeEngine[Any]:
    """Return the type of a parameter that is compared with `value_of`."""
    if stored_as is StoredAs.INTEGER:
        # As it is: SQLite uses an index for a comparison only where both sides have the same affinity, here none.
        return BigInteger()
    if stored_as is StoredAs.FLAG:
        return Boolean()
    # Decimals too: SQLite's driver takes no Decimal, and the digits stay what they are.
    return Text()


def compared(parameter: ColumnElement[Any], stored_as: StoredAs) -> ColumnElement[Any]:
    """Return a parameter as it is compared with `value_of`."""
    return cast(parameter, Number()) if stored_as is StoredAs.DECIMAL else parameter


def holds(column: ColumnElement[Any], key: str, code: ColumnElement[Any], dialect: str) -> ColumnElement[bool]:
    """Return whether a list holds a code, a parameter that `code_of` prepared; NULL when there is no list."""
    if dialect == "postgresql":
        return column.op("->", return_type=Json())(_quoted(key)).op("@>", return_type=Boolean())(cast(code, Json()))
    each = func.json_each(column, _path(key)).table_valued("value", name=f"each_{key}")
    return each.select().where(each.c.value == code).exists()


def code_of(code: str, dialect: str) -> str:
    """Return a code as `holds` asks for it."""
    return dump_json([code]) if dialect == "postgresql" else code


def _sqlite(column: ColumnElement[Any], key: str, stored_as: StoredAs) -> ColumnElement[Any]:
    text: ColumnElement[Any] = func.json_extract(column, _path(key), type_=Text())
    if stored_as is StoredAs.DECIMAL:
        return cast(case((text.op("NOT GLOB")(literal_column(_NOT_A_NUMBER)), text)), Number())
    if stored_as is StoredAs.FLAG:
        return func.json_extract(column, _path(key), type_=Boolean())
    if stored_as is StoredAs.INTEGER:
        return func.json_extract(column, _path(key), type_=Number())
    return text


def _postgres(column: ColumnElement[Any], key: str, stored_as: StoredAs) -> ColumnElement[Any]:
    text = column.op("->>", return_type=Text())(_quoted(key))
    kind = func.jsonb_typeof(column.op("->", return_type=Json())(_quoted(key)))
    if stored_as is StoredAs.DECIMAL:
        return case((text.op("~")(literal_column(_A_NUMBER)), cast(text, Number())))
    if stored_as is StoredAs.INTEGER:
        return case((kind == literal_column("'number'"), cast(text, Number())))
    if stored_as is StoredAs.FLAG:
        return case((text == literal_column("'true'"), true()), (text == literal_column("'false'"), false()))
    return collate(text, _COLLATION)


def _path(key: str) -> ColumnElement[str]:
    return literal_column(f"'$.{_checked(key)}'", Text())


def _quoted(key: str) -> ColumnElement[str]:
    return literal_column(f"'{_checked(key)}'", Text())


def _checked(key: str) -> str:
    if not is_key(key):
        message = f"{key!r} is not a key of a characteristic"
        raise ValueError(message)
    return key
