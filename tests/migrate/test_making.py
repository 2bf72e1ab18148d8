"""The next revision is written from the models, and leads to them on both databases."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    Dialect,
    Engine,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import TypeDecorator, TypeEngine

from crmcore.errors import StartError
from crmcore.hooks import Migrations
from crmcore.migrate import check_migrations, compare, downgrade, make_revision, upgrade
from crmcore.model import METADATA, BigId, Json, JsonMap, Money, UtcDateTime

from .fake_plugins import CORE, CORE_TABLES, Package

TODAY = date(2026, 3, 1)


class Spans(TypeDecorator[int]):
    """A type of the plugin's own, the same on both databases."""

    impl = BigInteger
    cache_ok = True


class Parts(TypeDecorator[Any]):
    """One that is not."""

    impl = JSON
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(ARRAY(Integer) if dialect.name == "postgresql" else JSON())


def first() -> list[Table]:
    metadata = MetaData(naming_convention=METADATA.naming_convention)
    account = Table("account", metadata, Column("id", BigId, primary_key=True))
    live = text("size > 0")
    item = Table(
        "alpha_item",
        metadata,
        Column("id", BigId, primary_key=True),
        Column("account_id", BigId, ForeignKey(account.c.id), nullable=False),
        Column("amount", Money, nullable=False),
        Column("at", UtcDateTime),
        Column("facts", JsonMap, nullable=False),
        Column("raw", Json),
        Column("size", Integer),
        Column("spans", Spans),
        Column("parts", Parts),
        CheckConstraint("size < 10", name="size"),
        Index(None, "at"),
        Index("ix_alpha_item_live", "size", unique=True, sqlite_where=live, postgresql_where=live),
        sqlite_autoincrement=True,
    )
    return [item]


def second() -> list[Table]:
    [item] = first()
    item.append_column(Column("note", String(40)))
    item.c.at.nullable = False
    Index(None, item.c.note)
    part = Table("alpha_part", item.metadata, Column("id", BigId, primary_key=True), Column("item_id", BigId, ForeignKey("alpha_item.id")))
    return [item, part]


@pytest.mark.feature("P2.5", "P2.7")
def test_revisions_written_from_the_models_lead_to_the_models(engine: Engine, package: Package) -> None:
    migrations = {"core": CORE, "alpha": package("alpha", {})}
    path = make_revision("alpha", migrations, first(), "First tables!", today=TODAY)
    assert path is not None
    assert path.name == "alpha_0001_first_tables.py"
    written = path.read_text()
    assert "crmcore" not in written, "a revision must not change when the code does"
    assert "Revision alpha_0001, the first; written on 2026-03-01." in written
    upgrade(engine, migrations)
    with engine.connect() as connection:
        assert compare(connection, first()) == []
    path = make_revision("alpha", migrations, second(), "add notes", today=TODAY)
    assert path is not None
    assert path.name == "alpha_0002_add_notes.py"
    assert check_migrations("alpha", migrations["alpha"]) == []
    steps = upgrade(engine, migrations)
    assert [(step.revision, step.message) for step in steps] == [("alpha_0002", "add notes")]
    with engine.connect() as connection:
        assert compare(connection, second()) == []
    downgrade(engine, "alpha", migrations["alpha"], "alpha_0001")
    with engine.connect() as connection:
        assert compare(connection, first()) == []


@pytest.mark.feature("P2.5", "P2.7")
def test_nothing_is_written_when_nothing_differs(package: Package) -> None:
    migrations = {"core": CORE, "alpha": package("alpha", {})}
    make_revision("alpha", migrations, first(), "first")
    assert make_revision("alpha", migrations, first(), "again") is None
    assert make_revision("core", {"core": CORE}, CORE_TABLES, "again") is None


@pytest.mark.feature("P2.7")
def test_the_folder_is_made_for_the_first_revision(package: Package, tmp_path: Path) -> None:
    package("alpha", {})
    path = make_revision("alpha", {"core": CORE, "alpha": Migrations("alpha", "versions")}, first(), "first")
    assert path == tmp_path / "packages/alpha/versions/alpha_0001_first.py"


@pytest.mark.feature("P2.7")
def test_a_package_that_does_not_exist_or_has_two_heads_is_refused(package: Package) -> None:
    with pytest.raises(StartError, match="there is no such package"):
        make_revision("alpha", {"core": CORE, "alpha": Migrations("no_such_package")}, first(), "first")
    two = package("alpha", {"alpha_0001": ("", ""), "alpha_0002": ("", "")}, follows={"alpha_0002": None})
    with pytest.raises(StartError, match="alpha_0001, alpha_0002"):
        make_revision("alpha", {"core": CORE, "alpha": two}, first(), "next")
