"""A fresh database for each test, on SQLite and on PostgreSQL, quickly: prepared once, then copied."""

from __future__ import annotations

import hashlib
import itertools
import os
import secrets
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, assert_never

import attrs
from sqlalchemy import make_url

from crmcore.testing.postgres import PostgresMissing, PostgresServer

if TYPE_CHECKING:
    import psycopg

Kind = Literal["sqlite", "postgresql"]
KINDS: Final[tuple[Kind, ...]] = ("sqlite", "postgresql")


@attrs.frozen
class Template:
    """Describe a prepared database: ``prepare`` fills the one at a URL, once for each ``key`` and kind of database.

    ``key`` names what is in it, such as the plugins that were migrated and their heads. ``prepare`` closes its connections.
    """

    key: str
    prepare: Callable[[str], None] = attrs.field(eq=False)


@attrs.define(eq=False)
class TestDatabases:
    """Give out fresh databases, empty or copied from a `Template`; one object for a test session.

    ``server`` is asked for when the first test wants PostgreSQL: starting one takes a second. Skips or fails that test when
    there is none.
    """

    # Not a test, whatever its name says to pytest.
    __test__ = False

    _server: Callable[[], PostgresServer | PostgresMissing] = attrs.field(alias="server")
    _found: PostgresServer | PostgresMissing | None = attrs.field(default=None, init=False)
    _templates: dict[tuple[Kind, str], str] = attrs.field(factory=dict, init=False)
    _folder: Path | None = attrs.field(default=None, init=False)
    _copying: str | None = attrs.field(default=None, init=False)
    _numbers: Iterator[int] = attrs.field(factory=itertools.count, init=False)
    # Several test processes may share one named server.
    _prefix: str = attrs.field(factory=lambda: f"crm_{os.getpid()}_{secrets.token_hex(3)}", init=False)

    @contextmanager
    def fresh(self, kind: Kind, folder: Path, template: Template | None = None) -> Iterator[str]:
        """Yield the URL of a database of the test's own, and remove it at the end, whoever is still connected."""
        url = self.create(kind, folder, template)
        try:
            yield url
        finally:
            self.drop(url)

    def create(self, kind: Kind, folder: Path, template: Template | None = None) -> str:
        """Return the URL of a new database; the file of SQLite goes into ``folder``."""
        if kind == "sqlite":
            return self._create_sqlite(folder / f"crm_{next(self._numbers)}.db", template)
        if kind == "postgresql":
            return self._create_postgres(f"{self._prefix}_{next(self._numbers)}", template)
        assert_never(kind)

    def drop(self, url: str) -> None:
        """Remove a database that `create` made."""
        parsed = make_url(url)
        if parsed.database is None:
            return
        if parsed.get_backend_name() == "sqlite":
            for suffix in ("", "-wal", "-shm"):
                Path(f"{parsed.database}{suffix}").unlink(missing_ok=True)
        else:
            self._administer("DROP DATABASE IF EXISTS {} WITH (FORCE)", parsed.database)

    def close(self) -> None:
        """Remove the templates; the server is left to whoever started it."""
        for url in self._templates.values():
            self.drop(url)
        self._templates.clear()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def postgres(self) -> PostgresServer:
        """Return the server, found or started at the first call; skips or fails the running test without one."""
        if self._found is None:
            self._found = self._server()
        if isinstance(self._found, PostgresMissing):
            self._found.skip_or_fail()
        return self._found

    def _create_sqlite(self, path: Path, template: Template | None) -> str:
        url = f"sqlite:///{path}"
        if template is None:
            return url
        key: tuple[Kind, str] = ("sqlite", template.key)
        if key not in self._templates:
            if self._folder is None:
                self._folder = Path(tempfile.mkdtemp(prefix="crm-templates-"))
            made = f"sqlite:///{self._folder / f'{_digest(template.key)}.db'}"
            self._templates[key] = _prepared(made, template, self.drop)
        # The backup, not the file: part of the database may still be in its write-ahead log.
        source = str(make_url(self._templates[key]).database)
        with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(path)) as new:
            old.backup(new)
        return url

    def _create_postgres(self, name: str, template: Template | None) -> str:
        server = self.postgres()
        if template is None:
            self._administer("CREATE DATABASE {} TEMPLATE template0", name)
            return server.database_url(name)
        key: tuple[Kind, str] = ("postgresql", template.key)
        if key not in self._templates:
            made = f"{self._prefix}_t_{_digest(template.key)}"
            self._administer("CREATE DATABASE {} TEMPLATE template0", made)
            self._templates[key] = _prepared(server.database_url(made), template, self.drop)
            # A database with a connection cannot be copied: refuse new ones, end those that `prepare` left.
            self._administer("ALTER DATABASE {} ALLOW_CONNECTIONS false", made)
            with self._connect() as connection:
                connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [made])
        source = make_url(self._templates[key]).database
        self._administer("CREATE DATABASE {} TEMPLATE {}" + self._strategy(), name, str(source))
        return server.database_url(name)

    def _strategy(self) -> str:
        """Copy files where the server does not wait for the disk: that takes two thirds of what writing them through the log does."""
        if self._copying is None:
            with self._connect() as connection:
                asked = "SELECT current_setting('fsync') = 'off' AND current_setting('server_version_num')::int >= 150000"
                row = connection.execute(asked).fetchone()
            self._copying = " STRATEGY FILE_COPY" if row and row[0] else ""
        return self._copying

    def _administer(self, statement: str, *names: str) -> None:
        from psycopg import sql

        with self._connect() as connection:
            # Names of databases cannot be parameters; the statements are the literals above.
            connection.execute(sql.SQL(statement).format(*(sql.Identifier(name) for name in names)))

    def _connect(self) -> psycopg.Connection:
        import psycopg

        url = make_url(self.postgres().url).set(drivername="postgresql").render_as_string(hide_password=False)
        return psycopg.connect(url, autocommit=True)


def _prepared(url: str, template: Template, drop: Callable[[str], None]) -> str:
    try:
        template.prepare(url)
    except BaseException:
        drop(url)
        raise
    return url


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:16]
