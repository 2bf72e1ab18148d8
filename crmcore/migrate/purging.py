"""Remove a plugin's data for good: first show what would go, then remove exactly that, with or without the plugin's code."""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Iterable
from typing import Final

import attrs
from sqlalchemy import Connection, Engine, MetaData, delete, func, inspect, select, table

from crmcore.errors import DatabaseError
from crmcore.migrate.history import version_table
from crmcore.migrate.recording import PluginRecord, recorded_plugins
from crmcore.migrate.transaction import WAIT, migration_transaction
from crmcore.model import CORE, JOB, PLUGIN, SCHEDULE

_QUEUES: Final = (JOB, SCHEDULE)


@attrs.frozen
class PurgeReport:
    """List what purging a plugin removes: its tables, and its rows in the tables of the platform, each with its count.

    ``token`` names exactly this list: purging with it removes this, or nothing. Events and audit rows stay, as the log of what was.
    """

    plugin: str
    version: str
    tables: tuple[tuple[str, int], ...]
    rows: tuple[tuple[str, int], ...]

    @property
    def token(self) -> str:
        """The SHA-256 of the report, in hexadecimal."""
        return hashlib.sha256(json.dumps(attrs.astuple(self)).encode()).hexdigest()


def purge_report(connection: Connection, plugin: str) -> PurgeReport:
    """Return what `purge` would remove now; nothing is changed.

    Raises `DatabaseError` ``PURGE_REFUSED`` when the plugin is unknown to this database, is still enabled, or a table of another
    plugin or of the host refers to one of its tables.
    """
    record = _record(connection, plugin)
    existing = set(inspect(connection).get_table_names())
    owned = [name for name in record.tables if name in existing]
    refused = [*_foreign(record), *_referring(connection, existing, set(owned))]
    if record.enabled:
        refused.insert(0, "it is still enabled")
    if refused:
        raise DatabaseError("PURGE_REFUSED", name=plugin, reason="; ".join(refused))
    version = [version_table(plugin)] if version_table(plugin) in existing else []
    return PurgeReport(
        plugin,
        record.version,
        tables=tuple((name, _count(connection, name)) for name in [*owned, *version]),
        rows=(
            *((queue.name, _count(connection, queue.name, plugin)) for queue in _QUEUES),
            (PLUGIN.name, 1),
        ),
    )


def purge(target: Engine | Connection, plugin: str, token: str, *, wait: float = WAIT) -> PurgeReport:
    """Remove what the report with this ``token`` lists, in one transaction, and return that report.

    Only names of tables are used, never the plugin's code, which may be gone. Raises `DatabaseError` ``PURGE_REFUSED`` as
    `purge_report` does, and when the report is another one by now; `DatabaseBusy` as `upgrade` does.
    """
    with migration_transaction(target, wait=wait) as connection:
        report = purge_report(connection, plugin)
        if report.token != token:
            reason = "what would be removed has changed since the report, or the token is not its own; look at the new report"
            raise DatabaseError("PURGE_REFUSED", name=plugin, reason=reason)
        for queue in _QUEUES:
            connection.execute(delete(queue).where(queue.c.plugin == plugin))
        connection.execute(delete(PLUGIN).where(PLUGIN.c.name == plugin))
        _drop(connection, [name for name, _ in report.tables])
    return report


def _record(connection: Connection, plugin: str) -> PluginRecord:
    if plugin == CORE:
        raise DatabaseError("PURGE_REFUSED", name=plugin, reason="it is the core")
    for record in recorded_plugins(connection):
        if record.name == plugin:
            return record
    raise DatabaseError("PURGE_REFUSED", name=plugin, reason="this database has never seen it")


def _foreign(record: PluginRecord) -> Iterable[str]:
    """Yield why the recorded tables cannot be believed: a damaged row must not cost the tables of somebody else."""
    for name in record.tables:
        if not name.startswith(f"{record.name}_"):
            yield f"the recorded table {name} does not carry its name"


def _referring(connection: Connection, existing: Iterable[str], owned: set[str]) -> Iterable[str]:
    inspector = inspect(connection)
    for name in sorted(set(existing) - owned):
        for key in inspector.get_foreign_keys(name):
            if key["referred_table"] in owned:
                yield f"table {name} refers to {key['referred_table']}"


def _count(connection: Connection, name: str, plugin: str | None = None) -> int:
    query = select(func.count()).select_from(table(name))
    for queue in _QUEUES:
        if queue.name == name and plugin is not None:
            query = select(func.count()).select_from(queue).where(queue.c.plugin == plugin)
    return connection.execute(query).scalar_one()


def _drop(connection: Connection, names: list[str]) -> None:
    """Drop tables, children first; those in a circle after the foreign keys that close it, where the database enforces them."""
    metadata = MetaData()
    metadata.reflect(connection, only=names)
    if connection.dialect.name == "postgresql":
        # Who sees a row may hang on the rows of another table, which could not go before.
        quote = connection.dialect.identifier_preparer.quote
        for name in names:
            connection.exec_driver_sql(f"DROP POLICY IF EXISTS crm_guarded ON {quote(name)}")
    with warnings.catch_warnings():
        # SQLite cannot open a circle, and need not: nothing is enforced while a migration runs.
        warnings.filterwarnings("ignore", "Can't sort tables for DROP")
        metadata.drop_all(connection, tables=[metadata.tables[name] for name in names], checkfirst=False)
