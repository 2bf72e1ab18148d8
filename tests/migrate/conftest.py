"""Databases of both kinds, and plugin packages written on the spot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine

from crmcore.hooks import Migrations
from crmcore.testing.databases import Kind, TestDatabases

from .fake_plugins import CORE, Package, write_package


@pytest.fixture
def databases(crm_databases: TestDatabases) -> TestDatabases:
    return crm_databases


@pytest.fixture
def kind(database_kind: Kind) -> Kind:
    return database_kind


@pytest.fixture
def url(database_url: str) -> str:
    return database_url


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
