"""Fresh databases for the benchmarks, and a plugin whose handlers and jobs they time."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Final

import attrs
from sqlalchemy import select, text

from crmcore import Account, Crm, Handler, Job, PluginInfo, hookimpl
from crmcore.testing.databases import Kind, TestDatabases
from crmcore.testing.postgres import PostgresMissing, PostgresServer, find_server

RELAXED: Final = {"core": {"required_account_fields": ["name", "phone1"]}}
"""The platform is measured on bare accounts, so that its own cost shows."""


@attrs.frozen
class Databases:
    """Where the benchmarks run; ``missing`` says why one of them is not among ``kinds``."""

    kinds: tuple[Kind, ...]
    source: TestDatabases
    folder: Path
    missing: str = ""

    @contextmanager
    def open(self, kind: Kind, plugin: ModuleType | None = None) -> Iterator[Crm]:
        """Yield a Crm on an empty database."""
        with (
            self.source.fresh(kind, self.folder) as url,
            Crm.open(url, plugins=[plugin] if plugin else [], settings=RELAXED, migrate=True) as crm,
        ):
            yield crm


@contextmanager
def databases(wanted: str) -> Iterator[Databases]:
    """Yield the databases that were asked for: "sqlite", "postgresql" or "both"."""
    kinds: list[Kind] = ["sqlite"] if wanted in {"sqlite", "both"} else []
    missing, server = "", None
    if wanted in {"postgresql", "both"}:
        # The throw-away cluster does not wait for the disk (fsync is off): what is compared is processor time.
        found = find_server(roomy=True)
        if isinstance(found, PostgresMissing):
            missing = f"no PostgreSQL: {found.reason}; {found.how_to_get_it}"
        else:
            server = found
            kinds.append("postgresql")
    with tempfile.TemporaryDirectory(prefix="crm-bench-") as folder:
        source = TestDatabases(lambda: server or PostgresMissing(missing))
        try:
            yield Databases(tuple(kinds), source, Path(folder), missing)
        finally:
            source.close()
            if isinstance(server, PostgresServer):
                server.stop()


def backends(crm: Crm) -> list[int]:
    """Return the processes that serve this Crm's database, on this machine."""
    if crm.engine.dialect.name != "postgresql":
        return []
    with crm.engine.connect() as connection:
        return list(
            connection.execute(
                select(text("pid")).select_from(text("pg_stat_activity")).where(text("datname = current_database()"))
            ).scalars()
        )


def plugin(*, handlers: tuple[Handler, ...] = (), jobs: tuple[Job, ...] = ()) -> ModuleType:
    """Return a plugin module that declares some handlers and jobs."""
    module = ModuleType("bench_plugin")

    def crm_handlers() -> tuple[Handler, ...]:
        return handlers

    def crm_jobs() -> tuple[Job, ...]:
        return jobs

    vars(module)["PLUGIN"] = PluginInfo(name="bench", version="1")
    vars(module)["crm_handlers"] = hookimpl(crm_handlers)
    vars(module)["crm_jobs"] = hookimpl(crm_jobs)
    return module


def account(number: int) -> Account:
    """Return a new account with everything that the benchmarks fill."""
    return Account(name=f"Rossi Forniture {number} S.r.l.", phone1="+39 045 7000000")
