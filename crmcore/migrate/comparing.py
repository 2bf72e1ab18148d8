"""Compare the tables of a database with the models: what migrations made against what the code expects."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import attrs
import sqlalchemy
from sqlalchemy import CheckConstraint, Column, Connection, Index, MetaData, Table, create_engine, inspect, select
from sqlalchemy.schema import ForeignKeyConstraint, SchemaItem
from sqlalchemy.sql.visitors import replacement_traverse

from crmcore.migrate.keys import is_numbered
from crmcore.migrate.managed import is_managed
from crmcore.model.base import spell_out_keys

if TYPE_CHECKING:
    from alembic.runtime.migration import MigrationContext

_SCRATCH: Final = "crm_compare_scratch"


@attrs.frozen
class Difference:
    """Name one difference: ``kind`` is "missing" (only in the models), "extra" (only in the database) or "changed"."""

    table: str
    kind: str
    object: str
    detail: str = ""

    def __str__(self) -> str:
        detail = f": {self.detail}" if self.detail else ""
        return f"{self.kind} {self.object} of table {self.table}{detail}"


def compare(connection: Connection, tables: Iterable[Table]) -> list[Difference]:
    """Return how the database differs from ``tables``, and only from those: an empty list means that they are equal.

    Compared are tables, columns, types, nullability, server defaults, primary keys, unique constraints, foreign keys, indexes with
    their predicates, and check constraints as the database itself spells them. Nothing is left behind in the database.
    """
    wanted = {table.name: table for table in tables}
    if not wanted:
        return []
    # Imported here because opening a Crm must not pay for Alembic.
    from alembic.autogenerate import compare_metadata  # noqa: PLC0415

    found: list[Difference] = []
    with warnings.catch_warnings():
        # Indexes over expressions on SQLite, which are compared below.
        warnings.filterwarnings("ignore", "(autogenerate skipping|Skipped unsupported reflection of) .*expression-based")
        changes = compare_metadata(autogenerate_context(connection, wanted), selection(wanted))
    for entry in changes:
        # Changes of one column come together in a list.
        found.extend(_difference(change) for change in (entry if isinstance(entry, list) else [entry]))
    existing = set(inspect(connection).get_table_names())
    for name, table in wanted.items():
        if name in existing:
            found.extend(_beyond_alembic(connection, table))
    return found


def autogenerate_context(
    connection: Connection,
    tables: Mapping[str, Table],
    render_item: Callable[..., str | bool] | None = None,
) -> MigrationContext:
    """Return Alembic's context for comparing ``tables`` alone, whatever else is in the database or in the metadata."""
    from alembic.runtime.migration import MigrationContext  # noqa: PLC0415 - as above

    def include_name(name: str | None, kind: str, _: object) -> bool:
        if kind == "index" and is_managed(name):
            return False
        return kind != "table" or name in tables

    # The signature is Alembic's.
    def include_object(item: SchemaItem, name: str | None, kind: str, reflected: bool, compared: object) -> bool:  # noqa: ARG001, FBT001
        return kind != "table" or name in tables

    options: dict[str, object] = {
        "target_metadata": selection(tables),
        "include_name": include_name,
        "include_object": include_object,
        "compare_type": True,
        "compare_server_default": True,
        "render_as_batch": True,
        "render_item": render_item,
        "sqlalchemy_module_prefix": "sa.",
        "alembic_module_prefix": "op.",
        "user_module_prefix": None,
    }
    return MigrationContext.configure(connection, opts=options)


def selection(tables: Mapping[str, Table]) -> MetaData:
    """Return a MetaData with ``tables`` alone: in that of everybody, one table of a broken plugin that refers to nothing spoils all."""
    chosen = MetaData(naming_convention=next(iter(tables.values())).metadata.naming_convention)
    spell_out_keys(tables.values())
    for table in tables.values():
        # A copy would lose the foreign keys to tables that are not among them.
        chosen._add_table(table.name, table.schema, table)  # noqa: SLF001 - there is no public way
    return chosen


def _difference(change: Sequence[Any]) -> Difference:
    """Translate one of Alembic's tuples, whose shape depends on its first word."""
    action, *rest = change
    verb, _, what = str(action).partition("_")
    if verb == "modify":
        _schema, table, column, _options, old, new = rest
        return Difference(str(table), "changed", f"{what} of column {column}", f"is {old!r}, expected {new!r}")
    kind = "missing" if verb == "add" else "extra"
    item = rest[-1]
    if isinstance(item, Column):
        return Difference(str(rest[-2]), kind, f"column {item.name}", repr(item.type))
    if isinstance(item, Table):
        return Difference(item.name, kind, "table")
    if isinstance(item, Index):
        return Difference(str(item.table.name) if item.table is not None else "", kind, f"index {item.name}", _index_text(item))
    if isinstance(item, ForeignKeyConstraint):
        targets = ", ".join(element.target_fullname for element in item.elements)
        return Difference(str(item.table.name), kind, f"foreign key {item.name}", f"{', '.join(item.column_keys)} to {targets}")
    table = getattr(item, "table", None)
    return Difference(str(getattr(table, "name", "")), kind, f"{what} {getattr(item, 'name', item)}")


