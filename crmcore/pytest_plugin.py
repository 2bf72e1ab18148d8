"""The pytest plugin of crmcore: databases of both kinds, and a Crm on each, for plugins and for the core itself.

Fixtures: ``crm_databases`` (session), ``database_kind`` (parametrised over both kinds), ``database_url``, ``frozen_clock``, ``open_crm``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol

import pytest

# Heavy parts are imported inside the fixtures: this module is loaded in every pytest run of an environment that has crmcore.
if TYPE_CHECKING:
    from crmcore import Crm
    from crmcore.events import Clock, FrozenClock
    from crmcore.testing.databases import Kind, TestDatabases


class OpenCrm(Protocol):
    """Open a migrated Crm on the test's database; it is closed after the test.

    An account needs nothing but a name, unless ``settings`` say more.
    """

    def __call__(
        self,
        *plugins: str | ModuleType,
        settings: Mapping[str, Mapping[str, object]] | None = None,
        clock: Clock | None = None,
        **options: Any,  # noqa: ANN401 - passed on to `Crm.open`
    ) -> Crm:
        """Open it with these plugins."""
        ...


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker that says which feature or invariant a test proves."""
    config.addinivalue_line("markers", "feature(*ids): the features, invariants and issue items that the test proves")


@pytest.fixture(scope="session")
def crm_databases() -> Iterator[TestDatabases]:
    """Give out fresh databases; PostgreSQL is found or started when the first test wants it."""
    from crmcore.testing.databases import TestDatabases
    from crmcore.testing.postgres import PostgresServer, find_server

    found: list[PostgresServer] = []

    def server() -> Any:  # noqa: ANN401 - a server or the reason why there is none
        answer = find_server()
        if isinstance(answer, PostgresServer):
            found.append(answer)
        return answer

    databases = TestDatabases(server=server)
    yield databases
    databases.close()
    for started in found:
        started.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_kind(request: pytest.FixtureRequest) -> Kind:
    """Run the test on SQLite and on PostgreSQL."""
    kind: Kind = request.param
    return kind


@pytest.fixture
def database_url(crm_databases: TestDatabases, database_kind: Kind, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database of the test's own."""
    with crm_databases.fresh(database_kind, tmp_path) as url:
        yield url


@pytest.fixture
def frozen_clock() -> FrozenClock:
    """A clock that stands at Monday 2026-05-11 09:00 in Rome."""
    from crmcore.events import FrozenClock

    return FrozenClock(datetime(2026, 5, 11, 7, 0, tzinfo=UTC))


@pytest.fixture
def open_crm(crm_databases: TestDatabases, database_kind: Kind, tmp_path: Path, frozen_clock: FrozenClock) -> Iterator[OpenCrm]:
    """Open Crms on one database of the test's own, migrated for the plugins of the first call, with the frozen clock."""
    from crmcore import Crm
    from crmcore.testing.databases import Template

    opened: list[Crm] = []
    urls: list[str] = []
    migrated: set[str] = set()

    def opener(
        *plugins: str | ModuleType,
        settings: Mapping[str, Mapping[str, object]] | None = None,
        clock: Clock | None = None,
        **options: Any,  # noqa: ANN401 - passed on to `Crm.open`
    ) -> Crm:
        # Most tests are about something else than what an account must have.
        settings = {"core": {"required_account_fields": ["name"]}, **(settings or {})}
        key = _key(plugins)
        if not urls:
            template = Template(key, lambda url: Crm.open(url, plugins=plugins, settings=settings, migrate=True).close())
            urls.append(crm_databases.create(database_kind, tmp_path, template))
            if all(_lasts(plugin) for plugin in plugins):
                migrated.add(key)
        # The copy of a template is migrated already; to find that out is most of what opening costs.
        options = {"migrate": key not in migrated, **options}
        migrated.clear()
        crm = Crm.open(urls[0], plugins=plugins, settings=settings, clock=clock or frozen_clock, **options)
        opened.append(crm)
        return crm

    yield opener
    for crm in opened:
        crm.close()
    for url in urls:
        crm_databases.drop(url)


def _lasts(plugin: str | ModuleType) -> bool:
    """Return whether a plugin is the same in every test; one that a test made may get the identity of another one that is gone."""
    return isinstance(plugin, str) or sys.modules.get(plugin.__name__) is plugin


def _key(plugins: Sequence[str | ModuleType]) -> str:
    # Modules made inside a test may differ although their names are the same.
    return ",".join(sorted(plugin if isinstance(plugin, str) else f"{plugin.__name__}@{id(plugin)}" for plugin in plugins))
