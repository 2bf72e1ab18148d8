"""Rows as the database itself stores them, to be written back byte for byte: no type of ours comes in between.

An image maps columns to JSON values. On SQLite they are what the file holds; on PostgreSQL they are the text of each value, which it reads
back as the same value, whatever the type.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Delete,
    FromClause,
    MetaData,
    Select,
    Table,
    Text,
    Update,
    and_,
    bindparam,
    cast,
    delete,
    insert,
    literal_column,
    select,
    tuple_,
    type_coerce,
    update,
)
from sqlalchemy.types import NullType

from crmcore.changesets.json_sql import JsonSql
from crmcore.storage import dump_json

Image = dict[str, Any]
"""Column → stored value."""
Key = tuple[Any, ...]
"""The values of a primary key."""
_HEX: Final = "$hex"


def key_columns(table: Table) -> tuple[Column[Any], ...]:
    """Return the columns of the primary key."""
    return tuple(table.primary_key.columns)


def read_images(connection: Connection, table: Table, keys: Iterable[Key], columns: Sequence[str] = ()) -> dict[Key, Image]:
    """Return the images of rows by their keys; ``columns`` are all, unless some are named."""
    wanted = list(keys)
    if not wanted:
        return {}
    names = tuple(columns) or tuple(table.c.keys())
    rows = connection.execute(_reading(table, names, connection.dialect.name), {KEYS: dump_json(wanted)})
    width = len(key_columns(table))
    return {tuple(row[:width]): {name: _plain(value) for name, value in zip(names, row[width:], strict=True)} for row in rows}


# Statements are made once: to SQLAlchemy, making one costs more than running it.
@lru_cache(maxsize=4096)
def _reading(table: Table, names: tuple[str, ...], dialect: str) -> Select[Any]:
    stored = [_stored(table.c[name], dialect) for name in names]
    return select(*key_columns(table), *stored).where(among(table, dialect))


KEYS: Final = "wanted_keys"
"""The parameter of `among`: the keys as a JSON array of arrays."""


@lru_cache(maxsize=4096)
def among(table: Table, dialect: str) -> ColumnElement[bool]:
    """Return the condition that a row is one of those whose keys are the parameter: one text, whatever their number."""
    sql, own = JsonSql(postgresql=dialect == "postgresql"), key_columns(table)
    given = sql.table(bindparam(KEYS, type_=Text))
    values = [sql.item_scalar(given.c.value, number, each.type) for number, each in enumerate(own)]
    if len(own) == 1:
        return own[0].in_(select(values[0]).select_from(given))
    return tuple_(*own).in_(select(*values).select_from(given))


@lru_cache(maxsize=4096)
def writing(table: Table, names: tuple[str, ...], dialect: str) -> Update:
    """Return the statement that sets columns of some rows to the parameters ``new_<column>``."""
    return update(table).where(among(table, dialect)).values({name: bindparam(f"new_{name}", type_=table.c[name].type) for name in names})


def update_images(connection: Connection, table: Table, images: Sequence[tuple[Key, Image]]) -> None:
    """Write columns of rows back; all images have the same columns."""
    if not images:
        return
    names = tuple(images[0][1])
    if connection.dialect.name != "postgresql":
        groups: dict[str, list[tuple[Key, Image]]] = {}
        for key, image in images:
            groups.setdefault(dump_json(image), []).append((key, image))
        for group in groups.values():
            values = {f"new_{name}": _driver(value) for name, value in group[0][1].items()}
            connection.execute(_storing(table, names), {KEYS: dump_json([key for key, _ in group]), **values})
        return
    rows = dump_json([[*key, *(image[name] for name in names)] for key, image in images])
    connection.execute(_storing_all(table, names), {KEYS: rows})


@lru_cache(maxsize=4096)
def _storing_all(table: Table, names: tuple[str, ...]) -> Update:
    own, given = key_columns(table), _given()
    taken = [_taken(given, number, each) for number, each in enumerate((*own, *(table.c[name] for name in names)))]
    matched = and_(*(each == value for each, value in zip(own, taken, strict=False)))
    return update(table).where(matched).values(dict(zip(names, taken[len(own) :], strict=True)))


@lru_cache(maxsize=4096)
def _storing(table: Table, names: tuple[str, ...]) -> Update:
    plain = _plain_table(table)
    return update(plain).where(among(plain, "sqlite")).values({name: bindparam(f"new_{name}") for name in names})


def insert_images(connection: Connection, table: Table, images: Sequence[Image]) -> None:
    """Write whole rows back."""
    if not images:
        return
    names = tuple(images[0])
    if connection.dialect.name != "postgresql":
        plain = _plain_table(table)
        connection.execute(insert(plain), [{name: _driver(image[name]) for name in names} for image in images])
        return
    given = _given()
    taken = [_taken(given, number, table.c[name]) for number, name in enumerate(names)]
    rows = dump_json([[image[name] for name in names] for image in images])
    connection.execute(insert(table).from_select(names, select(*taken).select_from(given), include_defaults=False), {KEYS: rows})


def delete_rows(connection: Connection, table: Table, keys: Sequence[Key]) -> None:
    """Remove rows."""
    if keys:
        connection.execute(_deleting(table, connection.dialect.name), {KEYS: dump_json(keys)})


@lru_cache(maxsize=1024)
def _deleting(table: Table, dialect: str) -> Delete:
    return delete(table).where(among(table, dialect))


def image_of(connection: Connection, table: Table, values: Mapping[str, Any]) -> Image:
    """Return what the database would store for values of the columns' types, without asking it for whole numbers and nothing."""
    if all(value is None or type(value) is int for value in values.values()):
        postgresql = connection.dialect.name == "postgresql"
        return {name: str(value) if postgresql and value is not None else value for name, value in values.items()}
    bound = [bindparam(name, value, table.c[name].type, unique=True) for name, value in values.items()]
    if connection.dialect.name == "postgresql":
        row: Sequence[Any] = connection.execute(
            select(*(cast(cast(each, table.c[name].type), Text) for name, each in zip(values, bound, strict=True)))
        ).one()
    else:
        row = connection.execute(select(*(type_coerce(each, NullType()) for each in bound))).one()
    return {name: _plain(value) for name, value in zip(values, row, strict=True)}


def _stored(each: Column[Any], dialect: str) -> ColumnElement[Any]:
    # The spelling of the text of JSON, or of a time, is the database's; so is reading it.
    return cast(each, Text) if dialect == "postgresql" else type_coerce(each, NullType())


def _given() -> FromClause:
    return JsonSql(postgresql=True).table(bindparam(KEYS, type_=Text))


def _taken(given: FromClause, number: int, each: Column[Any]) -> ColumnElement[Any]:
    text = given.c.value.op("->>", return_type=Text())(literal_column(str(number)))
    return cast(text, each.type)


@lru_cache(maxsize=1024)
def _plain_table(table: Table) -> Table:
    """Return the table with columns of no type, whose values go to the driver as they are."""
    own = {each.name for each in key_columns(table)}
    return Table(table.name, MetaData(), *(Column(each.name, NullType(), primary_key=each.name in own) for each in table.columns))


def _plain(value: Any) -> Any:  # noqa: ANN401 - any stored value
    return {_HEX: value.hex()} if isinstance(value, bytes) else value


def _driver(value: Any) -> Any:  # noqa: ANN401 - as above
    return bytes.fromhex(value[_HEX]) if isinstance(value, dict) else value
