"""The Crm: a database, a registry of plugins, and sessions. Several live in one process, and none knows of the others."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from types import MappingProxyType, ModuleType, TracebackType
from typing import Final, Self
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from crmcore import migrate as migrations
from crmcore.access import postgres
from crmcore.access.service import Access
from crmcore.access.signin import SignIn
from crmcore.catalogues import Generations
from crmcore.characteristics.cache import DefinitionCache
from crmcore.errors import DatabaseError, Problem, UsageError
from crmcore.events import Clock, Ids, SystemClock, WorkingCalendar
from crmcore.hooks import Capability
from crmcore.merge.references import ReferenceMap
from crmcore.migrate import PluginRecord, Progress, SchemaState
from crmcore.opening import Target, calendar_of, open_database, open_scripts, options_of, resolve_settings
from crmcore.registry import Registry
from crmcore.registry import load as load_registry
from crmcore.rendering import Renderer
from crmcore.scripting.host import RuleHost
from crmcore.session import Actor, Cause, Session
from crmcore.session.rules import seed
from crmcore.states.tables import StateTableCache
from crmcore.storage import Storage, translate_errors
from crmcore.work import JobsAdmin, Worker

DEPTH_LIMIT: Final = 8
"""How deep a chain of handlers may go on one correlation id (`domain.md` §3)."""


_LOG: Final = logging.getLogger("crmcore.access")


class Crm:
    """An open CRM.

    Open one with `Crm.open`, use it from as many threads as needed, each with sessions of its own, and close it. Nothing is global: two of
    them with different plugins and databases live in one process.
    """

    def __init__(  # noqa: PLR0913 - everything is injected here; callers use `open`
        self,
        *,
        storage: Storage,
        connection: Connection | None,
        registry: Registry,
        settings: Mapping[str, Mapping[str, object]],
        zone: ZoneInfo,
        lang: str,
        clock: Clock,
        ids: Ids,
        calendar: WorkingCalendar,
        quarantined: tuple[Problem, ...] = (),
    ) -> None:
        self._storage = storage
        self._connection = connection
        self._settings = settings
        self._wake = threading.Event()
        self._closed = False
        self.registry = registry
        self.zone = zone
        self.lang = lang
        self.clock = clock
        self.ids = ids
        self.calendar = calendar
        self.quarantined = quarantined
        self.depth_limit = DEPTH_LIMIT
        self.jobs = JobsAdmin(self)
        self.definitions = DefinitionCache(registry)
        self.state_tables = StateTableCache()
        self.generations = Generations(storage.engine.dialect)
        self.references: dict[tuple[str, ...], ReferenceMap] = {}
        self.access = Access(self)
        self.scripts = open_scripts(settings)
        self.rules = RuleHost.of(self)
        self.signin = SignIn(self)
        self.renderer = Renderer(registry.hooks)

    @classmethod
    def open(  # noqa: PLR0913 - all but the target are optional
        cls,
        target: Target = ".",
        *,
        plugins: Sequence[str | ModuleType] | None = None,
        settings: Mapping[str, Mapping[str, object]] | None = None,
        clock: Clock | None = None,
        ids: Ids | None = None,
        zone: str | None = None,
        lang: str | None = None,
        busy_timeout: float | None = None,
        quarantine: bool = False,
        migrate: bool = False,
        check_schema: bool = True,
    ) -> Crm:
        """Open a CRM.

        ``target`` is a database URL (``sqlite:///crm.db``, ``postgresql://…``, or ``sqlite://`` for one that vanishes), a deployment
        folder, or a host's SQLAlchemy engine or connection. ``plugins`` are names of installed plugins or plugin modules; for a
        deployment, its own list when left out. ``settings`` are by plugin. ``zone`` is an IANA name (default Europe/Rome), ``lang`` "it"
        or "en", ``busy_timeout`` in seconds. With ``quarantine`` broken plugins are left out and listed in `quarantined`. With
        ``migrate`` the schema is brought up to date first. ``check_schema=False`` is for tools that look at a schema which may be behind.

        On a host's connection everything happens inside the host's transaction, and lasts only if the host commits.

        Raises:
            ConfigurationError: with every problem of the deployment or the settings.
            StartError: with every problem of every plugin; ``SCRIPT_ISOLATION_UNAVAILABLE``.
            DatabaseError: ``SCHEMA_BEHIND`` when migrations are pending, ``SCHEMA_AHEAD``, ``DATABASE_URL``, ``DATABASE_UNREACHABLE``.
        """
        options = options_of(target, plugins, settings, zone, lang, busy_timeout)
        registry, quarantined = load_registry(options.plugins, quarantine=quarantine)
        values = resolve_settings(options, registry)
        calendar = calendar_of(registry, values)
        clock = clock or SystemClock()
        host = options.database if isinstance(options.database, Connection) else None
        storage = open_database(options)
        crm = cls(
            storage=storage,
            connection=host,
            registry=registry,
            settings=values,
            zone=options.zone,
            lang=options.lang,
            clock=clock,
            ids=ids or Ids(clock),
            calendar=calendar,
            quarantined=quarantined,
        )
        try:
            crm.scripts.check()
            if migrate:
                crm.migrate()
            if check_schema:
                crm.require_current_schema()
        except BaseException:
            # Never half-started: what was opened is closed again.
            crm.close()
            raise
        return crm

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    @property
    def engine(self) -> Engine:
        """The engine on which transactions begin as the CRM needs it, for hosts and the platform itself; plugins ask for `raw_engine`."""
        self._check_open()
        return self._storage.engine

    def raw_engine(self, plugin: str) -> Engine:
        """Return the engine to a plugin that declares the capability ``engine``: what it does there, no rule, history or guard sees.

        Raises:
            UsageError: ``PLUGIN_CAPABILITY_MISSING``.
        """
        self.registry.require_capability(plugin, Capability.ENGINE)
        return self.engine

    @property
    def hosted(self) -> bool:
        """Whether it lives on a host's connection, whose transactions are the host's."""
        return self._connection is not None

    @property
    def busy_timeout(self) -> float:
        """Seconds that a writer waits for another on SQLite."""
        return self._storage.busy_timeout

    def session(
        self,
        actor: str | Actor,
        *,
        connection: Connection | None = None,
        source: str = "api",
        cause: Cause | None = None,
    ) -> Session:
        """Return a session of a user, given by login, or of an `Actor`.

        ``connection`` is a host's connection: the session works inside its transaction. ``source`` says what writes (``ui``, ``api``,
        ``import``, …), and ``cause`` what led to it.

        Raises:
            UsageError: ``ACTOR_INVALID``, ``CRM_CLOSED``.
        """
        self._check_open()
        who = actor if isinstance(actor, Actor) else Actor.user(actor)
        host = connection if connection is not None else self._connection
        if host is not None:
            _enter_host_transaction(host)
        return Session(self, who, connection=host, source=source, cause=cause)

    def settings(self, plugin: str) -> Mapping[str, object]:
        """Return the settings of an enabled plugin, with defaults; empty for one that has none."""
        return self._settings.get(plugin, MappingProxyType({}))

    def worker(self, *, name: str | None = None) -> Worker:
        """Return a worker for this Crm's queue; ``name`` identifies it in leases.

        Raises:
            UsageError: ``HOST_CONNECTION`` when this Crm lives on a host's connection: a worker needs transactions of its own.
        """
        self._check_open()
        if self.hosted:
            raise UsageError("HOST_CONNECTION")
        return Worker(self, name=name)

    def migrate(self, *, progress: Progress | None = None) -> int:
        """Bring the schema of core and enabled plugins up to date in one transaction, and return how many revisions ran.

        Raises:
            DatabaseError: ``MIGRATION_FAILED``; the schema is the old one then.
        """
        target = self._connection if self._connection is not None else self.engine
        with translate_errors():
            steps = migrations.upgrade(
                target,
                self.registry.migrations,
                progress=progress or _silent,
                before_commit=self._record_plugins,
            )
        return len(steps)

    def schema(self) -> list[SchemaState]:
        """Return where the schema of core and each plugin is, and where it should be."""
        with translate_errors(), self._connect() as connection:
            return migrations.status(connection, self.registry.migrations)

    def require_current_schema(self) -> None:
        """Return when every migration has been applied.

        Raises:
            DatabaseError: ``SCHEMA_BEHIND`` or ``SCHEMA_AHEAD``, naming each plugin.
        """
        with translate_errors(), self._connect() as connection:
            migrations.require_current(connection, self.registry.migrations)

    def wake(self) -> None:
        """Tell a worker in this process that there may be something to do."""
        self._wake.set()

    def wait_for_work(self, seconds: float) -> None:
        """Wait until `wake` is called, at most some seconds; for the worker."""
        self._wake.wait(seconds)
        self._wake.clear()

    def close(self) -> None:
        """Give the connections back; a host's engine or connection stays open. Closing twice is harmless."""
        if not self._closed:
            self._closed = True
            self.access.close()
            self.scripts.close()
            self.renderer.close()
            self._storage.close()

    def _connect(self) -> _Borrowed | Connection:
        return self.engine.connect() if self._connection is None else _Borrowed(self._connection)

    def _record_plugins(self, connection: Connection) -> None:
        records = [
            PluginRecord(plugin.name, plugin.version, [table.name for table in self.registry.tables(plugin.name)])
            for plugin in self.registry.plugins
        ]
        migrations.record_plugins(connection, records, now=self.clock.now(), disable_others=True)
        if connection.dialect.name == "postgresql":
            reason = postgres.install(connection, self.registry.entities.values())
            if reason is not None:
                # Nobody sees more than they may: limited users are refused.
                _LOG.warning("the guard of limited users could not be installed, so they will be refused: %s", reason)
        with self.session(Actor.system("core"), connection=connection, source="migration") as session:
            session.unit.tells = False
            seed(session)
            session.commit()

    def _check_open(self) -> None:
        if self._closed:
            raise UsageError("CRM_CLOSED")


class _Borrowed:
    """A host's connection in a ``with`` block that does not close it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def __enter__(self) -> Connection:
        return self._connection

    def __exit__(self, *_: object) -> None:
        """Leave the connection to the host."""


def _silent(_: object) -> None:
    """Report nothing."""


def _enter_host_transaction(connection: Connection) -> None:
    """Make sure that the host's connection is in a transaction, so that the session's commit releases a savepoint and nothing more."""
    try:
        if not connection.in_transaction():
            connection.begin()
        raw = connection.connection.dbapi_connection
        if connection.dialect.name == "sqlite" and not getattr(raw, "in_transaction", True):
            # The driver begins at the first INSERT only; until then, releasing a savepoint would be a commit.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
    except DBAPIError as error:
        raise DatabaseError("DATABASE_UNREACHABLE", error=str(error.orig)) from error
