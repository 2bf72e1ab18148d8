"""Comparing a database with the models: every difference is found, and none is invented."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Engine,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    create_engine,
    func,
    inspect,
    text,
)

from crmcore.hooks import Migrations
from crmcore.migrate import compare, upgrade
from crmcore.model import METADATA, BigId, Json, JsonMap, Money, UtcDateTime
from crmcore.testing.databases import TestDatabases

from .fake_plugins import CORE_TABLES

Change = Callable[[dict[str, Any]], None]


def parts() -> dict[str, Any]:
    """The items of a table that uses everything a plugin's model can."""
    live = text("state IN ('open', 'late') AND size > 0")
    return {
        "id": Column("id", BigId, primary_key=True),
        "parent_id": Column("parent_id", BigId, ForeignKey("alpha_parent.id", ondelete="CASCADE"), nullable=False),
        "uid": Column("uid", Uuid(as_uuid=False), nullable=False),
        "at": Column("at", UtcDateTime, nullable=False),
        "day": Column("day", Date),
        "amount": Column("amount", Money, nullable=False),
        "facts": Column("facts", JsonMap, nullable=False),
        "raw": Column("raw", Json),
        "state": Column("state", String(10), nullable=False, server_default="open"),
        "size": Column("size", Integer, nullable=False, server_default="0"),
        "note": Column("note", Text),
        "scan": Column("scan", LargeBinary),
        "done": Column("done", Boolean, nullable=False),
        "uq": UniqueConstraint("uid"),
        "uq_two": UniqueConstraint("parent_id", "day"),
        "ck": CheckConstraint("state IN ('open', 'late', 'shut')", name="state"),
        "ck_size": CheckConstraint("size BETWEEN 0 AND 100", name="size"),
        "ix": Index(None, "at"),
        "ix_live": Index("ix_alpha_item_live", "state", "at", unique=True, sqlite_where=live, postgresql_where=live),
    }


def make(items: Mapping[str, Any]) -> tuple[MetaData, list[Table]]:
    metadata = MetaData(naming_convention=METADATA.naming_convention)
    parent = Table("alpha_parent", metadata, Column("id", BigId, primary_key=True))
    return metadata, [parent, Table("alpha_item", metadata, *items.values())]


def put(key: str, make_item: Callable[[], object]) -> Change:
    return lambda items: items.__setitem__(key, make_item())


def drop(key: str) -> Change:
    return lambda items: items.__delitem__(key)


def both(*changes: Change) -> Change:
    return lambda items: [change(items) for change in changes].clear()


@pytest.mark.feature("P2.5", "P2.8")
def test_tables_made_from_the_models_are_equal_to_them(engine: Engine) -> None:
    metadata, tables = make(parts())
    metadata.create_all(engine)
    METADATA.create_all(engine, tables=list(CORE_TABLES))
    with engine.connect() as connection:
        assert compare(connection, tables) == []
        assert compare(connection, CORE_TABLES) == []
        assert compare(connection, []) == []


