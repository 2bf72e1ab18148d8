"""The guard of SQLite: on connections of its own, each table is hidden behind a view with its name, which shows what exists for the user.

Temporary views come first when a plain name is looked up. An authorizer, which SQLite asks when a statement is prepared, lets the tables
themselves be read by these views alone. The platform's own writes name the table with its schema, while the authorizer is away.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from sqlalchemy import Connection, Engine, MetaData, Select, and_, select
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateTable, CreateView

from crmcore.access import predicates
from crmcore.access.predicates import REACH, SqliteTerms, base, predicate
from crmcore.access.reach import PORTFOLIOS, ZONES, Reach
from crmcore.model import GENERATION, Entity, VisibilityKind
from crmcore.storage import second_pool

OPTION: Final = "crm_reach"
"""Execution option: how far the user of a connection reaches."""
_MOST_ENGINES: Final = 1_000
_TOLD: Final = "crm_reach"
_LIFTED: Final = "crm_reach.lifted"
_HARMLESS: Final = frozenset(
    {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE, sqlite3.SQLITE_TRANSACTION, sqlite3.SQLITE_SAVEPOINT}
)
_ENGINES_OWN: Final = frozenset({"json_each", "json_tree", "sqlite_master", "sqlite_temp_master"})
_MADE_ONCE: Final = ("SELECT 1 FROM json_each('[]')", "SELECT 1 FROM json_tree('[]')")
"""Ask for tables of the engine that each connection makes for itself at the first question: the authorizer would not let it."""

Authorizer = Callable[[int, str | None, str | None, str | None, str | None], int]


class SqliteGuard:
    """Engines whose connections show users what exists for them."""

    def __init__(self, engine: Engine, entities: Iterable[type[Entity]], busy_timeout: float) -> None:
        chosen = list(entities)
        self._views = _views(chosen)
        self._authorizer = _authorizer(self._views, chosen)
        self._engines: dict[Reach, Engine] = {}
        self._pool = second_pool(engine, busy_timeout, on_connect=self._prepare, before_begin=self._tell)

    def engine(self, reach: Reach) -> Engine:
        """Return the engine for a user; the connections are everybody's in turn."""
        found = self._engines.get(reach)
        if found is None:
            if len(self._engines) >= _MOST_ENGINES:
                self._engines.clear()
            found = self._engines[reach] = self._pool.engine.execution_options(**{OPTION: reach})
            # The same listeners, and not a collection joined to theirs, through which every call of every statement would have to go.
            vars(found)["dispatch"] = self._pool.engine.dispatch
        return found

    def lift(self, connection: Connection) -> None:
        """Let a connection see and write the tables themselves."""
        raw = _driver(connection)
        if raw is not None:
            raw.set_authorizer(None)
            connection.info[_LIFTED] = True
        connection.execution_options(schema_translate_map={None: "main"})

    def lower(self, connection: Connection) -> None:
        """Guard a connection again; setting the authorizer also makes SQLite forget what was prepared without it."""
        connection.execution_options(schema_translate_map={})
        raw = _driver(connection)
        if raw is not None:
            raw.set_authorizer(self._authorizer)
            connection.info.pop(_LIFTED, None)

    def close(self) -> None:
        """Close the connections."""
        self._pool.close()

    def _prepare(self, raw: sqlite3.Connection) -> None:
        raw.execute(_sql(CreateTable(REACH)).replace("CREATE TABLE", "CREATE TABLE IF NOT EXISTS"))
        for sql in self._views.values():
            raw.execute(sql)
        for sql in _MADE_ONCE:
            raw.execute(sql).fetchall()
        raw.set_authorizer(self._authorizer)

    def _tell(self, connection: Connection) -> None:
        """Write into the connection whose it is now, before its transaction begins: a rollback would take it back."""
        raw, reach = _driver(connection), connection.get_execution_options().get(OPTION)
        if raw is None or reach is None:
            return
        if connection.info.get(_TOLD) is reach and _LIFTED not in connection.info:
            return
        raw.set_authorizer(None)
        raw.execute("DELETE FROM temp.crm_reach")
        raw.executemany("INSERT INTO temp.crm_reach (kind, id, text) VALUES (?, ?, ?)", list(rows(reach)))
        connection.info[_TOLD] = reach
        self.lower(connection)


def rows(reach: Reach) -> Iterable[tuple[str, int | None, str | None]]:
    """Yield how far a user reaches, as the views read it."""
    yield predicates.LOGIN, None, reach.login
    for kind, keys in ((predicates.SELLERS, reach.sellers), (ZONES, reach.zones), (PORTFOLIOS, reach.portfolios)):
        for key in sorted(keys):
            yield kind, key, None
    for kind, texts in ((predicates.LOGINS, reach.logins), (predicates.PARTS, reach.parts), (predicates.FLAGS, reach.flags)):
        for text in sorted(texts):
            yield kind, None, text


def _driver(connection: Connection) -> sqlite3.Connection | None:
    raw: object = connection.connection.dbapi_connection
    return raw if isinstance(raw, sqlite3.Connection) else None


def _views(entities: Iterable[type[Entity]]) -> Mapping[str, str]:
    """Return the CREATE of the view of each entity that has one; those that are free or nobody's have none."""
    chosen = list(entities)
    parents = {cls.__tablename__: cls for cls in chosen}
    found = {}
    for cls in chosen:
        table = base(cls)
        condition = predicate(cls, table.c, SqliteTerms(), parents)
        if condition is not None and cls.__visibility__.kind is not VisibilityKind.SYSTEM:
            if cls.__visibility__.kind is VisibilityKind.PUBLIC:
                # Of a view whose condition looks at no column but the key, SQLite asks the authorizer about the table alone, and not in
                # the name of the view: that cannot be told from somebody who counts the rows of the table itself.
                condition = and_(condition, table.c.version >= 0)
            found[cls.__tablename__] = _create(cls.__tablename__, select(table).where(condition))
    return found


def _create(name: str, query: Select[Any]) -> str:
    return _sql(CreateView(query, name, metadata=MetaData(), temporary=True))


def _sql(statement: Any) -> str:  # noqa: ANN401 - any DDL
    return str(statement.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True}))


def _authorizer(views: Mapping[str, str], entities: Iterable[type[Entity]]) -> Authorizer:
    names = frozenset(views)
    free = frozenset(
        cls.__tablename__ for cls in entities if cls.__tablename__ not in names and cls.__visibility__.kind is not VisibilityKind.SYSTEM
    ) | {GENERATION.name}

    def ask(action: int, first: str | None, _second: str | None, schema: str | None, source: str | None) -> int:
        if action in _HARMLESS:
            return sqlite3.SQLITE_OK
        # A view is read under its own name; what it reads is asked for with the name of the view as its source.
        known = schema == "temp" or source in names or first in free or first in _ENGINES_OWN
        return sqlite3.SQLITE_OK if action == sqlite3.SQLITE_READ and known else sqlite3.SQLITE_DENY

    return ask
