"""Databases of both kinds, and plugin packages written on the spot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine

from crmcore.hooks import Migrations
from crmcore.testing.databases import KINDS, Kind, TestDatabases
from crmcore.testing.postgres import find_server

from .fake_plugins import CORE, Package, write_package

@pytest.fixture(scope="session")
def databases() -> Iterator[TestDatabases]:
    found = TestDatabases(find_server)
    yield found
    found.close()


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Kind:
    return request.param


@pytest.fixture
def url(databases: TestDatabases, kind: Kind, tmp_path: Path) -> Iterator[str]:
    with databases.fresh(kind, tmp_path) as url:
        yield url


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    engine = create_engine(url)
    yield engine
    engine.dispose()


@pytest.fixture
def core() -> Mapping[str, Migrations]:
    return {"core": CORE}


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Package:
    """Write a package with revisions, each given as the bodies of upgrade and downgrade."""
    root = tmp_path / "packages"
    root.mkdir()
    monkeypatch.syspath_prepend(root)

    return partial(write_package, root)