@pytest.mark.feature("P2.5", "P2.8")
@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (drop("note"), "missing column note of table alpha_item"),
        (put("more", lambda: Column("more", Integer)), "extra column more of table alpha_item"),
        (put("note", lambda: Column("note", String(40))), "changed type of column note of table alpha_item"),
        (put("amount", lambda: Column("amount", Integer, nullable=False)), "changed type of column amount of table alpha_item"),
        (
            put("state", lambda: Column("state", String(11), nullable=False, server_default="open")),
            "changed type of column state of table alpha_item",
        ),
        (put("at", lambda: Column("at", Date, nullable=False)), "changed type of column at of table alpha_item"),
        (put("note", lambda: Column("note", Text, nullable=False)), "changed nullable of column note of table alpha_item"),
        (put("done", lambda: Column("done", Boolean)), "changed nullable of column done of table alpha_item"),
        (
            put("size", lambda: Column("size", Integer, nullable=False, server_default="1")),
            "changed default of column size of table alpha_item",
        ),
        (drop("ix"), "missing index ix_alpha_item_at of table alpha_item"),
        (put("ix_more", lambda: Index("ix_alpha_item_more", "size")), "extra index ix_alpha_item_more of table alpha_item"),
        (put("ix", lambda: Index("ix_alpha_item_at", "at", unique=True)), "index ix_alpha_item_at of table alpha_item"),
        (
            put("ix_live", lambda: Index("ix_alpha_item_live", "state", "at", unique=True)),
            "changed index ix_alpha_item_live of table alpha_item",
        ),
        (drop("uq"), "missing constraint uq_alpha_item_uid of table alpha_item"),
        (drop("ck"), "missing check ck_alpha_item_state of table alpha_item"),
        (put("ck_more", lambda: CheckConstraint("size <> 7", name="more")), "extra check ck_alpha_item_more of table alpha_item"),
        (
            put("ck", lambda: CheckConstraint("state IN ('open', 'late')", name="state")),
            "changed check ck_alpha_item_state of table alpha_item",
        ),
        (
            put("parent_id", lambda: Column("parent_id", BigId, nullable=False)),
            "missing foreign key fk_alpha_item_parent_id of table alpha_item",
        ),
        (
            put("parent_id", lambda: Column("parent_id", BigId, ForeignKey("alpha_parent.id"), nullable=False)),
            "foreign key fk_alpha_item_parent_id of table alpha_item",
        ),
        (both(drop("id"), put("id", lambda: Column("id", BigId, nullable=False))), "changed primary key of table alpha_item"),
    ],
)
def test_a_database_that_differs_is_found_out(engine: Engine, change: Change, expected: str) -> None:
    _, wanted = make(parts())
    items = parts()
    change(items)
    actual, _ = make(items)
    actual.create_all(engine)
    with engine.connect() as connection:
        found = [str(difference) for difference in compare(connection, wanted)]
    assert any(expected in line for line in found), found
    assert all("alpha_item" in line for line in found)
    assert len(found) <= 2, found


@pytest.mark.feature("P2.5")
def test_keys_that_sqlite_might_give_twice_are_a_difference(tmp_path: Path, crm_databases: TestDatabases) -> None:
    with crm_databases.fresh("sqlite", tmp_path) as url:
        engine = create_engine(url)
        metadata = MetaData(naming_convention=METADATA.naming_convention)
        Table("alpha_word", metadata, Column("id", BigId, primary_key=True)).create(engine)
        wanted = Table("alpha_word", MetaData(), Column("id", BigId, primary_key=True), sqlite_autoincrement=True)
        with engine.connect() as connection:
            assert [str(found) for found in compare(connection, [wanted])] == [
                "missing AUTOINCREMENT of table alpha_word: keys may be given twice without it",
            ]
        engine.dispose()


@pytest.mark.feature("P2.5")
def test_a_missing_table_is_one_difference(engine: Engine) -> None:
    _, tables = make(parts())
    with engine.connect() as connection:
        found = compare(connection, tables)
    assert {str(difference) for difference in found if difference.object == "table"} == {
        "missing table of table alpha_item",
        "missing table of table alpha_parent",
    }


@pytest.mark.feature("P2.5")
def test_comparing_leaves_no_trace(engine: Engine, core: Mapping[str, Migrations]) -> None:
    upgrade(engine, core)
    with engine.connect() as connection:
        before = inspect(connection).get_table_names(), inspect(connection).get_temp_table_names()
        compare(connection, CORE_TABLES)
        assert (inspect(connection).get_table_names(), inspect(connection).get_temp_table_names()) == before


@pytest.mark.feature("P2.5")
def test_an_index_over_an_expression_is_compared(engine: Engine) -> None:
    def words(*expressions: str) -> tuple[MetaData, Table]:
        metadata = MetaData(naming_convention=METADATA.naming_convention)
        table = Table("alpha_word", metadata, Column("id", Integer, primary_key=True), Column("word", String(20)))
        for expression in expressions:
            Index(f"ix_alpha_word_{expression}", getattr(func, expression)(table.c.word))
        Index("ix_alpha_word_text", text("substr(word, 1, 2)"), _table=table)
        return metadata, table

    metadata, table = words("lower")
    metadata.create_all(engine)
    with engine.connect() as connection:
        assert compare(connection, [table]) == []
        assert [str(found).partition(":")[0] for found in compare(connection, [words("lower", "upper")[1]])] == [
            "missing index ix_alpha_word_upper of table alpha_word",
        ]
        assert [str(found).partition(":")[0] for found in compare(connection, [words()[1]])] == [
            "extra index ix_alpha_word_lower of table alpha_word",
        ]