def _index_text(index: Index) -> str:
    columns = ", ".join(str(getattr(expression, "name", expression)) for expression in index.expressions)
    return f"{'unique ' if index.unique else ''}on {columns}"


def _beyond_alembic(connection: Connection, table: Table) -> Iterator[Difference]:
    """Compare what autogenerate leaves out: primary key, checks, predicates of indexes, and what only SQLite has."""
    found = _reflect(connection, table.name)
    with _scratch(connection, table) as (elsewhere, name):
        expected = _reflect(elsewhere, name)
    if found.key != expected.key:
        yield Difference(table.name, "changed", "primary key", f"is {found.key}, expected {expected.key}")
    if found.numbered != expected.numbered:
        yield Difference(table.name, "missing" if expected.numbered else "extra", "AUTOINCREMENT", "keys may be given twice without it")
    yield from _compare_named(table.name, "check", found.checks, expected.checks)
    # Whether an index exists at all was compared already.
    both = found.predicates.keys() & expected.predicates.keys()
    yield from _compare_named(table.name, "index", *({name: side.predicates[name] for name in both} for side in (found, expected)))
    yield from _compare_named(table.name, "index", found.expressions, expected.expressions)


@attrs.frozen
class _Reflected:
    """What one database says about one table, by name."""

    key: list[str]
    numbered: bool
    checks: dict[str, str]
    predicates: dict[str, str]
    expressions: dict[str, str]


def _reflect(connection: Connection, table: str) -> _Reflected:
    inspector = inspect(connection)
    option = f"{connection.dialect.name}_where"
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Skipped unsupported reflection of expression-based index")
        indexes = inspector.get_indexes(table)
    predicates = {
        str(index["name"]): str(index.get("dialect_options", {}).get(option, "")) for index in indexes if not is_managed(index["name"])
    }
    on_sqlite = connection.dialect.name == "sqlite"
    return _Reflected(
        key=inspector.get_pk_constraint(table)["constrained_columns"],
        numbered=on_sqlite and is_numbered(connection, table),
        checks={check["name"] or check["sqltext"]: check["sqltext"] for check in inspector.get_check_constraints(table)},
        predicates=predicates,
        expressions=_expressions(connection, table, predicates) if on_sqlite else {},
    )


def _expressions(connection: Connection, table: str, reflected: Iterable[str]) -> dict[str, str]:
    """Return the indexes over expressions as SQLite keeps them: neither SQLAlchemy nor Alembic see those."""
    master = sqlalchemy.table("sqlite_master", *map(sqlalchemy.column, ("type", "name", "tbl_name", "sql")))
    query = select(master.c.name, master.c.sql).where(
        master.c.type == "index",
        master.c.tbl_name == table,
        master.c.sql.is_not(None),
        master.c.name.not_in(list(reflected)),
    )
    return {name: " ".join(sql.split()) for name, sql in connection.execute(query) if not is_managed(name)}


def _compare_named(table: str, what: str, found: Mapping[str, str], expected: Mapping[str, str]) -> Iterator[Difference]:
    for name in sorted(found.keys() | expected.keys()):
        if name not in found:
            yield Difference(table, "missing", f"{what} {name}", expected[name])
        elif name not in expected:
            yield Difference(table, "extra", f"{what} {name}", found[name])
        elif found[name] != expected[name]:
            yield Difference(table, "changed", f"{what} {name}", f"is {found[name]!r}, expected {expected[name]!r}")


@contextmanager
def _scratch(connection: Connection, table: Table) -> Iterator[tuple[Connection, str]]:
    """Build the model's table where nobody sees it, without its foreign keys: only the database can say how it spells a condition."""
    if connection.dialect.name == "sqlite":
        engine = create_engine("sqlite://")
        with engine.connect() as memory:
            copy = _bare_copy(table, table.name, [])
            copy.create(memory)
            yield memory, copy.name
        engine.dispose()
        return
    savepoint = connection.begin_nested()
    try:
        copy = _bare_copy(table, _SCRATCH, ["TEMPORARY"])
        copy.create(connection)
        yield connection, copy.name
    finally:
        savepoint.rollback()


def _bare_copy(table: Table, name: str, prefixes: list[str]) -> Table:
    spell_out_keys([table])
    copy = Table(name, MetaData(), prefixes=prefixes, sqlite_autoincrement=table.dialect_options["sqlite"]["autoincrement"])
    for column in table.columns:
        copy.append_column(Column(column.name, column.type, primary_key=column.primary_key, nullable=column.nullable))
    for constraint in table.constraints:
        if isinstance(constraint, CheckConstraint):
            copy.append_constraint(constraint._copy(target_table=copy))  # noqa: SLF001 - as Table.to_metadata does
    for index in table.indexes:
        # Written as SQLAlchemy writes it when it copies a table; an index over plain text would not know its table otherwise.
        options: dict[str, Any] = {**index.dialect_kwargs, "unique": index.unique, "_table": copy}
        Index(index.name, *(_moved(expression, table, copy) for expression in index.expressions), **options)
    return copy


def _moved(expression: Any, table: Table, copy: Table) -> Any:  # noqa: ANN401 - any SQL expression
    def replace(element: object, **_: object) -> Column[Any] | None:
        return copy.c[element.name] if isinstance(element, Column) and element.table is table else None

    return replacement_traverse(expression, {}, replace)
