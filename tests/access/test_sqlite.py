"""The guard of SQLite: what its connections show, what they are told, and what no statement gets from them (I-27)."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import DatabaseError

from crmcore import Account
from crmcore.access import sqlite
from crmcore.access.reach import Reach
from crmcore.model import AUDIT

from .world import DAY, fill, organisation_of

pytestmark = pytest.mark.feature("I-27", "A03", "A04")

COUNT = "SELECT count(*) FROM {}"


@pytest.fixture(params=["sqlite"])
def database_kind(request):
    return request.param


@pytest.fixture
def world(open_crm, leaky):
    crm = open_crm(leaky)
    with crm.engine.begin() as connection:
        fill(connection, leaky)
    return crm


def reach(crm, login):
    with crm.engine.connect() as connection:
        return crm.access.reach_in(organisation_of(), login, DAY, connection)


def count(connection, table):
    return connection.exec_driver_sql(COUNT.format(table)).scalar()


@pytest.fixture
def own(world):
    """A connection of somebody who sees the accounts of A1."""
    with world.access.guarded_engine(reach(world, "own")).connect() as connection:
        yield connection


def test_counting_shows_what_exists_for_the_user_and_nothing_is_had_by_another_name(own):
    # Also of what everybody sees who may read the plugin: there the condition looks at no column.
    assert [count(own, table) for table in ("account", "leak_item", "leak_notice", "zone", "main.zone")] == [2, 2, 1, 4, 4]
    assert own.exec_driver_sql("SELECT id, owner FROM account ORDER BY id").all() == [(1, None), (10, "own")]
    for sql in (
        *(
            COUNT.format(table)
            for table in ("main.account", "main.leak_item", "main.leak_notice", "leak_queue", "main.leak_queue", AUDIT.name)
        ),
        "SELECT id FROM main.account",
        "SELECT id FROM leak_queue",
        "UPDATE account SET notes = 'x'",
        "UPDATE main.account SET notes = 'x'",
        "DELETE FROM temp.crm_reach",
        "INSERT INTO temp.crm_reach (kind, text) VALUES ('flags', 'all')",
        "DROP VIEW account",
        "DROP VIEW temp.account",
        "CREATE TEMP TABLE own (id INTEGER)",
        "ATTACH DATABASE ':memory:' AS other",
        "PRAGMA query_only = 0",
    ):
        with pytest.raises(DatabaseError, match=r"not authorized|prohibited|is a view"):
            own.exec_driver_sql(sql)
    assert count(own, "account") == 2


def test_what_is_the_engines_own_may_be_asked(own):
    for table in ("json_each('[1, 2]')", "json_tree('[1]')", "sqlite_master", "sqlite_temp_master"):
        assert own.exec_driver_sql(f"SELECT max(1) FROM {table} WHERE type IS NOT NULL").scalar() == 1
    with own.begin_nested():
        walk = "WITH RECURSIVE walk(n) AS (SELECT 1 UNION SELECT n + 1 FROM walk WHERE n < 3) SELECT max(n) FROM walk"
        assert own.exec_driver_sql(walk).scalar() == 3


def test_a_connection_that_was_not_told_for_whom_shows_nothing(world):
    engine = world.access.guarded_engine(reach(world, "all")).execution_options(**{sqlite.OPTION: None})
    with engine.connect() as connection:
        assert [count(connection, table) for table in ("account", "leak_notice")] == [0, 0]
        with pytest.raises(DatabaseError, match="not authorized"):
            count(connection, "main.account")


def test_a_connection_is_told_once_for_whom_it_is(world, monkeypatch):
    told = []
    rows = sqlite.rows
    monkeypatch.setattr(sqlite, "rows", lambda reach: told.append(reach.login) or rows(reach))
    reaches = {login: reach(world, login) for login in ("own", "all")}

    def ask(login, *, lifted=False):
        with world.access.guarded_engine(reaches[login]).connect() as connection:
            found = count(connection, "account")
            if lifted:
                world.access.lift(connection)
                assert connection.execute(select(func.count()).select_from(Account)).scalar() == 19
            connection.rollback()
            return found

    assert [ask(login) for login in ("own", "own", "all", "all", "own")] == [2, 2, 15, 15, 2]
    assert told == ["own", "all", "own"]
    # One that came back lifted is guarded again, and told again, and then no more.
    assert [ask("own", lifted=True), ask("own"), ask("own")] == [2] * 3
    assert told == ["own", "all", "own", "own"]


def test_engines_of_users_are_kept_up_to_a_bound(world, monkeypatch):
    monkeypatch.setattr(sqlite, "_MOST_ENGINES", 2)
    first, *others = (Reach(login=str(number)) for number in range(3))
    engine = world.access.guarded_engine(first)
    assert world.access.guarded_engine(others[0]) is not engine
    assert world.access.guarded_engine(first) is engine
    world.access.guarded_engine(others[1])
    assert world.access.guarded_engine(first) is not engine
